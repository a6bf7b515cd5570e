"""Every refusal becomes a page with a clear sentence, or a message for htmx. A 500 is a defect.

Such a page is made of what this request knows already: the database may be why it is needed. If it
cannot be made either, there is a constant one.
"""

import logging
from collections.abc import Callable
from dataclasses import replace
from functools import wraps
from typing import Any

from flask import (
    Flask,
    Response,
    current_app,
    flash,
    g,
    make_response,
    render_template,
    request,
    url_for,
)
from flask_login import current_user
from flask_wtf.csrf import CSRFError
from werkzeug.exceptions import HTTPException

from portal.access.scope import Place, Scope
from portal.db import rollback, unit_of_work
from portal.errors import (
    AtAnotherLocation,
    Busy,
    NoLocation,
    OfOtherPeople,
    OpenedElsewhere,
    OutcomeUnknown,
    PortalError,
    TooMany,
    is_without_space,
    where,
)
from portal.i18n import _
from portal.outages import cause, is_full, is_unreachable
from portal.people.capacities import scope_as
from portal.places.queries import get_place
from portal.refusals.rules import RefusalKind
from portal.visits.links import LinkOver
from portal.web import guards, last_resort, old_pages, refused_pages, tokens, visiting
from portal.web.context import find_scope, set_scope
from portal.web.htmx import go_to, htmx, into_flash
from portal.web.late_forms import keep_form_of, keep_late_form
from portal.web.refusal_words import words_for
from portal.web.refusals import mark
from portal.web.requests import SAFE, PasswordChangeDue, SignedOut, ensure_still_here

log = logging.getLogger("portal")

Handler = Callable[[Any], Response]


def answer(status: int, sentence: str = "", **context: object) -> Response:
    """The error page, or for htmx a message in the page's message region."""
    try:
        response = _rendered(status, sentence, **context)
    except Exception as error:
        if _shown_as_faults():
            raise
        log.error("an error page could not be made: %s", where(error))
        return _constant(status)
    if status == 503:
        response.headers["Retry-After"] = str(last_resort.TRY_AGAIN_SECONDS)
    return response


def _rendered(status: int, sentence: str, **context: object) -> Response:
    title, message, next_step = words_for(status)
    if visiting.is_visit():
        return visiting.refusal(
            status, title, sentence or message, str(context.get("next_step") or next_step)
        )
    values = {
        "code": status,
        "title": title,
        "message": sentence or message,
        "next_step": next_step,
        "switch_to": None,
        "switch_as": "",
        "return_to": "",
        **context,
    }
    if htmx():
        return into_flash(make_response(render_template("errors/_message.html", **values), status))
    return make_response(render_template("errors/error.html", **values), status)


def _constant(status: int) -> Response:
    """The page for when no other can be made."""
    secure = current_app.extensions["portal"].settings.secure
    headers, body = last_resort.page(status, part=bool(htmx()), secure=secure, begun=True)
    return current_app.response_class(body, status=status, headers=headers)


def _shown_as_faults() -> bool:
    """Whether a fault of the portal's own is to be seen as what it is: in tests."""
    return current_app.testing and not current_app.config.get("SHOW_FAULTS_AS_PAGES")


def _unreachable(error: BaseException) -> Response:
    """What is said while the database cannot be reached: what became of the form, what to do."""
    log.error("database unavailable: %s", cause(error))
    if g.get("saved"):
        return answer(
            503, _saved(), next_step=_("Do not send it again. Open the page again instead.")
        )
    if is_full(error):
        return _disk_is_full()
    if request.method in SAFE:
        return answer(503, _not_shown())
    return answer(
        503, _("The database can't be reached right now. Nothing was saved."), next_step=_resend()
    )


def _saved() -> str:
    return _("What you sent was saved, but the page that says so can't be shown.")


def _resend() -> str:
    """How to send a form again that was not saved."""
    if htmx():
        return _("What you typed is still on this page. Press the button again in a minute.")
    return _("Go back with your browser's Back button, and send it again in a minute.")


def _not_shown() -> str:
    """What is said of a page that cannot be read; it may follow upon a form that was saved."""
    return _("This page cannot be shown just now. What you saved before is saved.")


def _disk_is_full() -> Response:
    log.error("the disk is full")
    g.disk_full = True
    full = _("The portal's disk is full, so nothing can be saved. Nothing was changed.")
    return answer(503, full, next_step=_("Call the person who runs the portal."))


