"""The diary of the sample clinics: what happened there in the three months before now.

A module lists its events (`Module.practice`), each with its moment. The platform lives through
those of all modules in the order of time, while `portal.clock` says each event's moment. So what is
sealed, and says when and by whom it was written, is written then, by somebody who works there:

    def diary(past: Past) -> Iterator[DiaryEvent]:
        for place in past.places:
            at = past.at(past.workday(30, place), 9 * 60, place)
            yield DiaryEvent(at, check, may="fridges.check", place=place.id)

    def check(scope: Scope) -> None:
        note_temperature(scope, celsius=4)

What an event leads to is given back as further events, later than itself.
"""

import logging
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from heapq import heapify, heappop, heappush
from itertools import count
from random import Random
from zoneinfo import ZoneInfo

from sqlalchemy import select

from portal.access.scope import Place, Scope
from portal.access.through import Through, acting
from portal.clock import local
from portal.db import session, unit_of_work
from portal.errors import PortalError
from portal.messages.upkeep import note_left_in_practice
from portal.module import current
from portal.people.models import User, UserLocation
from portal.people.queries import actor_of, places_of
from portal.places.models import Location
from portal.places.queries import PLACE

log = logging.getLogger("portal.practice")

# So many days the sample goes back.
DAYS = 90
# When clinics open, in minutes of the day, and days of the week (0 is Monday).
OPENS = 8 * 60
FRIDAY, SUNDAY = 4, 6


@dataclass(frozen=True)
class DiaryEvent:
    """What happened at a moment: `do(scope)` runs in a unit of work of its own, as somebody who has
    the right `may` at the location with the id `place`; without a place as programme staff. `who`
    names the user where it must be a certain one.

    With neither `may` nor `who` the portal does it by itself, as a job: `do()` runs outside a unit
    of work. What nobody may do there does not happen: its module is switched off. What `do` gives
    back are further events, not before this one.
    """

    at: datetime
    do: Callable[..., Iterable["DiaryEvent"] | None]
    may: str = ""
    place: int | None = None
    who: str = ""


@dataclass(frozen=True)
class Past:
    """The time before `present`, as the sample's locations count days and hours."""

    present: datetime
    places: tuple[Place, ...]

    def day(self, back: int, place: Place) -> date:
        """The day so many days before today."""
        return local(self.present, place.time_zone).date() - timedelta(days=back)

    def workday(self, back: int, place: Place) -> date:
        """The day so many days before today; instead of a Saturday the Friday, instead of a Sunday
        the Monday, or the Friday where that Monday is not over yet."""
        day = self.day(back, place)
        monday = day + timedelta(days=1)
        if day.weekday() == SUNDAY and monday < self.day(0, place):
            return monday
        return day - timedelta(days=max(day.weekday() - FRIDAY, 0))

    def at(self, day: date, minute: int, place: Place) -> datetime:
        """The moment of that minute of a day at the location."""
        wall = datetime.combine(day, time(minute // 60, minute % 60), ZoneInfo(place.time_zone))
        return wall.astimezone(UTC)

    def ago(self, minutes: float, place: Place) -> datetime:
        """So many minutes before the present, yet not before the location opened today; at night
        not before midnight."""
        today = self.day(0, place)
        opened = self.at(today, OPENS, place)
        first = opened if opened < self.present else self.at(today, 0, place)
        return max(self.present - timedelta(minutes=minutes), first)


def past_until(present: datetime) -> Past:
    """The past of all locations, until `present`."""
    with unit_of_work(write=False):
        rows = session().execute(select(*PLACE).order_by(Location.id))
        return Past(present, tuple(Place(**row._mapping) for row in rows))


def live_through(
    events: Iterable[DiaryEvent], past: Past, put_clock: Callable[[datetime], None]
) -> None:
    """Let the events happen, and all to which they lead, in the order of time; those at one moment
    as they are listed. What lies ahead of the present does not happen.

    What the portal refuses is left out and logged, so that one unlucky event costs no sample.
    """
    numbers = count()
    waiting = [(event.at, next(numbers), event) for event in events]
    heapify(waiting)
    staff = _Staff()
    while waiting and waiting[0][0] <= past.present:
        at, _number, event = heappop(waiting)
        put_clock(at)
        try:
            further = _live(event, staff)
        except PortalError as refusal:
            log.warning("left out of the sample: %s", refusal)
            continue
        for one in further:
            heappush(waiting, (one.at, next(numbers), one))


def _live(event: DiaryEvent, staff: "_Staff") -> list[DiaryEvent]:
    if not (event.may or event.who):
        with acting(Through.JOB):
            further = list(event.do() or ())
        with unit_of_work():
            note_left_in_practice()
        return further
    with acting(Through.SIGNED_IN), unit_of_work():
        scope = staff.one_for(event)
        further = list(event.do(scope) or ()) if scope else []
        note_left_in_practice()
    return further


@dataclass
class _Staff:
    """Who works where, and is there on a day."""

    random: Random = field(default_factory=lambda: Random(650_000))
    known: dict[tuple[str, str, int | None], list[Scope]] = field(default_factory=dict)

    def one_for(self, event: DiaryEvent) -> Scope | None:
        """Somebody who may do it and is there: who works at several locations is at one a day."""
        key = (event.who, event.may, event.place)
        if key not in self.known:
            self.known[key] = people_who_may(event.may, event.place, event.who)
        day = event.at.toordinal()
        there = [
            scope
            for scope in self.known[key]
            if not scope.locations or scope.locations[day % len(scope.locations)] == scope.location
        ]
        may = there or self.known[key]
        return self.random.choice(may) if may else None


def people_who_may(may: str, place_id: int | None, who: str = "") -> list[Scope]:
    """The scopes of the active users with the right `may` at the location, of programme staff where
    it is None; with `who` that user's alone, who need not have it. In a unit of work."""
    query = select(User).where(User.active).order_by(User.id)
    if who:
        query = query.where(User.username == who)
    if place_id is not None:
        query = query.join(UserLocation, UserLocation.user_id == User.id)
        query = query.where(UserLocation.location_id == place_id)
    found = []
    for user in session().scalars(query):
        profile = user.held_profile if place_id is None else user.profile_at_locations
        rights = current().capabilities_of(profile) if profile else frozenset()
        if profile and (who or may in rights):
            own = places_of(user.id) if place_id is not None else ()
            here = next((place for place in own if place.id == place_id), None)
            actor = actor_of(user, profile)
            found.append(Scope(user=actor, location=here, locations=own, capabilities=rights))
    return found
