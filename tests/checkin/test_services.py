"""Checking in, and what becomes of people: each step from each state."""

from datetime import timedelta

import pytest
from sqlalchemy import update
from sqlalchemy.exc import IntegrityError

from blueprints.appointments.models import Appointment
from blueprints.appointments.services import cancel, close
from blueprints.checkin import checks, services
from blueprints.checkin.models import Arrival
from blueprints.checkin.queries import alike_today, get_arrival
from blueprints.checkin.rules import ArrivalState, ArrivalStep, Resemblance, may
from blueprints.recipients.merging import merge
from blueprints.recipients.models import Recipient
from portal.access.scope import Scope
from portal.clock import now
from portal.db import unit_of_work
from portal.errors import Conflict, Invalid, NotFound
from tests.appointments.booking import person
from tests.checkin.arriving import (
    KNOWN,
    arrival,
    arrivals,
    booked_on,
    booked_today,
    checked_in,
    vaccinated,
)
from tests.inventory.stock import scope_for
from tests.personas import Personas


def test_whoever_has_an_appointment_today_is_no_walk_in(scope: Scope) -> None:
    maria = person(scope)
    number = booked_today(scope, maria)
    assert arrival(checked_in(scope, maria)).appointment_id == number


def test_a_walk_in_leaves_an_appointment_of_another_day_alone(scope: Scope) -> None:
    maria = person(scope)
    booked_on(scope, maria, now() + timedelta(days=3), scope.today() + timedelta(days=3), 720)
    assert arrival(checked_in(scope, maria)).appointment_id is None


@pytest.mark.parametrize("known", [(), ("name",), ("name", "name"), ("name", "shoe_size")])
def test_it_takes_two_identifiers(scope: Scope, known: tuple[str, ...]) -> None:
    maria = person(scope)
    with unit_of_work(), pytest.raises(Invalid) as refused:
        services.check_in(scope, recipient_id=maria, identified_by=known)
    assert refused.value.field == "identified_by"
    assert arrivals() == []


def test_identifiers_are_kept_in_one_order(scope: Scope) -> None:
    maria = person(scope)
    with unit_of_work():
        services.check_in(scope, recipient_id=maria, identified_by=("photo_id", "name"))
    assert arrival(1).identified_by == "name photo_id"


@pytest.mark.both_databases
def test_nobody_is_checked_in_twice(scope: Scope) -> None:
    maria = person(scope)
    number = booked_today(scope, maria)
    checked_in(scope, maria)
    for appointment_id in (None, number):
        with unit_of_work(), pytest.raises(Conflict, match="Already checked in by Manager A"):
            services.check_in(
                scope, recipient_id=maria, appointment_id=appointment_id, identified_by=KNOWN
            )
    assert len(arrivals()) == 1


def test_an_appointment_that_is_over_is_refused(scope: Scope) -> None:
    people = [person(scope, f"Sample{each}") for each in range(2)]
    closed, canceled = (booked_today(scope, each) for each in people)
    with unit_of_work():
        close(appointment_id=closed, actor=scope.user)
        cancel(appointment_id=canceled, reason="Ill", actor=scope.user)
    for recipient, number, said in zip(
        people, (closed, canceled), ("over", "canceled"), strict=True
    ):
        with unit_of_work(), pytest.raises(Conflict, match=said):
            services.check_in(
                scope, recipient_id=recipient, appointment_id=number, identified_by=KNOWN
            )
    assert arrivals() == []


def test_somebody_elses_appointment_and_location_are_not_found(
    scope: Scope, scope_b: Scope
) -> None:
    maria, bill = person(scope), person(scope, "Bill")
    number = booked_today(scope, bill)
    with unit_of_work(), pytest.raises(NotFound):
        services.check_in(scope, recipient_id=maria, appointment_id=number, identified_by=KNOWN)
    checked_in(scope, maria)
    with unit_of_work(write=False), pytest.raises(NotFound):
        get_arrival(scope_b, 1)
    for service in (services.undo, services.to_chair, services.back_to_waiting, services.finish):
        with unit_of_work(), pytest.raises(NotFound):
            service(scope_b, 1)
    with unit_of_work(), pytest.raises(NotFound):
        services.check_in(scope_b, recipient_id=maria, identified_by=KNOWN)


def do(scope: Scope, step: ArrivalStep, number: int) -> None:
    """Do a step with an arrival."""
    if step is ArrivalStep.VACCINATE:
        services.note_vaccinated(scope, number, observe_minutes=15)
    elif step is ArrivalStep.LEAVE:
        services.leave_without_dose(scope, number, "Has a fever")
    else:
        by_step = {
            ArrivalStep.TO_CHAIR: services.to_chair,
            ArrivalStep.BACK_TO_WAITING: services.back_to_waiting,
            ArrivalStep.FINISH: services.finish,
            ArrivalStep.UNDO: services.undo,
        }
        by_step[step](scope, number)


WAYS: dict[ArrivalState, tuple[ArrivalStep, ...]] = {
    ArrivalState.WAITING: (),
    ArrivalState.AT_CHAIR: (ArrivalStep.TO_CHAIR,),
    ArrivalState.OBSERVING: (ArrivalStep.VACCINATE,),
    ArrivalState.DONE: (ArrivalStep.VACCINATE, ArrivalStep.FINISH),
    ArrivalState.LEFT: (ArrivalStep.LEAVE,),
    ArrivalState.UNDONE: (ArrivalStep.UNDO,),
}


