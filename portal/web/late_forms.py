"""A form that cannot be taken when it arrives is kept as a draft of its sender (SPEC A1).

It was sent after the session timed out, from a page of an earlier session, or about a location, or
in a profile, that the sender left in another tab.

Only views that say so keep anything (`@keeps_late_input`; wizards and pens do by themselves), so
that no password ends up in a draft because somebody forgot to exclude it. Files are never kept.
"""

import re
from collections.abc import Callable
from functools import wraps
from typing import Any, TypeVar, cast

from flask import Response, current_app, flash, g, make_response, request
from werkzeug.datastructures import MultiDict
from wtforms import Form

from portal import drafts
from portal.access.scope import Scope
from portal.db import PATIENCE_OF_A_PERSON, run_sparingly, unit_of_work
from portal.drafts import AGAIN, FORM, LATE, MOVED, SWITCHED, Draft
from portal.errors import PortalError
from portal.i18n import _
from portal.people import sessions
from portal.web.context import find_scope, set_scope
from portal.web.forms import PassingField
from portal.web.htmx import htmx
from portal.web.login import scope_of

View = TypeVar("View", bound=Callable[..., Any])
Keeper = Callable[[Scope, dict[str, Any], str], str]

KEEPER = "__portal_keeps_late__"
STEERING = frozenset(
    {
        "csrf_token",
        "operation_id",
        "go",
        "lookup",
        "seen",
        "next",
        "late",
        "working_at",
        "acting_as",
    }
)
LONGEST = 500
SECRET = re.compile(r"passw|passphrase|secret|token|otp|totp|credential|security", re.I)


def keeps_late(keeper: Keeper) -> Callable[[View], View]:
    """Mark a view: a form that comes to it too late is given to `keeper(scope, values of the
    address, reason)`, which says at what address its sender can go on; empty if it kept nothing."""

    def mark(view: View) -> View:
        setattr(view, KEEPER, keeper)
        return view

    return mark


def keeps_late_input(
    title: object,
    *,
    form: type[Form] | None = None,
    page: Callable[..., str] | None = None,
    about: Callable[..., object] | None = None,
) -> Callable[[View], View]:
    """Mark a view whose form may be kept when it comes too late; `title` says what the form is,
    `about`, called with the values of the address, which record it belongs to.

    The page of the form fills its fields again with `late_values()`; a later success of the view
    finishes the kept draft. `form` gives the labels of what is shown until then; `page`, called
    with the values of the address, the address of the form's page where that is another one than
    the view's: that page asks for `late_values(address of the view)`. Not for forms with secrets.
    """

    def mark(view: View) -> View:
        def name_of(values: dict[str, Any]) -> str:
            return drafts.name_of_form(page(**values) if page else request.path, request.path)

        def keep(scope: Scope, values: dict[str, Any], reason: str) -> str:
            what = str(title), _subject(about, values)
            return _keep(scope, *what, name_of(values), form, reason)

        @wraps(view)
        def guarded(*positional: Any, **values: Any) -> Response:
            response = make_response(view(*positional, **values))
            if request.method == "POST" and response.status_code < 400:
                forget_late_values(name_of(values))
            return response

        setattr(guarded, KEEPER, keep)
        return cast("View", guarded)

    return mark


def keep_late_form() -> str:
    """Keep the form of this request, in a unit of work of its own and within what its sender may
    see; the address at which the sender can go on with it, empty if it was not kept.

    Nothing is kept if the session was ended rather than timed out, or timed out long ago, nor for
    an unmarked view, nor if something else would have to be given up for it: that is said.
    """
    token, keeper = g.get("expired_token"), _keeper()
    if not token or keeper is None:
        return ""

    def keep() -> str:
        late = sessions.find_even_late(token)
        if late is None:
            return ""
        set_scope(scope_of(late))
        return keeper(scope_of(late), dict(request.view_args or {}), LATE)

    try:
        return run_sparingly(keep)
    except drafts.NoRoom as refusal:
        lost = _("You were signed out, and what you entered was not kept.")
        flash(f"{lost} {refusal.message} {_('Sign in and discard one first.')}", "warning")
        return ""
    except PortalError:
        return ""
    finally:
        set_scope(None)


def keep_form_of(there: Scope) -> str:
    """Keep the form of this request for its sender, as one of another location, or another profile
    of theirs; the address at which it goes on there, empty if it was not kept."""
    present = find_scope()
    same = present is not None and present.user.profile is there.user.profile
    return _keep_for(there, MOVED if same else SWITCHED)


def keep_form_again(scope: Scope) -> str:
    """Keep the form of this request, which is from a page of an earlier session of its sender; the
    address at which it goes on, empty if it was not kept."""
    return _keep_for(scope, AGAIN)


