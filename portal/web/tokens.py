"""Request tokens: a form is accepted from this browser's own pages only.

The token of a user's page also tells, unreadably, for whom the page was made: what the same user
typed before signing in again can be given back, and nobody else's. A public page has a token of its
own, which stays while somebody signs in or out in another tab.
"""

import hmac
import secrets
from base64 import urlsafe_b64encode
from hashlib import sha256

from flask import Flask, current_app, g, request, session
from flask_wtf.csrf import CSRFProtect, generate_csrf, validate_csrf
from itsdangerous import BadData, URLSafeTimedSerializer
from wtforms import ValidationError

from portal.web import guards
from portal.web.context import find_scope

OF_USERS = "csrf_token"
OF_THE_PUBLIC = "public_token"
# Flask-WTF signs its tokens with this.
SALT = "wtf-csrf-token"
MARK_BYTES = 9


class Protection(CSRFProtect):
    """Flask-WTF's check, which also knows the tokens of public pages."""

    def protect(self, apply_exemptions: bool = False) -> None:
        """Raise `CSRFError` unless the request is safe or carries a token of this browser."""
        if request.method == "POST" and _is_public():
            try:
                validate_csrf(self._get_csrf_token(), token_key=OF_THE_PUBLIC)
            except ValidationError:
                pass
            else:
                g.csrf_valid = True
                return
        super().protect(apply_exemptions)


def init_app(app: Flask) -> None:
    """Check the token of every unsafe request, and give templates `csrf_token()`."""
    Protection(app)
    app.jinja_env.globals["csrf_token"] = token


def token() -> str:
    """The token for the forms of the present page."""
    if _is_public():
        return str(generate_csrf(token_key=OF_THE_PUBLIC))
    scope = find_scope()
    if scope is not None and OF_USERS not in session:
        begin(scope.user.id)
    return str(generate_csrf())


def begin(user_id: int) -> None:
    """Give the browser's session the token of its user's pages."""
    session[OF_USERS] = f"{secrets.token_urlsafe(24)}.{_mark_of(user_id)}"


def start_over() -> None:
    """Empty the browser's session, except for what public pages in other tabs need."""
    kept = session.get(OF_THE_PUBLIC)
    session.clear()
    if kept:
        session[OF_THE_PUBLIC] = kept


def was_opened_by(user_id: int) -> bool:
    """Whether the form of this request is from a page made for this user, in whatever session."""
    return is_mark_of(user_id, mark_of_form())


def mark_of_form() -> str:
    """For whom the page was made whose form this request is, unreadably; empty if nobody knows."""
    sent, key = request.form.get(OF_USERS, ""), current_app.secret_key or ""
    try:
        inside = URLSafeTimedSerializer(key, salt=SALT).loads(sent)
    except BadData:
        return ""
    return inside.rpartition(".")[2] if isinstance(inside, str) and "." in inside else ""


def is_mark_of(user_id: int, mark: str) -> bool:
    """Whether `mark` was made for this user."""
    return hmac.compare_digest(mark.encode(), _mark_of(user_id).encode())


def _mark_of(user_id: int) -> str:
    key: bytes = current_app.config["OPERATION_KEY"]
    made = hmac.new(key, f"page of user {user_id}".encode(), sha256).digest()
    return urlsafe_b64encode(made[:MARK_BYTES]).decode()


def _is_public() -> bool:
    """Whether the present page or form is for people who need not be signed in."""
    view = current_app.view_functions.get(request.endpoint or "")
    if view is None:
        return False
    return guards.is_for_visitors(view) or guards.access_of(view) == guards.PUBLIC