def test_each_step_leads_on_from_where_it_may_and_from_nowhere_else(scope: Scope) -> None:
    for state, way in WAYS.items():
        for step in ArrivalStep:
            number = checked_in(scope, person(scope, f"Sample {state} {step}"))
            for each in way:
                with unit_of_work():
                    do(scope, each, number)
            assert arrival(number).state == state
            before = arrival(number).version
            if may(step, state) or (step, state) == (ArrivalStep.TO_CHAIR, ArrivalState.AT_CHAIR):
                with unit_of_work():
                    do(scope, step, number)
            else:
                with unit_of_work(), pytest.raises(Conflict):
                    do(scope, step, number)
                assert arrival(number).version == before


@pytest.mark.both_databases
def test_the_dose_begins_the_observation_and_its_removal_ends_it(scope: Scope) -> None:
    first, second, third = (checked_in(scope, person(scope, f"Sample{each}")) for each in range(3))
    vaccinated(scope, first, 30)
    found = arrival(first)
    assert found.observe_until is not None
    assert found.vaccinated_at is not None
    assert found.observe_until - found.vaccinated_at == timedelta(minutes=30)
    vaccinated(scope, second, 0)
    assert arrival(second).state == "done"
    with unit_of_work():
        for number in (first, second, third):
            services.note_dose_removed(number)
    assert [each.state for each in arrivals()] == ["waiting", "left", "waiting"]
    assert arrival(second).note
    assert arrival(third).version == 1
    with unit_of_work(), pytest.raises(ValueError, match="500 minutes"):
        services.note_vaccinated(scope, first, observe_minutes=500)


def test_whoever_left_may_come_again_and_is_here_once(scope: Scope) -> None:
    maria = person(scope)
    number = booked_today(scope, maria)
    first = checked_in(scope, maria, number)
    with unit_of_work():
        services.leave_without_dose(scope, first, "Could not wait")
    second = checked_in(scope, maria, number)
    with unit_of_work(), pytest.raises(Conflict, match="Already checked in"):
        services.back_to_waiting(scope, first)
    with unit_of_work():
        services.undo(scope, second)
    with unit_of_work():
        services.back_to_waiting(scope, first)
    found = arrival(first)
    assert (found.state, found.note, found.done_at) == ("waiting", "", None)


@pytest.mark.both_databases
def test_nobody_comes_back_to_waiting_on_another_day(scope: Scope) -> None:
    number = checked_in(scope, person(scope))
    with unit_of_work():
        services.leave_without_dose(scope, number, "Could not wait")
    with unit_of_work() as session:
        session.get_one(Arrival, number).day = scope.today() - timedelta(days=1)
    with unit_of_work(), pytest.raises(Conflict, match="another day"):
        services.back_to_waiting(scope, number)


@pytest.mark.both_databases
def test_the_database_itself_refuses_a_second_open_arrival(scope: Scope) -> None:
    maria = person(scope)
    number = booked_today(scope, maria)
    checked_in(scope, maria, number)
    row = {
        "location_id": scope.location_id,
        "identified_by": "",
        "checked_in_by_id": scope.user.id,
    }
    other = person(scope, "Bill")
    for more in (
        {"recipient_id": maria, "day": scope.today()},
        {"recipient_id": other, "day": scope.today(), "appointment_id": number},
    ):
        with pytest.raises(IntegrityError), unit_of_work() as session:
            session.add(Arrival(**row, **more))
    assert len(arrivals()) == 1


@pytest.mark.both_databases
def test_look_alikes_of_today_are_found_with_what_they_share(scope: Scope) -> None:
    home = {"street": "1 Sample Street", "zip_code": "27834"}
    maria = person(scope, "Maria", "Exampleton", **home)
    same = person(scope, "Marta", "EXAMPLETON", birth_date=scope.today(), street="")
    twin = person(scope, "Rosa", "Other", street="")
    flat = person(scope, "Bill", "Another", birth_date=scope.today(), **home)
    person(scope, "Not", "Exampleton")
    stranger = person(scope, "Carl", "Stranger", birth_date=scope.today(), street="")
    for each in (same, twin, stranger):
        booked_today(scope, each)
    checked_in(scope, flat)
    with unit_of_work(write=False) as session:
        found = alike_today(scope, session.get_one(Recipient, maria))
    assert [(one.person.id, one.alike) for one in found] == [
        (flat, (Resemblance.ADDRESS,)),
        (same, (Resemblance.LAST_NAME,)),
        (twin, (Resemblance.BIRTH_DATE,)),
    ]


@pytest.mark.both_databases
def test_the_check_finds_what_cannot_be(scope: Scope) -> None:
    maria, bill = person(scope), person(scope, "Bill")
    number = booked_today(scope, maria)
    checked_in(scope, maria, number)
    with unit_of_work(write=False):
        assert list(checks.arrivals()) == []
    with unit_of_work() as session:
        session.execute(
            update(Appointment).where(Appointment.id == number).values(recipient_id=bill)
        )
    with unit_of_work(write=False):
        assert len(list(checks.arrivals())) == 1


@pytest.mark.both_databases
def test_an_arrival_goes_along_when_records_are_merged_but_nobody_is_here_twice(
    scope: Scope, personas: Personas
) -> None:
    agent = scope_for(personas, "agent")
    kept, gone, there = (person(scope, name) for name in ("Maria", "Mary", "Marie"))
    for each in (gone, there):
        checked_in(scope, each)
    with unit_of_work():
        merge(agent, kept, gone, reason="The same person")
    assert arrival(1).recipient_id == kept
    with unit_of_work(), pytest.raises(Conflict, match="checked in today"):
        merge(agent, kept, there, reason="The same person")
    assert arrival(2).recipient_id == there
