"""Every refusal becomes a page with a clear sentence, or a message for htmx. A 500 is a defect."""

import logging
from typing import NamedTuple
from urllib.parse import urlsplit

from flask import (
    Flask,
    Response,
    current_app,
    flash,
    make_response,
    render_template,
    request,
    url_for,
)
from flask_login import current_user
from flask_wtf.csrf import CSRFError
from sqlalchemy.exc import OperationalError
from werkzeug.exceptions import HTTPException

from portal.db import is_full, rollback
from portal.errors import (
    AtAnotherLocation,
    Busy,
    NoLocation,
    OpenedElsewhere,
    OutcomeUnknown,
    PortalError,
    TooMany,
    where,
)
from portal.i18n import _
from portal.places.scope import Place
from portal.web.context import find_scope
from portal.web.htmx import go_to, htmx, into_flash
from portal.web.late_forms import keep_form_at, keep_late_form
from portal.web.requests import SAFE, PasswordChangeDue, SignedOut

log = logging.getLogger("portal")


class Words(NamedTuple):
    """What an error page says: what happened, and what to do next."""

    title: str
    message: str
    next_step: str


def words_for(status: int) -> Words:
    """Title, sentence and next step for a status, in the reader's language."""
    again = _("Try again. If it happens again, call the help line.")
    known = {
        400: Words(
            _("This form has expired"),
            _("The page stood open too long, or was sent from another window."),
            _("Go back, reload the page and send it again. Nothing was saved."),
        ),
        403: Words(
            _("Not allowed"),
            _("Your profile does not allow this."),
            _("If you need it, ask your location manager or the help desk."),
        ),
        404: Words(
            _("Not found"),
            _("There is no such page or record, or it is not at the location you work in."),
            _("Check the address, or switch to the location the record belongs to."),
        ),
        405: Words(
            _("That cannot be done this way"),
            _("This address does not accept what your browser sent."),
            _("Start again from the page that led you here."),
        ),
        409: Words(
            _("Something changed meanwhile"),
            _("Another person or another window was faster. Nothing of yours was saved."),
            _("Open the record again and look at what changed before you go on."),
        ),
        413: Words(
            _("This is too large"),
            _("What was sent is larger than the portal accepts. Nothing was saved."),
            _("Shorten the text, split a long table, or take the picture with fewer pixels."),
        ),
        429: Words(
            _("Too many attempts"),
            _("For safety the portal takes no more attempts for a while."),
            _("Wait a few minutes and try again."),
        ),
        503: Words(
            _("Not available just now"),
            _("The portal is very busy or being looked after. Nothing was changed."),
            _("Try again in a few minutes."),
        ),
    }
    if status in known:
        return known[status]
    if status < 500:
        return Words(
            _("Something is missing or wrong"),
            _("The portal could not accept what was sent."),
            _("Go back, correct it and send it again."),
        )
    return Words(
        _("Something went wrong"), _("The fault is ours. Nothing of yours was saved."), again
    )


def answer(status: int, sentence: str = "", **context: object) -> Response:
    """The error page, or for htmx a message in the page's message region."""
    title, message, next_step = words_for(status)
    values = {
        "code": status,
        "title": title,
        "message": sentence or message,
        "next_step": next_step,
        "switch_to": None,
        "return_to": "",
        **context,
    }
    if htmx():
        return into_flash(make_response(render_template("errors/_message.html", **values), status))
    return make_response(render_template("errors/error.html", **values), status)


def _not_shown() -> str:
    """What is said of a page that cannot be read; it may follow upon a form that was saved."""
    return _("This page cannot be shown just now. What you saved before is saved.")


def _own_place(location_id: int | None) -> Place | None:
    """The location, if the user works there."""
    scope = find_scope()
    places = scope.locations if scope else ()
    return next((place for place in places if place.id == location_id), None)


def _when_unknown() -> str:
    """What to do if nobody knows whether a form was saved. With htmx the very form that was sent
    is still there, and its operation id is known if it was saved."""
    if htmx():
        return _("Press the button again: what was saved already is not saved twice.")
    return _("Look whether it is there before you enter it again.")


