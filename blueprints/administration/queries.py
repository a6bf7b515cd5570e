"""Reading doses given here, and the lots to give from."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, time
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, bindparam, exists, func, select
from sqlalchemy.orm import aliased

from blueprints.administration.models import Administration
from blueprints.administration.rules import RecordState
from blueprints.inventory.models import VaccineInventory
from blueprints.recipients.models import Recipient, Vaccination
from portal.access.profiles import Profile
from portal.access.scope import Scope
from portal.catalog.models import Product
from portal.catalog.queries import products_of_ids
from portal.db import session
from portal.errors import NotFound
from portal.module import current, load
from portal.people.models import User, UserLocation
from portal.people.queries import works_as
from portal.remembering import remembered

MOST_LOTS = 100
# Made once: every dose that is given asks for them several times.
_LOT = VaccineInventory
_later = aliased(Administration)
OFFERED = (
    select(_LOT)
    .where(
        _LOT.location_id == bindparam("location_id"),
        (
            (_LOT.doses_available > 0)
            & _LOT.quarantined.is_(False)
            & (_LOT.expiration_date >= bindparam("day"))
        )
        | (_LOT.id == bindparam("keep")),
    )
    .order_by(_LOT.expiration_date, _LOT.name_key, _LOT.id)
    .limit(MOST_LOTS)
)
USED = (
    select(Administration.inventory_id, func.max(Administration.id))
    .where(
        Administration.location_id == bindparam("location_id"),
        Administration.recorded_by_id == bindparam("user_id"),
        Administration.given_at >= bindparam("since"),
    )
    .group_by(Administration.inventory_id)
)
VACCINATORS = (
    select(User.id, User.first_name, User.last_name)
    .join(UserLocation, UserLocation.user_id == User.id)
    .where(
        UserLocation.location_id == bindparam("location_id"),
        User.active,
        works_as(Profile.PROVIDER, Profile.MANAGER),
    )
    .order_by(User.last_name, User.first_name, User.id)
)


@dataclass(frozen=True)
class Given:
    """A dose given here: the fact about the person, and its newest version."""

    vaccination: Vaccination
    newest: Administration


def get_given(scope: Scope, vaccination_id: int) -> Given:
    """A dose that was given at the present location; programme staff without a location see those
    of all. Raises `NotFound`."""
    scope.require("administration.view")
    newest = session().scalar(
        select(Administration)
        .where(Administration.vaccination_id == vaccination_id)
        .order_by(Administration.version.desc())
        .limit(1)
    )
    if newest is None:
        raise NotFound
    if scope.location is not None or not scope.everywhere:
        scope.require_location(newest.location_id)
    return Given(session().get_one(Vaccination, vaccination_id), newest)


def versions_of(vaccination_id: int) -> Sequence[tuple[Administration, VaccineInventory, str]]:
    """All versions of a dose, the newest first, each with its lot and who recorded it."""
    rows = session().execute(
        select(Administration, VaccineInventory, User.first_name, User.last_name)
        .join(VaccineInventory, VaccineInventory.id == Administration.inventory_id)
        .join(User, User.id == Administration.recorded_by_id)
        .where(Administration.vaccination_id == vaccination_id)
        .order_by(Administration.version.desc())
    )
    return [(version, lot, f"{first} {last}") for version, lot, first, last in rows]


def is_newest() -> ColumnElement[bool]:
    """The condition that a version is the newest of its dose."""
    return ~exists().where(
        _later.vaccination_id == Administration.vaccination_id,
        _later.version > Administration.version,
    )


def given_here(scope: Scope, recipient_id: int) -> Sequence[tuple[Vaccination, Administration]]:
    """The doses that a person was given at the present location, removed ones too, by day."""
    rows = session().execute(
        select(Vaccination, Administration)
        .join(Administration, Administration.vaccination_id == Vaccination.id)
        .where(
            Vaccination.recipient_id == recipient_id,
            Administration.location_id == scope.location_id,
            is_newest(),
        )
        .order_by(Vaccination.given_on, Vaccination.id)
    )
    return [(dose, newest) for dose, newest in rows]


def dose_of_arrival(arrival_id: int) -> int | None:
    """The id of the vaccination that a visit led to, if there is one."""
    return session().scalar(
        select(Administration.vaccination_id).where(
            Administration.arrival_id == arrival_id,
            Administration.state == RecordState.GIVEN,
            is_newest(),
        )
    )


def get_lot(scope: Scope, inventory_id: int) -> VaccineInventory:
    """A record of the vaccine inventory at the present location. Raises `NotFound`."""
    record = session().get(VaccineInventory, inventory_id)
    scope.require_location(record.location_id if record else None)
    assert record is not None
    return record


@dataclass(frozen=True)
class OfferedLot:
    """A lot to give from, its product, and whether this user gave from it today. `note` is what
    other modules say of it: a vial of it is open."""

    record: VaccineInventory
    product: Product
    used_today: bool
    label: str = ""
    note: str = ""


def lots_offered(
    scope: Scope, day: date, *, product_id: int | None = None, keep: int | None = None
) -> list[OfferedLot]:
    """The lots with doses that may be used on `day`: those this user gave from today first, then
    those that expire first. Neither expired nor in quarantine, except `keep`, the lot that a record
    has already, whose product comes first then. `product_id` leaves those of one product."""
    found = _lots_offered(scope, day, keep)
    kept = next((one.record.product_id for one in found if one.record.id == keep), None)
    wanted = [one for one in found if product_id in (None, one.record.product_id)]
    return sorted(wanted, key=lambda one: one.record.product_id != kept) if keep else wanted


def noted(scope: Scope, offered: Sequence[OfferedLot]) -> list[OfferedLot]:
    """The lots with what other modules say of them today, those of which they say something
    first."""
    said: dict[int, str] = {}
    for fill in current().fills("administration.lots") if offered else ():
        said |= load(fill.function)(scope)
    lots = [replace(one, note=said.get(one.record.id, "")) for one in offered]
    return sorted(lots, key=lambda one: not one.note)


def vial_choices(
    scope: Scope, offered: Sequence[OfferedLot]
) -> Sequence[tuple[str, str, int | None]]:
    """From which vials of these lots a dose may come: value, label, and the record's id."""
    ids = [one.record.id for one in offered]
    fills = current().fills("administration.vials") if ids else ()
    return [
        choice
        for fill in fills
        if scope.can(fill.capability)
        for choice in load(fill.function)(scope, ids)
    ]


