"""Places are held, booked, moved and freed (SPEC G3, G7)."""

from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from blueprints.appointments import checks
from blueprints.appointments.holding import HoldOver, nearest_times
from blueprints.appointments.jobs import let_go
from blueprints.appointments.models import Appointment
from blueprints.appointments.next_dose import NextDose, NotDue
from blueprints.appointments.services import cancel, complete, hold, move, move_many
from blueprints.scheduling.queries import days, near, next_free_day, taken_times, times
from blueprints.scheduling.rules import Hours
from blueprints.scheduling.services import SlotTaken
from portal.access.scope import Scope
from portal.clock import now
from portal.db import unit_of_work
from portal.errors import Conflict
from tests.appointments import booking
from tests.appointments.booking import booked, day_in, held, offered, person, slot_at, taken


def wrong() -> list[str]:
    """What `portal check` finds."""
    with unit_of_work(write=False):
        return [*checks.places(), *checks.statuses()]


def test_the_hold_becomes_the_booking_in_the_same_row(scope: Scope) -> None:
    offered(scope)
    slot = slot_at(scope.location_id, 2)
    number = held(scope, person(scope), slot)
    assert booking.appointment(number).held_until is not None
    with unit_of_work():
        assert complete(appointment_id=number, actor=scope.user).id == number
        assert complete(appointment_id=number, actor=scope.user).id == number
    made = booking.appointment(number)
    assert (made.state, made.held_until, made.booked_by_id) == ("new", None, scope.user.id)
    assert taken(slot) == 1
    assert wrong() == []


def test_a_place_held_too_long_goes_to_the_next_who_asks(scope: Scope) -> None:
    offered(scope, places=1)
    slot = slot_at(scope.location_id, 2)
    first, second = person(scope), person(scope, "José", "Madeup")
    number = held(scope, first, slot)
    with pytest.raises(SlotTaken), unit_of_work():
        hold(recipient_id=second, slot_id=slot, actor=scope.user)
    booking.let_pass(number)
    other = held(scope, second, slot)
    with pytest.raises(HoldOver), unit_of_work():
        complete(appointment_id=number, actor=scope.user)
    with unit_of_work():
        complete(appointment_id=other, actor=scope.user)
    assert taken(slot) == 1
    assert wrong() == []


def test_a_hold_that_nobody_wanted_is_good_even_after_ten_minutes(scope: Scope) -> None:
    offered(scope, places=1)
    number = held(scope, person(scope), slot_at(scope.location_id, 2))
    booking.let_pass(number)
    with unit_of_work():
        assert complete(appointment_id=number, actor=scope.user).state == "new"


def test_a_job_frees_what_was_held_too_long_and_nothing_else(scope: Scope) -> None:
    offered(scope)
    slot = slot_at(scope.location_id, 2)
    old = held(scope, person(scope), slot)
    held(scope, person(scope, "José", "Madeup"), slot)
    booked(scope, person(scope, "Olga", "Inventado"), slot)
    booking.let_pass(old)
    assert let_go() == "1 places freed"
    assert let_go() is None
    assert taken(slot) == 2
    assert wrong() == []


@pytest.mark.both_databases
def test_another_time_takes_the_hold_along(scope: Scope) -> None:
    offered(scope)
    one, other = slot_at(scope.location_id, 2), slot_at(scope.location_id, 3)
    recipient = person(scope)
    number = held(scope, recipient, one)
    assert held(scope, recipient, other) == number
    assert (taken(one), taken(other)) == (0, 1)
    assert booking.appointment(number).day == booking.day_in(3)
    assert held(scope, recipient, other) == number
    assert taken(other) == 1


def test_a_person_has_one_open_booking_a_dose(scope: Scope) -> None:
    offered(scope)
    recipient = person(scope)
    booked(scope, recipient, slot_at(scope.location_id, 2))
    other = slot_at(scope.location_id, 3)
    with pytest.raises(NotDue, match="dose 1 already exists"), unit_of_work():
        hold(recipient_id=recipient, slot_id=other, actor=scope.user)
    assert taken(other) == 0


@pytest.mark.both_databases
def test_the_database_refuses_a_second_open_booking(scope: Scope) -> None:
    offered(scope)
    number = booked(scope, person(scope), slot_at(scope.location_id, 2))
    with unit_of_work() as session:
        first = session.get_one(Appointment, number)
        names = (column.key for column in Appointment.__table__.columns if column.key != "id")
        same = {name: getattr(first, name) for name in names}
    with pytest.raises(IntegrityError), unit_of_work() as session:
        session.add(Appointment(**same))


@pytest.mark.both_databases
def test_moving_claims_first_and_lets_go_then(scope: Scope, scope_b: Scope) -> None:
    offered(scope, places=1)
    offered(scope_b, places=1)
    old, full = slot_at(scope.location_id, 2), slot_at(scope.location_id, 3)
    elsewhere = slot_at(scope_b.location_id, 4)
    number = booked(scope, person(scope), old)
    booked(scope, person(scope, "José", "Madeup"), full)
    with pytest.raises(SlotTaken), unit_of_work():
        move(appointment_id=number, slot_id=full, actor=scope.user)
    assert (taken(old), booking.appointment(number).slot_id) == (1, old)
    with unit_of_work():
        move(appointment_id=number, slot_id=elsewhere, actor=scope.user)
    moved = booking.appointment(number)
    assert (moved.location_id, moved.version) == (scope_b.location_id, 1)
    assert (taken(old), taken(full), taken(elsewhere)) == (0, 1, 1)
    assert wrong() == []


