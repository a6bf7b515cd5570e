"""Pages behind mailed links: completing the registration, choosing a new password."""

from typing import Any

from flask import Blueprint, Response, flash, g, request, url_for

from portal import links
from portal.errors import PortalError
from portal.i18n import _
from portal.refusals.rules import RefusalKind
from portal.signing_in import choosing, recovery
from portal.signing_in.choosing import Prepared
from portal.signing_in.forms import NEW_PASSWORD_HINT, ForgotPasswordForm, NewPasswordForm
from portal.web import login
from portal.web.context import find_scope
from portal.web.guards import before_transaction, by_link, even_before_password_change, public
from portal.web.htmx import go_to
from portal.web.refusals import mark
from portal.web.respond import respond

blueprint = Blueprint("links", __name__)
blueprint.add_app_template_global(links.address_of, "mailed_link")


@blueprint.route("/password/forgot", methods=["GET", "POST"])
@public("who forgot the password cannot sign in")
def forgot_password() -> Response:
    """Ask for a link by mail. The answer is the same for everybody."""
    form = ForgotPasswordForm()
    if request.method != "POST":
        return respond("people/forgot_password.html", form=form)
    if not form.validate():
        return respond("people/forgot_password.html", status=422, form=form)
    recovery.ask(form.identity.data or "", address=request.remote_addr or "")
    return go_to(url_for("links.mail_is_on_its_way"))


@blueprint.get("/password/sent")
@public("the answer to a request for a new password")
def mail_is_on_its_way() -> Response:
    """What to do now."""
    return respond("people/mail_sent.html")


def _prepare_reset(token: str) -> Prepared | None:
    return _prepare(token, links.RESET)


def _prepare_registration(token: str) -> Prepared | None:
    return _prepare(token, links.INVITATION)


def _prepare(token: str, purpose: str) -> Prepared | None:
    form = NewPasswordForm()
    if not form.validate():
        return None
    return choosing.prepare_by_link(token, purpose, form.new_password.data or "")


@blueprint.route("/password/reset/<token>", methods=["GET", "POST"])
@public("the link itself is the proof")
@by_link
@even_before_password_change
@before_transaction(_prepare_reset)
def reset_password(token: str) -> Response:
    """Choose a new password. Looking at the page does not use the link up."""
    return _choose(token, links.RESET, title=_("Choose a new password"))


@blueprint.route("/register/<token>", methods=["GET", "POST"])
@public("the link itself is the proof")
@by_link
@even_before_password_change
@before_transaction(_prepare_registration)
def complete_registration(token: str) -> Response:
    """Complete the registration by choosing a password."""
    return _choose(token, links.INVITATION, title=_("Complete your registration"))


def _dead_link(purpose: str) -> Response:
    mark(RefusalKind.DEAD_LINK)
    return respond("people/dead_link.html", status=404, purpose=purpose)


def _choose(token: str, purpose: str, *, title: str) -> Response:
    form = NewPasswordForm()
    page: dict[str, Any] = {"form": form, "title": title, "hint": NEW_PASSWORD_HINT}
    owner = links.find(token, purpose)
    if owner is None:
        return _dead_link(purpose)
    page |= {"owner": owner, "action": request.path}
    if request.method != "POST":
        return respond("people/choose_password.html", **page)
    prepared: Prepared | None = g.prepared
    if not form.validate() or prepared is None:
        return respond("people/choose_password.html", status=422, **page)
    try:
        done = choosing.set_by_link(token, purpose, prepared, address=request.remote_addr or "")
    except PortalError as refusal:
        form.refuse(refusal)
        return respond("people/choose_password.html", status=refusal.status, **page)
    if not done:
        return _dead_link(purpose)
    live = find_scope()
    if live is not None:
        login.sign_out(live.session_id)
    flash(_("Your password is set. Sign in with it now."), "success")
    return go_to(url_for("people.sign_in"))
