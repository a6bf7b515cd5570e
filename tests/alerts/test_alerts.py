"""Low stock, thresholds of a location, and the daily e-mail (SPEC D8)."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select, update

from blueprints.alerts import jobs
from blueprints.alerts.models import DailyDigest
from blueprints.alerts.rules import next_due
from blueprints.inventory.leaving.selection import Chosen
from blueprints.inventory.rules import Kind
from blueprints.transfers.services import Sending, send
from portal.access.scope import Scope
from portal.clock import now
from portal.db import unit_of_work
from portal.messages.models import Message
from portal.messages.services import queue_many
from tests.client import Browser
from tests.inventory import stock
from tests.people.steps import change
from tests.personas import Personas
from tests.processes import together
from tests.shipments.files import csv, row, take_in

PLENTY = {"doses": 500}


@pytest.fixture
def scope(app: Flask, personas: Personas) -> Iterator[Scope]:
    """The scope of A's manager, inside the application."""
    with app.app_context():
        yield stock.scope_for(personas, "manager_a")


def make_due() -> None:
    """Let every location's hour have come."""
    jobs.send_daily()
    with unit_of_work() as session:
        session.execute(update(DailyDigest).values(due_at=now() - timedelta(minutes=1)))


def digests() -> list[tuple[str, dict[str, Any]]]:
    with unit_of_work(write=False) as session:
        rows = session.scalars(
            select(Message).where(Message.kind == "daily_digest").order_by(Message.id)
        )
        return [(row.address, row.context) for row in rows]


@pytest.mark.parametrize(
    ("after", "zone", "due"),
    [
        ("2026-11-21T11:59", "America/New_York", "2026-11-21T12:00"),
        ("2026-11-21T12:00", "America/New_York", "2026-11-22T12:00"),
        ("2026-03-07T18:00", "America/New_York", "2026-03-08T11:00"),
        ("2026-10-31T18:00", "America/New_York", "2026-11-01T12:00"),
        ("2026-11-21T03:00", "Pacific/Honolulu", "2026-11-21T17:00"),
    ],
)
def test_the_hour_is_seven_in_the_morning_of_the_location(after: str, zone: str, due: str) -> None:
    moment = datetime.fromisoformat(after).replace(tzinfo=UTC)
    assert next_due(moment, zone) == datetime.fromisoformat(due).replace(tzinfo=UTC)


def test_the_managers_are_told_once_a_day_what_needs_attention(scope: Scope) -> None:
    stock.add(scope, **PLENTY, lot="SOON", expiration_date=stock.day(-5), name="Soon")
    stock.add(
        scope, lot="GONE", expiration_date=stock.day(1), received_on=stock.day(9), name="Gone"
    )
    make_due()
    assert jobs.send_daily() == "3 locations"
    found = digests()
    assert [address for address, _context in found] == [
        "manager.a@example.org",
        "manager.ab@example.org",
    ]
    lines = found[0][1]["lines"]
    assert any(line.startswith("Expires on") and "SOON" in line for line in lines)
    assert any(line.startswith("Expired on") and "GONE" in line for line in lines)
    assert jobs.send_daily() == "0 locations"
    make_due()
    jobs.send_daily()
    assert len(digests()) == 2, "not twice on one day, whatever happens to the clock"


def test_shipments_and_transfers_on_their_way_are_in_it(
    app: Flask, scope: Scope, personas: Personas
) -> None:
    take_in(app, csv(row()))
    theirs = stock.scope_for(personas, "manager_b")
    record = stock.add(theirs, **PLENTY)
    with unit_of_work():
        sending = Sending(
            lines=[Chosen(record, 40)],
            to_location_id=scope.location_id,
            sent_on=stock.day(),
            reason="surplus",
        )
        send(theirs, sending)
    make_due()
    jobs.send_daily()
    (lines,) = [c["lines"] for address, c in digests() if address == "manager.a@example.org"]
    assert lines == ["Shipments to be received: 1", "Doses on their way to you: 40"]


