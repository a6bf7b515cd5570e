"""A loss that a count has booked already is not entered again without a word (SPEC D5, D11)."""

import pytest

from blueprints.inventory.ledger import entries as ledger
from blueprints.inventory.ledger.documents import open_document
from blueprints.inventory.rules import DocumentKind, Kind
from portal.access.scope import Scope
from portal.db import unit_of_work
from tests.client import Browser, Page
from tests.counts.steps import begin as begin_count
from tests.counts.steps import enter
from tests.inventory import stock
from tests.statements import watched
from tests.wastage.test_wastage import begin, choose, manager, scope

__all__ = ["manager", "scope"]  # fixtures


def booked(scope: Scope, record: int, doses: int, *, back: int, kind: Kind = Kind.WASTED) -> int:
    """What a count booked so many days ago; the id of the entry."""
    with unit_of_work():
        document = open_document(scope, DocumentKind.COUNT, happened_on=stock.day(back))
        movement = ledger.Movement(
            kind=kind,
            doses=doses,
            happened_on=stock.day(back),
            reason="lost" if kind is Kind.WASTED else "found",
            document_id=document.id,
        )
        return ledger.post(scope.user, record, movement).id


def add(scope: Scope, name: str) -> int:
    """A record of 100 doses that came ten days ago."""
    return stock.add(scope, name=name, lot=name.upper(), received_on=stock.day(10))


def review(browser: Browser, *records: int, back: int, name: str = "Wastage") -> Page:
    """One dose of each record, wasted or returned so many days ago; the page to confirm it."""
    page = choose(browser, begin(browser, name), dict.fromkeys(records, 1))
    details = {"happened_on": f"{stock.day(back):%m/%d/%Y}"}
    given = {"reason": "broken", "vial": "closed"} if name == "Wastage" else {"reason": "too_warm"}
    return browser.submit(page, {**given, **details}, button="Next", follow=True)


def warnings(page: Page) -> list[str]:
    return [one.text for one in page.root.all("div", class_="warning")]


@pytest.mark.parametrize("name", ["Wastage", "Return"])
def test_what_a_count_took_off_is_said_of_each_record_with_the_way_to_it(
    manager: Browser, scope: Scope, name: str
) -> None:
    first, second, third = (add(scope, each) for each in ("Alpha", "Beta", "Gamma"))
    page = enter(
        manager,
        begin_count(manager),
        {1: 97, 2: 103, 3: 99},
        reason_1="broken",
        reason_2="found",
        reason_3="lost",
    )
    manager.submit(page, button="Finish Count")
    confirm = review(manager, first, second, third, back=2, name=name)
    today = f"{stock.day():%m/%d/%Y}"
    already = "a count already removed missing doses from this record"
    same = "Make sure these are not the same doses."
    assert warnings(confirm) == [
        f"“Alpha”: {already} (C-000001 of {today}: 3 doses). {same} Show C-000001",
        f"“Gamma”: {already} (C-000001 of {today}: 1 dose). {same} Show C-000001",
        (
            f"“Beta” was counted on that date or later (Count 1 of {today}: 103 doses). Make sure "
            "that these doses were not included in the count. Show Count 1"
        ),
    ]
    link = confirm.root.all("div", class_="warning")[0].one("a").attributes["href"]
    assert manager.get(link).root.one("h1").text == "Count C-000001"
    manager.submit(confirm, {"confirmed": "y"}, button="Save")
    left = [stock.counters(record)["doses_available"] for record in (first, second, third)]
    assert left == [96, 102, 98], "it may be another loss"


@pytest.mark.parametrize(("back", "warned"), [(4, True), (3, True), (2, False)])
def test_a_loss_after_the_day_of_the_count_is_another_one(
    manager: Browser, scope: Scope, back: int, warned: bool
) -> None:
    record = add(scope, "Alpha")
    booked(scope, record, 3, back=3)
    assert bool(warnings(review(manager, record, back=back))) is warned


def test_two_counts_of_a_record_stand_in_one_sentence(manager: Browser, scope: Scope) -> None:
    record = add(scope, "Alpha")
    booked(scope, record, 3, back=3)
    booked(scope, record, 1, back=1)
    (found,) = review(manager, record, back=5).root.all("div", class_="warning")
    days = [f"{stock.day(back):%m/%d/%Y}" for back in (3, 1)]
    assert f"C-000001 of {days[0]}: 3 doses, C-000002 of {days[1]}: 1 dose" in found.text
    assert [one.text for one in found.all("a")] == ["Show C-000001", "Show C-000002"]


def test_what_was_reversed_or_no_count_took_is_not_spoken_of(
    manager: Browser, scope: Scope
) -> None:
    record, other = add(scope, "Alpha"), add(scope, "Beta")
    stock.reverse(scope, booked(scope, record, 3, back=2))
    booked(scope, record, 3, back=2, kind=Kind.ADJUSTED)
    stock.post(scope, record, Kind.WASTED, 2, back=1)
    booked(scope, other, 3, back=2)
    assert warnings(review(manager, record, back=5)) == []


def test_all_records_are_asked_for_at_once(manager: Browser, scope: Scope) -> None:
    records = [add(scope, f"Record {number}") for number in range(6)]
    for record in records:
        booked(scope, record, 1, back=1)

    def of(*chosen: int) -> int:
        page = review(manager, *chosen, back=3)
        address = page.response.request.path
        with watched(manager.app) as asked:
            assert len(warnings(manager.get(address))) == len(chosen)
        return sum("stock_document" in statement for statement in asked)

    assert of(records[0]) == of(*records) == 2
