"""Two doors at once: one check-in (SPEC G2)."""

from multiprocessing.synchronize import Barrier

import pytest
from flask import Flask
from sqlalchemy import text

from blueprints.checkin import services
from blueprints.checkin.models import Arrival
from blueprints.checkin.queries import open_arrival
from portal.access.scope import Scope
from portal.db import run, session, unit_of_work
from portal.errors import PortalError
from tests.appointments.booking import person
from tests.checkin.arriving import KNOWN, arrivals, booked_today, checked_in
from tests.effort import amount
from tests.processes import FORK, together

pytestmark = pytest.mark.slow("lets several processes race")

PROCESSES = 4


def attempt(function: object) -> bool:
    """Whether it worked; what the portal refuses is no fault."""
    try:
        run(function, write=True, keep=lambda _made: True, patience=60)  # type: ignore[arg-type]
    except PortalError:
        return False
    return True


def come(index: int, scope: Scope, people: list[tuple[int, int]]) -> list[bool]:
    """A door: everybody comes through it, with the appointment through every other one."""
    return [
        attempt(
            lambda recipient=recipient, number=number: services.check_in(
                scope,
                recipient_id=recipient,
                appointment_id=number if index % 2 else None,
                identified_by=KNOWN,
            )
        )
        for recipient, number in people
    ]


@pytest.mark.both_databases
def test_at_four_doors_everybody_is_checked_in_once(app: Flask, scope: Scope) -> None:
    people = [
        (recipient, booked_today(scope, recipient))
        for recipient in (
            person(scope, f"Sample{each}") for each in range(amount(short=4, full=40))
        )
    ]
    doors = together(app, PROCESSES, come, scope, people, timeout=110)
    assert [sum(each) for each in zip(*doors, strict=True)] == [1] * len(people)
    found = arrivals()
    assert sorted((each.recipient_id, each.appointment_id) for each in found) == people


def step_on(index: int, scope: Scope, numbers: list[int]) -> list[bool]:
    """One gives the dose, others take the check-in back, or note that the recipient left."""
    steps = (
        lambda number: services.note_vaccinated(scope, number, observe_minutes=15),
        lambda number: services.undo(scope, number),
        lambda number: services.leave_without_dose(scope, number, "Could not wait"),
        lambda number: services.note_vaccinated(scope, number, observe_minutes=30),
    )
    return [attempt(lambda number=number: steps[index](number)) for number in numbers]


@pytest.mark.both_databases
def test_of_a_dose_an_undo_and_a_leave_one_happens(app: Flask, scope: Scope) -> None:
    numbers = [
        checked_in(scope, person(scope, f"Sample{each}"))
        for each in range(amount(short=4, full=40))
    ]
    outcomes = together(app, PROCESSES, step_on, scope, numbers, timeout=110)
    assert [sum(each) for each in zip(*outcomes, strict=True)] == [1] * len(numbers)
    for found, results in zip(arrivals(), zip(*outcomes, strict=True), strict=True):
        done = results.index(True)
        assert found.state == ("observing", "undone", "left", "observing")[done]
        assert found.version == 2


def return_or_come(index: int, scope: Scope, people: list[tuple[int, int]]) -> list[bool]:
    """Half call somebody back who left, half check the same person in once more."""
    return [
        attempt(
            lambda recipient=recipient, number=number: (
                services.back_to_waiting(scope, number)
                if index % 2
                else services.check_in(scope, recipient_id=recipient, identified_by=KNOWN)
            )
        )
        for recipient, number in people
    ]


@pytest.mark.both_databases
def test_whoever_left_is_back_once(app: Flask, scope: Scope) -> None:
    people = []
    for each in range(amount(short=3, full=30)):
        recipient = person(scope, f"Sample{each}")
        number = checked_in(scope, recipient)
        with unit_of_work():
            services.leave_without_dose(scope, number, "Could not wait")
        people.append((recipient, number))
    outcomes = together(app, PROCESSES, return_or_come, scope, people, timeout=110)
    assert [sum(each) for each in zip(*outcomes, strict=True)] == [1] * len(people)
    here = [each.recipient_id for each in arrivals() if each.state == "waiting"]
    assert sorted(here) == [recipient for recipient, _number in people]


def look_then_write(index: int, scope: Scope, people: list[int], start: Barrier) -> list[bool]:
    """Doors that look whether somebody is there, and write afterwards."""

    def write(recipient: int) -> None:
        session().add(
            Arrival(
                location_id=scope.location_id,
                recipient_id=recipient,
                day=scope.today(),
                identified_by="name birth_date",
                checked_in_by_id=scope.user.id,
            )
        )

    done = []
    for recipient in people:
        with unit_of_work(write=False):
            there = open_arrival(recipient, scope.location_id, scope.today())
        start.wait(60)
        done.append(there is None and attempt(lambda recipient=recipient: write(recipient)))
    return done


@pytest.mark.parametrize("guarded", [True, False])
def test_doors_that_look_first_and_write_then_are_caught(
    app: Flask, scope: Scope, guarded: bool
) -> None:
    people = [person(scope, f"Sample{each}") for each in range(2)]
    if not guarded:
        with unit_of_work() as current:
            current.execute(text("DROP INDEX uq_arrival_open"))
    start = FORK.Barrier(PROCESSES)
    doors = together(app, PROCESSES, look_then_write, scope, people, start, timeout=110)
    came = [sum(each) for each in zip(*doors, strict=True)]
    assert came == ([1, 1] if guarded else [PROCESSES, PROCESSES])
    assert len(arrivals()) == sum(came)
