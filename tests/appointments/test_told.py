"""After a change to many: who was told, who was not, and calls that two cannot make (SPEC G13)."""

import time
from contextlib import suppress
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from flask import Flask
from sqlalchemy import select, update

from blueprints.appointments import told
from blueprints.appointments.models import ToldLine, ToldRound
from blueprints.appointments.rules import CallOutcome
from blueprints.appointments.services import Changed, cancel_many, move_many
from blueprints.scheduling.rules import Hours, SpecialDay
from blueprints.scheduling.services import set_day
from portal import db
from portal.access.scope import Scope
from portal.clock import now
from portal.db import run, unit_of_work
from portal.errors import Conflict, Invalid, NotFound, PortalError
from portal.messages.models import Message, MessageState
from tests.appointments import booking
from tests.appointments.booking import booked, day_in, offered, person, slot_at
from tests.client import Browser
from tests.effort import amount
from tests.inventory.careless import be_careless, begin_deferred
from tests.inventory.stock import scope_at
from tests.personas import Personas
from tests.processes import together

SILENT = {"email": "", "contact_by": "none", "agrees_to_reminders": False}
NAMES = "ABCDEFGHIJKLMNOPQRST"


def group(scope: Scope, told: int, silent: int, days: int = 3) -> list[int]:
    """Appointments of so many people who get messages and so many who get none."""
    offered(scope, places=20)
    slot = slot_at(scope.location_id, days)
    made = [booked(scope, person(scope, f"Told{NAMES[n]}", "Sample"), slot) for n in range(told)]
    for n in range(silent):
        who = person(scope, f"Silent{NAMES[n]}", "Sample", mobile_phone="252-555-0100", **SILENT)
        made.append(booked(scope, who, slot))
    return made


def cancel_all(scope: Scope, numbers: list[int]) -> Changed:
    with unit_of_work():
        return cancel_many(
            appointment_ids=numbers,
            reason="No power",
            actor=scope.user,
            location_id=scope.location_id,
        )


def test_the_page_says_how_many_were_told_and_who_has_to_be_called(
    scope: Scope, browser: Browser
) -> None:
    numbers = group(scope, told=2, silent=2)
    manager = browser.sign_in("manager_a")
    page = manager.get("/appointments/cancel?" + "&".join(f"tick={each}" for each in numbers))
    page = manager.submit(page, {"reason": "No power"}, button="Cancel Appointment", follow=True)
    assert page.root.one("h1").text == "Who was told"
    assert "4 appointments are canceled." in page.root.text
    assert "Told by e-mail 2" in page.root.text
    assert "Still to call 2" in page.root.text
    home = manager.get("/").root.text
    assert "2 recipients do not know of changed appointments yet." in home
    call = manager.submit(page, {}, button="Next Call", follow=True)
    assert call.root.one("h1").text == "Call SilentA Sample"
    assert "is canceled. Reason: No power" in call.root.text
    assert call.root.with_text("a", "(252) 555-0100").attributes["href"] == "tel:+12525550100"
    page = manager.submit(call, {}, button="Reached", follow=True)
    assert "Still to call 1" in page.root.text
    call = manager.submit(page, {}, button="Next Call", follow=True)
    page = manager.submit(call, {}, button="Wrong number", follow=True)
    assert "Still to call 0" in page.root.text
    assert "Wrong number, Manager A" in page.root.text
    assert "Next Call" not in page.root.text
    assert "do not know" not in manager.get("/").root.text
    row = manager.get("/appointments/told").root.one("tbody").text
    assert row.endswith("Canceled 4 0")


@pytest.mark.both_databases
def test_a_message_that_did_not_arrive_makes_a_call(scope: Scope, browser: Browser) -> None:
    changed = cancel_all(scope, group(scope, told=2, silent=0))
    with unit_of_work() as session:
        session.execute(
            update(Message)
            .where(Message.kind == "appointment_canceled")
            .where(
                Message.id
                == select(Message.id).order_by(Message.id.desc()).limit(1).scalar_subquery()
            )
            .values(state=MessageState.FAILED, reason="no such mailbox")
        )
    page = browser.sign_in("manager_a").get(f"/appointments/told/{changed.round_id}")
    assert "Told by e-mail 1" in page.root.text
    assert "The e-mail did not arrive" in page.root.text
    with unit_of_work():
        assert told.claim_next(scope, changed.round_id) is not None


