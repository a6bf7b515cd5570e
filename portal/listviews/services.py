"""What users leave behind in lists: the pinned view, what they looked at and searched for."""

from datetime import timedelta
from typing import Any

from sqlalchemy import bindparam, delete, select

from portal.access.scope import Scope
from portal.clock import now
from portal.db import insert, session, unit_of_work
from portal.errors import Invalid
from portal.i18n import _
from portal.listviews.definition import RECENT, ListDefinition
from portal.listviews.models import NOWHERE, ListPin, ListWords, RecentView
from portal.searching.text import typed

KEPT = 50
# Searches of a private list: as many as a user goes back to, no longer than a day of work.
WORDS_KEPT = 20
WORDS_LAST = timedelta(days=1)
_PINS: Any = ListPin.__table__
PINNED = select(_PINS.c.view).where(
    _PINS.c.user_id == bindparam("user"), _PINS.c.list_name == bindparam("list")
)
_KEPT: Any = ListWords.__table__
WORDS = select(_KEPT.c.words).where(
    _KEPT.c.id == bindparam("number"),
    _KEPT.c.user_id == bindparam("user"),
    _KEPT.c.list_name == bindparam("list"),
)


def ensure_view(definition: ListDefinition, view: str) -> None:
    """Raise `Invalid` unless the list has that view."""
    if view not in definition.view_labels and not (view == RECENT and definition.subject):
        raise Invalid(_("There is no such list view."))


def pinned_view(scope: Scope, definition: ListDefinition) -> str | None:
    """The view this user pinned for the list; None if none was, or it is gone."""
    view = session().scalar(PINNED, {"user": scope.user.id, "list": definition.name})
    known = view in definition.view_labels or (view == RECENT and definition.subject)
    return view if known else None


def pin(scope: Scope, *, definition: ListDefinition, view: str) -> None:
    """Make `view` the one in which the list opens for this user. Raises `Invalid`."""
    ensure_view(definition, view)
    session().execute(
        insert(ListPin)
        .values(user_id=scope.user.id, list_name=definition.name, view=view)
        .on_conflict_do_update(index_elements=["user_id", "list_name"], set_={"view": view})
    )


def unpin(scope: Scope, *, definition: ListDefinition) -> None:
    """Let the list open as usual again for this user."""
    session().execute(
        delete(ListPin).where(
            ListPin.user_id == scope.user.id, ListPin.list_name == definition.name
        )
    )


def place_of(scope: Scope) -> int:
    """The location under which a look at a record is kept; `NOWHERE` for staff without one."""
    return scope.location.id if scope.location else NOWHERE


def is_newest(scope: Scope, subject: str, record_id: int) -> bool:
    """Whether the record is the one this user looked at last, of its kind and here."""
    newest = session().scalar(
        select(RecentView.record_id)
        .where(
            RecentView.user_id == scope.user.id,
            RecentView.location_id == place_of(scope),
            RecentView.subject == subject,
        )
        .order_by(RecentView.viewed_at.desc(), RecentView.record_id.desc())
        .limit(1)
    )
    return newest == record_id


def remember_view(scope: Scope, subject: str, record_id: int) -> None:
    """Put the record first among what the user recently viewed; the newest 50 are kept."""
    if is_newest(scope, subject, record_id):
        return
    moment = now()
    session().execute(
        insert(RecentView)
        .values(
            user_id=scope.user.id,
            location_id=place_of(scope),
            subject=subject,
            record_id=record_id,
            viewed_at=moment,
        )
        .on_conflict_do_update(
            index_elements=["user_id", "location_id", "subject", "record_id"],
            set_={"viewed_at": moment},
        )
    )
    mine = (
        RecentView.user_id == scope.user.id,
        RecentView.location_id == place_of(scope),
        RecentView.subject == subject,
    )
    too_many = (
        select(RecentView.id)
        .where(*mine)
        .order_by(RecentView.viewed_at.desc(), RecentView.record_id.desc())
        .offset(KEPT)
        .limit(KEPT)
    )
    session().execute(delete(RecentView).where(RecentView.id.in_(too_many)))


def keep_words(scope: Scope, list_name: str, text: str) -> int:
    """Keep what the user searches a private list for; the number that replaces it in addresses.

    0 for an empty search. The user's newest 20 searches of a list are kept, for a day.
    """
    words = typed(text)
    if not words:
        return 0
    mine = (ListWords.user_id == scope.user.id, ListWords.list_name == list_name)
    number = session().scalar(
        insert(ListWords)
        .values(user_id=scope.user.id, list_name=list_name, words=words, used_at=now())
        .on_conflict_do_update(
            index_elements=["user_id", "list_name", "words"], set_={"used_at": now()}
        )
        .returning(ListWords.id)
    )
    too_many = (
        select(ListWords.id)
        .where(*mine)
        .order_by(ListWords.used_at.desc(), ListWords.id.desc())
        .offset(WORDS_KEPT)
        .limit(KEPT)
    )
    session().execute(delete(ListWords).where(ListWords.id.in_(too_many)))
    return number or 0


def kept_words(scope: Scope, list_name: str, number: int | None) -> str:
    """What the user searched the list for under that number; empty for one that is not (any more)
    this user's."""
    whose = {"number": number, "user": scope.user.id, "list": list_name}
    found: str | None = session().scalar(WORDS, whose)
    return found or ""


def forget_words() -> None:
    """Delete what was searched for in private lists more than a day ago (a job)."""
    with unit_of_work() as current:
        current.execute(delete(ListWords).where(ListWords.used_at < now() - WORDS_LAST))
