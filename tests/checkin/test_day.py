"""The list of today: its states, its order, its marks, and how it follows what happens."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from flask import Flask

from blueprints.appointments.models import Appointment
from blueprints.appointments.services import cancel, close, move
from blueprints.checkin import services
from blueprints.checkin.day import DayList, day_list, version_of
from blueprints.checkin.models import Arrival
from blueprints.checkin.rules import DayState, Resemblance
from portal.access.scope import Scope
from portal.clock import now
from portal.db import unit_of_work
from tests.appointments.booking import offered, person, slot_at
from tests.checkin.arriving import booked_at, booked_today, checked_in, vaccinated
from tests.client import Browser
from tests.statements import watched


def listed(scope: Scope) -> DayList:
    with unit_of_work(write=False):
        return day_list(scope, scope.today())


def version(scope: Scope) -> str:
    with unit_of_work(write=False):
        return version_of(scope, scope.today())


def let_pass(number: int, minutes: int) -> None:
    """Have somebody's observation have begun so long ago."""
    with unit_of_work() as session:
        found = session.get_one(Arrival, number)
        assert found.observe_until is not None
        found.observe_until -= timedelta(minutes=minutes)


def test_whoever_needs_something_first_is_on_top(scope: Scope) -> None:
    def come(name: str) -> int:
        return checked_in(scope, person(scope, name, name))

    _waiting, chair, observing, observed, done, left, undone = map(
        come, ("Waiting", "Chair", "Observing", "Observed", "Done", "Left", "Undone")
    )
    for number, minutes in ((observing, 15), (observed, 15), (done, 0)):
        vaccinated(scope, number, minutes)
    let_pass(observed, 16)
    with unit_of_work():
        services.to_chair(scope, chair)
        services.leave_without_dose(scope, left, "Has a fever")
        services.undo(scope, undone)
    found = listed(scope)
    assert [line.person.last_name for line in found.lines] == [
        *("Observed", "Waiting", "Chair", "Observing", "Done", "Left")
    ]
    assert [str(line.standing) for line in found.lines] == [
        *("observed", "waiting", "at_chair", "observing", "done", "left")
    ]
    assert found.counts[DayState.WAITING] == 1
    assert len(found.to_do) == 4


def test_who_does_not_come_is_late_an_hour_after_the_time(scope: Scope) -> None:
    for name, minutes in (("Late", -59), ("Missed", -61)):
        number = booked_at(scope, person(scope, name, name), minutes)
        with unit_of_work() as session:
            # Whatever the time of day is: of today.
            session.get_one(Appointment, number).day = scope.today()
    found = listed(scope)
    standings = {line.person.last_name: line.standing for line in found.lines}
    assert standings == {"Late": DayState.EXPECTED, "Missed": DayState.NO_SHOW}


def test_an_appointment_and_its_arrival_are_one_line(scope: Scope) -> None:
    maria = person(scope)
    number = booked_today(scope, maria, 720)
    booked_today(scope, person(scope, "Bill", "Other", birth_date=scope.today()))
    checked_in(scope, maria, number)
    waiting, expected = listed(scope).lines
    assert (waiting.arrival_id, waiting.appointment_id, waiting.minute) == (1, number, 720)
    assert (expected.arrival_id, expected.standing) == (None, DayState.EXPECTED)


def test_a_closed_appointment_is_done_and_a_canceled_one_gone(scope: Scope) -> None:
    closed, canceled = (
        booked_today(scope, person(scope, f"Sample{each}", f"Sample{each}")) for each in range(2)
    )
    with unit_of_work():
        close(appointment_id=closed, actor=scope.user)
        cancel(appointment_id=canceled, reason="Ill", actor=scope.user)
    (line,) = listed(scope).lines
    assert line.standing is DayState.DONE