@pytest.mark.both_databases
def test_a_line_is_one_callers_for_ten_minutes(scope: Scope, personas: Personas) -> None:
    changed = cancel_all(scope, group(scope, told=0, silent=1))
    other = scope_at(personas, "second_caller", "A")
    with unit_of_work():
        mine = told.claim_next(scope, changed.round_id)
        assert mine is not None
        number = mine.id
        again = told.claim_next(scope, changed.round_id)
        assert again is not None
        assert again.id == number
        assert told.claim_next(other, changed.round_id) is None
    with pytest.raises(Conflict, match="Someone else has this call"), unit_of_work():
        told.note_call(other, number, CallOutcome.REACHED)
    with time_machine.travel(now() + timedelta(minutes=11)):
        with unit_of_work():
            theirs = told.claim_next(other, changed.round_id)
            assert theirs is not None
            assert theirs.id == number
        with pytest.raises(Conflict), unit_of_work():
            told.note_call(scope, number, CallOutcome.REACHED)
        with unit_of_work():
            told.note_call(other, number, CallOutcome.NO_ANSWER)
            assert told.claim_next(scope, changed.round_id) is None
    with time_machine.travel(now() + timedelta(minutes=45)), unit_of_work():
        back = told.claim_next(scope, changed.round_id)
        assert back is not None
        assert (back.id, back.tries) == (number, 1)
        told.note_call(scope, number, CallOutcome.REACHED)
    with pytest.raises(Conflict), unit_of_work():
        told.note_call(scope, number, CallOutcome.WRONG_NUMBER)


def test_a_location_sees_its_own_only(scope: Scope, scope_b: Scope, browser: Browser) -> None:
    changed = cancel_all(scope, group(scope, told=0, silent=1))
    with unit_of_work():
        line = told.claim_next(scope, changed.round_id)
        assert line is not None
        number = line.id
    with pytest.raises(NotFound), unit_of_work(write=False):
        told.get_round(scope_b, changed.round_id)
    stranger = browser.sign_in("manager_b")
    assert stranger.get(f"/appointments/told/{changed.round_id}").status == 404
    assert stranger.get(f"/appointments/calls/{number}").status == 404
    assert stranger.get("/appointments/told").root.all("tbody") == []


@pytest.mark.both_databases
def test_a_closed_day_is_moved_to_another_with_everybody_told(
    scope: Scope, browser: Browser
) -> None:
    numbers = group(scope, told=2, silent=1)
    with unit_of_work():
        set_day(scope, day_in(3), SpecialDay("Snow"), accepted=3)
    manager = browser.sign_in("manager_a")
    page = manager.get("/scheduling/")
    form = next(each for each in page.root.all("form") if each.all("input", name="tick"))
    moves = form.with_text("button", "Move Appointments").attributes["formaction"]
    page = manager.get(f"{moves}?" + "&".join(f"tick={each}" for each in numbers))
    page = manager.submit(
        page, {"day": f"{day_in(5):%m/%d/%Y}"}, button="Move Appointments", follow=True
    )
    assert "3 appointments are moved." in page.root.text
    assert "Told by e-mail 2" in page.root.text
    assert {booking.appointment(number).day for number in numbers} == {day_in(5)}
    assert {booking.appointment(number).minute for number in numbers} == {540}
    call = manager.submit(page, {}, button="Next Call", follow=True)
    assert "your appointment is now on" in call.root.text
    assert "Bookings that do not fit" not in manager.get("/scheduling/").root.text


