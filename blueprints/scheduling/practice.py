"""Schedules for practice mode: the sample clinics give appointments, and one day is closed."""

from dataclasses import replace
from datetime import timedelta

from sqlalchemy import select

from blueprints.scheduling.rules import Hours, Setup, SpecialDay
from blueprints.scheduling.services import save, set_day
from portal.access.profiles import Profile
from portal.access.scope import Actor, Place, Scope
from portal.clock import today
from portal.db import session, unit_of_work
from portal.people.models import User, UserLocation
from portal.places.models import Location

WORKDAY = (Hours(8 * 60, 12 * 60), Hours(13 * 60, 17 * 60))
SATURDAY = (Hours(9 * 60, 12 * 60),)
SETUP = Setup(
    active=True,
    weekly=(*(WORKDAY,) * 5, SATURDAY, ()),
    public=True,
    walk_in_share=25,
)


def fill() -> None:
    """Turn scheduling on everywhere, the second clinic's for staff only, and close a day."""
    with unit_of_work(write=False):
        places = list(session().scalars(select(Location.id).order_by(Location.id)))
    for number, location_id in enumerate(places):
        with unit_of_work():
            scope = _manager_of(location_id)
            if scope is None:
                continue
            save(scope, replace(SETUP, public=number != 1), seen=1)
            if number == 0:
                day = today(scope.place.time_zone) + timedelta(days=9)
                set_day(scope, day, SpecialDay("Staff training"))


def _manager_of(location_id: int) -> Scope | None:
    location = session().get_one(Location, location_id)
    user = session().scalar(
        select(User)
        .outerjoin(UserLocation, UserLocation.user_id == User.id)
        .where(User.profile == Profile.MANAGER)
        .order_by(UserLocation.location_id != location_id, User.id)
        .limit(1)
    )
    if user is None:
        return None
    place = Place(
        id=location.id,
        name=location.name,
        pin=location.pin,
        time_zone=location.time_zone,
        organization_id=location.organization_id,
    )
    return Scope(
        user=Actor(
            id=user.id,
            username=user.username,
            full_name=f"{user.first_name} {user.last_name}",
            email=user.email,
            profile=Profile(user.profile),
        ),
        location=place,
        locations=(place,),
        capabilities=frozenset({"scheduling.handle", "scheduling.view"}),
    )
