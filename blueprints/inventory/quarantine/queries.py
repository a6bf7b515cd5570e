"""Reading what is or was in quarantine (SPEC D12)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, and_, func, or_, select, true
from sqlalchemy.orm import aliased

from blueprints.inventory.models import Quarantine, VaccineInventory
from portal.access.scope import Scope
from portal.db import session
from portal.people.models import User

SHOWN = 50


@dataclass(frozen=True)
class Held:
    """What a quarantine holds now: doses available at so many locations, and doses in transit."""

    locations: int
    doses: int
    in_transit: int


def what_is_held(*quarantines: Quarantine) -> Held:
    """How many locations have doses of the lots, how many doses those are, and how many of the
    lots are on their way."""
    record = VaccineInventory
    available = record.doses_available > 0
    query = select(
        func.count(record.location_id.distinct()).filter(available),
        func.coalesce(func.sum(record.doses_available), 0),
        func.coalesce(func.sum(record.doses_in_transit), 0),
    ).where(
        or_(
            *(
                and_(record.product_id == one.product_id, record.lot_key == one.lot_key)
                for one in quarantines
            )
        )
    )
    return Held(*(int(number) for number in session().execute(query).one()))


def was_before_hold(record: VaccineInventory, at: datetime) -> bool:
    """Whether the record is in quarantine now, and was not `at` that moment."""
    if not record.quarantined:
        return False
    since = session().scalar(
        select(func.min(Quarantine.placed_at)).where(
            Quarantine.product_id == record.product_id,
            Quarantine.lot_key == record.lot_key,
            or_(Quarantine.location_id.is_(None), Quarantine.location_id == record.location_id),
            Quarantine.released_at.is_(None),
        )
    )
    return since is not None and at < since


def list_held_here(scope: Scope, *, most: int) -> Sequence[VaccineInventory]:
    """The records of the present location that are in quarantine and have doses left, those that
    expire first on top."""
    record = VaccineInventory
    query = select(record).where(*_held_here(scope))
    return list(session().scalars(query.order_by(record.expiration_date, record.id).limit(most)))


def count_held_here(scope: Scope) -> int:
    """How many records that is."""
    query = select(func.count()).select_from(VaccineInventory).where(*_held_here(scope))
    return session().scalar(query) or 0


def _held_here(scope: Scope) -> tuple[ColumnElement[bool], ...]:
    record = VaccineInventory
    return (
        record.location_id == scope.location_id,
        record.quarantined == true(),
        # No index of the doses, please: SQLite would take it instead of the small one of what is
        # in quarantine.
        record.doses_available + 0 > 0,
    )


@dataclass(frozen=True)
class Holding:
    """A quarantine that held or holds a lot, and who placed and released it."""

    row: Quarantine
    placed_by: str
    released_by: str


def list_holdings(record: VaccineInventory) -> list[Holding]:
    """What holds or held a record's lot, here or everywhere, newest first (at most 50)."""
    placer, releaser = aliased(User), aliased(User)
    query = (
        select(Quarantine, placer, releaser)
        .join(placer, placer.id == Quarantine.placed_by_id)
        .outerjoin(releaser, releaser.id == Quarantine.released_by_id)
        .where(
            Quarantine.product_id == record.product_id,
            Quarantine.lot_key == record.lot_key,
            or_(Quarantine.location_id.is_(None), Quarantine.location_id == record.location_id),
        )
        .order_by(Quarantine.id.desc())
        .limit(SHOWN)
    )
    return [
        Holding(row, by.full_name, until.full_name if until else "")
        for row, by, until in session().execute(query)
    ]


def find_record_of(quarantine: Quarantine) -> int | None:
    """The newest record of a lot held at one location, by id; None for one held everywhere."""
    record = VaccineInventory
    return session().scalar(
        select(func.max(record.id)).where(
            record.location_id == quarantine.location_id,
            record.product_id == quarantine.product_id,
            record.lot_key == quarantine.lot_key,
        )
    )
