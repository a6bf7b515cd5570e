"""A recall does not pass over doses whose lot was typed another way, or as another product."""

from collections.abc import Iterator

import pytest
from flask import Flask
from sqlalchemy import select

from blueprints.inventory.rules import Kind
from portal.access.scope import Scope
from portal.audit.models import AuditEntry
from portal.db import unit_of_work
from tests.client import Browser, Page
from tests.inventory import stock
from tests.inventory.test_quarantine import is_held, recall, told
from tests.personas import Personas
from tests.transfers.boxes import send

MODERNA_15 = "80777-0273-15"


@pytest.fixture
def scope(app: Flask, personas: Personas) -> Iterator[Scope]:
    """The scope of A's manager, inside the application."""
    with app.app_context():
        yield stock.scope_for(personas, "manager_a")


@pytest.fixture
def theirs(scope: Scope, personas: Personas) -> Scope:
    """The scope of B's manager."""
    return stock.scope_for(personas, "manager_b")


def again(browser: Browser, page: Page, **values: object) -> Page:
    """Press the button once more."""
    return browser.submit(page, values, button="Quarantine at all locations", follow=True)


def boxes(page: Page) -> dict[str, bool]:
    """The lots that the page asks about, and whether they are ticked."""
    return {
        label.text: "checked" in label.all("input")[0].attributes
        for label in page.root.all("label", class_="check")
        if label.all("input", name="alike")
    }


def test_a_lot_typed_with_o_for_0_is_held_too(
    browser: Browser, scope: Scope, theirs: Scope
) -> None:
    misread, right = stock.add(scope, lot="O11J2OA"), stock.add(theirs)
    browser.sign_in("admin")
    asked = recall(browser)
    assert asked.status == 422
    (box,) = boxes(asked).items()
    assert box[0].startswith("Lot O11J2OA of Moderna")
    assert box == (box[0], True)
    assert "Clinic A (100 doses)" in box[0]
    assert not is_held(right), "nothing is held before the question is answered"
    done = again(browser, asked)
    assert (is_held(misread), is_held(right)) == (True, True)
    assert "Doses available: 200, at locations: 2." in done.root.text
    assert "Also held: lot O11J2OA of Moderna" in done.root.text
    assert "manager.a@example.org" in told("quarantine_placed")
    links = [one for one in done.root.all("a") if one.text == "Release from Quarantine"]
    assert len(links) == 2, "each is released by itself"


def test_a_lot_entered_as_another_product_is_held_too(
    browser: Browser, scope: Scope, theirs: Scope
) -> None:
    mine = stock.add(scope)
    other = stock.add(theirs, product_id=stock.product_id(MODERNA_15), lot="011j20a")
    browser.sign_in("admin")
    asked = recall(browser)
    ((text, ticked),) = boxes(asked).items()
    assert "Lot 011j20a of Moderna" in text
    assert "15" in text
    assert ticked
    again(browser, asked)
    assert (is_held(mine), is_held(other)) == (True, True)
    assert "manager.b@example.org" in told("quarantine_placed")


def test_what_somebody_decides_to_leave_out_is_not_held_and_that_is_on_record(
    browser: Browser, scope: Scope, theirs: Scope, personas: Personas
) -> None:
    other, right = stock.add(scope, lot="O11J2OA"), stock.add(theirs)
    browser.sign_in("admin")
    done = again(browser, recall(browser), alike=[])
    assert (is_held(other), is_held(right)) == (False, True)
    assert "Not held, as you decided: lot O11J2OA of Moderna" in done.root.text
    assert "manager.a@example.org" not in told("quarantine_placed")
    with unit_of_work(write=False) as session:
        query = select(AuditEntry).where(AuditEntry.action == "inventory.left_out")
        (entry,) = session.scalars(query)
        assert entry.summary.endswith(", O11J2OA")
        assert entry.actor_id == personas.users["admin"]


