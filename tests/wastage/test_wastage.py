"""`Wastage` and `Return`: one or many records at once, with reason, date and slip (SPEC D5)."""

from collections.abc import Iterator

import pytest
from flask import Flask
from sqlalchemy import text

from blueprints.inventory.correcting.services import Adjustment, adjust
from blueprints.inventory.rules import Kind
from portal.access.scope import Scope
from portal.db import db, unit_of_work
from tests.client import Browser, Page
from tests.effort import some
from tests.inventory import stock
from tests.personas import Personas

LIST = "/vaccine-inventory/?view=all"


@pytest.fixture
def scope(app: Flask, personas: Personas) -> Iterator[Scope]:
    """The scope of A's manager, inside the application."""
    with app.app_context():
        yield stock.scope_for(personas, "manager_a")


@pytest.fixture
def manager(browser: Browser) -> Browser:
    """A's manager, signed in."""
    browser.sign_in("manager_a")
    return browser


def begin(browser: Browser, name: str, *, record: int | None = None) -> Page:
    """Press `Wastage` or `Return` on the list, or on a record's page."""
    page = browser.get(f"/vaccine-inventory/{record}" if record else LIST)
    return browser.get(page.root.with_text("a", name).attributes["href"])


def line_of(page: Page, record: int) -> str:
    """The name of the field for the doses of `record`."""
    hidden = [
        field
        for field in page.root.all("input", type="hidden", value=str(record))
        if field.attributes["name"].startswith("lines-")
    ]
    assert len(hidden) == 1
    return hidden[0].attributes["name"].replace("-record", "-doses")


def choose(browser: Browser, page: Page, doses: dict[int, object]) -> Page:
    """Enter the doses of each record and go on."""
    values = {line_of(page, record): str(number) for record, number in doses.items()}
    return browser.submit(page, values, button="Next", follow=True)


def waste(
    browser: Browser, doses: dict[int, object], *, name: str = "Wastage", **details: str
) -> Page:
    """The whole way: doses, details, confirmation; the page that follows."""
    page = choose(browser, begin(browser, name), doses)
    assert "Date and reason" in page.root.text
    given = {"reason": "broken"} | ({"vial": "closed"} if name == "Wastage" else {})
    if name == "Return":
        given["reason"] = "too_warm"
    review = browser.submit(page, {**given, **details}, button="Next", follow=True)
    return browser.submit(review, button="Save", follow=True)


def test_doses_of_two_records_are_wasted_under_one_number(manager: Browser, scope: Scope) -> None:
    first = stock.add(scope, lot="LOT1", name="First")
    second = stock.add(scope, lot="LOT2", name="Second", doses=20)
    page = choose(manager, begin(manager, "Wastage"), {first: 3, second: 20})
    review = manager.submit(
        page,
        {"reason": "other", "vial": "open", "note": "Fridge door left open"},
        button="Next",
        follow=True,
    )
    assert "97" in review.root.text, "what will remain is shown"
    assert stock.counters(first)["doses_wasted"] == 0, "nothing is saved before it is confirmed"
    slip = manager.submit(review, button="Save", follow=True)
    assert "Wastage W-000001" in slip.root.one("h1").text
    assert "Fridge door left open" in slip.root.text
    assert "Open vial" in slip.root.text
    assert [row.children for row in slip.root.all("tr")][1:] != []
    assert len(slip.root.one("tbody").all("tr")) == 2
    assert stock.counters(first)["doses_available"] == 97
    assert stock.counters(second) == stock.counters(second) | {
        "doses_available": 0,
        "doses_wasted": 20,
        "doses_total": 20,
    }
    history = manager.get(f"/vaccine-inventory/{first}?tab=related")
    assert "−3" in history.root.text
    assert history.root.with_text("a", "W-000001").attributes["href"] == slip.response.request.path
    assert stock.wrong() == []


