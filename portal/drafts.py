"""Keeping, offering, finishing and discarding drafts. A draft is its user's alone."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import (
    JSON,
    ColumnElement,
    ForeignKey,
    Index,
    String,
    bindparam,
    case,
    delete,
    func,
    or_,
    select,
    update,
)
from sqlalchemy.orm import Mapped, mapped_column

from portal.access.scope import Scope
from portal.clock import now
from portal.db import Base, session, unit_of_work
from portal.errors import Conflict, Invalid, NotFound
from portal.formats.numbers import LARGEST_ID
from portal.i18n import _

KEPT = timedelta(days=30)
MOST = 40
LARGEST = 64 * 1024

WIZARD = "wizard"
FORM = "form"

STARTED = "started"
PAUSED = "paused"
# Sent after the session had timed out, from a page of an earlier session, or from a page of a
# location that the user had left in another tab.
LATE = "late"
AGAIN = "again"
MOVED = "moved"
# Sent after its sender had begun to act in the other of two profiles.
SWITCHED = "switched"
UNSENT = (LATE, AGAIN, MOVED, SWITCHED)

Sent = list[list[str]]


class Draft(Base):
    """One user's unfinished wizard, or a form that could not be taken when it arrived.

    `data` holds what was typed, as it was typed; it is emptied when the draft is finished or
    discarded. `version` counts the changes of `data`, so that nobody finishes what another
    window changed unseen.
    """

    __tablename__ = "draft"
    __table_args__ = (Index("ix_draft_user_id_updated_at", "user_id", "updated_at"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("user_account.id"))
    location_id: Mapped[int | None] = mapped_column(ForeignKey("location.id"), index=True)
    # The profile its user acted in; not known of what was kept before there were two.
    profile: Mapped[str | None] = mapped_column(String(16), default=None)
    kind: Mapped[str] = mapped_column(String(8))
    name: Mapped[str] = mapped_column(String(500))
    title: Mapped[str] = mapped_column(String(160))
    step: Mapped[str] = mapped_column(String(40), default="")
    reason: Mapped[str] = mapped_column(String(8))
    data: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)
    version: Mapped[int] = mapped_column(default=1)
    created_at: Mapped[datetime] = mapped_column(default=now)
    updated_at: Mapped[datetime] = mapped_column(default=now, index=True)
    finished_at: Mapped[datetime | None] = mapped_column(default=None)
    discarded_at: Mapped[datetime | None] = mapped_column(default=None)
    result: Mapped[str] = mapped_column(String(500), default="")

    # The titles of the drafts that were discarded to make room for this one.
    given_up = tuple[str, ...]()


# Made once: each step of a wizard asks for its draft.
OWN = select(Draft).where(
    Draft.id == bindparam("id"),
    Draft.user_id == bindparam("user_id"),
    Draft.discarded_at.is_(None),
    Draft.updated_at >= bindparam("since"),
)
OWN_LOCKED = OWN.with_for_update()
FINISHED = (
    update(Draft)
    .where(
        Draft.id == bindparam("draft_id"),
        Draft.finished_at.is_(None),
        Draft.discarded_at.is_(None),
    )
    .values(
        data=bindparam("left"),
        result=bindparam("leads_to"),
        step=bindparam("at_step"),
        finished_at=bindparam("at"),
        updated_at=bindparam("at"),
    )
    .returning(Draft.id)
    .execution_options(synchronize_session=False)
)


class NoRoom(Conflict):
    """The user has as many unfinished forms as can be kept."""


def size(sent: Sequence[Sequence[str]]) -> int:
    """How much was typed, in characters."""
    return sum(len(name) + len(value) for name, value in sent)


def start(
    *,
    user_id: int,
    location_id: int | None,
    profile: str | None = None,
    kind: str,
    name: str,
    title: str,
    step: str = "",
    reason: str = STARTED,
    data: dict[str, Any],
) -> Draft:
    """Begin a draft; of more than forty open ones the oldest is discarded, one that was paused on
    purpose only where all were. The user is told what `given_up` names.

    Not for what was sent too late: its sender is not here to be told. Raises `NoRoom`.
    """
    if reason == LATE and not has_room(user_id):
        raise NoRoom(_("You already have as many unfinished forms as the portal can keep."))
    given_up = _make_room(user_id)
    draft = Draft(
        user_id=user_id,
        location_id=location_id,
        profile=profile,
        kind=kind,
        name=name,
        title=title[:160],
        step=step,
        reason=reason,
        data=data,
    )
    draft.given_up = given_up
    session().add(draft)
    session().flush()
    return draft


def has_room(user_id: int) -> bool:
    """Whether another draft can be kept without giving one up."""
    beyond = _open_of(user_id).with_only_columns(Draft.id).offset(MOST - 1).limit(1)
    return session().scalar(beyond) is None


def _make_room(user_id: int) -> tuple[str, ...]:
    """Discard what is too many for one more; the titles."""
    in_order = (
        _open_of(user_id)
        .order_by(None)
        .order_by(
            case({PAUSED: 0, STARTED: 2}, value=Draft.reason, else_=1),
            Draft.updated_at.desc(),
            Draft.id.desc(),
        )
    )
    surplus = (
        session().execute(in_order.with_only_columns(Draft.id, Draft.title).offset(MOST - 1)).all()
    )
    for found in surplus:
        session().execute(
            update(Draft).where(Draft.id == found.id).values(discarded_at=now(), data={})
        )
    return tuple(found.title for found in surplus)


def _open_of(user_id: int) -> Any:
    return (
        select(Draft)
        .where(
            Draft.user_id == user_id,
            Draft.finished_at.is_(None),
            Draft.discarded_at.is_(None),
            Draft.updated_at >= now() - KEPT,
        )
        .order_by(Draft.updated_at.desc(), Draft.id.desc())
    )


def list_open(user_id: int, *, limit: int = MOST) -> list[Draft]:
    """The user's unfinished drafts of the last 30 days, at any location, newest first."""
    return list(session().scalars(_open_of(user_id).limit(limit)))


