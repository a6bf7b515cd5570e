"""What a schedule offers, as values: hours, days, and the slots made of them.

Hours are the wall clock of the location. An hour that a clock change leaves out is not offered on
that day; one that comes twice is offered once, the first time. So a clinic that opens at 9:00 opens
at 9:00 on both sides of every change.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from functools import lru_cache
from zoneinfo import ZoneInfo

from portal.errors import Invalid
from portal.i18n import Label, _, _l, ngettext

DAY = 24 * 60
MOST_SLOTS = 60_000


class SlotKind(StrEnum):
    """Whom a slot is for."""

    GENERAL = "general"
    SECOND = "second"
    WALK_IN = "walk_in"

    @property
    def label(self) -> Label:
        """Its name for people."""
        return {
            SlotKind.GENERAL: _l("Any appointment"),
            SlotKind.SECOND: _l("Second doses"),
            SlotKind.WALK_IN: _l("Walk-ins"),
        }[self]


class DosesBound(StrEnum):
    """What happens when more is booked on a day than there are usable doses."""

    OFF = "off"
    WARN = "warn"
    LIMIT = "limit"

    @property
    def label(self) -> Label:
        """Its name for people."""
        return {
            DosesBound.OFF: _l("Only places count"),
            DosesBound.WARN: _l("Warn the manager of days without enough doses"),
            DosesBound.LIMIT: _l("Offer no more appointments than there are doses"),
        }[self]


@dataclass(frozen=True, order=True)
class Hours:
    """A range of open hours, in minutes of the local day."""

    opens: int
    closes: int


@dataclass(frozen=True)
class SpecialDay:
    """A day that does not follow the weekly hours; without `hours` it is closed."""

    reason: str = ""
    hours: tuple[Hours, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Setup:
    """The schedule of a location, as values. `weekly` has the hours of each day of the week, from
    Monday; shares are percent of the places."""

    active: bool = False
    weekly: tuple[tuple[Hours, ...], ...] = ((),) * 7
    slot_minutes: int = 15
    places: int = 4
    horizon_days: int = 60
    notice_minutes: int = 120
    public: bool = False
    second_dose_share: int = 0
    walk_in_share: int = 0
    doses_bound: DosesBound = DosesBound.OFF
    products: frozenset[int] = frozenset()
    latitude: float | None = None
    longitude: float | None = None


@dataclass(frozen=True, order=True)
class Key:
    """What tells the slots of a location apart."""

    starts_at: datetime
    kind: str


@dataclass(frozen=True)
class Offered:
    """A slot as the schedule wants it."""

    day: date
    minute: int
    places: int


def moment_of(day: date, minute: int, zone: ZoneInfo) -> datetime | None:
    """The moment, in UTC, at which the clocks of `zone` show that minute of `day`; the first one
    where they show it twice, None where they never do."""
    wall = datetime.combine(day, time()) + timedelta(minutes=minute)
    moment = wall.replace(tzinfo=zone).astimezone(UTC)
    return moment if moment.astimezone(zone).replace(tzinfo=None) == wall else None


def last_day(today: date, horizon_days: int) -> date:
    """The last day that can be booked."""
    return today + timedelta(days=horizon_days)


def hours_on(day: date, setup: Setup, special: Mapping[date, SpecialDay]) -> tuple[Hours, ...]:
    """The open hours of `day`."""
    found = special.get(day)
    return found.hours if found is not None else setup.weekly[day.weekday()]


def starts_of(hours: Iterable[Hours], slot_minutes: int) -> list[int]:
    """The minutes of the day at which slots begin; each ends within its range of hours."""
    return [
        minute
        for each in hours
        for minute in range(each.opens, each.closes - slot_minutes + 1, slot_minutes)
    ]


@lru_cache(maxsize=256)
def shared(count: int, places: int, second: int, walk_in: int) -> tuple[tuple[int, int, int], ...]:
    """How the places of `count` slots of one day are shared out: general, second doses, walk-ins.

    `second` and `walk_in` are percent. Each place goes to whom most is missing of its share, so
    that shares are spread over the day and hold within one place.
    """
    percent = (100 - second - walk_in, second, walk_in)
    given = [0, 0, 0]
    slots = []
    for number in range(count):
        here = [0, 0, 0]
        for place in range(number * places + 1, (number + 1) * places + 1):
            missing = [percent[kind] * place - 100 * given[kind] for kind in range(3)]
            kind = missing.index(max(missing))
            given[kind] += 1
            here[kind] += 1
        slots.append((here[0], here[1], here[2]))
    return tuple(slots)


def offered(
    setup: Setup, special: Mapping[date, SpecialDay], zone: ZoneInfo, first: date, last: date
) -> Iterator[tuple[Key, Offered]]:
    """The slots that the schedule wants from `first` to `last`, both included."""
    if not setup.active:
        return
    day = first
    while day <= last:
        starts = starts_of(hours_on(day, setup, special), setup.slot_minutes)
        shares = shared(len(starts), setup.places, setup.second_dose_share, setup.walk_in_share)
        for minute, here in zip(starts, shares, strict=True):
            moment = moment_of(day, minute, zone)
            for kind, places in zip(SlotKind, here, strict=True):
                if places and moment is not None:
                    yield Key(moment, kind), Offered(day, minute, places)
        day += timedelta(days=1)


@dataclass(frozen=True)
class SlotRow:
    """A slot as it is in the database."""

    id: int
    day: date
    minute: int
    places: int
    taken: int
    open: bool


@dataclass
class Difference:
    """What is to be done so that the slots are those of the schedule: rows to add; ids of rows to
    offer, by their places; ids of those that are no longer offered."""

    add: list[tuple[Key, Offered]] = field(default_factory=list)
    offer: dict[int, list[int]] = field(default_factory=dict)
    withdraw: list[int] = field(default_factory=list)


def difference(
    wanted: Mapping[Key, Offered], there: Mapping[Key, SlotRow], last: date
) -> Difference:
    """What differs between the slots that are wanted and those that are there. Beyond the `last`
    day that can be booked nothing is added, and what is booked stays."""
    found = Difference()
    for key, slot in wanted.items():
        row = there.get(key)
        if row is None:
            if slot.day <= last:
                found.add.append((key, slot))
        elif slot.day > last and not row.taken:
            found.withdraw.append(row.id)
        elif not row.open or row.places != slot.places:
            found.offer.setdefault(slot.places, []).append(row.id)
    found.withdraw += [
        row.id for key, row in there.items() if key not in wanted and (row.open or not row.taken)
    ]
    return found


def misfits(wanted: Mapping[Key, Offered], there: Mapping[Key, SlotRow]) -> int:
    """How many bookings the schedule has no place for: at times it does not offer, and beyond the
    places of a time, whatever kind they are of."""
    taken: dict[datetime, int] = {}
    places: dict[datetime, int] = {}
    for key, row in there.items():
        taken[key.starts_at] = taken.get(key.starts_at, 0) + row.taken
    for key, slot in wanted.items():
        places[key.starts_at] = places.get(key.starts_at, 0) + slot.places
    return sum(max(0, booked - places.get(moment, 0)) for moment, booked in taken.items())


def check(setup: Setup) -> Setup:
    """The setup, with hours in order. Raises `Invalid` for what cannot be offered."""
    weekly = tuple(check_hours(hours, field=f"day_{n}") for n, hours in enumerate(setup.weekly))
    if setup.second_dose_share + setup.walk_in_share > 100:
        raise Invalid(
            _("Both shares together are more than 100 percent."), field="second_dose_share"
        )
    if (setup.latitude is None) != (setup.longitude is None):
        raise Invalid(_("Enter both latitude and longitude, or neither."), field="latitude")
    if setup.active and not any(weekly):
        raise Invalid(
            _("Enter hours for at least one day, or leave scheduling off."), field="active"
        )
    week = sum(len(starts_of(hours, setup.slot_minutes)) for hours in weekly)
    kinds = 1 + bool(setup.second_dose_share) + bool(setup.walk_in_share)
    if week * kinds * (setup.horizon_days // 7 + 1) > MOST_SLOTS:
        raise Invalid(
            _("That is too many times. Use longer appointments or fewer days ahead."),
            field="slot_minutes",
        )
    for number, hours in enumerate(weekly):
        for each in hours:
            if each.closes - each.opens < setup.slot_minutes:
                raise Invalid(
                    ngettext(
                        "A range of hours is shorter than one appointment of %(num)s minute.",
                        "A range of hours is shorter than one appointment of %(num)s minutes.",
                        setup.slot_minutes,
                    ),
                    field=f"day_{number}",
                )
    return Setup(**{**vars(setup), "weekly": weekly})


def check_hours(hours: Sequence[Hours], *, field: str) -> tuple[Hours, ...]:
    """The ranges in order. Raises `Invalid` on `field` where one ends before it begins, or two
    overlap."""
    ordered = tuple(sorted(hours))
    for each in ordered:
        if not 0 <= each.opens < each.closes <= DAY:
            raise Invalid(_("Each range must end after it begins."), field=field)
    for before, after in zip(ordered, ordered[1:], strict=False):
        if after.opens < before.closes:
            raise Invalid(_("These hours overlap."), field=field)
    return ordered
