"""What a schedule makes of slots, and what becomes of those that are booked."""

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
import time_machine
from flask import Flask
from sqlalchemy import Column, ForeignKey, Integer, Table, select
from sqlalchemy.orm import Session

from blueprints.scheduling import services, setups
from blueprints.scheduling.checks import slots_as_scheduled
from blueprints.scheduling.jobs import make_slots
from blueprints.scheduling.models import ScheduleDay, Slot
from blueprints.scheduling.rules import Hours, SpecialDay
from portal.access.scope import Scope
from portal.audit.models import AuditEntry
from portal.db import Base, unit_of_work
from portal.errors import Invalid, NotFound
from tests.inventory.stock import scope_for
from tests.people.steps import trail
from tests.personas import Personas
from tests.scheduling.offering import EVERY_DAY, SETUP, move_to, offer, rows, take
from tests.statements import watched

NINE, TEN = 540, 600
# 10:00 in the morning at the clinics, a week before clocks change.
NOW = datetime(2027, 3, 8, 15, tzinfo=UTC)
TODAY = date(2027, 3, 8)


@pytest.fixture(autouse=True)
def travel() -> Iterator[time_machine.Traveller]:
    """It is NOW."""
    with time_machine.travel(NOW, tick=False) as travelling:
        yield travelling


def day(number: int) -> date:
    return TODAY + timedelta(days=number)


def there(scope: Scope, on: date) -> list[tuple[int, int, int, bool]]:
    return [
        (row.minute, row.places, row.taken, row.open)
        for row in rows(scope.location_id)
        if row.day == on
    ]


def wrong() -> list[str]:
    with unit_of_work(write=False):
        return list(slots_as_scheduled())


def test_slots_are_made_for_the_whole_horizon_and_not_for_what_is_over(scope: Scope) -> None:
    offer(scope, horizon_days=10)
    made = rows(scope.location_id)
    assert {row.day for row in made} == {day(number) for number in range(13)}
    assert len(there(scope, day(1))) == 14
    assert there(scope, TODAY)[0][0] == TEN
    zone = ZoneInfo("America/New_York")
    for row in made:  # over the change of the 14th, too
        wall = row.starts_at.astimezone(zone)
        assert (wall.date(), wall.hour * 60 + wall.minute) == (row.day, row.minute)
    assert wrong() == []


def test_saving_the_same_again_changes_no_row(scope: Scope) -> None:
    offer(scope)
    before = [row.id for row in rows(scope.location_id)]
    offer(scope)
    assert [row.id for row in rows(scope.location_id)] == before


def test_what_is_booked_stays_and_the_rest_goes(scope: Scope) -> None:
    offer(scope)
    take(scope.location_id, day(1), NINE, 2)
    take(scope.location_id, day(1), TEN, 3)
    offer(scope, weekly=((Hours(TEN, 720),),) * 7, places=2)
    assert there(scope, day(1)) == [
        (NINE, 3, 2, False),
        *((minute, 2, 3 if minute == TEN else 0, True) for minute in range(TEN, 720, 30)),
    ]
    with unit_of_work(write=False):
        found = [
            (each.minute, each.booked, each.places)
            for each in setups.list_misfits(scope.location_id)
        ]
    assert found == [(NINE, 2, 0), (TEN, 3, 2)]
    assert wrong() == []


def test_bookings_without_a_place_are_told_before_anything_is_saved(scope: Scope) -> None:
    offer(scope)
    take(scope.location_id, day(1), NINE, 2)
    changed = replace(SETUP, weekly=((Hours(TEN, 720),),) * 7)
    with pytest.raises(services.BookingsLeft) as refusal, unit_of_work():
        services.save(scope, changed, seen=2)
    assert refusal.value.count == 2
    assert len(there(scope, day(1))) == 14
    with unit_of_work():
        services.save(scope, changed, seen=2, accepted=2)
    with unit_of_work():  # what is known already is not asked again
        services.save(scope, changed, seen=3)


