"""A button pressed on a page that is older than what its user did since in another tab: signed in
again, changed the password, signed out, switched the location.

What was typed is kept where that can be (`late_forms`); else the user is told that nothing was
done, on a page from which it can be done.
"""

from flask import Response, current_app, flash, g, request, session, url_for

from portal import drafts, submissions
from portal.access.scope import Scope
from portal.db import PATIENCE_OF_A_PERSON, unit_of_work
from portal.i18n import _
from portal.web import guards, tokens
from portal.web.context import set_scope
from portal.web.htmx import go_to, htmx
from portal.web.late_forms import keep_form_again
from portal.web.local import local_path, path_of
from portal.web.requests import already_saved, sent_operation

UNDONE = "undone"
WAITING = "waiting"
SIGN_IN = "people.sign_in"


def home() -> str:
    """The page after signing in, unless somebody was on the way to another."""
    return url_for("home.index") if "home.index" in current_app.view_functions else "/"


def page_before() -> str:
    """The page whose form or button was used; empty if the browser does not say."""
    return path_of(htmx().current_url or request.referrer) or ""


def sent_by_the_same_user(scope: Scope) -> Response:
    """What somebody is answered whose page is from an earlier session of theirs: the form with what
    was typed, or the page before with a word."""
    g.notes = []
    set_scope(scope)
    view = current_app.view_functions[request.endpoint or ""]
    access = guards.access_of(view)
    allowed = access in (guards.SIGNED_IN, guards.PUBLIC) or scope.can(access or "")
    operation = sent_operation()
    if operation:
        with unit_of_work(write=False, patience=PATIENCE_OF_A_PERSON):
            repeated = submissions.find(
                operation[0], user_id=scope.user.id, fingerprint=operation[1]
            )
        if repeated is not None:
            return already_saved(repeated)
    onward = keep_form_again(scope) if allowed else ""
    if not onward:
        flash(
            _(
                "You signed in again or changed your password after this page was opened, so "
                "nothing was changed. If you still want it, do it again."
            ),
            "warning",
        )
    return go_to(onward or page_before() or home())


def already_signed_in(scope: Scope) -> Response:
    """Where a sign-in page leads that was left open while somebody signed in."""
    set_scope(scope)
    flash(
        _(
            "You are already signed in as %(name)s. Sign out first to sign in as someone else.",
            name=scope.user.full_name,
        ),
        "info",
    )
    return go_to(local_path(request.values.get("next")) or home())


def nothing_was_done() -> None:
    """Remember, until the same user has signed in again, that the last click changed nothing."""
    flash(_("You were signed out, and nothing was changed. Sign in to continue."), "info")
    session[UNDONE] = tokens.mark_of_form()


def tell_what_was_not_done(undone: str, user_id: int) -> None:
    """After signing in, say so to the user whose last click before came too late."""
    if undone and tokens.is_mark_of(user_id, undone):
        flash(
            _(
                "You were signed out before your last click, so nothing was changed. If you still "
                "want it, do it again."
            ),
            "warning",
        )


def wait_for(there: Scope, address: str) -> None:
    """Remember where a form goes on that was kept for its location and profile."""
    session[WAITING] = [_id(there), address, there.user.profile]


def waits_for(there: Scope) -> str:
    """Where a form goes on that was kept for this location and profile; empty if none waits any
    more."""
    if WAITING not in session:
        return ""
    location_id, address, *profile = session[WAITING]
    if location_id != _id(there) or profile != [there.user.profile]:
        return ""
    session.pop(WAITING)
    waits = drafts.waits_at(there.user.id, location_id, str(there.user.profile))
    return address if waits else ""


def _id(there: Scope) -> int | None:
    return there.location.id if there.location else None
