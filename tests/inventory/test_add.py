"""`Add` and `Add to Inventory`: doses that have arrived go into the inventory (SPEC D2, C5)."""

import pytest
from flask import Flask

from blueprints.inventory.checks import ledger_sums, received_of_shipments
from blueprints.inventory.models import VaccineInventory
from blueprints.shipments.models import Shipment
from portal.db import unit_of_work
from tests.client import Browser, Page
from tests.shipments.files import csv, row, take_in


def shipment_id(app: Flask, number: str = "SHP-1") -> int:
    with app.app_context(), unit_of_work(write=False) as session:
        return session.query(Shipment.id).filter_by(number=number).one()[0]


def records(app: Flask) -> list[VaccineInventory]:
    with app.app_context(), unit_of_work(write=False) as session:
        found = session.query(VaccineInventory).order_by(VaccineInventory.id).all()
        session.expunge_all()
        return found


def open_form(app: Flask, browser: Browser) -> Page:
    """Sign in and open `Add to Inventory` from the shipment's record."""
    browser.sign_in("manager_a")
    record = browser.get(f"/shipments/{shipment_id(app)}")
    link = record.root.with_text("a", "Add to Inventory")
    return browser.get(link.attributes["href"])


def add(app: Flask, browser: Browser, **values: str) -> Page:
    """Go through the form and the review, up to the record page."""
    review = browser.submit(open_form(app, browser), values, button="Next", follow=True)
    return browser.submit(review, button="Save", follow=True)


def test_from_the_shipment_to_the_record(app: Flask, browser: Browser) -> None:
    take_in(app, csv(row()))
    form = open_form(app, browser)
    assert form.root.one("input", name="doses").attributes["value"] == "300"
    assert form.root.one("input", name="lot").attributes["value"] == "011J20A"
    review = browser.submit(form, button="Next", follow=True)
    assert review.status == 200
    assert "011J20A" in review.root.text
    assert "06/30/2027" in review.root.text
    record = browser.submit(review, button="Save", follow=True)
    panel = record.root.one("dl", class_="hl").text
    assert "Total Doses 300" in panel
    assert "Doses Available 300" in panel
    ledger = browser.get(record.response.request.path + "?tab=related")
    assert "Received" in ledger.root.text
    assert "+300" in ledger.root.text
    shipment = browser.get(f"/shipments/{shipment_id(app)}")
    assert "Received" in shipment.root.one("dl", class_="hl").text
    with app.app_context(), unit_of_work(write=False):
        assert list(ledger_sums()) == []
        assert list(received_of_shipments()) == []


def test_a_part_leaves_the_rest_expected(app: Flask, browser: Browser) -> None:
    take_in(app, csv(row()))
    add(app, browser, doses="100")
    panel = browser.get(f"/shipments/{shipment_id(app)}").root.one("dl", class_="hl").text
    assert "Partly received" in panel
    assert "Still expected 200" in panel


def test_the_same_lot_again_asks_first(app: Flask, browser: Browser) -> None:
    take_in(app, csv(row()))
    add(app, browser, doses="100")
    question = browser.submit(open_form(app, browser), {"doses": "50"}, button="Next", follow=True)
    assert "This lot of this shipment was added before" in question.root.text
    unanswered = browser.submit(question, button="Next")
    assert unanswered.status == 422
    (first,) = records(app)
    review = browser.submit(question, {"duplicate": str(first.id)}, button="Next", follow=True)
    browser.submit(review, button="Save", follow=True)
    (only,) = records(app)
    assert only.doses_total == 150


def test_a_record_of_its_own_when_asked_for(app: Flask, browser: Browser) -> None:
    take_in(app, csv(row()))
    add(app, browser, doses="100")
    question = browser.submit(open_form(app, browser), {"doses": "50"}, button="Next", follow=True)
    review = browser.submit(question, {"duplicate": "separate"}, button="Next", follow=True)
    browser.submit(review, button="Save", follow=True)
    assert [record.doses_total for record in records(app)] == [100, 50]