def open_of_kind(
    user_id: int, *, kind: str, name: str, location_id: int | None, profile: str
) -> Draft | None:
    """The user's newest unfinished draft of one wizard or form, made at this location (None: at
    none) and in this profile."""
    query = _open_of(user_id).where(
        Draft.kind == kind,
        Draft.name == name,
        Draft.location_id == location_id,
        in_profile(profile),
    )
    found: Draft | None = session().scalar(query.limit(1))
    return found


def in_profile(profile: str) -> ColumnElement[bool]:
    """Whether a draft was made in this profile, as far as that is known."""
    return or_(Draft.profile == profile, Draft.profile.is_(None))


def is_here(draft: Draft, scope: Scope) -> bool:
    """Whether the draft goes on at the scope's location and in its profile."""
    return draft.location_id in {None, scope.location.id if scope.location else None} and (
        draft.profile in {None, str(scope.user.profile)}
    )


def get_draft(scope: Scope, draft_id: int, *, lock: bool = False) -> Draft:
    """The user's own draft, finished or not, at whatever location; with `lock` no other
    transaction can change it until this one ends.

    Raises `NotFound` for another user's, a discarded and an expired one.
    """
    if not 0 < draft_id <= LARGEST_ID:
        raise NotFound
    query = OWN_LOCKED if lock else OWN
    asked = {"id": draft_id, "user_id": scope.user.id, "since": now() - KEPT}
    draft: Draft | None = session().scalar(query, asked)
    if draft is None:
        raise NotFound
    return draft


def get_wizard_draft(scope: Scope, draft_id: int, name: str, *, lock: bool = False) -> Draft:
    """The user's draft of the wizard `name` at the present location.

    Raises `AtAnotherLocation` for one made at another location of the user.
    """
    draft = get_draft(scope, draft_id, lock=lock)
    if draft.kind != WIZARD or draft.name != name:
        raise NotFound
    if draft.location_id is not None:
        scope.require_location(draft.location_id)
    return draft


def open_of_user(user_id: int, draft_id: int, name: str) -> Draft | None:
    """An unfinished draft of the wizard `name`, for keeping what its user sent too late."""
    if not 0 < draft_id <= LARGEST_ID:
        return None
    query = _open_of(user_id).where(Draft.id == draft_id, Draft.kind == WIZARD, Draft.name == name)
    found: Draft | None = session().scalar(query.with_for_update())
    return found


