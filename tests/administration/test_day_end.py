"""What was given on a day, and the sheet that proves it against the ledger."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from flask import Flask
from sqlalchemy import update

from blueprints.administration.correcting import remove
from blueprints.administration.day import DayEnd, day_end, still_wanted, tally_of
from blueprints.checkin.day import day_list
from blueprints.inventory.correcting.services import Adjustment, adjust
from blueprints.inventory.leaving.selection import Chosen
from blueprints.inventory.ledger import entries as ledger
from blueprints.inventory.models import VaccineInventory
from blueprints.inventory.rules import DocumentKind, Kind
from blueprints.transfers.services import Sending, send
from blueprints.wastage.services import Loss, record_loss
from portal.access.scope import Scope
from portal.db import unit_of_work
from tests.administration import chair
from tests.appointments.booking import person
from tests.checkin.arriving import booked_on, booked_today
from tests.client import Browser
from tests.inventory import stock
from tests.personas import Personas
from tests.statements import watched


def given(scope: Scope, record: int, name: str = "Exampleton", **more: object) -> int:
    """A dose for a walk-in."""
    return chair.gave(scope, chair.arrived(scope, person(scope, name)), record, **more)


def at(scope: Scope, day: date, hour: int, minute: int = 0) -> datetime:
    """A time of a day where the location is."""
    zone = ZoneInfo(scope.place.time_zone)
    return datetime.combine(day, time(hour, minute), zone).astimezone(UTC)


def end_of(scope: Scope, day: date | None = None) -> DayEnd:
    """The day end, read in a unit of its own."""
    with unit_of_work(write=False):
        return day_end(scope, day or scope.today())


def columns(found: DayEnd) -> dict[str, tuple[int, ...]]:
    """The columns of each record by its lot."""
    return {
        one.lot: (
            one.opening,
            one.received,
            one.corrected,
            one.given,
            one.wasted,
            one.sent,
            one.closing,
        )
        for one in found.records
    }


@pytest.mark.both_databases
def test_all_that_came_and_left_adds_up(manager: Scope, personas: Personas) -> None:
    old = chair.lot(manager, "OLD", 10)
    chair.lot(manager, "NEW", 4, received_on=stock.day())
    yesterday = at(manager, stock.day(1), 10)
    for number in range(3):
        given(manager, old, f"P{number}")
    given(manager, old, "Yesterday", given_at=yesterday)
    removed = given(manager, old, "Mistake")
    with unit_of_work():
        remove(manager, removed, reason="mistake", seen=1)
    with unit_of_work():
        found = Adjustment(
            inventory_id=old, doses=1, happened_on=stock.day(), reason="found", confirmed=True
        )
        adjust(manager, found)
    with unit_of_work():
        loss = Loss(
            kind=DocumentKind.WASTAGE,
            lines=[Chosen(old, 2)],
            happened_on=stock.day(),
            reason="broken",
            vial="closed",
        )
        record_loss(manager, loss)
    with unit_of_work():
        to = personas.locations["B"]
        line = [Chosen(old, 1)]
        send(manager, Sending(lines=line, to_location_id=to, sent_on=stock.day(), reason="surplus"))
    today = end_of(manager)
    assert columns(today) == {"NEW": (0, 4, 0, 0, 0, 0, 4), "OLD": (9, 0, 1, 3, 2, 1, 4)}
    assert today.balances
    assert today.total("closing") == 8
    assert (today.tally.doses, [line.later for line in today.tally.lines]) == (3, [0])
    before = end_of(manager, stock.day(1))
    assert columns(before) == {"OLD": (10, 0, 0, 1, 0, 0, 9)}
    assert before.balances
    assert [one.entered_later for one in before.entered_later] == [1]


def test_a_dose_belongs_to_the_day_where_the_clinic_is(manager: Scope) -> None:
    record = chair.lot(manager)
    late, early = at(manager, stock.day(2), 23, 55), at(manager, stock.day(1), 0, 5)
    assert late.date() == early.date() == stock.day(1)
    given(manager, record, "Late", given_at=late)
    given(manager, record, "Early", given_at=early)
    for back in (2, 1):
        found = end_of(manager, stock.day(back))
        assert (found.tally.doses, found.records[0].given) == (1, 1)
        assert found.balances
    assert end_of(manager).tally.doses == 0


def test_doses_without_a_record_are_named(manager: Scope) -> None:
    record = chair.lot(manager)
    given(manager, record)
    with unit_of_work():
        beside = ledger.Movement(kind=Kind.ADMINISTERED, doses=2, happened_on=stock.day())
        ledger.post(manager.user, record, beside)
    found = end_of(manager)
    assert not found.balances
    assert [(one.given, recorded) for one, recorded in found.without_record] == [(3, 1)]


def test_a_record_that_has_other_doses_than_its_entries_is_named(manager: Scope) -> None:
    record = chair.lot(manager)
    with unit_of_work() as session:
        more = {
            "doses_available": VaccineInventory.doses_available + 2,
            "doses_total": VaccineInventory.doses_total + 2,
        }
        session.execute(update(VaccineInventory).where(VaccineInventory.id == record).values(more))
    for back in (0, 7):
        found = end_of(manager, stock.day(back))
        assert [one.unexplained for one in found.unexplained] == [2]
        assert not found.balances


def test_the_tally_is_of_lots_and_vaccinators_of_this_location(
    manager: Scope, provider: Scope, manager_b: Scope
) -> None:
    one, other = chair.lot(manager, "L1"), chair.lot(manager, "L2", key=chair.GRAY)
    far = chair.lot(manager_b, "L3")
    given(manager, one, "A")
    given(provider, one, "B")
    given(provider, other, "C")
    given(manager_b, far, "D")
    with unit_of_work(write=False):
        found = tally_of(manager, manager.today())
    assert found.doses == 3
    assert sorted(doses for _product, doses in found.by_product) == [1, 2]
    assert {lot: doses for (_product, lot), doses in found.by_lot} == {"L1": 2, "L2": 1}
    assert dict(found.by_vaccinator) == {
        manager.user.full_name: 1,
        provider.user.full_name: 2,
    }


def test_what_is_left_for_those_who_still_come(manager: Scope) -> None:
    chair.lot(manager, "L1", 2)
    for number in range(3):
        booked_today(manager, person(manager, f"P{number}"), 23 * 60 + 59)
    with unit_of_work(write=False):
        (vaccine, anybody) = still_wanted(manager, day_list(manager, manager.today()))
    assert (vaccine.people, vaccine.doses, vaccine.is_short) == (0, 2, False)
    assert (anybody.product, anybody.people, anybody.doses, anybody.is_short) == (None, 3, 2, True)


def test_a_day_costs_the_same_however_much_was_given(
    app: Flask, manager: Scope, browser: Browser
) -> None:
    browser.sign_in("manager_a")
    counts = []
    for turn in range(2):
        for number in range(2 + turn * 3):
            record = chair.lot(manager, f"L{turn}{number}")
            given(manager, record, f"P{turn}{number}")
        numbers = []
        for address in ("/checkin/", "/administration/day-end"):
            browser.get(address)
            with watched(app) as seen:
                browser.get(address)
            numbers.append(len(seen))
        counts.append(numbers)
    assert counts[0] == counts[1]


def test_the_sheet_names_differences_and_who_did_not_come(manager: Scope, browser: Browser) -> None:
    record = chair.lot(manager, "L1")
    given(manager, record)
    yesterday = stock.day(1)
    starts = at(manager, yesterday, 9)
    booked_on(manager, person(manager, "Missing"), starts, yesterday, 9 * 60)
    browser.sign_in("provider_a")
    page = browser.get("/checkin/")
    assert "1 dose was given." in page.root.one("main").text
    sheet = browser.get(page.root.with_text("a", "Day End").attributes["href"])
    text = sheet.root.one("main").text
    assert "This day is not over yet." in text
    assert "None. The records of vaccinations and the inventory agree." in text
    assert "1 person is still on the list" in text
    earlier = browser.get(
        browser.get("/checkin/").root.with_text("a", "Earlier Day").attributes["href"]
    )
    assert "Missing" in earlier.root.one("main").text
    assert "1 person did not come." in earlier.root.one("main").text
    sheet = browser.get(earlier.root.with_text("a", "Day End").attributes["href"])
    assert "No-shows 1" in sheet.root.one("main").text
    assert "This day is not over yet." not in sheet.root.one("main").text
    with unit_of_work():
        beside = ledger.Movement(kind=Kind.ADMINISTERED, doses=1, happened_on=yesterday)
        ledger.post(manager.user, record, beside)
    sheet = browser.get(f"/administration/day-end?day={yesterday.isoformat()}")
    text = sheet.root.one("main").text
    assert "doses given by the inventory: 1, vaccinations recorded: 0." in text
    assert "1 entry of this day was made on a later day." in text


@pytest.mark.both_databases
def test_a_day_to_come_is_today(manager: Scope, browser: Browser) -> None:
    browser.sign_in("readonly_a")
    for day in (manager.today() + timedelta(days=3), "tomorrow", "9999-12-31"):
        assert "Today at This Clinic" in browser.get(f"/checkin/?day={day}").root.text
        assert "not over yet" in browser.get(f"/administration/day-end?day={day}").root.text