@pytest.mark.both_databases
def test_a_shorter_horizon_keeps_what_is_booked_beyond_it(scope: Scope) -> None:
    offer(scope, horizon_days=30)
    take(scope.location_id, day(25), NINE)
    offer(scope, horizon_days=5)
    assert there(scope, day(25)) == [(NINE, 3, 1, True)]
    with unit_of_work(write=False):
        assert setups.list_misfits(scope.location_id) == []
    assert wrong() == []


def test_switching_off_closes_all_and_on_again_opens_all(scope: Scope) -> None:
    offer(scope)
    take(scope.location_id, day(1), NINE)
    offer(scope, active=False)
    assert [(row.minute, row.taken, row.open) for row in rows(scope.location_id)] == [
        (NINE, 1, False)
    ]
    offer(scope)
    assert there(scope, day(1))[0] == (NINE, 3, 1, True)
    assert len(there(scope, day(1))) == 14


@pytest.mark.both_databases
def test_a_closed_day_and_a_special_day(app: Flask, scope: Scope) -> None:
    offer(scope, weekly=(*EVERY_DAY[:6], ()))
    with unit_of_work():
        services.set_day(scope, day(2), SpecialDay("Staff training"))
        services.set_day(scope, day(6), SpecialDay("Extra day", (Hours(600, 660),)))
    assert there(scope, day(2)) == []
    assert [minute for minute, *_rest in there(scope, day(6))] == [600, 630]
    with pytest.raises(Invalid, match="in the list already"), unit_of_work():
        services.set_day(scope, day(6), SpecialDay("Again"))
    with pytest.raises(Invalid, match="today or a later day"), unit_of_work():
        services.set_day(scope, day(-1), SpecialDay("Gone"))
    with unit_of_work() as session:
        found = session.scalars(select(ScheduleDay).order_by(ScheduleDay.day)).all()
        services.clear_day(scope, found[0].id)
    assert len(there(scope, day(2))) == 14
    assert wrong() == []
    days = [json.loads(entry.after or "")["day"] for entry in noted(app, "schedule.day%")]
    assert days == [str(day(2)), str(day(6)), str(day(2))]


def noted(app: Flask, action: str) -> list[AuditEntry]:
    return list(trail(app, action))


def test_a_closure_cancels_nobody(scope: Scope) -> None:
    offer(scope)
    take(scope.location_id, day(2), NINE, 2)
    with pytest.raises(services.BookingsLeft), unit_of_work():
        services.set_day(scope, day(2), SpecialDay("Storm"))
    with unit_of_work():
        services.set_day(scope, day(2), SpecialDay("Storm"), accepted=2)
    assert there(scope, day(2)) == [(NINE, 3, 2, False)]


def test_the_nightly_job_adds_a_day_and_forgets_old_times_that_nobody_booked(
    scope: Scope, travel: time_machine.Traveller
) -> None:
    offer(scope, horizon_days=10)
    take(scope.location_id, day(1), NINE)
    travel.shift(timedelta(days=9))
    make_slots()
    assert {row.day for row in rows(scope.location_id) if row.open and row.day >= day(9)} == {
        day(number) for number in range(9, 22)
    }
    assert there(scope, day(1)) == [(NINE, 3, 1, True)]
    assert len(there(scope, day(8))) == 14
    assert make_slots() is None


@pytest.mark.both_databases
def test_a_row_that_another_table_points_to_is_never_deleted(scope: Scope) -> None:
    """As an appointment that was canceled: nobody has the place, but it says when it was."""
    offer(scope)
    visit = Table(
        "visit_of_a_test",
        Base.metadata,
        Column("id", Integer, primary_key=True),
        Column("slot_id", Integer, ForeignKey("slot.id")),
    )
    try:
        with unit_of_work() as session:
            visit.create(session.connection())
            kept = next(row.id for row in rows_in(session, scope) if row.day == day(1))
            session.execute(visit.insert().values(slot_id=kept))
        offer(scope, active=False)
        assert [(row.id, row.open) for row in rows(scope.location_id)] == [(kept, False)]
    finally:
        with unit_of_work() as session:
            visit.drop(session.connection(), checkfirst=True)
        Base.metadata.remove(visit)


def rows_in(session: Session, scope: Scope) -> list[Slot]:
    query = select(Slot).where(Slot.location_id == scope.location_id)
    return list(session.scalars(query.order_by(Slot.starts_at)))


