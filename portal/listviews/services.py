"""What users leave behind in lists: the pinned view, and what they looked at."""

from sqlalchemy import delete, select

from portal.clock import now
from portal.db import insert, session
from portal.errors import Invalid
from portal.i18n import _
from portal.listviews.definition import RECENT, ListDefinition
from portal.listviews.models import NOWHERE, ListPin, RecentView
from portal.places.scope import Scope

KEPT = 50


def ensure_view(definition: ListDefinition, view: str) -> None:
    """Raise `Invalid` unless the list has that view."""
    if view not in definition.view_labels and not (view == RECENT and definition.subject):
        raise Invalid(_("There is no such list view."))


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