def is_of(user_id: int, draft_id: int) -> bool:
    """Whether there is such a draft of the user, finished or not."""
    if not 0 < draft_id <= LARGEST_ID:
        return False
    query = select(Draft.id).where(Draft.id == draft_id, Draft.user_id == user_id)
    return session().scalar(query) is not None


def same_beginning(user_id: int, name: str, entered: dict[str, Sent]) -> Draft | None:
    """An unfinished draft that holds exactly `entered`: the same form sent twice."""
    for draft in session().scalars(_open_of(user_id).where(Draft.name == name)):
        if draft.data.get("entered") == entered:
            found: Draft = draft
            return found
    return None


def ensure_fits(entered: Mapping[str, Sent]) -> None:
    """Raise `Invalid` if this is more than a draft can hold."""
    if sum(size(each) for each in entered.values()) > LARGEST:
        raise Invalid(_("This is more text than a form can hold. Please shorten it."))


def keep(
    draft: Draft, *, step: str, sent: Sent, at: str | None = None, reason: str | None = None
) -> None:
    """Keep what was typed in `step`; the draft is then at the step `at`, and waits for
    `reason`: begun, paused, or sent after the time-out.

    Raises `Invalid` if it is more than a draft can hold.
    """
    entered = {**draft.data.get("entered", {}), step: sent}
    ensure_fits(entered)
    if entered != draft.data.get("entered"):
        draft.data = {**draft.data, "entered": entered}
        draft.version += 1
    if at is not None:
        draft.step = at
    if reason is not None:
        draft.reason = reason
    draft.updated_at = now()
    session().flush()


def finish(
    draft: Draft, *, result: str, step: str = "", shown: dict[str, Any] | None = None
) -> bool:
    """Finish the draft: forget what was typed, keep where it led and what is `shown` as its
    confirmation. False if it was finished or discarded before; what was done for it in the same
    transaction must be undone then.
    """
    finished = {
        "draft_id": draft.id,
        "left": {"args": draft.data.get("args", {}), **(shown or {})},
        "leads_to": result[:500],
        "at_step": step,
        "at": now(),
    }
    session().flush()
    done = session().connection().execute(FINISHED, finished).first() is not None
    session().expire(draft)
    return done


def waits_at(user_id: int, location_id: int | None, profile: str) -> bool:
    """Whether a form waits that the user sent after leaving this location, or the profile they
    acted in there, in another tab. `location_id` is None for staff who had chosen no location."""
    query = _open_of(user_id).where(
        Draft.location_id == location_id,
        in_profile(profile),
        Draft.reason.in_((MOVED, SWITCHED)),
    )
    return session().scalar(query.limit(1)) is not None


def name_of_form(page: str, sent_to: str) -> str:
    """What a kept form is called: by the address of its page, and by the one it is sent to, where
    that is another."""
    return page if path_of(page) == sent_to else f"{page}#{sent_to}"


def path_of(name: str) -> str:
    """The path of the page of a kept form."""
    return name.partition("#")[0].partition("?")[0]


def sent_to(draft: Draft) -> str:
    """The path to which a kept form is sent."""
    return draft.name.partition("#")[2] or path_of(draft.name)


def address_of_form(draft: Draft) -> str:
    """Where a form that was kept is opened again, filled in."""
    page = draft.name.partition("#")[0]
    return f"{page}{'&' if '?' in page else '?'}late={draft.id}"


def discard(scope: Scope, draft_id: int) -> None:
    """Throw the user's draft away, with all that was typed; twice changes nothing more."""
    if not 0 < draft_id <= LARGEST_ID:
        raise NotFound
    found = session().execute(
        update(Draft)
        .where(Draft.id == draft_id, Draft.user_id == scope.user.id, Draft.finished_at.is_(None))
        .values(discarded_at=func.coalesce(Draft.discarded_at, now()), data={})
        .returning(Draft.id)
        .execution_options(synchronize_session=False)
    )
    if found.first() is None:
        raise NotFound
    session().expire_all()


def forget_old() -> None:
    """Delete drafts untouched for 30 days (a job of the platform)."""
    with unit_of_work() as current:
        current.execute(delete(Draft).where(Draft.updated_at < now() - KEPT))
