"""How every request runs: one unit of work, access first, once per operation id (DESIGN 4).

What strangers may send, and at first whatever else is sent, is looked at without taking the
database's write lock: who is refused keeps nobody from working, and leaves nothing behind.

A safe request reads in a transaction that is rolled back. What a read leaves behind (it was looked
at, by whom) is noted while reading and written afterwards in a transaction of its own.
"""

from collections.abc import Callable
from copy import deepcopy
from typing import Any

from flask import Flask, Request, Response, current_app, flash, g, request, session
from flask.globals import request_ctx
from flask.typing import ResponseReturnValue
from flask_login import current_user
from werkzeug.exceptions import BadRequest
from werkzeug.routing import MapAdapter, RequestRedirect

from portal import clock, db, submissions
from portal.access.scope import Scope
from portal.access.through import Through, acting, now_through
from portal.errors import Forbidden, OpenedElsewhere
from portal.formats.numbers import record_number
from portal.i18n import _
from portal.people import sessions
from portal.submissions import Repeated
from portal.web import guards, refused_pages, tokens, visiting
from portal.web.bounds import BoundedRequest
from portal.web.context import find_scope, registry, set_scope, time_zone
from portal.web.htmx import go_to, led_to
from portal.web.local import path_of
from portal.web.templating import Templates

ANY_HOST = "portal"
SAFE = frozenset({"GET", "HEAD", "OPTIONS"})


class SignedOut(Exception):
    """The route needs a signed-in user and there is none (any more)."""


class Portal(Flask):
    """Flask, with the unit of work around each view."""

    request_class = BoundedRequest
    jinja_environment = Templates

    def create_url_adapter(self, request: Request | None) -> MapAdapter | None:
        """Find addresses by their path alone, whatever the browser calls the host."""
        if request is None:
            return super().create_url_adapter(None)
        environ = {**request.environ, "HTTP_HOST": ANY_HOST}
        return self.url_map.bind_to_environ(environ, subdomain="")

    def ensure_sync(self, func: Callable[..., Any]) -> Callable[..., Any]:
        """The function itself: none here is a coroutine."""
        return func

    def dispatch_request(self) -> ResponseReturnValue:
        """Run the view in its transaction; see the module's text."""
        if isinstance(request.routing_exception, RequestRedirect):
            # To the same address with its slashes put right, whatever the browser called the host.
            place = path_of(request.routing_exception.new_url, of_any_host=True) or "/"
            code = request.routing_exception.code
            return self.response_class(status=code, headers={"Location": place})
        if request.routing_exception is not None:
            self.raise_routing_exception(request)
        assert request.url_rule is not None
        view = self.view_functions[request.url_rule.endpoint]
        if getattr(view, guards.NO_DATABASE, False):
            return super().dispatch_request()
        return _perform(self, view, super().dispatch_request)


def _perform(
    app: Flask, view: Callable[..., Any], dispatch: Callable[[], ResponseReturnValue]
) -> Response:
    with acting(_through(view, None)):
        return _answer(app, view, dispatch)


def _answer(
    app: Flask, view: Callable[..., Any], dispatch: Callable[[], ResponseReturnValue]
) -> Response:
    safe = request.method in SAFE
    visit = guards.is_for_visitors(view)
    public = visit or guards.access_of(view) == guards.PUBLIC
    prepare = getattr(view, guards.BEFORE_TRANSACTION, None)
    if prepare is not None and not safe:
        g.prepared = prepare(**(request.view_args or {}))
    once = not safe and not getattr(view, guards.REPEATABLE, False)
    operation = sent_operation() if once else None
    before = deepcopy(dict(session))

    def answer() -> Response:
        _start_over(before)
        # A visitor's own change may end the link: the second arrival is known all the same.
        if not visit:
            _admit(view)
        if operation:
            repeated = _claim(*operation)
            if repeated is not None:
                return repeated
        if visit:
            _admit(view)
        ensure_still_here()
        response = refused_pages.again(app.make_response(dispatch()))
        if operation and db.writes():
            _settle(operation[0], response)
        if not safe:
            _write_notes()
        return response

    try:
        if public and not safe:
            response = db.run_sparingly(answer, keep=_lasts)
        else:
            if not safe and db.is_sqlite():
                _start_over(before)
                db.run(lambda: _admit(view), write=False)
            response = db.run(answer, write=not safe, keep=_lasts)
    except Exception:
        _forget_promises(before)
        raise
    g.saved = not safe and _lasts(response)
    if safe and g.get("notes"):
        db.run(_write_notes, write=True, keep=lambda _done: True, harmless=True)
    _keep_session_alive(view, visit)
    return response


def _keep_session_alive(view: Callable[..., Any], visit: bool) -> None:
    # A visitor is nobody who is signed in, whatever the browser's cookie says.
    live: sessions.Session | None = None if visit else getattr(current_user, "live", None)
    if live is not None and not getattr(view, guards.QUIET, False):
        sessions.keep_alive(live)


def _settle(operation_id: str, response: Response) -> None:
    """Keep the answer to an accepted form for its repetitions; a refused one may come again."""
    if response.status_code < 400:
        # No link is written down: that of a visitor is made again.
        stays = visiting.is_of_one_record()
        submissions.remember_answer(operation_id, "" if stays else led_to(response))
    elif _lasts(response):
        submissions.give_back(operation_id)


def kept_although_refused(response: Response) -> Response:
    """Commit what this request wrote although its answer is a refusal: what was typed in a form of
    several steps, if an earlier one is answered. The view has undone everything else."""
    g.kept_although_refused = response
    return response


def _lasts(response: Response) -> bool:
    """Whether the unit of work commits with this answer."""
    return response.status_code < 400 or g.get("kept_although_refused") is response


