"""`Count`: start, enter, save (SPEC D11)."""

from datetime import timedelta

import pytest
from sqlalchemy import update

from blueprints.inventory.models import VaccineInventory
from blueprints.inventory.rules import Kind
from portal import clock
from portal.access.scope import Scope
from portal.db import unit_of_work
from portal.people.models import UserSession
from tests.client import Browser
from tests.counts.steps import (
    COUNTS,
    actions,
    begin,
    enter,
    field,
    offered,
    store,
    wrong,
)
from tests.effort import some
from tests.inventory import stock

# Start


def test_a_count_lists_all_doses_that_should_be_there(
    manager: Browser, scope: Scope, records: list[int]
) -> None:
    expired = stock.add(
        scope, name="Delta", lot="OLD", expiration_date=stock.day(1), received_on=stock.day(3)
    )
    held = stock.add(scope, name="Epsilon", lot="HELD")
    empty = stock.add(scope, name="Zeta", lot="E0001", doses=1)
    stock.post(scope, empty, Kind.WASTED, 1)
    with unit_of_work() as session:
        session.get_one(VaccineInventory, held).quarantined = True
    page = begin(manager)
    names = [row.one("th").text for row in page.root.one("tbody").all("tr")]
    assert names == ["1. Alpha", "2. Beta", "3. Delta Expired", "4. Epsilon Quarantine", "5. Gamma"]
    assert [field(page, f"counted_{number}") for number in range(1, 6)] == [""] * 5
    assert stock.counters(expired)["doses_available"] == 100, "nothing is changed by counting"
    assert actions()[0] == "count.started"


def test_one_storage_unit_is_counted_alone(manager: Browser, records: list[int]) -> None:
    store(records[0], "Freezer")
    store(records[1], "Refrigerator 1")
    assert list(offered(manager.get(COUNTS))) == [
        "All storage units (3 records)",
        "Freezer (1 record)",
        "Refrigerator 1 (1 record)",
        "No storage unit (1 record)",
    ]
    page = begin(manager, "Freezer")
    assert [row.one("th").text for row in page.root.one("tbody").all("tr")] == ["1. Alpha"]
    whole = begin(manager)
    headings = [one.text for one in whole.root.all("h2")]
    assert headings == ["Freezer", "Refrigerator 1", "No storage unit"]


def test_a_second_open_count_of_the_same_is_refused_with_the_way_to_the_first(
    manager: Browser, records: list[int]
) -> None:
    store(records[0], "Freezer")
    first = begin(manager, "Freezer")
    refused = begin(manager, "Freezer")
    assert refused.status == 409
    assert "“Freezer” is already being counted." in refused.root.text
    link = refused.root.with_text("a", "Continue the open count")
    assert link.attributes["href"] == first.response.request.path
    assert begin(manager).status == 200, "all units together are another count"
    assert "All storage units are already being counted." in begin(manager).root.text


@pytest.mark.parametrize("unit", ["", "none", "unit:Nowhere", "unit:", "x" * 70])
def test_where_nothing_is_there_is_nothing_to_count(
    manager: Browser, scope: Scope, unit: str
) -> None:
    page = manager.get(COUNTS)
    refused = manager.submit(page, {"storage_unit": unit}, button="Start Count")
    assert refused.status == 422
    assert "there is nothing to count" in refused.root.text
    assert "No counts yet" in manager.get(COUNTS).root.text


def test_what_is_in_no_storage_unit_is_counted_alone(manager: Browser, records: list[int]) -> None:
    assert list(offered(manager.get(COUNTS))) == ["All storage units (3 records)"]
    store(records[0], "Freezer")
    page = begin(manager, "No storage unit")
    path = page.response.request.path
    names = [row.one("th").text for row in page.root.one("tbody").all("tr")]
    assert names == ["1. Beta", "2. Gamma"]
    assert "Storage Unit No storage unit" in page.root.one("dl").text
    assert "Storage Unit No storage unit" in manager.get(f"{path}/sheet").root.text
    refused = begin(manager, "No storage unit")
    assert refused.status == 409
    assert "The records without a storage unit are already being counted." in refused.root.text
    link = refused.root.with_text("a", "Continue the open count")
    assert link.attributes["href"] == path
    for other in ("All storage units", "Freezer"):
        assert begin(manager, other).status == 200, "another count"
    confirm = enter(manager, manager.get(path), {1: 19, 2: 5}, reason_1="lost")
    manager.submit(confirm, button="Finish Count")
    assert [stock.counters(one)["doses_available"] for one in records] == [100, 19, 5]
    units = [row.all("td")[0].text for row in manager.get(COUNTS).root.one("tbody").all("tr")]
    assert units == ["Freezer", "All storage units", "No storage unit"]
    assert wrong() == []