@pytest.mark.both_databases
def test_who_finds_no_free_time_stays_and_is_named(scope: Scope) -> None:
    numbers = group(scope, told=3, silent=0)
    offered(scope, places=1, weekly=((Hours(540, 600),),) * 7)
    with unit_of_work():
        changed = move_many(
            appointment_ids=numbers,
            day=day_in(6),
            actor=scope.user,
            location_id=scope.location_id,
        )
    assert (changed.count, len(changed.left)) == (2, 1)
    assert booking.appointment(changed.left[0]).day == day_in(3)
    assert sorted(
        booking.appointment(number).minute for number in numbers if number not in changed.left
    ) == [540, 570]
    with pytest.raises(Invalid, match="has a free time on this day"), unit_of_work():
        move_many(
            appointment_ids=list(changed.left),
            day=day_in(6),
            actor=scope.user,
            location_id=scope.location_id,
        )


def call_next(index: int, scopes: list[Scope], round_id: int, turns: int) -> list[int]:
    """The lines that a caller was given; each is noted as reached."""
    scope, got = scopes[index], []
    for _turn in range(turns):

        def take() -> int:
            line = told.claim_next(scope, round_id)
            return line.id if line else 0

        with suppress(PortalError):
            number = run(take, write=True, keep=lambda _made: True, patience=60)
            if number:
                got.append(number)
                run(
                    lambda number=number: told.note_call(scope, number, CallOutcome.REACHED).id,  # type: ignore[misc]
                    write=True,
                    patience=60,
                )
    return got


def race(app: Flask, scopes: list[Scope], people: int) -> list[int]:
    """The lines that callers got at once, as often as they got them."""
    scope = scopes[0]
    with unit_of_work() as session:
        made = ToldRound(location_id=scope.location_id, change="canceled", made_by_id=scope.user.id)
        session.add(made)
        session.flush()
        numbers = session.scalars(select(booking.Appointment.id).order_by(booking.Appointment.id))
        session.add_all(
            ToldLine(round_id=made.id, appointment_id=number, version=1, way="none")
            for number in numbers
        )
        session.flush()
        round_id = made.id
    got = together(app, len(scopes), call_next, scopes, round_id, people, timeout=110)
    return sorted(number for each in got for number in each)


@pytest.mark.both_databases
@pytest.mark.slow("lets several processes race")
def test_two_callers_at_once_get_one_each(app: Flask, scope: Scope, personas: Personas) -> None:
    scopes = [scope, *(scope_at(personas, f"caller_{each}", "A") for each in "bcd")]
    group(scope, told=0, silent=8)
    for _turn in range(amount(short=1, full=20)):
        got = race(app, scopes, 8)
        assert len(got) == len(set(got)) == 8


def look_then_claim(scope: Scope, round_id: int) -> ToldLine | None:
    """Look who is to be called, then claim."""
    open_ones = (
        select(ToldLine.id)
        .where(
            ToldLine.round_id == round_id,
            ToldLine.claimed_until.is_(None),
            ToldLine.outcome == "",
        )
        .order_by(ToldLine.id)
        .limit(1)
    )
    with db.db.engine.connect() as other:
        number = other.execute(open_ones).scalar()
    time.sleep(0.01)
    if number is None:
        return None
    values: dict[str, Any] = {
        "caller_id": scope.user.id,
        "claimed_until": now() + timedelta(minutes=10),
    }
    db.session().execute(update(ToldLine).where(ToldLine.id == number).values(values))
    return db.session().get_one(ToldLine, number)


@pytest.mark.thorough
@pytest.mark.slow("lets several processes race")
def test_looking_first_and_claiming_then_would_be_caught(
    app: Flask, scope: Scope, personas: Personas, monkeypatch: pytest.MonkeyPatch
) -> None:
    be_careless(monkeypatch, ((db, "begin", begin_deferred), (told, "claim_next", look_then_claim)))
    scopes = [scope, *(scope_at(personas, f"caller_{each}", "A") for each in "bcd")]
    group(scope, told=0, silent=8)
    for _turn in range(5):
        got = race(app, scopes, 8)
        if len(got) != len(set(got)):
            return
    pytest.fail("nothing was found")