def _refused_elsewhere(status: int, said: str, there: Scope | None, page: str) -> Response:
    """What is answered to a form of another location, or of another profile of its sender, which is
    kept where that can be. `there` is None where they can act no more."""
    kept = keep_form_of(there) if there else ""
    if kept and there:
        said = f"{said} {_('What you entered was kept.')}"
        old_pages.wait_for(there, kept)
        if htmx():
            # The form would still be there, and could be sent once more beside the kept one.
            flash(f"{said} {_way_back(there)}", "warning")
            return go_to(url_for("people.switch_location"))
    # At the present location, or in the present profile, the form may have no page to lead on to.
    refused_pages.stay()
    return answer(
        status,
        said,
        switch_to=there.location if there else None,
        switch_as=there.user.profile if there and _is_other_profile(there) else "",
        return_to=kept or page,
        next_step=_("Switch back to that location, or open the page again."),
    )


def _is_other_profile(there: Scope) -> bool:
    scope = find_scope()
    return scope is not None and scope.user.profile is not there.user.profile


def _way_back(there: Scope) -> str:
    place = there.location.name if there.location else ""
    if not _is_other_profile(there):
        return _("Switch back to %(location)s to go on with it.", location=place)
    profile = there.user.profile.label
    if not place:
        return _("Switch back to %(profile)s to go on with it.", profile=profile)
    return _(
        "Switch back to %(profile)s at %(location)s to go on with it.",
        profile=profile,
        location=place,
    )


def _where_it_was_opened(error: OpenedElsewhere) -> Scope | None:
    """The sender's scope where a page was opened; None if they can act there no more."""
    scope = find_scope()
    if scope is None:
        return None
    if not error.profile:
        place = _own_place(error.location_id)
        return replace(scope, location=place) if place else None
    with unit_of_work(write=False):
        profile = next((each for each in scope.profiles if each == error.profile), None)
        if profile is None:
            return None
        there = scope_as(scope, profile)
        # Forms that are about no location in particular go on where the sender is, if that can be.
        present = scope.location.id if scope.location else None
        asked = [number for number in (error.location_id, present) if number is not None]
        places = [get_place(there, number) for number in asked]
        found = next((place for place in (*places, *there.locations) if place), None)
        return replace(there, location=found) if found or there.everywhere else None


def _own_place(location_id: int | None) -> Place | None:
    """The location, if the user works there."""
    scope = find_scope()
    if scope is None or location_id is None:
        return None
    with unit_of_work(write=False):
        return get_place(scope, location_id)


def _when_unknown() -> str:
    """What to do if nobody knows whether a form was saved. With htmx the very form that was sent
    is still there, and its operation id is known if it was saved."""
    if htmx():
        return _("Press the button again: what was saved already is not saved twice.")
    return _("Check whether it is there before you enter it again.")


def is_while_typing() -> bool:
    """Whether a page made this call by itself, while somebody types on it."""
    view = current_app.view_functions.get(request.endpoint or "")
    return bool(htmx()) and bool(getattr(view, guards.WHILE_TYPING, False))


def nothing() -> Response:
    """An answer that leaves the page as it is, with what is being typed."""
    return current_app.response_class(status=204)


def sign_in_url(onward: str = "") -> str:
    """Where a signed-out browser is sent: the sign-in page, which leads `onward`, or else back to
    the page it was on."""
    back = onward or request.full_path.rstrip("?")
    if not onward and (htmx() or request.method != "GET"):
        back = old_pages.page_before()
    none = ("", old_pages.home(), url_for(old_pages.SIGN_IN))
    return url_for(old_pages.SIGN_IN, next=None if back in none else back)


