"""Reading recipients: one by its address, their doses."""

from collections.abc import Collection

from sqlalchemy import bindparam, select

from blueprints.recipients.finding import Found, find
from blueprints.recipients.models import (
    Merge,
    NotTheSame,
    Recipient,
    RecipientLocation,
    Vaccination,
)
from blueprints.recipients.settings import RecipientSettings
from portal.access.scope import Scope
from portal.catalog.models import Product
from portal.db import session
from portal.errors import NotFound
from portal.places.models import Location
from portal.remembering import remembered
from portal.settings import of_module

__all__ = [
    "Found",
    "doses_of",
    "find",
    "get_recipient",
    "get_vaccination",
    "is_of_location",
    "series_of",
]

MOST_MERGES = 10
# Made once: what one dose takes asks for them several times.
SEEN_AT = select(RecipientLocation.location_id).where(
    RecipientLocation.recipient_id == bindparam("recipient_id"),
    RecipientLocation.location_id.in_(bindparam("places", expanding=True)),
)
GIVEN = (
    select(Vaccination)
    .where(
        Vaccination.recipient_id.in_(bindparam("recipient_ids", expanding=True)),
        Vaccination.state == "given",
    )
    .order_by(Vaccination.given_on, Vaccination.dose_number, Vaccination.id)
)


APART = select(NotTheSame.lower_id, NotTheSame.higher_id).where(
    (NotTheSame.lower_id == bindparam("recipient_id"))
    | (NotTheSame.higher_id == bindparam("recipient_id"))
)


def get_recipient(scope: Scope, recipient_id: int) -> Recipient:
    """The recipient, if the present location sees this person; programme staff who work without a
    location see everybody.

    Of a record that was merged into another one, that other. Raises `NotFound`; where another of
    the user's locations sees the recipient, `AtAnotherLocation`.
    """
    scope.require("recipients.view")
    recipient = session().get(Recipient, recipient_id)
    for _step in range(MOST_MERGES):
        if recipient is None or recipient.merged_into_id is None:
            break
        recipient = session().get(Recipient, recipient.merged_into_id)
    if recipient is None:
        raise NotFound
    if scope.location is not None or not scope.everywhere:
        _require_location(scope, recipient.id)
    return recipient


def _require_location(scope: Scope, recipient_id: int) -> None:
    here, own = scope.location_id, [place.id for place in scope.locations]
    linked = _seen_at(recipient_id, frozenset({here, *own}))
    if here not in linked:
        scope.require_location(min(linked, default=None))


@remembered("recipient_location")
def _seen_at(recipient_id: int, places: frozenset[int]) -> set[int]:
    """At which of these locations the recipient is seen."""
    return set(session().scalars(SEEN_AT, {"recipient_id": recipient_id, "places": list(places)}))


def is_of_location(recipient_id: int, location_id: int) -> bool:
    """Whether the location sees the recipient."""
    found = session().scalar(
        select(RecipientLocation.id).where(
            RecipientLocation.recipient_id == recipient_id,
            RecipientLocation.location_id == location_id,
        )
    )
    return found is not None


def doses_of(recipient_ids: Collection[int]) -> dict[int, list[Vaccination]]:
    """The doses that these recipients were given, here or elsewhere, by day; not those entered in
    error. Recipients without any are left out."""
    return _doses_of(frozenset(recipient_ids))


def series_of(recipient_ids: Collection[int]) -> dict[int, list[Vaccination]]:
    """Of `doses_of`, those against what the program vaccinates against (setting `vaccine_group`): a
    flu dose is no first dose against COVID-19. A product whose group nobody told counts."""
    doses = doses_of(recipient_ids)
    given = {dose.product_id for each in doses.values() for dose in each}
    ours = ("", of_module(RecipientSettings).vaccine_group)
    counts = {one for one in given if session().get_one(Product, one).vaccine_group in ours}
    return {
        person: found
        for person, each in doses.items()
        if (found := [dose for dose in each if dose.product_id in counts])
    }


@remembered("vaccination")
def _doses_of(recipient_ids: frozenset[int]) -> dict[int, list[Vaccination]]:
    found: dict[int, list[Vaccination]] = {}
    for row in session().scalars(GIVEN, {"recipient_ids": list(recipient_ids)}):
        found.setdefault(row.recipient_id, []).append(row)
    return found


def history_of(recipient_id: int) -> list[tuple[Vaccination, str, str]]:
    """All doses of a recipient by day, those entered in error included, each with the product's
    name and where it was given."""
    rows = session().execute(
        select(Vaccination, Product.name, Location.name)
        .join(Product, Product.id == Vaccination.product_id)
        .outerjoin(Location, Location.id == Vaccination.location_id)
        .where(Vaccination.recipient_id == recipient_id)
        .order_by(Vaccination.given_on, Vaccination.id)
    )
    return [(dose, product, place or dose.elsewhere) for dose, product, place in rows]


def get_vaccination(scope: Scope, recipient_id: int, vaccination_id: int) -> Vaccination:
    """A dose of a recipient whom `scope` sees. Raises `NotFound`."""
    recipient = get_recipient(scope, recipient_id)
    dose = session().get(Vaccination, vaccination_id)
    if dose is None or dose.recipient_id != recipient.id:
        raise NotFound
    return dose


def merges_into(recipient_id: int) -> list[tuple[Merge, Recipient]]:
    """The merges into this record that were not undone, each with the record that is used no
    more."""
    rows = session().execute(
        select(Merge, Recipient)
        .join(Recipient, Recipient.id == Merge.gone_id)
        .where(Merge.kept_id == recipient_id, Merge.undone_at.is_(None))
        .order_by(Merge.id)
    )
    return [(merge, gone) for merge, gone in rows]


def get_merge(scope: Scope, merge_id: int) -> Merge:
    """A merge that was not undone, of recipients whom `scope` sees. Raises `NotFound`."""
    scope.require("recipients.merge")
    merge = session().get(Merge, merge_id)
    if merge is None or merge.undone_at is not None:
        raise NotFound
    get_recipient(scope, merge.kept_id)
    return merge


def known_apart(recipient_id: int) -> set[int]:
    """The recipients who were found to be other people than this one."""
    rows = session().execute(APART, {"recipient_id": recipient_id})
    return {number for row in rows for number in row} - {recipient_id}
