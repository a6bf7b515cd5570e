"""What was given at the present location on a day, and what that leaves to do (SPEC G9, D14)."""

from collections import Counter
from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import TypeVar
from zoneinfo import ZoneInfo

from sqlalchemy import func, select

from blueprints.administration.models import Administration, AdverseEvent
from blueprints.administration.queries import is_newest
from blueprints.administration.rules import RecordState
from blueprints.checkin.day import DayList
from blueprints.inventory.ledger.day import RecordDay, day_of_records
from blueprints.inventory.models import VaccineInventory
from blueprints.inventory.queries import list_usable_through
from blueprints.recipients.models import Vaccination
from portal.access.scope import Scope
from portal.catalog.queries import products_of_ids
from portal.db import session

DAY = timedelta(days=1)
K = TypeVar("K", bound=Hashable)


@dataclass(frozen=True, kw_only=True)
class GivenOfDay:
    """Doses of one lot that one person gave on a day; of them `against` were given against a rule
    and `later` were entered on a later day."""

    inventory_id: int
    product: str
    lot: str
    given_by: str
    doses: int
    against: int
    later: int


@dataclass(frozen=True)
class DayTally:
    """The doses given on a day, by product, by lot and by vaccinator, and the adverse events that
    were noted of them."""

    lines: Sequence[GivenOfDay]
    events: int

    @property
    def doses(self) -> int:
        """All doses of the day."""
        return sum(line.doses for line in self.lines)

    @property
    def against(self) -> int:
        """Those given against a rule."""
        return sum(line.against for line in self.lines)

    @property
    def by_product(self) -> Sequence[tuple[str, int]]:
        """Product and doses."""
        return self._summed(lambda line: line.product)

    @property
    def by_lot(self) -> Sequence[tuple[tuple[str, str], int]]:
        """Product, lot, and doses."""
        return self._summed(lambda line: (line.product, line.lot))

    @property
    def by_vaccinator(self) -> Sequence[tuple[str, int]]:
        """Who gave doses, and how many."""
        return self._summed(lambda line: line.given_by)

    @property
    def of_records(self) -> Mapping[int, int]:
        """Doses by record of the inventory."""
        counted: Counter[int] = Counter()
        for line in self.lines:
            counted[line.inventory_id] += line.doses
        return counted

    def _summed(self, key: Callable[[GivenOfDay], K]) -> Sequence[tuple[K, int]]:
        counted: Counter[K] = Counter()
        for line in self.lines:
            counted[key(line)] += line.doses
        return sorted(counted.items(), key=str)


def _given_on(scope: Scope, day: date) -> tuple[object, ...]:
    """The conditions that a version is what is true of a dose of this day: the day is that of the
    place where it was given, whose zone may have been another one then."""
    begin = datetime.combine(day, time(), ZoneInfo(scope.place.time_zone))
    return (
        Administration.location_id == scope.location_id,
        Administration.given_at >= begin - DAY,
        Administration.given_at < begin + 2 * DAY,
        Administration.state == RecordState.GIVEN,
        Vaccination.given_on == day,
        is_newest(),
    )


def tally_of(scope: Scope, day: date) -> DayTally:
    """What was given at the present location on `day`."""
    scope.require("administration.view")
    given = _given_on(scope, day)
    rows = session().execute(
        select(
            Administration.inventory_id,
            VaccineInventory.product_name,
            VaccineInventory.lot,
            Administration.given_by,
            func.count(),
            func.count().filter(Administration.override_of != ""),
            func.count().filter(Administration.back_dated),
        )
        .join(Vaccination, Vaccination.id == Administration.vaccination_id)
        .join(VaccineInventory, VaccineInventory.id == Administration.inventory_id)
        .where(*given)  # type: ignore[arg-type]
        .group_by(
            Administration.inventory_id,
            VaccineInventory.product_name,
            VaccineInventory.lot,
            Administration.given_by,
        )
    )
    events = session().scalar(
        select(func.count())
        .select_from(AdverseEvent)
        .join(Administration, Administration.vaccination_id == AdverseEvent.vaccination_id)
        .join(Vaccination, Vaccination.id == Administration.vaccination_id)
        .where(*given)  # type: ignore[arg-type]
    )
    lines = [
        GivenOfDay(
            inventory_id=row[0],
            product=row[1],
            lot=row[2],
            given_by=row[3],
            doses=row[4],
            against=row[5],
            later=row[6],
        )
        for row in rows
    ]
    return DayTally(lines, events or 0)


@dataclass(frozen=True, kw_only=True)
class StillWanted:
    """How many of today's people still want this vaccine, and how many usable doses are left. The
    product is None for those to whom any may be given."""

    product: str | None
    people: int
    doses: int

    @property
    def is_short(self) -> bool:
        """Whether there are fewer doses than people."""
        return self.people > self.doses


def still_wanted(scope: Scope, found: DayList) -> list[StillWanted]:
    """What is left for those who still come or wait, by vaccine; at the end those to whom any may
    be given, with what the others leave."""
    people = Counter(line.product_id for line in found.lines if line.wants_dose)
    left: Counter[int] = Counter()
    for _place, product, _last_day, doses in list_usable_through([scope.location_id], found.day):
        left[product] += doses
    ids = frozenset(product for product in {*people, *left} if product is not None)
    names = products_of_ids(ids) if ids else {}
    lines = [
        StillWanted(product=names[number].name, people=people[number], doses=left[number])
        for number in ids
    ]
    lines.sort(key=lambda line: line.product or "")
    free = sum(max(0, line.doses - line.people) for line in lines)
    return [*lines, StillWanted(product=None, people=people[None], doses=free)]


@dataclass(frozen=True, kw_only=True)
class DayEnd:
    """The doses of a day by record, beside what the records of vaccinations say was given."""

    day: date
    tally: DayTally
    records: Sequence[RecordDay]

    @property
    def without_record(self) -> Sequence[tuple[RecordDay, int]]:
        """The records whose ledger has other doses given than vaccinations were recorded, and how
        many were."""
        recorded = self.tally.of_records
        return [
            (one, recorded.get(one.inventory_id, 0))
            for one in self.records
            if one.given != recorded.get(one.inventory_id, 0)
        ]

    @property
    def unexplained(self) -> Sequence[RecordDay]:
        """The records that have other doses than their ledger."""
        return [one for one in self.records if one.unexplained]

    @property
    def entered_later(self) -> Sequence[RecordDay]:
        """The records of which something was entered on a later day."""
        return [one for one in self.records if one.entered_later]

    @property
    def balances(self) -> bool:
        """Whether nothing is left to explain."""
        return not (self.without_record or self.unexplained)

    def total(self, column: str) -> int:
        """The sum of a column over all records."""
        return sum(getattr(one, column) for one in self.records)


def day_end(scope: Scope, day: date) -> DayEnd:
    """How the doses of the present location changed on `day`, and whether all is explained."""
    tally = tally_of(scope, day)
    return DayEnd(day=day, tally=tally, records=day_of_records(scope, day))
