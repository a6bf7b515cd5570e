"""The list of counts, the sheet, and who may see and change them (SPEC A3, D11)."""

import pytest
from sqlalchemy import select

from blueprints.counts import services
from blueprints.counts.starting import start
from portal.access.scope import Scope
from portal.audit.models import AuditEntry
from portal.clock import today
from portal.db import unit_of_work
from portal.people.models import User
from tests.client import Browser
from tests.counts.steps import COUNTS, begin, enter, store
from tests.inventory import stock

CHANGES = ("enter", "finish", "renew", "cancel")


# The list, the sheet, the rights


def test_open_counts_stand_first_then_the_newest_and_older_ones_are_reached(
    manager: Browser, scope: Scope, records: list[int]
) -> None:
    store(records[0], "Freezer")
    first = begin(manager, "Freezer").response.request.path
    closed = []
    for _time in range(27):
        with unit_of_work():
            count = start(scope).row.id
        with unit_of_work():
            services.cancel(scope, count)
        closed.append(f"/counts/{count}")
    page = manager.get(COUNTS)
    listed = [one.one("a").attributes["href"] for one in page.root.one("tbody").all("tr")]
    assert listed == [first, *reversed(closed[2:])]
    older = manager.get(page.root.with_text("a", "Older counts").attributes["href"])
    listed = [one.one("a").attributes["href"] for one in older.root.one("tbody").all("tr")]
    assert listed == [closed[1], closed[0]]


def test_counts_are_found_by_day_and_month(manager: Browser, records: list[int]) -> None:
    path = begin(manager).response.request.path
    day = today("America/New_York")
    for days in (f"{day:%m/%d/%y}", f"{day:%Y-%m-%d}", f"{day:%B} {day.year}"):
        page = manager.get(COUNTS, query_string={"first_day": days, "last_day": days})
        assert page.root.one("tbody").one("a").attributes["href"] == path
        assert page.root.one("input", name="first_day").attributes["value"] == days
    later = manager.get(COUNTS, query_string={"first_day": f"01/{day.year + 1}"})
    assert not later.root.all("tbody")
    wrong = manager.get(COUNTS, query_string={"first_day": "soon"})
    assert wrong.status == 422
    assert wrong.root.one("input", name="first_day").attributes["value"] == "soon"
    assert "Enter the date" in wrong.root.one("p", id="first_day-error").text


def test_the_sheet_has_a_box_for_each_record_and_can_be_blind(
    manager: Browser, records: list[int]
) -> None:
    store(records[0], "Freezer")
    page = begin(manager)
    enter(manager, page, {1: 12345}, button="Save")
    sheet = manager.get(page.root.with_text("a", "Count Sheet").attributes["href"])
    assert [one.text for one in sheet.root.all("caption")] == ["Freezer", "No storage unit"]
    assert len(sheet.root.all("td", class_="box")) == 3
    assert "Clinic A, NCA650001" in sheet.root.text
    for shown in ("Alpha", "LOT1", "06/30/2027", "100", "Signature"):
        assert shown in sheet.root.text
    assert "12345" not in sheet.root.text
    blind = manager.get(sheet.root.with_text("a", "Without expected doses").attributes["href"])
    assert "Expected" not in blind.root.text
    assert "100" not in blind.root.text
    assert len(blind.root.all("td", class_="box")) == 3


@pytest.mark.parametrize("who", ["provider_a", "readonly_a"])
def test_providers_have_no_counts(manager: Browser, records: list[int], who: str) -> None:
    path = begin(manager).response.request.path
    manager.sign_in(who)
    for address in (COUNTS, path, f"{path}/sheet", f"{path}/finish", f"{path}/cancel"):
        assert manager.get(address).status == 403


def test_another_locations_count_is_not_found(manager: Browser, records: list[int]) -> None:
    path = begin(manager).response.request.path
    manager.sign_in("manager_b")
    for address in (path, f"{path}/sheet", f"{path}/finish", f"{path}/cancel"):
        assert manager.get(address).status == 404
    assert "No counts yet" in manager.get(COUNTS).root.text


def test_an_agent_sees_a_count_and_changes_nothing(manager: Browser, records: list[int]) -> None:
    page = begin(manager)
    path = page.response.request.path
    enter(manager, page, {1: 98}, button="Save", reason_1="broken")
    with unit_of_work() as session:
        agent = session.get_one(User, manager.personas.users["agent"])
        agent.current_location_id = manager.personas.locations["A"]
    manager.sign_in("agent")
    listed = manager.get(COUNTS)
    assert "Count 1" in listed.root.text
    assert listed.root.all("select", name="storage_unit") == []
    shown = manager.get(path)
    assert "98" in shown.root.text
    assert shown.root.all("input", name="counted_1") == []
    assert "Broken vial or syringe" in shown.root.text
    token = shown.root.all("input", name="csrf_token")[0].attributes["value"]
    for address in (f"{COUNTS}start", *(f"{path}/{one}" for one in CHANGES)):
        assert manager.post(address, {"csrf_token": token}).status == 403
    for address in (f"{path}/enter", f"{path}/finish", f"{path}/cancel"):
        assert manager.get(address).status == 403


# Storage units


def test_a_box_is_moved_with_the_pen_and_that_is_on_record(
    manager: Browser, scope: Scope, records: list[int]
) -> None:
    store(records[1], "Freezer")
    page = manager.get(f"/vaccine-inventory/{records[0]}")
    form = manager.get(page.root.one("a", title="Edit Storage Unit").attributes["href"])
    offered = [one.attributes["value"] for one in form.root.one("datalist").all("option")]
    assert offered == ["Freezer"]
    long = manager.submit(form, {"storage_unit": "x" * 61}, button="Save")
    assert long.status == 422
    assert "at most 60 characters" in long.root.text
    done = manager.submit(form, {"storage_unit": " Walk-in  fridge "}, button="Save", follow=True)
    assert "Walk-in fridge" in done.root.text
    with unit_of_work(write=False) as session:
        entry = session.scalars(
            select(AuditEntry).where(AuditEntry.action == "inventory.stored")
        ).one()
        assert entry.values_before == {"storage_unit": ""}
        assert entry.values_after == {"storage_unit": "Walk-in fridge"}
    assert len(stock.entries(records[0])) == 1, "no dose moves in the ledger"
