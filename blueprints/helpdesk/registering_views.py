"""Routes of `Register`."""

from flask import Response, g, request, url_for

from blueprints.helpdesk import registration
from blueprints.helpdesk.forms import RegisterForm
from blueprints.helpdesk.registration import Admitted, NewRequester
from blueprints.helpdesk.views import blueprint
from portal.errors import PortalError, TooMany
from portal.refusals.rules import RefusalKind
from portal.web.guards import before_transaction, public, repeatable
from portal.web.htmx import go_to
from portal.web.refusals import mark
from portal.web.respond import respond


def _prepare() -> Admitted | None:
    form = RegisterForm()
    if not form.validate():
        return None
    return registration.prepare(form.code.data or "", address=request.remote_addr or "")


@blueprint.route("/help-desk/register", methods=["GET", "POST"])
@public("who asks the help desk for the first time has no account yet")
@repeatable
@before_transaction(_prepare)
def register() -> Response:
    """Register with a registration code. The answer is the same for every e-mail address."""
    form = RegisterForm()
    if request.method != "POST":
        return respond("helpdesk/register.html", form=form)
    admitted: Admitted | None = g.prepared
    if not form.validate() or admitted is None:
        return respond("helpdesk/register.html", status=422, form=form)
    new = NewRequester(
        first_name=form.first_name.data or "",
        last_name=form.last_name.data or "",
        email=form.email.data or "",
        code=form.code.data or "",
    )
    try:
        registration.register(new, admitted)
    except PortalError as refusal:
        form.refuse(refusal)
        if refusal.field == "code":
            mark(RefusalKind.WRONG_PASSWORD)
        response = respond("helpdesk/register.html", status=refusal.status, form=form)
        if isinstance(refusal, TooMany):
            response.headers["Retry-After"] = str(refusal.retry_after)
        return response
    return go_to(url_for("helpdesk.registered"))


@blueprint.get("/help-desk/registered")
@public("the answer to a registration")
def registered() -> Response:
    """What to do now."""
    return respond("helpdesk/registered.html")