@pytest.mark.both_databases
def test_another_time_zone_moves_what_is_not_booked(scope: Scope) -> None:
    offer(scope)
    take(scope.location_id, day(1), NINE)
    before = next(row for row in rows(scope.location_id) if row.taken)
    move_to(scope.location_id, "America/Phoenix")
    assert wrong() != []
    make_slots()
    assert wrong() == []
    after = next(row for row in rows(scope.location_id) if row.taken)
    # The person comes at the moment that was said: now 7:00 at the clinic, before it opens.
    assert (after.id, after.starts_at, after.open) == (before.id, before.starts_at, False)


@pytest.mark.both_databases
def test_two_managers_at_once_the_second_is_told(scope: Scope) -> None:
    offer(scope)
    with unit_of_work():
        services.save(scope, SETUP, seen=2)
    with pytest.raises(services.Outdated), unit_of_work():
        services.save(scope, SETUP, seen=2)


@pytest.mark.both_databases
def test_claiming_giving_back_and_overbooking(app: Flask, scope: Scope) -> None:
    offer(scope, places=1)
    slot_id = next(row.id for row in rows(scope.location_id) if row.day == day(1))
    with unit_of_work():
        taken = services.claim(slot_id)
        assert (taken.id, taken.taken, taken.day, taken.minute) == (slot_id, 1, day(1), NINE)
    with pytest.raises(services.SlotTaken, match="Choose another time"), unit_of_work():
        services.claim(slot_id)
    with pytest.raises(Invalid), unit_of_work():
        services.overbook(slot_id, "  ", scope.user)
    with unit_of_work():
        assert services.overbook(slot_id, "Sister of the last one", scope.user).taken == 2
    (entry,) = noted(app, "slot.overbooked")
    assert (entry.summary, entry.actor_id) == ("Sister of the last one", scope.user.id)
    for _one in range(3):
        with unit_of_work():
            services.give_back(slot_id)
    assert there(scope, day(1))[0] == (NINE, 1, 0, True)


@pytest.mark.both_databases
def test_nothing_is_claimed_where_nothing_is_offered(scope: Scope) -> None:
    offer(scope)
    take(scope.location_id, day(1), NINE)
    offer(scope, active=False)
    (row,) = rows(scope.location_id)
    for attempt in (
        lambda: services.claim(row.id),
        lambda: services.overbook(row.id, "why", scope.user),
        lambda: services.claim(row.id + 1000),
    ):
        with pytest.raises(services.SlotTaken), unit_of_work():
            attempt()
    with unit_of_work():
        services.give_back(row.id)
    make_slots()
    assert rows(scope.location_id) == []


@pytest.mark.both_databases
def test_the_check_finds_times_that_are_not_as_scheduled(scope: Scope) -> None:
    offer(scope)
    assert wrong() == []
    with unit_of_work() as session:
        first, second, third = rows_in(session, scope)[:3]
        first.open = False
        second.places = 9
        session.delete(third)
    assert wrong() == [
        "Clinic A: 3 appointment times aren't as scheduled. Save its schedule again."
    ]
    make_slots()
    assert wrong() == []


def test_another_locations_day_is_not_found(scope: Scope, personas: Personas) -> None:
    offer(scope)
    with unit_of_work() as session:
        services.set_day(scope, day(2), SpecialDay("Ours"))
        number = session.scalars(select(ScheduleDay.id)).one()
    other = scope_for(personas, "manager_b")
    with pytest.raises(NotFound), unit_of_work():
        services.clear_day(other, number)


def test_a_change_writes_the_trail(app: Flask, scope: Scope) -> None:
    offer(scope)
    offer(scope, places=5)
    first, second = noted(app, "schedule.changed")
    assert json.loads(second.before or "") == {"places": 3}
    assert json.loads(second.after or "") == {"places": 5}
    assert "weekly" in json.loads(first.after or "")


def test_a_nights_work_is_a_few_statements_a_location(app: Flask, scope: Scope) -> None:
    offer(scope, horizon_days=90)
    with watched(app) as seen:
        make_slots()
    assert len(seen) < 25