def sign_in_url(onward: str = "") -> str:
    """Where a signed-out browser is sent: the sign-in page, which leads `onward`, or else back to
    the page it was on."""
    back = onward or request.full_path.rstrip("?")
    if not onward and (htmx() or request.method != "GET"):
        parts = urlsplit(htmx().current_url or request.referrer or "")
        back = parts.path + (f"?{parts.query}" if parts.query else "") if parts.path else ""
    home = url_for("home.index") if "home.index" in current_app.view_functions else "/"
    return url_for("people.sign_in", next=back if back not in ("", home) else None)


def init_app(app: Flask) -> None:
    """Register the handlers."""

    @app.errorhandler(SignedOut)
    def signed_out(_error: SignedOut) -> Response:
        onward = keep_late_form() if request.method == "POST" else ""
        if onward:
            flash(_("You were signed out. What you entered was kept: sign in to go on."), "info")
        return go_to(sign_in_url(onward))

    @app.errorhandler(PasswordChangeDue)
    def change_due(_error: PasswordChangeDue) -> Response:
        return go_to(url_for("people.change_password"))

    @app.errorhandler(AtAnotherLocation)
    def elsewhere(error: AtAnotherLocation) -> Response:
        back = request.path if request.method == "GET" else ""
        return answer(404, switch_to=_own_place(error.location_id), return_to=back)

    @app.errorhandler(OpenedElsewhere)
    def moved(error: OpenedElsewhere) -> Response:
        scope, place = find_scope(), _own_place(error.location_id)
        kept = keep_form_at(scope, place) if scope and place and not htmx() else ""
        return answer(
            409,
            f"{error.message} {_('What you entered was kept.')}" if kept else error.message,
            switch_to=place,
            return_to=kept or request.path,
            next_step=_("Switch back to that location, or open the page again."),
        )

    @app.errorhandler(NoLocation)
    def choose(_error: NoLocation) -> Response:
        if request.method != "GET":
            return answer(404)
        flash(_("Choose a location first."), "info")
        return go_to(url_for("people.switch_location", back=request.path))

    @app.errorhandler(PortalError)
    def refused(error: PortalError) -> Response:
        sentence = "" if error.status == 404 else error.message
        more = {"next_step": _when_unknown()} if isinstance(error, OutcomeUnknown) else {}
        if isinstance(error, Busy) and request.method in SAFE:
            sentence = _not_shown()
        response = answer(error.status, sentence, **more)
        if isinstance(error, TooMany):
            response.headers["Retry-After"] = str(error.retry_after)
        return response

    @app.errorhandler(CSRFError)
    def stale(_error: CSRFError) -> Response:
        if request.method == "POST" and not current_user.is_authenticated and request.cookies:
            flash(_("You were signed out meanwhile, and nothing was saved. Sign in again."), "info")
            return go_to(sign_in_url())
        return answer(400)

    @app.errorhandler(HTTPException)
    def other(error: HTTPException) -> Response:
        if error.response is not None or (error.code or 500) < 400:
            return make_response(error.get_response())
        response = answer(error.code or 500)
        if error.code == 405:
            response.headers["Allow"] = ", ".join(getattr(error, "valid_methods", None) or ())
        return response

    @app.errorhandler(OperationalError)
    def database(error: OperationalError) -> Response:
        if is_full(error):
            log.error("the database's disk is full")
            full = _("The portal's disk is full, so nothing can be saved. Nothing was changed.")
            return answer(503, full, next_step=_("Call the person who looks after the portal."))
        log.error("database unavailable: %s", type(error.orig).__name__)
        return answer(503, _not_shown() if request.method in SAFE else "")

    @app.errorhandler(Exception)
    def fault(error: Exception) -> Response:
        rollback()
        log.error("fault in %s: %s", request.endpoint, where(error))
        if app.testing and not app.config.get("SHOW_FAULTS_AS_PAGES"):
            raise error
        return answer(500)