def init_app(app: Flask) -> None:
    """Register the handlers."""

    def on(kind: type[Exception]) -> Callable[[Handler], Handler]:
        """Register a handler. One that fails itself is answered for, too."""

        def register(handler: Handler) -> Handler:
            @wraps(handler)
            def safely(error: Exception) -> Response:
                try:
                    return handler(error)
                except Exception as second:
                    rollback()
                    if is_unreachable(second):
                        return _unreachable(second)
                    if _shown_as_faults():
                        raise
                    log.error("fault while answering an error: %s", where(second))
                    return _constant(500)

            app.register_error_handler(kind, safely)
            return handler

        return register

    @on(LinkOver)
    def over(error: LinkOver) -> Response:
        return visiting.link_over(error)

    @on(visiting.VisitorsClosed)
    def closed(error: visiting.VisitorsClosed) -> Response:
        return answer(404, error.message, next_step=_("Call the help line."))

    @on(SignedOut)
    def signed_out(_error: SignedOut) -> Response:
        if request.method != "POST":
            if "expired_token" in g:
                flash(_("You were signed out. Sign in to continue."), "info")
            return go_to(sign_in_url())
        if is_while_typing():
            return nothing()
        onward = keep_late_form()
        if onward:
            flash(_("You were signed out. What you entered was kept. Sign in to continue."), "info")
        else:
            old_pages.nothing_was_done()
        return go_to(sign_in_url(onward))

    @on(PasswordChangeDue)
    def change_due(_error: PasswordChangeDue) -> Response:
        return go_to(url_for("people.change_password"))

    @on(AtAnotherLocation)
    def elsewhere(error: AtAnotherLocation) -> Response:
        mark(RefusalKind.ELSEWHERE)
        place = _own_place(error.location_id)
        if request.method == "POST" and place:
            # A record of that location was open when the user went to another one.
            sentence = _("This page is about %(location)s. Nothing was saved.", location=place.name)
            here = find_scope()
            there = replace(here, location=place) if here else None
            return _refused_elsewhere(404, sentence, there, "")
        return answer(404, switch_to=place, return_to=request.path)

    @on(OpenedElsewhere)
    def moved(error: OpenedElsewhere) -> Response:
        there = _where_it_was_opened(error)
        return _refused_elsewhere(409, error.message, there, request.path)

    @on(NoLocation)
    def choose(_error: NoLocation) -> Response:
        if request.method != "GET":
            return answer(404)
        flash(_("Choose a location first."), "info")
        return go_to(url_for("people.switch_location", back=request.path))

    @on(OfOtherPeople)
    def hidden(_error: OfOtherPeople) -> Response:
        mark(RefusalKind.ELSEWHERE)
        return answer(404)

    @on(PortalError)
    def refused(error: PortalError) -> Response:
        sentence = "" if error.status == 404 else error.message
        more = {"next_step": _when_unknown()} if isinstance(error, OutcomeUnknown) else {}
        if isinstance(error, Busy):
            if request.method in SAFE:
                sentence = _not_shown()
            else:
                more = {"next_step": _resend()}
        response = answer(error.status, sentence, **more)
        if isinstance(error, TooMany):
            response.headers["Retry-After"] = str(error.retry_after)
        return response

    @on(CSRFError)
    def stale(_error: CSRFError) -> Response:
        if visiting.is_visit():
            mark(RefusalKind.FORM_TOKEN)
            return answer(400)
        with unit_of_work(write=False):
            scope: Scope | None = getattr(current_user, "scope", None)
        if request.method == "POST" and is_while_typing():
            return nothing()
        if request.method == "POST" and scope is None and request.cookies:
            old_pages.nothing_was_done()
            return go_to(sign_in_url())
        if request.method == "POST" and scope is not None:
            if request.endpoint == old_pages.SIGN_IN:
                return old_pages.already_signed_in(scope)
            if tokens.was_opened_by(scope.user.id):
                return from_an_old_page(scope)
        mark(RefusalKind.FORM_TOKEN)
        return answer(400)

    def from_an_old_page(scope: Scope) -> Response:
        set_scope(scope)
        try:
            ensure_still_here()
            return old_pages.sent_by_the_same_user(scope)
        except OpenedElsewhere as error:
            return moved(error)
        except PortalError as error:
            return refused(error)

    @on(HTTPException)
    def other(error: HTTPException) -> Response:
        if error.response is not None or (error.code or 500) < 400:
            return make_response(error.get_response())
        response = answer(error.code or 500)
        if error.code == 405:
            response.headers["Allow"] = ", ".join(getattr(error, "valid_methods", None) or ())
        return response

    @on(OSError)
    def files(error: OSError) -> Response:
        if not is_without_space(error):
            return fault(error)
        rollback()
        return _disk_is_full()

    @on(Exception)
    def fault(error: Exception) -> Response:
        rollback()
        if is_unreachable(error):
            return _unreachable(error)
        log.error("fault in %s: %s", request.endpoint, where(error))
        if _shown_as_faults():
            raise error
        return answer(500, _saved() if g.get("saved") else "")