def test_a_return_prints_its_slip(manager: Browser, scope: Scope) -> None:
    record = stock.add(scope)
    slip = waste(manager, {record: 10}, name="Return", reason="power", note="Storm")
    assert "Return R-000001" in slip.root.one("h1").text
    assert "Power failure" in slip.root.text
    assert "NCA" in slip.root.text, "the Provider PIN stands on the slip"
    assert stock.counters(record)["doses_returned"] == 10


def test_from_the_record_only_that_record_is_asked_for(manager: Browser, scope: Scope) -> None:
    record = stock.add(scope, lot="LOT1")
    stock.add(scope, lot="LOT2")
    page = begin(manager, "Wastage", record=record)
    assert len(page.root.one("tbody").all("tr")) == 1
    assert line_of(page, record)


def test_three_doses_with_two_left_are_refused_in_words_beside_the_field(
    manager: Browser, scope: Scope
) -> None:
    record = stock.add(scope, doses=2, name="Nearly empty")
    page = manager.submit(
        begin(manager, "Wastage"), {line_of(begin(manager, "Wastage"), record): "3"}, button="Next"
    )
    assert page.status == 422
    assert "Only 2 doses are available. You entered 3." in page.root.text
    field = page.root.one("input", name=line_of(page, record))
    assert field.attributes["value"] == "3", "what was typed stays"
    assert field.attributes["aria-invalid"] == "true"
    assert stock.counters(record)["doses_wasted"] == 0


def test_doses_that_leave_between_review_and_save_are_not_taken_twice(
    manager: Browser, scope: Scope
) -> None:
    record = stock.add(scope, doses=2, name="Last two")
    page = choose(manager, begin(manager, "Wastage"), {record: 2})
    review = manager.submit(
        page, {"reason": "broken", "vial": "closed"}, button="Next", follow=True
    )
    stock.post(scope, record, Kind.ADMINISTERED, 1)
    refused = manager.submit(review, button="Save", follow=True)
    assert stock.counters(record)["doses_wasted"] == 0
    assert "Only 1 dose is available. You entered 2." in refused.root.text
    assert stock.wrong() == []


@pytest.mark.parametrize(
    ("details", "sentence"),
    some(
        [
            ({"reason": ""}, "Please fill in this field."),
            ({"reason": "bored"}, "Choose a reason from the list."),
            ({"reason": "other", "note": ""}, "Say in a few words what happened."),
            ({"vial": ""}, "Please fill in this field."),
            (
                {"reason": "open_vial", "vial": "closed"},
                "This reason is only for vials that had been opened.",
            ),
            ({"happened_on": "13/45/2026"}, "Enter the date as MM/DD/YYYY"),
            ({"happened_on": "01/01/2099"}, "The date is in the future."),
            ({"note": "x" * 1_001}, "A note has at most 1,000 characters."),
        ],
        short=4,
    ),
)
def test_what_cannot_be_right_is_said_beside_its_field(
    manager: Browser, scope: Scope, details: dict[str, str], sentence: str
) -> None:
    record = stock.add(scope)
    page = choose(manager, begin(manager, "Wastage"), {record: 1})
    given = {"reason": "broken", "vial": "closed"} | details
    given = {name: value for name, value in given.items() if value or name != "vial"}
    refused = manager.submit(page, given, button="Next")
    assert refused.status == 422
    assert sentence in refused.root.text
    assert stock.counters(record)["doses_wasted"] == 0


def test_no_doses_at_all_is_refused(manager: Browser, scope: Scope) -> None:
    stock.add(scope)
    page = manager.submit(begin(manager, "Wastage"), button="Next")
    assert page.status == 422
    assert "Enter the number of doses beside at least one record." in page.root.text


def test_a_day_before_the_doses_had_come_is_refused(manager: Browser, scope: Scope) -> None:
    early, late = (
        stock.add(scope, received_on=stock.day(9)),
        stock.add(scope, lot="L-2", name="Late"),
    )
    page = choose(manager, begin(manager, "Wastage"), {early: 1, late: 1})
    given = {"reason": "broken", "vial": "closed", "happened_on": f"{stock.day(3):%m/%d/%Y}"}
    refused = manager.submit(page, given, button="Next", follow=True)
    assert refused.status == 422
    assert "The first doses of “Late” came on" in refused.root.text
    assert refused.root.one("input", name="happened_on").attributes["value"] == (
        f"{stock.day(3):%m/%d/%Y}"
    )


