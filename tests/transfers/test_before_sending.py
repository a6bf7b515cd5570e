"""What the review of a transfer points out: doses that have left already (SPEC E1, D11)."""

import pytest

from blueprints.inventory.ledger import entries as ledger
from blueprints.inventory.ledger.documents import open_document
from blueprints.inventory.rules import DocumentKind, Kind
from blueprints.transfers.services import cancel
from portal.access.scope import Scope
from portal.db import unit_of_work
from tests.client import Browser, Page
from tests.inventory import stock
from tests.transfers import boxes
from tests.transfers.steps import LIST, choose


def review(browser: Browser, doses: dict[int, int], *, back: int = 0, to: str = "Clinic B") -> Page:
    """The page to confirm a transfer of so many days ago."""
    page = browser.get(browser.get(LIST).root.with_text("a", "Transfer").attributes["href"])
    given = {"receiver_text": to, "reason": "surplus", "happened_on": f"{stock.day(back):%m/%d/%Y}"}
    return browser.submit(choose(browser, page, doses), given, button="Next", follow=True)


def warnings(page: Page) -> list[str]:
    assert page.root.with_text("button", "Send")
    return [one.text for one in page.root.all("div", class_="warning")]


@pytest.fixture
def manager(browser: Browser, scope: Scope, other: Scope) -> Browser:
    """A's manager, signed in."""
    browser.sign_in("manager_a")
    return browser


def test_the_same_box_entered_by_somebody_else_is_said_and_may_still_be_sent(
    manager: Browser, scope: Scope, other: Scope
) -> None:
    first = stock.add(scope, name="Alpha", lot="A1", received_on=stock.day(9))
    second = stock.add(scope, name="Beta", lot="B1", received_on=stock.day(9))
    boxes.send(scope, other, first, second, doses=4, back=2)
    page = review(manager, {first: 4, second: 5}, back=2)
    (found,) = page.root.all("div", class_="warning")
    assert found.text.startswith(
        "“Alpha”: Manager A already entered the same number of doses for the same day, on "
    )
    assert "(T-000001). Continue only if these are other doses." in found.text
    assert manager.get(found.one("a").attributes["href"]).root.one("h1").text == "Transfer T-000001"
    manager.submit(page, button="Send")
    assert stock.counters(first)["doses_in_transit"] == 8


@pytest.mark.parametrize(
    ("doses", "back", "to"), [(5, 2, "Clinic B"), (4, 1, "Clinic B"), (4, 2, "Clinic C")]
)
def test_another_box_is_not_spoken_of(
    manager: Browser, scope: Scope, other: Scope, doses: int, back: int, to: str
) -> None:
    record = stock.add(scope, received_on=stock.day(9))
    boxes.send(scope, other, record, doses=4, back=2)
    assert warnings(review(manager, {record: doses}, back=back, to=to)) == []


def test_a_cancelled_box_is_not_spoken_of(manager: Browser, scope: Scope, other: Scope) -> None:
    record = stock.add(scope, received_on=stock.day(9))
    sent = boxes.send(scope, other, record, doses=4, back=2)
    assert warnings(review(manager, {record: 4}, back=2)) != []
    with unit_of_work():
        cancel(scope, sent.transfer.id, note="Wrong clinic")
    assert warnings(review(manager, {record: 4}, back=2)) == []


def test_what_a_count_missed_after_the_day_of_the_transfer_may_be_the_same_doses(
    manager: Browser, scope: Scope
) -> None:
    record = stock.add(scope, name="Alpha", received_on=stock.day(9))
    with unit_of_work():
        document = open_document(scope, DocumentKind.COUNT, happened_on=stock.day(3))
        ledger.post(
            scope.user,
            record,
            ledger.Movement(
                kind=Kind.WASTED,
                doses=6,
                happened_on=stock.day(3),
                reason="lost",
                document_id=document.id,
            ),
        )
    (said,) = warnings(review(manager, {record: 6}, back=4))
    assert said.startswith(
        "“Alpha”: a count already removed missing doses from this record (C-000001 of "
    )
    assert warnings(review(manager, {record: 6}, back=2)) == []


def test_where_there_is_nothing_to_choose_there_is_only_a_way_back(
    manager: Browser, scope: Scope
) -> None:
    stock.add(scope, expiration_date=stock.day(1), received_on=stock.day(3))
    for way in ("/transfers/send", "/transfers/inbound"):
        page = manager.get(way)
        assert [one.text for one in page.root.all("button", name="go")] == ["Cancel"]
        assert manager.submit(page, button="Cancel").leads_to == "/"
    stock.add(scope, lot="FRESH")
    page = manager.get("/transfers/send")
    assert [one.text for one in page.root.all("button", name="go")] == ["Next", "Pause", "Cancel"]
