"""Unfinished `Add` forms: what they are about, and what has become of their shipment meanwhile."""

from flask import Flask
from sqlalchemy import select

from blueprints.inventory.models import VaccineInventory
from blueprints.inventory.rules import Kind
from portal.db import unit_of_work
from portal.drafts import Draft
from tests.client import Browser, Page
from tests.inventory import stock
from tests.personas import Personas
from tests.shipments.files import csv, row, take_in
from tests.statements import watched


def begun(app: Flask, browser: Browser) -> tuple[int, Page]:
    """A form opened from SHP-1 with its first step sent; then the shipment goes elsewhere."""
    take_in(app, csv(row()))
    browser.sign_in("manager_a")
    page = browser.get(f"/vaccine-inventory/add?shipment={stock.shipment_id(app)}")
    sent = browser.submit(page, {"serial_number": "typed a lot"}, button="Next")
    assert sent.status == 303
    take_in(app, csv(row(pin="NCA650002")))
    with app.app_context(), unit_of_work(write=False) as session:
        return session.scalars(select(Draft.id)).one(), sent


def test_an_unfinished_form_outlives_its_shipment(
    app: Flask, browser: Browser, personas: Personas
) -> None:
    draft, sent = begun(app, browser)
    assert f"/drafts/{draft}" in browser.get("/").html
    page = browser.get(f"/drafts/{draft}")
    assert page.status == 200
    assert "typed a lot" in page.root.text
    onward = page.root.with_text("a", "Continue").attributes["href"]
    for address in (onward, sent.leads_to):
        page = browser.get(address)
        while page.leads_to:
            page = browser.get(page.leads_to)
        assert page.status == 200
        serial = page.root.one("input", name="serial_number")
        assert serial.attributes["value"] == "typed a lot"
    refused = browser.submit(page, button="Next")
    assert refused.status == 422
    assert "typed a lot" in refused.html
    without = {
        "shipment": "",
        "shipment_text": "",
        "unable_to_locate_shipment": "y",
        "serial_number": "typed a lot",
    }
    review = browser.submit(refused, without, button="Next", follow=True)
    saved = browser.submit(review, button="Save")
    assert saved.status == 303
    with app.app_context(), unit_of_work(write=False) as session:
        record = session.scalars(select(VaccineInventory)).one()
        assert (record.serial_number, record.shipment_id) == ("typed a lot", None)
        assert record.location_id == personas.locations["A"]


def test_the_steps_behind_do_not_ask_for_the_lost_shipment(app: Flask, browser: Browser) -> None:
    draft, _sent = begun(app, browser)
    for step in ("lot", "review"):
        answer = browser.get(f"/vaccine-inventory/add/{draft}/{step}")
        assert answer.leads_to == f"/vaccine-inventory/add/{draft}/details?check=1"


def test_a_form_is_still_not_opened_from_a_shipment_of_another_location(
    app: Flask, browser: Browser
) -> None:
    begun(app, browser)
    moved = f"/vaccine-inventory/add?shipment={stock.shipment_id(app)}"
    page = browser.get(moved)
    assert page.status == 404
    assert browser.get("/vaccine-inventory/add?shipment=x").status == 404


def drafts(app: Flask) -> list[Draft]:
    with app.app_context(), unit_of_work(write=False) as session:
        found = list(session.scalars(select(Draft)))
        session.expunge_all()
        return found


def card(browser: Browser) -> str:
    found = browser.get("/").root.all("section", **{"aria-labelledby": "drafts-title"})
    return found[0].text if found else ""


def left(app: Flask, browser: Browser, who: str = "manager_a") -> None:
    """A form opened from SHP-1 and left after its first step."""
    browser.sign_in(who)
    page = browser.get(f"/vaccine-inventory/add?shipment={stock.shipment_id(app)}")
    assert browser.submit(page, button="Next").status == 303


def receive(app: Flask, browser: Browser, who: str, doses: str) -> None:
    """Add doses of SHP-1 as another person, whatever is there already."""
    browser.sign_in(who)
    page = browser.get(f"/vaccine-inventory/add?shipment={stock.shipment_id(app)}")
    page = browser.submit(page, {"doses": doses}, button="Next", follow=True)
    if page.root.all("input", name="duplicate"):
        page = browser.submit(page, {"duplicate": "separate"}, button="Next", follow=True)
    assert browser.submit(page, button="Save").status == 303


def test_an_unfinished_form_says_which_shipment_it_is_about(app: Flask, browser: Browser) -> None:
    take_in(app, csv(row()))
    left(app, browser)
    title = "New Vaccine Inventory (SHP-1 – 011J20A)"
    home = browser.get("/")
    assert f"You left {title} unfinished on" in home.root.text
    assert home.root.one("a", **{"aria-label": f"Continue {title}"})
    assert home.root.one("button", **{"aria-label": f"Discard {title}"})
    assert title in browser.get("/drafts").root.text
    assert browser.get(f"/drafts/{drafts(app)[0].id}").root.one("h1").text == title
    assert ": SHP-1 – 011J20A." in browser.get("/vaccine-inventory/add").root.text