def test_a_unit_that_is_called_none_is_a_unit(manager: Browser, records: list[int]) -> None:
    store(records[1], "none")
    page = begin(manager, "none")
    assert [row.one("th").text for row in page.root.one("tbody").all("tr")] == ["1. Beta"]
    rest = begin(manager, "No storage unit")
    names = [row.one("th").text for row in rest.root.one("tbody").all("tr")]
    assert names == ["1. Alpha", "2. Gamma"]


# Enter and save


def test_what_was_saved_is_there_for_the_next_day_and_the_next_user(
    manager: Browser, colleague: Browser, records: list[int]
) -> None:
    page = begin(manager)
    saved = enter(
        manager, page, {1: "98", 2: ""}, button="Save", reason_1="broken", not_counted_3="y"
    )
    path = saved.response.request.path
    assert "2 of 3" in saved.root.text
    other = colleague.get(path)
    assert field(other, "counted_1") == "98"
    assert field(other, "counted_2") == ""
    chosen = other.root.one("select", name="reason_1").all("option", selected="")
    assert [one.attributes["value"] for one in chosen] == ["broken"]
    assert "checked" in other.root.one("input", name="not_counted_3").attributes
    assert stock.counters(records[0])["doses_available"] == 100
    assert actions().count("count.saved") == 1
    manager.submit(manager.get(path), button="Save")
    assert actions().count("count.saved") == 1, "what changes nothing is not on record"


def test_two_who_enter_different_lines_keep_both(
    manager: Browser, colleague: Browser, records: list[int]
) -> None:
    mine = begin(manager)
    path = mine.response.request.path
    theirs = colleague.get(path)
    enter(colleague, theirs, {2: 20}, button="Save", note="Second shelf was icy")
    enter(manager, mine, {1: 100}, button="Save")
    now = manager.get(path)
    assert [field(now, f"counted_{number}") for number in (1, 2, 3)] == ["100", "20", ""]
    assert now.root.one("textarea").text == "Second shelf was icy"


def test_two_who_enter_the_same_line_are_told_and_the_second_decides(
    manager: Browser, colleague: Browser, records: list[int]
) -> None:
    mine = begin(manager)
    path = mine.response.request.path
    enter(colleague, colleague.get(path), {1: 99, 2: 20}, button="Save", note="Theirs")
    refused = enter(manager, mine, {1: 98, 3: 5}, button="Save", note="Mine")
    assert refused.status == 409
    assert "It says 99 now." in refused.root.text
    assert "It is now “Theirs”" in refused.root.text
    assert (field(refused, "counted_1"), field(refused, "counted_3")) == ("98", "5")
    assert field(manager.get(path), "counted_1") == "99", "nothing is saved yet"
    manager.submit(refused, button="Save")
    now = manager.get(path)
    assert [field(now, f"counted_{number}") for number in (1, 2, 3)] == ["98", "20", "5"]
    assert now.root.one("textarea").text == "Mine"


@pytest.mark.parametrize(
    ("entered", "sentence"),
    some(
        [
            ({"counted_1": "many"}, "Enter a whole number"),
            ({"counted_1": "-1"}, "Enter 0 or more."),
            ({"counted_1": "1,000,001"}, "Enter 1,000,000 or less."),
            ({"reason_1": "bored"}, "Choose a reason from the list."),
            ({"reason_1": "x" * 50}, "Choose a reason from the list."),
            ({"note": "x" * 1001}, "A note has at most 1,000 characters."),
        ],
        short=3,
    ),
)
def test_what_cannot_be_is_refused_beside_its_field_and_nothing_typed_is_lost(
    manager: Browser, records: list[int], entered: dict[str, str], sentence: str
) -> None:
    page = begin(manager)
    refused = enter(manager, page, {2: "19"}, button="Save", **entered)
    assert refused.status == 422
    assert sentence in refused.root.text
    assert field(refused, "counted_2") == "19"
    assert "0 of 3" in manager.get(page.response.request.path).root.text


def test_a_form_that_comes_too_late_is_kept(
    manager: Browser, scope: Scope, records: list[int]
) -> None:
    page = begin(manager)
    path = page.response.request.path
    with unit_of_work() as session:
        session.execute(update(UserSession).values(last_seen_at=clock.now() - timedelta(hours=2)))
    sent = manager.submit(page, {"counted_2": "19"}, button="Save")
    assert sent.leads_to.startswith("/sign-in")
    manager.sign_in("manager_a")
    again = manager.get(f"{path}/enter?late=1")
    assert field(again, "counted_2") == "19"
    manager.submit(again, button="Save")
    assert field(manager.get(path), "counted_2") == "19"