@remembered("vaccine_inventory", "administration", "product")
def _lots_offered(scope: Scope, day: date, keep: int | None) -> list[OfferedLot]:
    asked = {"location_id": scope.location_id, "day": day, "keep": keep}
    found = session().scalars(OFFERED, asked).all()
    products = products_of_ids(frozenset(one.product_id for one in found)) if found else {}
    mine = used_today(scope) if len(found) > 1 else {}
    offered = [OfferedLot(one, products[one.product_id], one.id in mine) for one in found]
    return sorted(offered, key=lambda one: -mine.get(one.record.id, 0))


def used_today(scope: Scope) -> dict[int, int]:
    """The records that this user gave doses from today, and the id of the latest of each."""
    asked = {
        "location_id": scope.location_id,
        "user_id": scope.user.id,
        "since": _begin_of(scope.today(), scope.place.time_zone),
    }
    return {row[0]: row[1] for row in session().connection().execute(USED, asked)}


def last_of_today(scope: Scope) -> Administration | None:
    """The dose that this user recorded last today at the present location."""
    return session().scalar(
        select(Administration)
        .where(
            Administration.location_id == scope.location_id,
            Administration.recorded_by_id == scope.user.id,
            Administration.version == 1,
            Administration.given_at >= _begin_of(scope.today(), scope.place.time_zone),
        )
        .order_by(Administration.id.desc())
        .limit(1)
    )


def _begin_of(day: date, zone: str) -> datetime:
    return datetime.combine(day, time(), ZoneInfo(zone))


@remembered("user_account", "user_location")
def vaccinators(scope: Scope) -> list[tuple[int, str]]:
    """Who may have given a dose at the present location: its users who may, by name."""
    asked = {"location_id": scope.location_id}
    rows = session().connection().execute(VACCINATORS, asked)
    return [(number, f"{first} {last}") for number, first, last in rows]


def recipient_of(given: Given) -> Recipient:
    """Who was given the dose."""
    return session().get_one(Recipient, given.vaccination.recipient_id)
