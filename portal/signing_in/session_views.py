"""One's own open sessions, shown on the page `Change Password`: ending one, or all others."""

from flask import Blueprint, Response, flash, url_for

from portal.i18n import _
from portal.people import sessions
from portal.people.models import UserSession
from portal.signing_in import own_account as services
from portal.web import login
from portal.web.context import scope
from portal.web.guards import in_any_profile, signed_in
from portal.web.htmx import go_to

blueprint = Blueprint("sessions", __name__)


def open_sessions() -> list[UserSession]:
    """The user's open sessions, the present one first."""
    idle, longest = login.lifetimes()
    found = sessions.list_open(scope().user.id, idle=idle, longest=longest)
    return sorted(found, key=lambda one: one.id != scope().session_id)


@blueprint.post("/sessions/<int:session_id>/end")
@signed_in
@in_any_profile
def end(session_id: int) -> Response:
    """End one of the user's sessions; ending the present one is signing out."""
    ended = services.end_session(scope(), session_id)
    if session_id == scope().session_id:
        login.sign_out(session_id)
        flash(_("You are signed out."), "success")
        return go_to(url_for("people.sign_in"))
    if ended:
        flash(_("The session was ended. That browser is signed out."), "success")
    else:
        flash(_("That session had already ended."), "info")
    return go_to(url_for("people.change_password"))


@blueprint.post("/sessions/end-others")
@signed_in
@in_any_profile
def end_others() -> Response:
    """End all sessions of the user but this one."""
    services.end_other_sessions(scope())
    flash(_("All other sessions were ended. Only this browser is signed in."), "success")
    return go_to(url_for("people.change_password"))