def test_look_alikes_of_the_day_are_marked_both(scope: Scope) -> None:
    for first, last, born in (("Maria", "Twin", 0), ("Marta", "TWIN", 1), ("Bill", "Other", 0)):
        day = scope.today() - timedelta(days=9000 + born)
        booked_today(scope, person(scope, first, last, birth_date=day, street=""))
    found = listed(scope)
    marks = {line.person.first_name: found.alike[line.person.id] for line in found.lines}
    assert marks == {
        "Maria": (Resemblance.LAST_NAME, Resemblance.BIRTH_DATE),
        "Marta": (Resemblance.LAST_NAME,),
        "Bill": (Resemblance.BIRTH_DATE,),
    }


@pytest.mark.both_databases
def test_each_thing_that_changes_the_list_changes_its_version(scope: Scope) -> None:
    maria, bill, carl = (person(scope, name, name) for name in ("Maria", "Bill", "Carl"))
    offered(scope)
    other_time = slot_at(scope.location_id, 3)

    def within(change: Callable[[], object]) -> None:
        with unit_of_work():
            change()

    def begins(appointment_id: int, minutes: int) -> None:
        with unit_of_work() as session:
            session.get_one(Appointment, appointment_id).starts_at = now() - timedelta(
                minutes=minutes
            )

    changes: dict[str, Callable[[], object]] = {
        "booked": lambda: [booked_today(scope, each) for each in (maria, bill, carl)],
        "checked in": lambda: checked_in(scope, maria, 1),
        "at the chair": lambda: within(lambda: services.to_chair(scope, 1)),
        "back": lambda: within(lambda: services.back_to_waiting(scope, 1)),
        "vaccinated": lambda: vaccinated(scope, 1),
        "observed": lambda: let_pass(1, 16),
        "finished": lambda: within(lambda: services.finish(scope, 1)),
        "dose removed": lambda: within(lambda: services.note_dose_removed(1)),
        "closed": lambda: within(lambda: close(appointment_id=1, actor=scope.user)),
        "late": lambda: begins(2, 61),
        "canceled": lambda: within(
            lambda: cancel(appointment_id=2, reason="Ill", actor=scope.user)
        ),
        "moved away": lambda: within(
            lambda: move(appointment_id=3, slot_id=other_time, actor=scope.user)
        ),
        "walked in": lambda: checked_in(scope, person(scope, "Wanda", "Walker")),
        "undone": lambda: within(lambda: services.undo(scope, 2)),
    }
    before = version(scope)
    unnoticed = []
    for name, change in changes.items():
        change()
        after = version(scope)
        unnoticed += [name] if after == before else []
        assert version(scope) == after
        before = after
    assert unnoticed == []


def test_the_page_asks_and_gets_nothing_while_nothing_changed(
    app: Flask, scope: Scope, browser: Browser
) -> None:
    booked_today(scope, person(scope))
    browser.sign_in("readonly_a")
    region = browser.get("/").root.one("div", id="day-list")
    address = region.attributes["hx-get"]
    same = browser.get(address, region="day-list")
    assert (same.status, same.response.data) == (204, b"")
    assert len(str(same.response.headers)) <= 1_500
    checked_in(scope, 1)
    changed = browser.get(address, region="day-list")
    assert changed.status == 200
    assert changed.root.one("div", id="day-list").attributes["hx-get"] != address
    assert "Waiting 1" in changed.root.text
    assert browser.get(address).root.one("h1").text == "Today at This Clinic"


def test_asking_costs_the_same_for_few_and_for_many(
    app: Flask, scope: Scope, browser: Browser
) -> None:
    browser.sign_in("provider_a")
    asked, same, shown = [], [], []
    for turn in range(2):
        for each in range(1 if turn == 0 else 12):
            name = f"Sample{turn}x{each}"
            booked_today(scope, person(scope, name, name))
            checked_in(scope, person(scope, f"{name}y", name))
        address = browser.get("/checkin/").root.one("div", id="day-list").attributes["hx-get"]
        with watched(app) as seen:
            same.append(browser.get(address, region="day-list").status)
        asked.append(len(seen))
        with watched(app) as seen:
            browser.get("/checkin/now", region="day-list")
        shown.append(len(seen))
    assert same == [204, 204]
    assert asked[0] == asked[1]
    assert asked[0] <= 4
    assert shown[0] == shown[1]
    assert shown[0] <= asked[0] + 3
