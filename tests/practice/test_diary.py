"""The sample clinics have a past: three months of days with their own hours and people, whenever
they are made."""

import logging
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
import time_machine
from flask import Flask
from sqlalchemy import func, select

from blueprints.administration.models import Administration, AdverseEvent
from blueprints.appointments.models import Appointment
from blueprints.checkin.models import Arrival
from blueprints.counts.models import StockCount
from blueprints.helpdesk.models import Case
from blueprints.inventory.models import DoseEntry, VaccineInventory
from blueprints.recipients.models import Merge, Recipient, RecipientLocation
from blueprints.scheduling.models import ScheduleDay, Slot
from blueprints.shipments.models import Shipment
from blueprints.shipments.rules import Status
from blueprints.transfers.models import TransferLine
from blueprints.vials.queries import open_vials
from portal import practice
from portal.access.through import Through
from portal.app import create_app
from portal.audit.models import AuditEntry
from portal.checks import run_checks
from portal.db import db, session, unit_of_work
from portal.diary import people_who_may
from portal.messages.models import Message
from portal.messages.queries import troubled
from portal.people.models import UserLocation
from portal.places.models import Location
from portal.settings import load_settings
from tests.effort import RUN, some
from tests.upgrade.conftest import Empty, empty

pytestmark = [pytest.mark.slow("fills whole databases"), pytest.mark.timeout(300)]

__all__ = ["empty"]

EASTERN = ZoneInfo("America/New_York")
USUAL = datetime(2026, 6, 10, 14, 20, tzinfo=EASTERN)
MOMENTS = {
    "half past midnight": datetime(2026, 6, 10, 0, 30, tzinfo=EASTERN),
    "late at night": datetime(2026, 6, 11, 23, 30, tzinfo=EASTERN),
    "a Sunday": datetime(2026, 6, 14, 11, 5, tzinfo=EASTERN),
    "a Monday at opening": datetime(2026, 6, 15, 8, 4, tzinfo=EASTERN),
    "the day the clocks go forward": datetime(2026, 3, 8, 3, 30, tzinfo=EASTERN),
    "the day the clocks go back": datetime(2026, 11, 1, 1, 30, fold=1, tzinfo=EASTERN),
    "New Year": datetime(2027, 1, 1, 9, 15, tzinfo=EASTERN),
}


@contextmanager
def filled(folder: Path, moment: datetime, url: str) -> Iterator[Flask]:
    """The sample clinics as they are when they are made at that moment, which it still is."""
    settings = load_settings(folder, database_url=url, practice=True, jobs="off")
    with time_machine.travel(moment, tick=False):
        practice.fill(settings)
        app = create_app(settings)
        with app.app_context():
            yield app
            db.engine.dispose()


@pytest.fixture(scope="module")
def usual(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Flask]:
    folder = tmp_path_factory.mktemp("clinics")
    with filled(folder, USUAL, f"sqlite:///{folder / 'portal.sqlite'}") as app:
        yield app


@pytest.fixture(autouse=True)
def reading(request: pytest.FixtureRequest) -> Iterator[None]:
    """Tests of what is there only read it."""
    if "usual" not in request.fixturenames:
        yield
        return
    request.getfixturevalue("usual")
    with unit_of_work(write=False):
        yield


def local(moment: datetime) -> datetime:
    return moment.astimezone(EASTERN)


def test_histories_have_many_hours_and_the_people_of_each_location(usual: Flask) -> None:
    working: dict[int, set[int]] = defaultdict(set)
    for row in session().execute(select(UserLocation.location_id, UserLocation.user_id)):
        working[row.location_id].add(row.user_id)
    for model, at, by in (
        (DoseEntry, DoseEntry.recorded_at, DoseEntry.actor_id),
        (Appointment, Appointment.booked_at, Appointment.booked_by_id),
        (Administration, Administration.recorded_at, Administration.recorded_by_id),
        (Arrival, Arrival.checked_in_at, Arrival.checked_in_by_id),
    ):
        for place, people in working.items():
            query = select(at, by).where(model.location_id == place)
            rows = [(local(moment), who) for moment, who in session().execute(query)]
            assert len({moment.date() for moment, _who in rows}) >= 8, (model, place)
            assert len({moment.hour for moment, _who in rows}) > 2, (model, place)
            there = {who for _moment, who in rows}
            assert len(there & people) >= min(2, len(people)), (model, place)
            # Of a transfer the receiver writes a line at the sender.
            strangers = [who for _moment, who in rows if who not in people]
            assert len(strangers) <= (2 if model is DoseEntry else 0), (model, place)
    first, last = (
        session()
        .execute(select(func.min(DoseEntry.recorded_at), func.max(DoseEntry.recorded_at)))
        .one()
    )
    assert last - first > timedelta(days=80)


