"""A form that was sent after the session timed out is kept as a draft of its sender (SPEC A1).

Only views that say so keep anything (`@keeps_late_input`; wizards and pens do by themselves), so
that no password ends up in a draft because somebody forgot to exclude it. Files are never kept.
"""

import re
from collections.abc import Callable
from functools import wraps
from typing import Any, TypeVar, cast

from flask import Response, current_app, g, make_response, request
from sqlalchemy import select
from werkzeug.datastructures import MultiDict
from wtforms import Form

from portal.db import session, unit_of_work
from portal.errors import PortalError
from portal.people import sessions
from portal.people.models import User, UserLocation
from portal.places.models import Location
from portal.web.context import find_scope
from portal.wizards import drafts
from portal.wizards.models import FORM, LATE, Draft

View = TypeVar("View", bound=Callable[..., Any])
Keeper = Callable[[int, int | None, dict[str, Any]], bool]

KEEPER = "__portal_keeps_late__"
STEERING = frozenset({"csrf_token", "operation_id", "go", "lookup", "seen", "next", "late"})
LONGEST = 500
SECRET = re.compile(r"passw|passphrase|secret|token|otp|totp|credential|security", re.I)


def keeps_late(keeper: Keeper) -> Callable[[View], View]:
    """Mark a view: a form that comes to it too late is given to
    `keeper(user_id, location_id, values of the address)`, which says whether it kept it."""

    def mark(view: View) -> View:
        setattr(view, KEEPER, keeper)
        return view

    return mark


def keeps_late_input(
    title: object, *, form: type[Form] | None = None, page: Callable[..., str] | None = None
) -> Callable[[View], View]:
    """Mark a view whose form may be kept when it comes too late; `title` says what the form is.

    The page of the form fills its fields again with `late_values()`; a later success of the view
    finishes the kept draft. `form` gives the labels of what is shown meanwhile; `page`, called
    with the values of the address, the address of the form's page where that is another one than
    the view's. Not for forms with secrets.
    """

    def mark(view: View) -> View:
        def home_of(values: dict[str, Any]) -> str:
            return page(**values) if page else request.path

        def keep(user_id: int, location_id: int | None, values: dict[str, Any]) -> bool:
            return _keep(user_id, location_id, str(title), home_of(values), form)

        @wraps(view)
        def guarded(*positional: Any, **values: Any) -> Response:
            response = make_response(view(*positional, **values))
            if request.method == "POST" and response.status_code < 400:
                forget_late_values(home_of(values))
            return response

        setattr(guarded, KEEPER, keep)
        return cast("View", guarded)

    return mark


def keep_late_form() -> bool:
    """Keep the form of this request, in a unit of work of its own; True if it was kept.

    Nothing is kept if the session was ended rather than timed out, or for an unmarked view.
    """
    token = g.get("expired_token")
    rule = request.url_rule
    if not token or rule is None:
        return False
    keeper: Keeper | None = getattr(current_app.view_functions[rule.endpoint], KEEPER, None)
    if keeper is None:
        return False
    try:
        with unit_of_work():
            user_id = sessions.owner_of_expired(token)
            if user_id is None:
                return False
            return keeper(user_id, _location_of(user_id), dict(request.view_args or {}))
    except PortalError:
        return False


def _location_of(user_id: int) -> int | None:
    """Where the user worked: the location chosen last, else the first by name."""
    first = (
        select(Location.id)
        .join(UserLocation, UserLocation.location_id == Location.id)
        .where(UserLocation.user_id == user_id)
    )
    chosen = session().scalar(select(User.current_location_id).where(User.id == user_id))
    return chosen or session().scalar(first.order_by(Location.name).limit(1))


def _keep(
    user_id: int, location_id: int | None, title: str, page: str, form: type[Form] | None
) -> bool:
    sent = [
        [name, value]
        for name, value in request.form.items(multi=True)
        if name not in STEERING and not SECRET.search(name)
    ]
    if drafts.size(sent) > drafts.LARGEST or not any(value.strip() for _name, value in sent):
        return False
    if len(page) > LONGEST:
        return False
    draft = drafts.open_of_kind(user_id, kind=FORM, name=page, location_id=location_id)
    if draft is None:
        labels = {each.name: str(each.label.text) for each in form(formdata=None)} if form else {}
        draft = drafts.start(
            user_id=user_id,
            location_id=location_id,
            kind=FORM,
            name=page,
            title=title,
            reason=LATE,
            data={"labels": labels},
        )
    drafts.keep(draft, step=FORM, sent=sent)
    return True


def _late_draft() -> Draft | None:
    scope = find_scope()
    number = request.args.get("late", type=int)
    if scope is None or number is None:
        return None
    try:
        draft = drafts.get_draft(scope, number)
    except PortalError:
        return None
    fits = draft.kind == FORM and draft.name == request.path and draft.finished_at is None
    return draft if fits else None


def late_values() -> "MultiDict[str, str] | None":
    """What was sent to this very address too late and is being looked at again (`?late=…`), as
    form data; None otherwise. `form = MyForm(formdata=late_values())` fills the fields."""
    draft = _late_draft()
    if draft is None:
        return None
    sent = draft.data.get("entered", {}).get(FORM, [])
    return MultiDict([(name, value) for name, value in sent])


def forget_late_values(page: str) -> None:
    """After a success: what was kept of the form at the address `page` is done with."""
    scope = find_scope()
    if scope is None:
        return
    place = scope.location.id if scope.location else None
    draft = drafts.open_of_kind(scope.user.id, kind=FORM, name=page, location_id=place)
    if draft is not None and drafts.claim(draft):
        drafts.close(draft, result=page)