def test_without_a_shipment_it_says_lot_and_product(app: Flask, browser: Browser) -> None:
    browser.sign_in("manager_a")
    for values, about in (
        ({"lot": "X-1"}, "X-1"),
        ({"lot": "X-2", "product_text": "Moderna"}, "X-2, Moderna"),
        ({"product_text": "Moderna"}, "Moderna"),
        (
            {"lot": "X-3", "shipment_text": "SHP-9", "unable_to_locate_shipment": "y"},
            "X-3",
        ),
        ({"lot": "X-4", "shipment_text": "SHP-9"}, "SHP-9, X-4"),
    ):
        browser.submit(browser.get("/vaccine-inventory/add"), values, button="Pause")
        assert f"You paused New Vaccine Inventory ({about}) on" in card(browser)
    browser.submit(browser.get("/vaccine-inventory/add"), {"doses": "5"}, button="Pause")
    assert "You paused New Vaccine Inventory on" in card(browser)


def test_a_form_that_only_names_the_account_is_not_kept(app: Flask, browser: Browser) -> None:
    browser.sign_in("manager_a")
    browser.submit(browser.get("/vaccine-inventory/add"), button="Pause")
    assert drafts(app) == []


def test_it_says_who_has_added_the_doses_since(app: Flask, browser: Browser) -> None:
    take_in(app, csv(row()))
    left(app, browser)
    assert "since then by" not in card(browser)
    receive(app, browser, "manager_ab", "100")
    browser.sign_in("manager_a")
    said = "Doses added since then by Manager AB: 100 of 300."
    for address in ("/", "/drafts", f"/drafts/{drafts(app)[0].id}", "/vaccine-inventory/add"):
        assert said in browser.get(address).root.text, address
    receive(app, browser, "manager_ab", "200")
    browser.sign_in("manager_a")
    assert "Doses added since then by Manager AB: 300 of 300." in card(browser)


def test_each_form_tells_what_came_after_it(app: Flask, browser: Browser) -> None:
    take_in(app, csv(row()))
    left(app, browser)
    receive(app, browser, "manager_ab", "100")
    left(app, browser)
    receive(app, browser, "manager_ab", "200")
    browser.sign_in("manager_a")
    later, earlier = browser.get("/drafts").root.one("main").all("li")
    assert "Doses added since then by Manager AB: 300 of 300" in earlier.text
    assert "Doses added since then by Manager AB: 200 of 300" in later.text


def test_what_was_added_before_is_no_news(app: Flask, browser: Browser) -> None:
    take_in(app, csv(row()))
    receive(app, browser, "manager_ab", "100")
    left(app, browser)
    assert "SHP-1" in card(browser)
    assert "since then by" not in card(browser)


def test_at_another_location_neither_is_told(app: Flask, browser: Browser) -> None:
    take_in(app, csv(row()))
    left(app, browser, "manager_ab")
    receive(app, browser, "manager_a", "300")
    browser.sign_in("manager_ab")
    assert "SHP-1" in card(browser)
    assert "300 of 300" in card(browser)
    browser.submit(browser.get("/switch-location"), button="Clinic B")
    for address in ("/", "/drafts", f"/drafts/{drafts(app)[0].id}"):
        text = browser.get(address).root.text
        assert "New Vaccine Inventory" in text
        assert "SHP-1" not in text
        assert "since then by" not in text


def test_news_of_many_forms_is_asked_for_at_once(app: Flask, browser: Browser) -> None:
    take_in(app, csv(*(row(id=f"SHP-{n}") for n in range(1, 6))))
    numbers = []
    for number in range(1, 6):
        browser.sign_in("manager_a")
        shipment = stock.shipment_id(app, f"SHP-{number}")
        page = browser.get(f"/vaccine-inventory/add?shipment={shipment}")
        browser.submit(page, button="Next")
        browser.get("/drafts")
        with watched(app) as asked:
            assert len(browser.get("/drafts").root.one("main").all("li")) == number
        numbers.append(len(asked))
    assert len(set(numbers)) == 1, numbers


def test_doses_chosen_of_records_are_named_and_what_has_left_since(
    app: Flask, browser: Browser, personas: Personas
) -> None:
    with app.app_context():
        scope = stock.scope_for(personas, "manager_a")
        first, second = stock.add(scope), stock.add(scope, lot="OTHER-9")
    browser.sign_in("manager_a")
    page = browser.get("/vaccine-inventory/wastage")
    chosen = {"lines-0-doses": "3", "lines-1-doses": "2"}
    assert browser.submit(page, chosen, button="Next").status == 303
    told = card(browser)
    assert "doses: 3, and 1 more record)" in told
    assert "Since then" not in told
    with app.app_context():
        other = stock.scope_for(personas, "manager_ab")
        stock.post(other, second, Kind.RETURNED, 2)
        assert "Since then" not in card(browser), "a return is no wastage"
        stock.post(other, first, Kind.WASTED, 3)
    told = card(browser)
    assert "Since then Manager AB entered for" in told
    assert ": Wasted 3." in told
    browser.sign_in("manager_ab")
    assert card(browser) == ""
