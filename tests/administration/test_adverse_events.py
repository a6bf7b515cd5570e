"""What is noted after a dose: by whom, append-only, beside the way to VAERS (SPEC G9)."""

from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from blueprints.administration.adverse import events_of, note_event
from blueprints.administration.correcting import remove
from portal.access.scope import Scope
from portal.audit.verify import verify
from portal.clock import now
from portal.db import unit_of_work
from portal.errors import Conflict, Forbidden, Invalid, NotFound
from tests.administration import chair
from tests.appointments.booking import person
from tests.client import Browser
from tests.inventory.stock import scope_for
from tests.people.steps import trail
from tests.personas import Personas


@pytest.fixture
def dose(manager: Scope) -> int:
    """A dose that was just given."""
    return chair.gave(manager, chair.arrived(manager, person(manager)), chair.lot(manager))


def noted(scope: Scope, dose: int, what: str = "Hives", minutes: int = 0) -> None:
    with unit_of_work():
        note_event(scope, dose, what, now() + timedelta(minutes=minutes))


@pytest.mark.both_databases
def test_nobody_changes_or_removes_a_note(manager: Scope, provider: Scope, dose: int) -> None:
    noted(provider, dose)
    noted(manager, dose, "Hives are gone")
    for statement in (
        "UPDATE adverse_event SET what = 'Nothing'",
        "DELETE FROM adverse_event",
        "TRUNCATE adverse_event",
        "INSERT OR REPLACE INTO adverse_event SELECT * FROM adverse_event",
    ):
        with pytest.raises(DBAPIError), unit_of_work() as session:
            session.execute(text(statement))
    with unit_of_work(write=False):
        found = [(one.event.what, one.by) for one in events_of(dose)]
        assert verify().ok
    assert found == [("Hives", provider.user.full_name), ("Hives are gone", manager.user.full_name)]


def test_what_cannot_be_noted(
    manager: Scope, manager_b: Scope, personas: Personas, dose: int
) -> None:
    for what, minutes, field in (
        ("  ", 0, "what"),
        ("x" * 2_001, 0, "what"),
        ("Hives", 5, "began_on"),
        ("Hives", -5, "began_on"),
    ):
        with pytest.raises(Invalid) as refused:
            noted(manager, dose, what, minutes)
        assert refused.value.field == field
    with pytest.raises(NotFound):
        noted(manager_b, dose)
    with pytest.raises(Forbidden):
        noted(scope_for(personas, "readonly_a"), dose)
    with unit_of_work():
        remove(manager, dose, reason="mistake", seen=1)
    with pytest.raises(Conflict):
        noted(manager, dose)


def test_it_is_on_the_record_the_day_list_and_the_day_end(
    app: Flask, manager: Scope, browser: Browser, dose: int
) -> None:
    browser.sign_in("provider_a")
    seen = browser.get("/checkin/").root.one("div", id="day-list").attributes["hx-get"]
    assert browser.get(seen).status == 204
    record = browser.get(f"/administration/vaccinations/{dose}")
    form = browser.get(record.root.with_text("a", "Note Adverse Event").attributes["href"])
    assert "vaers.hhs.gov" in form.root.text
    refused = browser.submit(form, {"what": "", "began_time": "25:00"}, button="Save")
    assert refused.status == 422
    what = "Hives on both arms <b>after</b> ten minutes"
    done = browser.submit(form, {"what": what}, button="Save", follow=True)
    assert what in done.root.text
    assert "vaers.hhs.gov/reportevent.html" in done.root.text
    assert browser.get(seen).status == 200, "open lists are told"
    today = browser.get("/checkin/").root.one("main").text
    assert "Adverse event noted" in today
    assert "1 adverse event was noted." in today
    assert "1-800-822-7967" in today
    assert "Adverse events 1" in browser.get("/administration/day-end").root.one("main").text
    (entry,) = trail(app, "vaccination.event_noted")
    assert "Hives" not in str(entry.after) + entry.summary
    assert len(trail(app, "recipient.viewed")) >= 3


def test_whoever_only_reads_is_not_asked_to_note(browser: Browser, dose: int) -> None:
    browser.sign_in("readonly_a")
    record = browser.get(f"/administration/vaccinations/{dose}")
    assert "Note Adverse Event" not in record.root.text
    assert browser.get(f"/administration/vaccinations/{dose}/adverse-event").status == 403