def test_a_canceled_appointment_is_canceled_once(scope: Scope) -> None:
    offered(scope)
    slot = slot_at(scope.location_id, 2)
    number = booked(scope, person(scope), slot)
    with unit_of_work():
        assert cancel(appointment_id=number, reason="Ill", actor=scope.user)
    with pytest.raises(Conflict, match="canceled already"), unit_of_work():
        cancel(appointment_id=number, reason="Ill", actor=scope.user)
    other = slot_at(scope.location_id, 3)
    with pytest.raises(Conflict, match="canceled already"), unit_of_work():
        move(appointment_id=number, slot_id=other, actor=scope.user)
    assert taken(slot) == 0
    assert wrong() == []


def test_a_lost_time_is_followed_by_the_nearest(scope: Scope) -> None:
    offered(scope, places=1)
    slot = slot_at(scope.location_id, 2, 570)
    booked(scope, person(scope), slot)
    with unit_of_work(write=False):
        found = nearest_times(slot, NextDose(1, None, None))
    assert [time.minute for _day, time in found] == [540, 600, 630, 660]
    assert {day for day, _time in found} == {booking.day_in(2)}


@pytest.mark.both_databases
def test_a_missed_appointment_keeps_nobody_from_a_new_one(scope: Scope) -> None:
    offered(scope)
    recipient = person(scope)
    slot = slot_at(scope.location_id, 2)
    number = booked(scope, recipient, slot)
    with unit_of_work() as session:
        missed = session.scalars(select(Appointment).where(Appointment.id == number)).one()
        missed.starts_at = now() - timedelta(days=3)
        missed.day = booking.day_in(-3)
    other = booked(scope, recipient, slot_at(scope.location_id, 4))
    assert other != number
    before = booking.appointment(number)
    assert (before.state, before.canceled_through) == ("canceled", "missed")


@pytest.mark.both_databases
def test_the_check_finds_places_without_appointments(app: Flask, scope: Scope) -> None:
    offered(scope)
    number = booked(scope, person(scope), slot_at(scope.location_id, 2))
    other = slot_at(scope.location_id, 3)
    with unit_of_work() as session:
        session.get_one(Appointment, number).slot_id = other
    assert len(wrong()) == 3  # a place without one, one without a place, and its own time


@pytest.mark.both_databases
def test_a_place_that_is_held_no_more_is_shown_and_can_be_moved_to_before_the_job_runs(
    scope: Scope,
) -> None:
    offered(scope, places=1, weekly=((Hours(540, 570),),) * 7)
    slots = [slot_at(scope.location_id, number) for number in (3, 4, 5)]
    old, late = (
        held(scope, person(scope, first, "Holder"), slot)
        for first, slot in (("Ann", slots[0]), ("Ben", slots[2]))
    )
    number = booked(scope, person(scope), slots[1])

    def shown() -> list[tuple[int, int]]:
        """The free places of days three to five, by the day and by the time; as many are taken."""
        place = scope.location_id
        with unit_of_work(write=False):
            by_day = [one.free for one in days(place, day_in(3), day_in(5))]
            by_time = [times(place, day_in(ahead))[0].free for ahead in (3, 4, 5)]
            taken_now = [one.taken for one in taken_times(place, day_in(3), day_in(5))]
        assert [1 - one for one in taken_now] == by_day
        return list(zip(by_day, by_time, strict=True))

    assert shown() == [(0, 0)] * 3
    booking.let_pass(old)
    booking.let_pass(late)
    assert shown() == [(1, 1), (0, 0), (1, 1)]
    with unit_of_work():
        assert move(appointment_id=number, slot_id=slots[0], actor=scope.user).slot_id == slots[0]
    with unit_of_work():
        move_many(
            appointment_ids=[number],
            day=day_in(5),
            actor=scope.user,
            location_id=scope.location_id,
        )
    assert [taken(slot) for slot in slots] == [0, 0, 1]
    assert shown() == [(1, 1), (1, 1), (0, 0)]


@pytest.mark.both_databases
def test_the_next_free_day_counts_what_is_held_no_more(scope: Scope) -> None:
    offered(scope, places=1, horizon_days=3, weekly=((Hours(540, 570),),) * 7)
    ahead = [number for number in range(4) if slot_is_free(scope, number)]
    holds = [
        held(
            scope,
            person(scope, f"Holder{'ABCD'[number]}", "Sample"),
            slot_at(scope.location_id, number),
        )
        for number in ahead
    ]

    def first() -> list[object]:
        with unit_of_work(write=False):
            return [next_free_day(scope.location_id), near("")[0].next_free_day]

    assert first() == [None, None]
    booking.let_pass(holds[-1])
    assert first() == [day_in(ahead[-1])] * 2


def slot_is_free(scope: Scope, number: int) -> bool:
    """Whether the time of that day can be chosen."""
    with unit_of_work(write=False):
        return any(time.free for time in times(scope.location_id, day_in(number)))
