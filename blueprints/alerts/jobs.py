"""The daily e-mail: once a location and day, whatever is restarted in between."""

import logging
from datetime import datetime

from sqlalchemy import insert, select, update

from blueprints.alerts.models import DailyDigest, DigestRefusal
from blueprints.alerts.rules import next_due
from portal import jobs
from portal.access.profiles import Profile
from portal.access.scope import Place, Scope
from portal.clock import now, today
from portal.db import session, unit_of_work
from portal.errors import where
from portal.i18n import speaking
from portal.messages.services import NewMessage, queue_many
from portal.module import load
from portal.people.models import User
from portal.people.queries import actor_of, list_managers
from portal.places.models import Location
from portal.web.context import registry

log = logging.getLogger("portal.alerts")


def send_daily() -> str:
    """Queue the e-mails of the locations whose hour has come; says how many locations."""
    _begin_for_new_locations()
    with unit_of_work(write=False) as current:
        due = [
            (row.location_id, row.due_at)
            for row in current.execute(
                select(DailyDigest.location_id, DailyDigest.due_at)
                .where(DailyDigest.due_at <= now())
                .order_by(DailyDigest.due_at)
            )
        ]
    done, failed = 0, 0
    for location_id, due_at in due:
        if jobs.stopping():
            break
        try:
            with unit_of_work():
                done += _send(location_id, due_at)
        except Exception as error:  # one location's trouble is not the others'
            log.error("the daily e-mail of location %s failed: %s", location_id, where(error))
            failed += 1
    if failed:
        raise RuntimeError(f"the daily e-mail of {failed} locations failed")
    return f"{done} locations"


def _begin_for_new_locations() -> None:
    with unit_of_work(write=False) as current:
        known = select(DailyDigest.location_id)
        missing = current.scalars(select(Location).where(Location.id.not_in(known))).all()
        rows = [
            {"location_id": place.id, "due_at": next_due(now(), place.time_zone)}
            for place in missing
        ]
    for row in rows:
        with unit_of_work() as current:
            if current.get(DailyDigest, row["location_id"]) is None:
                current.execute(insert(DailyDigest), [row])


def _send(location_id: int, due_at: datetime) -> int:
    """Take this location's turn and queue its e-mails; 0 if another process has taken it."""
    place = session().get_one(Location, location_id)
    taken = session().execute(
        update(DailyDigest)
        .where(DailyDigest.location_id == location_id, DailyDigest.due_at == due_at)
        .values(due_at=next_due(now(), place.time_zone))
        .execution_options(synchronize_session=False)
    )
    if taken.rowcount != 1:  # type: ignore[attr-defined]
        return 0
    day = today(place.time_zone)
    queue_many(
        NewMessage(
            kind="daily_digest",
            to=user.email,
            user_id=user.id,
            location_id=location_id,
            once=f"daily_digest:{location_id}:{day.isoformat()}:{user.id}",
            not_after=next_due(now(), place.time_zone),
            context={"location": place.name, "lines": lines},
        )
        for user in list_managers(location_id)
        if session().get(DigestRefusal, user.id) is None and (lines := lines_for(user, place))
    )
    return 1


def lines_for(user: User, place: Location) -> list[str]:
    """What the modules have to say to a manager of a location, in the user's language."""
    here = Place(
        id=place.id,
        name=place.name,
        pin=place.pin,
        time_zone=place.time_zone,
        organization_id=place.organization_id,
    )
    scope = Scope(
        user=actor_of(user, Profile.MANAGER),
        location=here,
        locations=(here,),
        capabilities=registry().capabilities_of(Profile.MANAGER),
        language=user.language,
    )
    found: list[str] = []
    with speaking(user.language):
        for fill in registry().fills("alerts.digest"):
            if scope.can(fill.capability):
                found += [str(line) for line in load(fill.function)(scope, None)["lines"]]
    return found
