"""Doses that wait for the courier are not counted, and not found again (SPEC D11, D14, E1)."""

import pytest

from portal.access.scope import Scope
from tests.client import Browser, Page
from tests.counts.steps import begin, enter, wrong
from tests.inventory import stock
from tests.personas import Personas
from tests.statements import watched
from tests.transfers.boxes import receive, send

MORE = "40 more are in transit: do not count what waits to be picked up."
PERHAPS = (
    "Perhaps in transit If these doses are waiting to be picked up, go back and count without them."
)


@pytest.fixture
def other(scope: Scope, personas: Personas) -> Scope:
    """The scope of B's manager."""
    return stock.scope_for(personas, "manager_b")


def rows(page: Page) -> list[list[str]]:
    """The cells of the table."""
    return [
        [cell.text for cell in row.all("th") + row.all("td")]
        for row in page.root.one("tbody").all("tr")
    ]


def test_the_form_and_the_sheet_say_what_is_in_transit_beside_the_expected_doses(
    manager: Browser, scope: Scope, other: Scope, records: list[int]
) -> None:
    send(scope, other, records[0], doses=40)
    send(scope, other, records[1], doses=1)
    page = begin(manager)
    path = page.response.request.path
    expected = [row[3] for row in rows(page)]
    assert expected == [
        f"60 {MORE}",
        "19 1 more is in transit: do not count what waits to be picked up.",
        "5",
    ]
    notes = page.root.one("input", name="counted_1").attributes["aria-describedby"]
    assert page.root.one(id=notes).text == MORE
    assert "aria-describedby" not in page.root.one("input", name="counted_3").attributes
    assert [row[4] for row in rows(manager.get(f"{path}/sheet"))] == expected
    blind = rows(manager.get(f"{path}/sheet?blind=1"))
    assert [row[0] for row in blind][::2] == [f"1. Alpha {MORE}", "3. Gamma"]
    assert "60" not in " ".join(blind[0])


@pytest.mark.parametrize(
    ("counted", "reason", "warned"),
    [(100, "found", True), (61, "extra_dose", True), (101, "found", False), (59, "lost", False)],
)
def test_doses_too_many_that_may_be_in_transit_are_asked_about_and_can_be_booked(
    manager: Browser,
    scope: Scope,
    other: Scope,
    records: list[int],
    counted: int,
    reason: str,
    warned: bool,
) -> None:
    send(scope, other, records[0], doses=40)
    confirm = enter(
        manager, begin(manager), {1: counted, 2: 21, 3: 5}, reason_1=reason, reason_2="found"
    )
    first, second = rows(confirm)
    assert first[2] == f"60 {MORE}"
    assert first[5].removeprefix("Adjusted").removeprefix("Wasted") == warned * f" {PERHAPS}"
    assert second[2:] == ["20", "21", "+1", "Adjusted", "Found again"]
    manager.submit(confirm, {"confirmed": "y"} if counted > 90 else {}, button="Finish Count")
    assert stock.counters(records[0])["doses_available"] == counted
    assert wrong() == []


def test_what_arrived_is_in_transit_no_longer(
    manager: Browser, scope: Scope, other: Scope, records: list[int]
) -> None:
    receive(other, send(scope, other, records[0], doses=40), doses=40)
    page = begin(manager)
    assert "in transit" not in page.html
    confirm = enter(manager, page, {1: 100, 2: 20, 3: 5}, reason_1="found")
    assert "in transit" not in confirm.html.lower()


def test_doses_sent_during_the_count_are_among_those_expected_until_it_is_taken_up(
    manager: Browser, scope: Scope, other: Scope, records: list[int]
) -> None:
    page = begin(manager)
    path = page.response.request.path
    send(scope, other, records[0], doses=40)
    told = rows(manager.get(path))[0][3]
    assert told == (
        "100 Stock moved 40 doses are in transit: do not count what waits to be picked up."
    )
    refused = enter(manager, page, {1: 100, 2: 20, 3: 5})
    assert rows(refused)[0][2:4] == ["100", f"60 {MORE}"]
    again = manager.submit(refused, button="Refresh expected numbers", follow=True)
    assert rows(again)[0][3] == f"60 {MORE}"


def test_a_closed_count_says_nothing_of_what_is_in_transit_today(
    manager: Browser, scope: Scope, other: Scope, records: list[int]
) -> None:
    confirm = enter(manager, begin(manager), {1: 100, 2: 20, 3: 5})
    path = manager.submit(confirm, button="Finish Count", follow=True).response.request.path
    send(scope, other, records[0], doses=40)
    for address in (path, f"{path}/sheet", f"{path}/sheet?blind=1"):
        assert "in transit" not in manager.get(address).html


def test_what_is_said_of_many_lines_takes_no_more_queries(
    manager: Browser, scope: Scope, other: Scope, records: list[int]
) -> None:
    confirm = enter(
        manager,
        begin(manager),
        {1: 101, 2: 21, 3: 6},
        reason_1="found",
        reason_2="found",
        reason_3="found",
    )
    finish = confirm.response.request.path
    path = finish.removesuffix("/finish")
    taken = []
    for record in (None, *records):
        if record is not None:
            send(scope, other, record, doses=4)
        statements = 0
        for address in (path, f"{path}/sheet", finish):
            manager.get(address)
            with watched(manager.app) as seen:
                manager.get(address)
            statements += len(seen)
        taken.append(statements)
    # Where something moved, the page does not ask what is on its way.
    assert taken[0] - 1 <= min(taken) == max(taken[1:]), taken