def test_people_work_on_workdays_while_the_clinics_are_open(usual: Flask) -> None:
    today = USUAL.date()
    entries = session().execute(
        select(AuditEntry.at, AuditEntry.action).where(AuditEntry.through == Through.SIGNED_IN)
    )
    found = [(local(row.at), row.action) for row in entries]
    assert len(found) > 300
    strange = [
        (at, action)
        for at, action in found
        if at.date() != today and (at.weekday() > 4 or not 7 <= at.hour < 18)
    ]
    assert strange == []
    hours = {
        action: {at.hour for at, done in found if done == action and at.date() != today}
        for action in ("inventory.received", "inventory.wasted")
    }
    assert max(hours["inventory.received"]) < 12, "boxes come in the morning"
    assert min(hours["inventory.wasted"]) >= 10
    assert {16, 17} & hours["inventory.wasted"], "and what is left is wasted at closing"


def test_nothing_was_written_before_what_came_earlier(usual: Flask) -> None:
    present = USUAL.astimezone(UTC)
    for model, number, at in (
        (AuditEntry, AuditEntry.number, AuditEntry.at),
        (DoseEntry, DoseEntry.id, DoseEntry.recorded_at),
        (VaccineInventory, VaccineInventory.id, VaccineInventory.created_at),
        (Shipment, Shipment.id, Shipment.created_at),
        (Message, Message.id, Message.created_at),
        (Recipient, Recipient.id, Recipient.created_at),
        (Appointment, Appointment.id, Appointment.booked_at),
        (Administration, Administration.id, Administration.recorded_at),
        (Arrival, Arrival.id, Arrival.checked_in_at),
        (Case, Case.id, Case.opened_at),
    ):
        moments = list(session().scalars(select(at).order_by(number)))
        assert moments == sorted(moments), model
        assert len(moments) > 3
        assert moments[-1] <= present, model
        assert moments[0] > present - practice.BEFORE - timedelta(seconds=1), model


def test_no_message_of_the_past_is_late_or_failed(usual: Flask) -> None:
    admin = people_who_may("messages.manage", None)[0]
    assert troubled(admin) == (0, 0)
    states = {row[0] for row in session().execute(select(Message.state))}
    assert states == {"sent", "planned", "cancelled"}
    late = select(func.count()).where(Message.sent_at < Message.created_at)
    assert session().scalar(late) == 0
    planned = session().scalars(select(Message.not_before).where(Message.state == "planned"))
    assert min(planned) > USUAL


def test_phones_and_addresses_are_distinct_and_each_vaccine_is_in_its_storage(
    usual: Flask,
) -> None:
    for column in (Recipient.mobile_phone, (Recipient.street + Recipient.city)):
        known = list(session().scalars(select(column).where(column != "")))
        assert len(set(known)) == len(known) > 30
    units: dict[str, set[str]] = defaultdict(set)
    for record in session().scalars(select(VaccineInventory)):
        units[record.product_name].add(record.storage_unit)
    assert {tuple(names) for names in units.values()} == {
        ("Freezer",),
        ("Refrigerator 1",),
        ("Ultra-cold freezer",),
    }