def test_save_and_new_saves_and_opens_an_empty_form(app: Flask, browser: Browser) -> None:
    take_in(app, csv(row()))
    review = browser.submit(open_form(app, browser), button="Next", follow=True)
    form = browser.submit(review, button="Save & New", follow=True)
    assert form.root.one("input", name="lot").attributes.get("value", "") == ""
    assert [record.doses_total for record in records(app)] == [300]


def test_saving_twice_adds_once(app: Flask, browser: Browser) -> None:
    take_in(app, csv(row()))
    review = browser.submit(open_form(app, browser), button="Next", follow=True)
    first = browser.submit(review, button="Save")
    second = browser.submit(review, button="Save")
    assert first.leads_to
    assert second.status in (200, 303, 409)
    assert [record.doses_total for record in records(app)] == [300]


def test_without_a_shipment_the_box_must_be_ticked(app: Flask, browser: Browser) -> None:
    browser.sign_in("manager_a")
    form = browser.get("/vaccine-inventory/add")
    product = browser.get("/lookups/products?q=moderna")
    assert "Moderna" in product.html
    values = {
        "product_text": "Moderna COVID-19 Vaccine (max 10/11-dose vial, 5 mL)",
        "doses": "10",
        "lot": "X-1",
        "expiration_date": "06/2027",
        "shipment_text": "",
    }
    refused = browser.submit(form, values, button="Next")
    assert refused.status == 422
    assert "Unable to locate shipment record" in refused.root.text
    assert refused.root.one("input", name="doses").attributes["value"] == "10"
    values["unable_to_locate_shipment"] = "y"
    review = browser.submit(refused, values, button="Next", follow=True)
    assert "06/30/2027" in review.root.text
    browser.submit(review, button="Save", follow=True)
    (record,) = records(app)
    assert record.expiration_month_only
    assert record.name.endswith("– X-1")


def test_everything_wrong_is_said_at_once_and_nothing_is_lost(app: Flask, browser: Browser) -> None:
    browser.sign_in("manager_a")
    form = browser.get("/vaccine-inventory/add")
    page = browser.submit(
        form,
        {"doses": "0", "lot": "LOT€", "expiration_date": "02/31/2021", "name": "kept"},
        button="Next",
    )
    assert page.status == 422
    assert page.root.one("input", name="name").attributes["value"] == "kept"
    wrong = {element.attributes["name"] for element in page.root.all("input", aria_invalid="true")}
    assert {"doses", "lot", "expiration_date", "product_text"} <= wrong


def wrong_fields(page: Page) -> dict[str, str]:
    """What is said beside each field, by the field's id."""
    return {
        note.attributes["id"].removesuffix("-error"): note.text
        for note in page.root.all("p", class_="err")
    }


def test_the_shipment_is_asked_for_together_with_the_rest(app: Flask, browser: Browser) -> None:
    take_in(app, csv(row()))
    browser.sign_in("manager_a")
    form = browser.get("/vaccine-inventory/add")
    box = "check “Unable to locate shipment record”"
    page = browser.submit(form, button="Next")
    assert {"product", "doses", "lot", "expiration_date", "shipment"} == set(wrong_fields(page))
    assert box in wrong_fields(page)["shipment"]
    links = page.root.one("div", role="alert").all("a")
    assert links[-1].attributes["href"] == "#shipment"
    page = browser.submit(form, {"unable_to_locate_shipment": "y"}, button="Next")
    assert "shipment" not in wrong_fields(page)
    both = {"shipment_text": "SHP-1 – 011J20A", "unable_to_locate_shipment": "y"}
    both["shipment"] = str(shipment_id(app))
    page = browser.submit(form, both, button="Next")
    assert "not both" in wrong_fields(page)["unable_to_locate_shipment"]
    assert "doses" in wrong_fields(page)
    page = browser.submit(form, {"shipment_text": "SHP-77"}, button="Next")
    assert "Nothing found for “SHP-77”." in wrong_fields(page)["shipment"]
    assert box not in page.root.one("div", role="alert").text