def test_who_never_registered_is_not_told(app: Flask, scope: Scope, personas: Personas) -> None:
    """Nobody has confirmed the address yet: it may be a stranger's."""
    change(app, personas.users["manager_ab"], password_hash=None)
    stock.add(scope, **PLENTY, lot="SOON", expiration_date=stock.day(-5), name="Soon")
    make_due()
    assert jobs.send_daily() == "3 locations"
    assert [address for address, _context in digests()] == ["manager.a@example.org"]
    change(app, personas.users["manager_a"], password_hash=None)
    make_due()
    assert jobs.send_daily() == "3 locations", "a location whose managers are all invited only"
    assert len(digests()) == 1


def test_with_nothing_to_say_nothing_is_sent(scope: Scope) -> None:
    stock.add(scope, **PLENTY)
    make_due()
    assert jobs.send_daily() == "3 locations"
    assert digests() == []


@pytest.mark.both_databases
def test_four_processes_send_each_e_mail_once(app: Flask, scope: Scope) -> None:
    stock.add(scope, doses=1)
    make_due()
    together(app, 4, lambda _index: jobs.send_daily())
    assert len(digests()) == 2


@pytest.mark.thorough
def test_the_processes_would_show_a_turn_that_nobody_takes(
    app: Flask, scope: Scope, monkeypatch: pytest.MonkeyPatch
) -> None:
    stock.add(scope, doses=1)
    make_due()
    with unit_of_work(write=False) as session:
        due = session.scalars(select(DailyDigest.due_at)).first()
    monkeypatch.setattr(jobs, "next_due", lambda _after, _zone: due)
    monkeypatch.setattr(
        jobs, "queue_many", lambda found: queue_many(replace(one, once=None) for one in found)
    )
    together(app, 4, lambda _index: jobs.send_daily())
    assert len(digests()) > 2


@pytest.mark.both_databases
def test_a_manager_turns_the_e_mail_off_and_sets_the_thresholds(
    browser: Browser, scope: Scope
) -> None:
    stock.add(scope, doses=50)
    browser.sign_in("manager_a")
    assert "Low stock" not in browser.get("/").root.text
    page = browser.get("/alerts/")
    assert page.root.one("input", name="expiry_days").attributes["value"] == "14"
    form = {"expiry_days": "30", "low_doses": "51", "wanted": []}
    saved = browser.submit(page, form, button="Save", follow=True)
    assert "Saved." in saved.root.text
    assert saved.root.one("input", name="expiry_days").attributes["value"] == "30"
    assert "checked" not in saved.root.one("input", name="wanted").attributes
    assert "50 usable doses" in browser.get("/").root.text
    make_due()
    jobs.send_daily()
    assert [address for address, _context in digests()] == ["manager.ab@example.org"]
    browser.submit(browser.get("/alerts/"), {"wanted": "y"}, button="Save", follow=True)
    assert "checked" in browser.get("/alerts/").root.one("input", name="wanted").attributes


def test_low_stock_counts_usable_doses_only(browser: Browser, scope: Scope) -> None:
    stock.add(scope, **PLENTY, expiration_date=stock.day(1), received_on=stock.day(9), lot="GONE")
    good = stock.add(scope, doses=25)
    browser.sign_in("manager_a")
    assert "Low stock" not in browser.get("/").root.text
    stock.post(scope, good, Kind.ADMINISTERED, 6)
    assert "19 usable doses" in browser.get("/").root.text


@pytest.mark.parametrize(
    ("values", "sentence"),
    [
        ({"expiry_days": "-1"}, "Enter 0 or more."),
        ({"expiry_days": "366"}, "Enter 365 or less."),
        ({"low_doses": "few"}, "Enter a whole number"),
        ({"low_doses": ""}, "Please fill in this field."),
    ],
)
def test_what_is_no_threshold_is_refused(
    browser: Browser, scope: Scope, values: dict[str, str], sentence: str
) -> None:
    browser.sign_in("manager_a")
    page = browser.submit(browser.get("/alerts/"), values, button="Save")
    assert page.status == 422
    assert sentence in page.root.text


def test_thresholds_belong_to_one_location(browser: Browser, scope: Scope) -> None:
    browser.sign_in("manager_a")
    browser.submit(browser.get("/alerts/"), {"low_doses": "77"}, button="Save", follow=True)
    browser.sign_in("manager_b")
    page = browser.get("/alerts/")
    assert page.root.one("input", name="low_doses").attributes["value"] == "20"
    for who in ("provider_a", "readonly_a"):
        browser.sign_in(who)
        assert browser.get("/alerts/").status == 403
