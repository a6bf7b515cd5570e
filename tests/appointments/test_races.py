"""Many book at once: nobody twice, no place twice (SPEC G7)."""

import random
import sys
import time
from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import select, update

from blueprints.appointments import checks
from blueprints.appointments.models import Appointment
from blueprints.appointments.services import cancel, complete, hold, move
from blueprints.scheduling.models import Slot
from blueprints.scheduling.services import SlotTaken
from portal import db
from portal.access.scope import Actor, Scope
from portal.clock import now
from portal.db import run, session, unit_of_work
from portal.errors import PortalError
from tests.appointments import booking
from tests.appointments.booking import booked, held, offered, person, slot_at
from tests.effort import amount, seed
from tests.inventory.careless import be_careless, begin_deferred
from tests.processes import together

pytestmark = pytest.mark.slow("lets several processes race")

PROCESSES = 4


def attempt(function: object) -> bool:
    """Whether it worked; what the portal refuses is no fault."""
    try:
        run(function, write=True, keep=lambda _made: True, patience=60)  # type: ignore[arg-type]
    except PortalError:
        return False
    return True


def wrong() -> list[str]:
    with unit_of_work(write=False):
        return [*checks.places(), *checks.statuses()]


def book_own(index: int, scope: Scope, people: list[int], slots: list[int]) -> int:
    """Each process books its own people into any of the slots; how many have an appointment."""
    chance = random.Random(index)
    done = 0
    for recipient in people[index::PROCESSES]:
        for _try in range(4):
            slot = chance.choice(slots)
            held_ids: list[int] = []

            def take(
                recipient: int = recipient, slot: int = slot, held_ids: list[int] = held_ids
            ) -> None:
                made = hold(recipient_id=recipient, slot_id=slot, actor=scope.user)
                held_ids.append(made.id)

            if attempt(take):
                number = held_ids[-1]
                done += attempt(
                    lambda number=number: complete(appointment_id=number, actor=scope.user)
                )
                break
    return done


@pytest.mark.both_databases
def test_places_go_to_as_many_as_there_are(app: Flask, scope: Scope) -> None:
    offered(scope, places=2)
    slots = [slot_at(scope.location_id, 2, minute) for minute in (540, 570)]
    people = [
        person(scope, f"Sample{number}", "Racer") for number in range(amount(short=8, full=40))
    ]
    done = together(app, PROCESSES, book_own, scope, people, slots, timeout=110)
    assert sum(done) == sum(map(booking.taken, slots)) <= 4
    assert max(map(booking.taken, slots)) <= 2
    assert sum(done) >= 2
    assert wrong() == []


def same_person(index: int, scope: Scope, recipient: int, slots: list[int]) -> int:
    """All processes book one person; how often it worked."""
    got: list[int] = []

    def take() -> None:
        got.append(
            hold(recipient_id=recipient, slot_id=slots[index % len(slots)], actor=scope.user).id
        )

    if not attempt(take):
        return 0
    return attempt(lambda: complete(appointment_id=got[-1], actor=scope.user))


@pytest.mark.both_databases
def test_one_person_gets_one_appointment(app: Flask, scope: Scope) -> None:
    offered(scope, places=20)
    slots = [slot_at(scope.location_id, 2, minute) for minute in (540, 570, 600)]
    for turn in range(amount(short=1, full=20)):
        recipient = person(scope, f"Sample{turn}", "Racer")
        before = sum(map(booking.taken, slots))
        done = together(app, PROCESSES, same_person, scope, recipient, slots, timeout=110)
        assert sum(done) >= 1
        assert sum(map(booking.taken, slots)) - before == 1
    assert wrong() == []