def test_saved_twice_is_saved_once(manager: Browser, scope: Scope) -> None:
    record = stock.add(scope)
    page = choose(manager, begin(manager, "Wastage"), {record: 1})
    review = manager.submit(
        page, {"reason": "broken", "vial": "closed"}, button="Next", follow=True
    )
    manager.submit(review, button="Save")
    manager.submit(review, button="Save")
    assert stock.counters(record)["doses_wasted"] == 1


def test_expired_doses_can_be_wasted_and_are_said_to_be_usable_if_they_are(
    manager: Browser, scope: Scope
) -> None:
    expired = stock.add(
        scope, expiration_date=stock.day(1), received_on=stock.day(5), name="Gone by"
    )
    usable = stock.add(scope, lot="LOT2", name="Good")
    page = choose(manager, begin(manager, "Wastage"), {expired: 1, usable: 1})
    review = manager.submit(
        page, {"reason": "expired", "vial": "closed"}, button="Next", follow=True
    )
    assert "“Good” may be used through" in review.root.text
    assert "“Gone by” may be used" not in review.root.text
    manager.submit(review, button="Save", follow=True)
    assert stock.counters(expired)["doses_wasted"] == 1


def test_every_record_is_named_in_the_audit_trail(manager: Browser, scope: Scope) -> None:
    records = [stock.add(scope, lot=f"LOT{number}") for number in range(2)]
    waste(manager, dict.fromkeys(records, 4))
    with db.engine.connect() as connection:
        found = connection.execute(
            text(
                "SELECT subject_id FROM audit_entry WHERE action = 'inventory.wasted' "
                "ORDER BY number"
            )
        )
        assert [number for (number,) in found] == records


@pytest.mark.parametrize("who", ["provider_a", "readonly_a", "agent", "admin"])
def test_who_may_not_waste_sees_no_button_and_gets_no_page(
    browser: Browser, scope: Scope, who: str
) -> None:
    record = stock.add(scope)
    browser.sign_in(who)
    for path in ("/vaccine-inventory/wastage", f"/vaccine-inventory/return?record={record}"):
        assert browser.get(path).status == 403


def test_another_locations_record_and_document_are_not_there(
    browser: Browser, manager: Browser, scope: Scope
) -> None:
    record = stock.add(scope)
    slip = waste(manager, {record: 1}).response.request.path
    manager.sign_in("manager_b")
    assert manager.get(f"/vaccine-inventory/wastage?record={record}").status == 404
    assert manager.get(slip).status == 404
    page = manager.get("/vaccine-inventory/wastage")
    assert "No doses to choose from" in page.root.text
    assert [one.text for one in page.root.all("button", name="go")] == ["Cancel"]


def test_a_made_up_record_in_the_form_is_not_touched(
    browser: Browser, app: Flask, personas: Personas, scope: Scope
) -> None:
    other = stock.add(stock.scope_for(personas, "manager_b"), lot="THEIRS")
    stock.add(scope)
    browser.sign_in("manager_a")
    page = begin(browser, "Wastage")
    answer = browser.submit(
        page, {"lines-0-record": str(other), "lines-0-doses": "5"}, button="Next"
    )
    assert answer.status == 422
    assert stock.counters(other)["doses_wasted"] == 0


def test_the_same_entered_again_is_pointed_out_before_it_is_saved(
    manager: Browser, scope: Scope
) -> None:
    record = stock.add(scope)

    def review(doses: int) -> Page:
        page = choose(manager, begin(manager, "Wastage"), {record: doses})
        given = {"reason": "broken", "vial": "closed"}
        return manager.submit(page, given, button="Next", follow=True)

    first = review(3)
    assert "already entered the same number of doses" not in first.root.text
    manager.submit(first, button="Save")
    assert "already entered the same number of doses" not in review(2).root.text
    again = review(3)
    assert "Manager A already entered the same number of doses" in again.root.text
    assert again.root.with_text("a", "Show W-000001")
    assert manager.submit(again, button="Save").status == 303
    assert stock.counters(record)["doses_wasted"] == 6