def promises(app: Flask) -> dict[str, object]:
    """What is wrong with the sample; nothing."""
    wrong: dict[str, object] = {}

    def expect(what: str, found: int, least: int, most: int | None = None) -> None:
        if not least <= found <= (most or 10_000):
            wrong[what] = found

    def count(*where: object) -> int:
        return session().scalar(select(func.count()).where(*where)) or 0  # type: ignore[arg-type]

    present = datetime.now(UTC)
    today = local(present).date()
    for place in session().scalars(select(Location)).all():
        here = f"at {place.name}: "
        expect(here + "shipments", count(Shipment.location_id == place.id), 18, 18)
        flu = Shipment.product_name.like("FLUZONE%2025-2026")
        expect(here + "flu", count(Shipment.location_id == place.id, flu), 4, 4)
        for status in (Status.RECEIVED, Status.ON_ITS_WAY, Status.PARTLY_RECEIVED):
            where = (Shipment.location_id == place.id, Shipment.status == status)
            expect(here + status, count(*where), 1)
        own = Appointment.location_id == place.id
        expect(here + "past", count(own, Appointment.day < today, Appointment.state == "closed"), 5)
        expect(here + "coming", count(own, Appointment.day > today, Appointment.state == "new"), 7)
        expect(here + "today", count(own, Appointment.day == today), 8, 8)
        expect(here + "canceled", count(own, Appointment.state == "canceled"), 2)
        expect(here + "overbooked", count(own, Appointment.overbook_reason != ""), 1, 1)
        expect(here + "full", count(Slot.location_id == place.id, Slot.taken > Slot.places), 1, 2)
        there = (Arrival.location_id == place.id, Arrival.day == today)
        for state, least in (("waiting", 3), ("at_chair", 1), ("left", 1)):
            expect(here + state, count(*there, Arrival.state == state), least)
        given = (Administration.location_id == place.id, Administration.version == 1)
        midnight = datetime.combine(today, datetime.min.time(), EASTERN)
        expect(here + "given", count(*given), 15)
        expect(here + "given today", count(*given, Administration.given_at >= midnight), 5, 5)
        expect(here + "overridden", count(*given, Administration.override_of != ""), 1)
        later = (Administration.location_id == place.id, Administration.version == 2)
        for state in ("given", "removed"):
            expect(f"{here}{state} later", count(*later, Administration.state == state), 1)
        expect(here + "events", count(AdverseEvent.location_id == place.id), 1)
        expect(here + "people", count(RecipientLocation.location_id == place.id), 40)
        scope = people_who_may("vials.view", place.id)[0]
        vials = [one for one in open_vials(scope) if not one.over]
        expect(here + "open vials", len(vials), 2, 4)
    expect("closed", count(ScheduleDay.day == today + timedelta(days=9)), 1, 1)
    expect("merged", count(Merge.id > 0), 1, 1)
    for state, number in (("received", 1), ("in_transit", 2)):
        expect(f"transfers {state}", count(TransferLine.state == state), number, number)
    for state in ("finished", "open"):
        expect(f"counts {state}", count(StockCount.state == state), 1, 1)
    expect("cases", count(Case.id > 0), 4, 4)
    waiting = Message.state.in_(("waiting", "failed", "obsolete"))
    expect("late messages", count(waiting), 0, 0)
    found = [
        sentence
        for one in run_checks(app.extensions["portal"].registry)
        for sentence in one.sentences
    ]
    if found:
        wrong["checks"] = found
    return wrong


def test_it_holds_what_is_to_be_practiced_and_all_checks_are_good(usual: Flask) -> None:
    assert promises(usual) == {}


@pytest.mark.both_databases
@pytest.mark.parametrize("moment", some(MOMENTS, short=1))
def test_whenever_it_is_made_and_on_each_database(
    tmp_path: Path,
    empty: Empty,
    moment: str,
    database_kind: str,
    caplog: pytest.LogCaptureFixture,
) -> None:
    if database_kind == "sqlite" and not RUN.everything:
        pytest.skip("the tests above have filled it there")
    caplog.set_level(logging.WARNING, "portal.practice")
    at_that_time = filled(tmp_path / "clinics", MOMENTS[moment], empty())
    with at_that_time as app, unit_of_work(write=False):
        assert promises(app) == {}
        for number, at in (
            (AuditEntry.number, AuditEntry.at),
            (DoseEntry.id, DoseEntry.recorded_at),
        ):
            moments = list(session().scalars(select(at).order_by(number)))
            assert moments == sorted(moments)
    assert caplog.messages == [], "nothing was left out"