def test_a_number_that_found_nothing_does_not_stand_in_the_way_of_the_box(
    app: Flask, browser: Browser
) -> None:
    review = manually(app, browser, shipment_text="SHP-77")
    assert "Review" in review.root.text
    browser.submit(review, button="Save", follow=True)
    (record,) = records(app)
    assert (record.shipment_id, record.unable_to_locate_shipment) == (None, True)


def test_the_look_up_says_what_tells_shipments_apart(app: Flask, browser: Browser) -> None:
    take_in(app, csv(row()))
    add(app, browser, doses="100")
    (found,) = browser.get("/lookups/shipments?q=shp-1").root.all("li")
    shipment = browser.get(f"/shipments/{shipment_id(app)}").root.text
    assert found.text.startswith("SHP-1 – 011J20A Moderna")
    assert found.text.endswith("doses still expected: 200 of 300")
    day = found.text.partition("shipped ")[2][:10]
    assert f"Date Shipped {day}" in shipment


def test_cancel_leads_back_to_where_the_form_was_opened(app: Flask, browser: Browser) -> None:
    take_in(app, csv(row()))
    from_shipment = f"/shipments/{shipment_id(app)}"
    asked = browser.submit(open_form(app, browser), button="Cancel")
    assert browser.submit(asked, button="Discard").leads_to == from_shipment
    untouched = browser.get("/vaccine-inventory/add")
    assert browser.submit(untouched, button="Cancel").leads_to == "/vaccine-inventory/"
    add(app, browser, doses="100")
    question = browser.submit(open_form(app, browser), {"doses": "50"}, button="Next", follow=True)
    assert "This lot of this shipment was added before" in question.root.text
    asked = browser.submit(question, button="Cancel")
    assert browser.submit(asked, button="Discard").leads_to == from_shipment
    asked = browser.submit(open_form(app, browser), button="Cancel")
    take_in(app, csv(row(pin="NCA650002", lot="011J20A")))
    assert browser.submit(asked, button="Discard").status in (303, 404)
    assert [record.doses_total for record in records(app)] == [100]


def test_only_managers_add(app: Flask, browser: Browser) -> None:
    for persona in ("provider_a", "readonly_a", "agent", "admin"):
        browser.sign_in(persona)
        assert browser.get("/vaccine-inventory/add").status == 403


def test_a_shipment_of_another_location_cannot_be_added(app: Flask, browser: Browser) -> None:
    take_in(app, csv(row(pin="NCA650002")))
    browser.sign_in("manager_a")
    assert browser.get(f"/vaccine-inventory/add?shipment={shipment_id(app)}").status == 404


def test_two_managers_cannot_receive_one_shipment_twice(app: Flask, browser: Browser) -> None:
    take_in(app, csv(row()))
    second = Browser(app, browser.personas)
    browser.sign_in("manager_a")
    second.sign_in("manager_ab")
    reviews = []
    for one in (browser, second):
        record = one.get(f"/shipments/{shipment_id(app)}")
        link = record.root.with_text("a", "Add to Inventory").attributes["href"]
        reviews.append(one.submit(one.get(link), button="Next", follow=True))
    assert browser.submit(reviews[0], button="Save").leads_to
    late = second.submit(reviews[1], button="Save", follow=True)
    assert [record.doses_total for record in records(app)] == [300]
    assert "inventory" in late.root.text


def test_more_than_announced_must_be_meant(app: Flask, browser: Browser) -> None:
    take_in(app, csv(row()))
    review = browser.submit(open_form(app, browser), {"doses": "310"}, button="Next", follow=True)
    refused = browser.submit(review, button="Save")
    assert refused.status == 422
    assert "check this box" in refused.root.text
    assert records(app) == []
    saved = browser.submit(refused, {"confirmed": "y"}, button="Save", follow=True)
    assert "Total Doses 310" in saved.root.one("dl", class_="hl").text