def test_doses_on_their_way_are_found(browser: Browser, scope: Scope, theirs: Scope) -> None:
    record = stock.add(scope, lot="O11J2OA", doses=10)
    send(scope, theirs, record, doses=10)
    browser.sign_in("admin")
    asked = recall(browser, confirmed="y")
    assert ["Clinic A (10 in transit)" in text for text in boxes(asked)] == [True]
    again(browser, asked)
    assert is_held(record)
    assert "manager.b@example.org" in told("quarantine_placed"), "the box goes there"


def test_where_a_lot_was_used_up_is_told_too(browser: Browser, scope: Scope) -> None:
    record = stock.add(scope, lot="O11J2OA", doses=1)
    stock.post(scope, record, Kind.ADMINISTERED, 1)
    browser.sign_in("admin")
    asked = recall(browser, confirmed="y")
    assert ["Clinic A (no doses left)" in text for text in boxes(asked)] == [True]
    again(browser, asked)
    assert "manager.a@example.org" in told("quarantine_placed")


def test_a_number_named_wrong_finds_the_lot(browser: Browser, scope: Scope) -> None:
    record = stock.add(scope)
    browser.sign_in("admin")
    asked = recall(browser, lot="OIIJ20A")
    assert "No location has a lot OIIJ20A." in asked.root.text
    assert ["Lot 011J20A of" in text for text in boxes(asked)] == [True]
    again(browser, asked, confirmed="y")
    assert is_held(record)


def test_what_comes_in_after_the_question_is_asked_about(
    browser: Browser, scope: Scope, theirs: Scope
) -> None:
    first = stock.add(scope, lot="O11J2OA")
    browser.sign_in("admin")
    asked = recall(browser, confirmed="y")
    second = stock.add(theirs, lot="011J2OA")
    once_more = again(browser, asked, alike=[])
    assert once_more.status == 422
    assert {text[:11]: ticked for text, ticked in boxes(once_more).items()} == {
        "Lot 011J2OA": True,
        "Lot O11J2OA": False,
    }
    again(browser, once_more)
    assert (is_held(first), is_held(second)) == (False, True)


def test_what_is_held_everywhere_for_this_reason_is_not_asked_about(
    browser: Browser, scope: Scope
) -> None:
    stock.add(scope, lot="O11J2OA")
    browser.sign_in("admin")
    again(browser, recall(browser, confirmed="y"))
    done = recall(browser, lot="O1IJ20A", confirmed="y")
    assert "The lot is in quarantine at all locations." in done.root.text


def test_what_is_held_everywhere_for_another_reason_is_asked_about(
    browser: Browser, scope: Scope
) -> None:
    misread = stock.add(scope, lot="O11J2OA")
    browser.sign_in("admin")
    warm = recall(browser, lot="O11J2OA", reason="too_warm")
    release = warm.root.with_text("a", "Release from Quarantine").attributes["href"]
    again(browser, recall(browser, confirmed="y"))
    form = browser.get(release)
    browser.submit(form, {"note": "Logger was wrong"}, button="Release from Quarantine")
    assert is_held(misread), "the recall holds it still"


def test_the_next_lot_of_the_maker_is_no_look_alike(browser: Browser, scope: Scope) -> None:
    mine, next_one = stock.add(scope), stock.add(scope, lot="021J20A")
    browser.sign_in("admin")
    recall(browser)
    assert (is_held(mine), is_held(next_one)) == (True, False)


def test_the_list_of_locations_ends_somewhere(
    browser: Browser, scope: Scope, monkeypatch: pytest.MonkeyPatch, theirs: Scope
) -> None:
    monkeypatch.setattr("blueprints.inventory.quarantine.recall.PLACES_NAMED", 1)
    records = [stock.add(place, lot="O11J2OA") for place in (scope, theirs)]
    browser.sign_in("admin")
    asked = recall(browser, confirmed="y")
    assert [text.endswith("Clinic A (100 doses), 1 more location") for text in boxes(asked)] == [
        True
    ]
    again(browser, asked)
    assert [is_held(record) for record in records] == [True, True]
