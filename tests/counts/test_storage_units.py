"""One storage unit has one spelling at a location, so that its count leaves nothing out (D11)."""

import pytest

from tests.client import Browser
from tests.counts.steps import begin, offered
from tests.counts.test_moved_boxes import move
from tests.effort import some
from tests.inventory import stock
from tests.personas import Personas


def unit_of(browser: Browser, record: int) -> str:
    """What the record's page says of its storage unit."""
    page = browser.get(f"/vaccine-inventory/{record}/edit/storage_unit")
    return page.root.one("input", name="storage_unit").attributes["value"]


@pytest.mark.parametrize(
    "spelling", some(["fridge 1", "FRIDGE  1", "Fridge1", "\u00a0fridge\u20031 "], short=2)
)
def test_two_spellings_are_one_unit_and_are_counted_together(
    manager: Browser, records: list[int], spelling: str
) -> None:
    move(manager, records[0], "Fridge 1")
    move(manager, records[1], spelling)
    assert unit_of(manager, records[1]) == "Fridge 1"
    assert list(offered(manager.get("/counts/"))) == [
        "All storage units (3 records)",
        "Fridge 1 (2 records)",
        "No storage unit (1 record)",
    ]
    page = begin(manager, "Fridge 1")
    assert [page.root.all("input", name=f"counted_{n}") != [] for n in (1, 2, 3)] == [
        True,
        True,
        False,
    ]


def test_a_spelling_without_others_may_be_corrected(manager: Browser, records: list[int]) -> None:
    move(manager, records[0], "fridge 1")
    move(manager, records[0], "Fridge 1")
    assert unit_of(manager, records[0]) == "Fridge 1"


def test_another_location_has_spellings_of_its_own(
    manager: Browser, personas: Personas, records: list[int]
) -> None:
    other = stock.add(stock.scope_for(personas, "manager_b"), name="Theirs")
    move(manager, records[0], "FRIDGE 1")
    theirs = type(manager)(manager.app, personas).sign_in("manager_b")
    move(theirs, other, "Fridge 1")
    assert unit_of(theirs, other) == "Fridge 1"


def test_a_form_with_an_older_spelling_still_starts_the_count(
    manager: Browser, records: list[int]
) -> None:
    move(manager, records[0], "fridge 1")
    form = manager.get("/counts/")
    move(manager, records[0], "Fridge 1")
    page = manager.submit(
        form, {"storage_unit": "unit:fridge 1"}, button="Start Count", follow=True
    )
    assert "Storage Unit Fridge 1" in page.root.one("dl").text