def _keep_for(scope: Scope, reason: str) -> str:
    keeper = _keeper()
    if keeper is None:
        return ""
    present = find_scope()
    set_scope(scope)
    try:
        with unit_of_work(patience=PATIENCE_OF_A_PERSON):
            return keeper(scope, dict(request.view_args or {}), reason)
    except PortalError:
        return ""
    finally:
        set_scope(present)


def _keeper() -> Keeper | None:
    """What keeps the form of this request."""
    rule = request.url_rule
    view = current_app.view_functions[rule.endpoint] if rule else None
    found: Keeper | None = getattr(view, KEEPER, None)
    return found


def _subject(about: Callable[..., object] | None, values: dict[str, Any]) -> str:
    """What the form is about; empty where that is gone, since the form is kept all the same."""
    try:
        return str(about(**values))[:LONGEST] if about else ""
    except PortalError:
        return ""


def _keep(
    scope: Scope, title: str, about: str, name: str, form: type[Form] | None, reason: str
) -> str:
    fields = list(form(formdata=None)) if form else []
    passing = {each.name for each in fields if isinstance(each, PassingField)}
    sent = [
        [name, value]
        for name, value in request.form.items(multi=True)
        if name not in STEERING | passing and not SECRET.search(name)
    ]
    if drafts.size(sent) > drafts.LARGEST or not any(value.strip() for _name, value in sent):
        return ""
    if len(name) > LONGEST:
        return ""
    draft = _open_form(scope, name)
    if draft is None:
        labels = {each.name: str(each.label.text) for each in fields}
        draft = drafts.start(
            user_id=scope.user.id,
            location_id=scope.location.id if scope.location else None,
            profile=str(scope.user.profile),
            kind=FORM,
            name=name,
            title=title,
            reason=reason,
            data={"labels": labels, "about": about},
        )
        tell_what_was_given_up(draft)
    drafts.keep(draft, step=FORM, sent=sent, reason=reason)
    return drafts.address_of_form(draft)


def _open_form(scope: Scope, name: str) -> Draft | None:
    """What is kept of the form, of this location and profile."""
    place = scope.location.id if scope.location else None
    return drafts.open_of_kind(
        scope.user.id, kind=FORM, name=name, location_id=place, profile=str(scope.user.profile)
    )


def _late_draft(sent_to: str) -> Draft | None:
    scope = find_scope()
    number = request.args.get("late", type=int)
    if scope is None or number is None:
        return None
    try:
        draft = drafts.get_draft(scope, number)
    except PortalError:
        return None
    fits = draft.kind == FORM and drafts.path_of(draft.name) == request.path
    fits = fits and drafts.sent_to(draft) == sent_to and drafts.is_here(draft, scope)
    return draft if fits and draft.finished_at is None else None


def late_values(sent_to: str = "") -> "MultiDict[str, str] | None":
    """What was sent too late from this very page and is being looked at again (`?late=…`), as form
    data; None otherwise. `form = MyForm(formdata=late_values())` fills the fields; the page says
    where they come from. `sent_to` is the form's address where that is another one than the
    page's."""
    draft = _late_draft(sent_to or request.path)
    if draft is None:
        return None
    if request.method == "GET" and not htmx():
        flash(came_late(draft.reason), "info")
    sent = draft.data.get("entered", {}).get(FORM, [])
    return MultiDict([(name, value) for name, value in sent])


def came_late(reason: str) -> str:
    """What a page says whose fields hold what could not be taken when it was sent."""
    if reason == AGAIN:
        return _(
            "You signed in again or changed your password before this was sent. What you entered "
            "is still here, but it isn't saved yet."
        )
    if reason == SWITCHED:
        return _(
            "You switched to your other profile before this was sent. What you entered is still "
            "here, but it isn't saved yet."
        )
    if reason == MOVED:
        return _(
            "You switched to another location before this was sent. What you entered is still "
            "here, but it isn't saved yet."
        )
    return _(
        "You were signed out before this was sent. What you entered is still here, but it isn't "
        "saved yet."
    )


def tell_what_was_given_up(draft: Draft) -> None:
    """Say which unfinished forms had to make room for `draft`, if any had."""
    for title in draft.given_up:
        flash(
            _(
                "You had %(most)s unfinished forms, as many as the portal can keep. The oldest was "
                "discarded: %(title)s.",
                most=drafts.MOST,
                title=title,
            ),
            "warning",
        )


def forget_late_values(name: str) -> None:
    """After a success: what was kept of the form `name` is done with."""
    scope = find_scope()
    draft = _open_form(scope, name) if scope else None
    if draft is not None:
        drafts.finish(draft, result=name.partition("#")[0])