def shuffle(index: int, scope: Scope, numbers: list[int], slots: list[int], turns: int) -> int:
    """Move appointments to and fro, and cancel one now and then; how much worked."""
    chance = random.Random(seed(index))
    done = 0
    for _turn in range(turns):
        number, slot = chance.choice(numbers), chance.choice(slots)
        if chance.random() < 0.1:  # noqa: PLR2004
            done += attempt(
                lambda number=number: cancel(appointment_id=number, reason="Ill", actor=scope.user)
            )
        else:
            done += attempt(
                lambda number=number, slot=slot: move(
                    appointment_id=number, slot_id=slot, actor=scope.user
                )
            )
    return done


@pytest.mark.both_databases
def test_moving_to_and_fro_loses_no_place(app: Flask, scope: Scope) -> None:
    offered(scope, places=2)
    slots = [slot_at(scope.location_id, 2, minute) for minute in (540, 570, 600)]
    numbers = [
        booked(scope, person(scope, f"Sample{number}", "Racer"), slots[number % 3])
        for number in range(4)
    ]
    turns = amount(short=6, full=60)
    assert sum(together(app, PROCESSES, shuffle, scope, numbers, slots, turns, timeout=110))
    assert max(map(booking.taken, slots)) <= 2
    assert wrong() == []


def two_holds(index: int, scope: Scope, numbers: list[int]) -> int:
    """The first process completes the old hold, the others want its place."""
    number = numbers[0]
    if index == 0:
        return attempt(lambda: complete(appointment_id=number, actor=scope.user))
    recipient, slot = numbers[index], numbers[-1]
    return attempt(lambda: hold(recipient_id=recipient, slot_id=slot, actor=scope.user))


@pytest.mark.both_databases
def test_a_late_confirmation_and_new_holds_share_nothing(app: Flask, scope: Scope) -> None:
    offered(scope, places=1)
    for turn in range(amount(short=1, full=20)):
        slot = slot_at(scope.location_id, 2 + turn % 30)
        people = [person(scope, f"Sample{turn}x{each}", "Racer") for each in range(PROCESSES)]
        old = held(scope, people[0], slot)
        booking.let_pass(old)
        numbers = [old, *people[1:], slot]
        done = together(app, PROCESSES, two_holds, scope, numbers, timeout=110)
        assert sum(done) == 1
        assert booking.taken(slot) == 1
    assert wrong() == []


def look_then_insert(*, recipient_id: int, slot_id: int, actor: Actor) -> Appointment:
    """Holding as somebody careless would have written it: look whether there is a place and
    whether the person has an appointment, then insert one and write the sum."""
    with db.db.engine.connect() as other:
        there = other.execute(select(Slot.__table__).where(Slot.id == slot_id)).one()
        own = select(Appointment.id).where(Appointment.recipient_id == recipient_id)
        if there.taken >= there.places or other.execute(own).first():
            raise SlotTaken("taken")
    time.sleep(0.005)
    made = Appointment(
        recipient_id=recipient_id,
        slot_id=slot_id,
        location_id=there.location_id,
        starts_at=there.starts_at,
        day=there.day,
        minute=there.minute,
        dose_number=1,
        state="held",
        held_until=now() + timedelta(minutes=10),
        booked_by_id=actor.id,
    )
    session().add(made)
    session().execute(update(Slot).where(Slot.id == slot_id).values(taken=there.taken + 1))
    session().flush()
    return made


def test_looking_first_and_inserting_then_would_be_caught(
    app: Flask, scope: Scope, monkeypatch: pytest.MonkeyPatch
) -> None:
    be_careless(
        monkeypatch,
        ((db, "begin", begin_deferred), (sys.modules[__name__], "hold", look_then_insert)),
    )
    offered(scope, places=2)
    for turn in range(5):
        slots = [slot_at(scope.location_id, 2 + turn, minute) for minute in (540, 570)]
        people = [person(scope, f"Careless{turn}x{number}", "Racer") for number in range(8)]
        done = together(app, PROCESSES, book_own, scope, people, slots, timeout=110)
        if sum(done) > 4 or wrong():
            return
    pytest.fail("nothing was found")