def sent_operation() -> tuple[str, str] | None:
    """The id of the form that was sent and the fingerprint of its contents, if it carries one."""
    operation_id = request.form.get("operation_id", "")
    if not operation_id:
        return None
    return operation_id, submissions.fingerprint(
        current_app.config["OPERATION_KEY"],
        request.path,
        request.form.items(multi=True),
        (
            (name, file.filename or "", file.stream)
            for name, file in request.files.items(multi=True)
        ),
    )


def _start_over(before: dict[str, Any]) -> None:
    """Forget what an earlier try of the same request left in memory."""
    _forget_promises(before)
    g.notes = []
    g.pop("kept_although_refused", None)
    g.pop("_login_user", None)
    set_scope(None)


def _forget_promises(before: dict[str, Any]) -> None:
    """Put back the browser's session: what a try that failed wanted to say is not true."""
    if dict(session) != before:
        session.clear()
        session.update(deepcopy(before))
    for kind in (tokens.OF_USERS, tokens.OF_THE_PUBLIC):
        g.pop(kind, None)
    request_ctx.flashes = None


def _admit(view: Callable[..., Any]) -> None:
    """Load who is signed in; raise `SignedOut` or `Forbidden` if the view is not for them."""
    access = guards.access_of(view)
    if access is None:
        raise RuntimeError(f"{request.endpoint} has no access mark")
    if guards.is_for_visitors(view):
        visiting.admit(view)
        return
    scope: Scope | None = getattr(current_user, "scope", None)
    set_scope(scope)
    now_through(_through(view, scope))
    if access == guards.PUBLIC:
        return
    if scope is None:
        raise SignedOut
    if current_user.must_change_password and not getattr(view, guards.ANY_TIME, False):
        raise PasswordChangeDue
    if access == guards.SIGNED_IN or scope.can(access):
        return
    # What was opened in another profile is refused as such, unless it was saved before.
    if not _is_of_other_profile(scope):
        raise Forbidden(_not_allowed(scope, access))


def _not_allowed(scope: Scope, access: str) -> str:
    """The refusal, which says so where the other of two profiles allows it."""
    other = scope.other_profile
    if other is None or access not in registry().capabilities_of(other):
        return _("Your profile does not allow this.")
    return _(
        "You are working as %(now)s, which does not allow this. Switch to %(other)s first.",
        now=scope.user.profile.label,
        other=other.label,
    )


def _through(view: Callable[..., Any], scope: Scope | None) -> Through:
    if getattr(view, guards.LINK, False):
        return Through.LINK
    return Through.PAGE if scope is None else Through.SIGNED_IN


def ensure_still_here() -> None:
    """Refuse a form that is about another location (`working_at`) than the present one, or was
    opened while its sender acted in another profile (`acting_as`)."""
    opened_at = request.form.get("working_at")
    scope = find_scope()
    if scope is None:
        return
    _ensure_same_profile(scope, opened_at)
    if opened_at is None:
        return
    if scope.location is None or opened_at != str(scope.location.id):
        raise OpenedElsewhere(
            _(
                "This page was opened at another location; you are working at %(location)s now. "
                "Nothing was saved.",
                location=scope.location.name if scope.location else "–",
            ),
            record_number(opened_at),
        )


def _is_of_other_profile(scope: Scope) -> bool:
    """Whether this request is a form that was opened in another profile than its sender acts in.
    In which one it was is not known of a page of before there were two."""
    view = current_app.view_functions[request.endpoint or ""]
    if (
        request.method in SAFE
        or guards.access_of(view) == guards.PUBLIC
        or getattr(view, guards.IN_ANY_PROFILE, False)
    ):
        return False
    usual = "" if scope.other_profile else scope.user.profile
    return request.form.get("acting_as", usual) != scope.user.profile


def _ensure_same_profile(scope: Scope, opened_at: str | None) -> None:
    if not _is_of_other_profile(scope):
        return
    opened_as = request.form.get("acting_as")
    before = next((each for each in scope.profiles if each == opened_as), None)
    sentence = (
        _(
            "This page was opened as %(profile)s; you are working as %(now)s now. Nothing was "
            "saved.",
            profile=before.label,
            now=scope.user.profile.label,
        )
        if before
        else _(
            "Your profile has changed since this page was opened; you are working as %(now)s now. "
            "Nothing was saved.",
            now=scope.user.profile.label,
        )
    )
    raise OpenedElsewhere(sentence, record_number(opened_at or ""), before or "unknown")


class PasswordChangeDue(Exception):
    """The user must choose a new password before anything else."""


def _claim(operation_id: str, fingerprint: str) -> Response | None:
    if not submissions.is_operation_id(operation_id):
        raise BadRequest
    scope = find_scope()
    # A unit that only reads cannot claim it: if it wants to write, another one will.
    ask = submissions.claim if db.writes() else submissions.find
    repeated = ask(operation_id, user_id=scope.user.id if scope else None, fingerprint=fingerprint)
    return already_saved(repeated) if repeated else None


def already_saved(repeated: Repeated) -> Response:
    """Say that what was sent had been saved before, and lead to where that led."""
    saved_at = clock.local(repeated.at, time_zone()).strftime("%I:%M %p %Z").lstrip("0")
    flash(_("This was already saved at %(time)s. It was not saved twice.", time=saved_at), "info")
    return go_to(repeated.location or visiting.onward() or request.path)


def note(function: Callable[[], None]) -> None:
    """Run `function` once this request has been answered (looked-at lists, access log).

    A safe request writes it in a unit of its own and, if that cannot be done, refuses the answer:
    nobody looks without a trace. An unsafe one writes it in its own transaction.
    """
    g.notes.append(function)


def _write_notes() -> None:
    for function in g.notes:
        function()