def test_doses_that_came_in_during_the_review_are_pointed_out(app: Flask, browser: Browser) -> None:
    take_in(app, csv(row()))
    add(app, browser, doses="100")
    (first,) = records(app)
    question = browser.submit(open_form(app, browser), {"doses": "100"}, button="Next", follow=True)
    review = browser.submit(question, {"duplicate": str(first.id)}, button="Next", follow=True)
    other = Browser(app, browser.personas).sign_in("manager_ab")
    form = other.get(f"/vaccine-inventory/add?shipment={shipment_id(app)}")
    asked = other.submit(form, {"doses": "100"}, button="Next", follow=True)
    theirs = other.submit(asked, {"duplicate": str(first.id)}, button="Next", follow=True)
    assert other.submit(theirs, button="Save").leads_to
    refused = browser.submit(review, button="Save")
    assert refused.status == 422
    assert "Received now: 200 of 300" in refused.root.text
    assert [record.doses_total for record in records(app)] == [200]


def manually(app: Flask, browser: Browser, **values: str) -> Page:
    """Fill in the form without a shipment, up to the review."""
    browser.sign_in("manager_a")
    filled = {
        "product_text": "Moderna COVID-19 Vaccine (max 10/11-dose vial, 5 mL)",
        "doses": "10",
        "lot": "011J20A",
        "expiration_date": "06/30/2027",
        "shipment_text": "",
        "unable_to_locate_shipment": "y",
        **values,
    }
    form = browser.get("/vaccine-inventory/add")
    return browser.submit(form, filled, button="Next", follow=True)


def test_doses_of_an_open_shipment_are_not_added_beside_it_unasked(
    app: Flask, browser: Browser
) -> None:
    take_in(app, csv(row()))
    review = manually(app, browser)
    assert "Shipment SHP-1 has this lot. Doses still expected: 300" in review.root.text
    refused = browser.submit(review, button="Save")
    assert refused.status == 422
    assert records(app) == []
    browser.submit(refused, {"confirmed": "y"}, button="Save", follow=True)
    assert [record.doses_total for record in records(app)] == [10]


@pytest.mark.parametrize(("doses", "asked"), [("6000", False), ("6001", True), ("81200", True)])
def test_very_many_doses_that_nothing_announced_must_be_meant(
    app: Flask, browser: Browser, doses: str, asked: bool
) -> None:
    review = manually(app, browser, doses=doses)
    assert ("unusually many for one delivery" in review.root.text) is asked
    saved = browser.submit(review, button="Save", follow=True)
    assert saved.status == (422 if asked else 200)
    if asked:
        assert records(app) == []
        browser.submit(saved, {"confirmed": "y"}, button="Save", follow=True)
    assert [record.doses_total for record in records(app)] == [int(doses)]


def test_a_tick_does_not_count_for_what_is_asked_later(app: Flask, browser: Browser) -> None:
    review = manually(app, browser, doses="6001")
    back = browser.submit(review, {"confirmed": "y"}, button="Previous", follow=True)
    again = browser.submit(back, {"doses": "60000"}, button="Next", follow=True)
    assert "60,000 doses is unusually many" in again.root.text
    assert "checked" not in again.root.one("input", name="confirmed").attributes
    assert browser.submit(again, button="Save").status == 422
    assert records(app) == []


def test_a_lot_of_another_product_is_pointed_out(app: Flask, browser: Browser) -> None:
    take_in(app, csv(row()))
    add(app, browser)
    review = manually(app, browser, product_text="Janssen COVID-19 Vaccine")
    assert "Lot 011J20A is in your inventory as Moderna" in review.root.text
    assert browser.submit(review, button="Save").status == 422
    assert len(records(app)) == 1


def test_two_records_of_a_lot_have_names_of_their_own(app: Flask, browser: Browser) -> None:
    take_in(app, csv(row()))
    add(app, browser, doses="100")
    question = browser.submit(open_form(app, browser), {"doses": "50"}, button="Next", follow=True)
    review = browser.submit(question, {"duplicate": "separate"}, button="Next", follow=True)
    browser.submit(review, button="Save", follow=True)
    first, second = records(app)
    assert second.name == f"{first.name} (2)"
