"""Flask-Login on server-side sessions: the cookie names a session row, not a user."""

from datetime import timedelta

from flask import Flask, current_app, g, request, session
from flask_login import LoginManager, UserMixin, login_user, logout_user

from portal.access.scope import Scope
from portal.people import sessions
from portal.web import tokens


class SignedIn(UserMixin):
    """The signed-in user of this request, as Flask-Login wants it."""

    def __init__(self, token: str, live: sessions.Session | None, scope: Scope | None) -> None:
        self.token = token
        self.live = live
        self.scope = scope
        self.must_change_password = live is not None and live.must_change_password
        self.expires_at = live.expires_at if live else None

    def get_id(self) -> str:
        """What Flask-Login keeps in the cookie: the session's token."""
        return self.token


def init_app(app: Flask) -> None:
    """Load the user of each request from the session row that the cookie names."""
    # Templates need no `current_user`: to ask for it would be to ask the database.
    manager = LoginManager()
    manager.init_app(app, add_context_processor=False)
    manager.session_protection = None

    @manager.user_loader
    def load(token: str) -> SignedIn | None:
        idle, longest = lifetimes()
        live = sessions.find(token, idle=idle, longest=longest)
        if live is None:
            g.expired_token = token
            return None
        return SignedIn(token, live, scope_of(live))


def lifetimes() -> tuple[timedelta, timedelta]:
    """How long a session lasts while it is not used, and at the longest."""
    settings = current_app.extensions["portal"].settings
    return timedelta(minutes=settings.idle_minutes), timedelta(hours=settings.session_hours)


def scope_of(live: sessions.Session) -> Scope:
    """The scope that a live session gives."""
    registry = current_app.extensions["portal"].registry
    return Scope(
        user=live.actor,
        location=live.location,
        locations=live.locations,
        capabilities=registry.capabilities_of(live.actor.profile),
        language=live.language,
        session_id=live.id,
        other_profile=live.other_profile,
    )


def sign_in(user_id: int) -> None:
    """Start a fresh session for the browser; whatever the cookie held before is dropped, but for
    what public pages need."""
    tokens.start_over()
    token = sessions.start(
        user_id, address=request.remote_addr or "", user_agent=request.user_agent.string
    )
    login_user(SignedIn(token, None, None))
    # The next page then has no cookie to set. What Flask-Login keeps of the browser, nobody reads.
    tokens.begin(user_id)
    session.pop("_id")


def sign_out(session_id: int | None) -> None:
    """End the session on the server and empty the cookie."""
    if session_id is not None:
        sessions.end(session_id)
    logout_user()
    tokens.start_over()


def renew(user_id: int, session_id: int | None) -> None:
    """Give the browser a new token, ending all the user's other sessions (password change)."""
    sessions.end_all(user_id)
    sign_in(user_id)