@pytest.mark.parametrize("name", ["Wastage", "Return"])
def test_what_was_just_saved_by_mistake_can_be_reversed_from_its_page(
    manager: Browser, scope: Scope, name: str
) -> None:
    first = stock.add(scope, lot="LOT1", name="First")
    second = stock.add(scope, lot="LOT2", name="Second")
    saved = waste(manager, {first: 3, second: 4}, name=name)
    links = [link for link in saved.root.all("a") if link.text.strip() == "Reverse"]
    assert len(links) == 2
    assert "ask a location manager" not in saved.root.text
    question = manager.get(links[0].attributes["href"])
    manager.submit(question, {"note": "Wrong lot"}, button="Reverse", follow=True)
    assert stock.counters(first)["doses_available"] == 100
    again = manager.get(saved.response.request.path)
    assert [link.text.strip() for link in again.root.all("a")].count("Reverse") == 1
    assert "Reversed" in again.root.text


def test_who_may_not_reverse_is_told_who_may(manager: Browser, scope: Scope) -> None:
    record = stock.add(scope, lot="LOT1", name="First")
    extra = Adjustment(inventory_id=record, doses=1, happened_on=scope.today(), reason="extra_dose")
    with unit_of_work():
        number = adjust(scope, extra).id
    page = manager.get(f"/vaccine-inventory/documents/{number}")
    assert "Reverse" not in [link.text.strip() for link in page.root.all("a")]
    assert "If this was entered by mistake, ask the help desk to reverse it." in page.root.text


def names_shown(page: Page) -> list[str]:
    return [row.one("th").text for row in page.root.one("tbody").all("tr")]


@pytest.mark.parametrize("name", ["Wastage", "Return", "Transfer"])
def test_records_are_found_by_words_and_by_their_code(
    manager: Browser, scope: Scope, name: str
) -> None:
    first = stock.add(scope, lot="LOT1", name="First")
    stock.add(scope, lot="LOT2", name="Second")
    stock.add(scope, lot="LOT3", name="Third")
    page = begin(manager, name)
    assert names_shown(page) == ["First", "Second", "Third"]
    typed = {line_of(page, first): "4"}
    found = manager.submit(page, {**typed, "scan": "second"}, button="Find")
    assert names_shown(found) == ["First", "Second"], "what was typed stays"
    assert found.root.one("input", name=line_of(found, first)).attributes["value"] == "4"
    scanned = manager.submit(found, {"scan": "(17)991231(10)LOT3"}, button="Find")
    assert names_shown(scanned) == ["First", "Third"]
    nothing = manager.submit(scanned, {"scan": "nowhere"}, button="Find")
    assert "No record with doses available has “nowhere” in it." in nothing.root.text
    assert names_shown(nothing) == ["First", "Third"]
    everything = manager.submit(scanned, {"scan": ""}, button="Find")
    assert names_shown(everything) == ["First", "Second", "Third"]
    onward = manager.submit(everything, button="Next", follow=True)
    assert onward.status == 200
    assert "Enter the number of doses" not in onward.root.text


def test_expired_and_held_records_are_marked_where_one_chooses(
    manager: Browser, scope: Scope
) -> None:
    stock.add(scope, received_on=stock.day(5), expiration_date=stock.day(1), lot="OLD", name="Old")
    stock.add(scope, lot="FRESH", name="Fresh")
    shown = names_shown(begin(manager, "Wastage"))
    assert [" ".join(name.split()) for name in shown] == ["Old Expired", "Fresh"]
    page = begin(manager, "Transfer")
    assert names_shown(page) == ["Fresh"]
    told = manager.submit(page, {"scan": "OLD"}, button="Find")
    assert "“OLD” is expired or in quarantine" in told.root.text
