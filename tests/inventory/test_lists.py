"""The `Vaccine Inventory` tab: views, expiry, the way to the account page (SPEC D1, D8, D9)."""

from collections.abc import Iterator
from contextlib import contextmanager
from csv import reader
from datetime import timedelta
from io import BytesIO, StringIO
from typing import Any

import pytest
from flask import Flask
from openpyxl import load_workbook
from sqlalchemy import event

from blueprints.inventory.quarantine import services as quarantine
from portal import clock
from portal.access.scope import Scope
from portal.db import db, unit_of_work
from tests.client import Browser, Page, htmx_headers
from tests.effort import some
from tests.inventory import stock
from tests.inventory.test_add import add
from tests.personas import Personas
from tests.shipments.files import csv, row, take_in


def day(days: int) -> str:
    """The day so many days from today, as the portal writes it."""
    return (clock.today("America/New_York") + timedelta(days=days)).strftime("%m/%d/%Y")


@pytest.mark.both_databases
def test_the_list_opens_empty_and_leads_to_all(app: Flask, browser: Browser) -> None:
    take_in(app, csv(row()))
    add(app, browser)
    fresh = Browser(app, browser.personas).sign_in("manager_ab")
    page = fresh.get("/vaccine-inventory/")
    assert "Recently Viewed" in page.root.text
    links = [link for link in page.root.all("a") if link.text == "All Vaccine Inventories"]
    assert links
    listed = fresh.get(links[-1].attributes["href"])
    assert "011J20A" in listed.root.text


@pytest.mark.both_databases
def test_expired_and_expiring_lots_are_marked(app: Flask, browser: Browser) -> None:
    shipped = day(-40)
    take_in(
        app,
        csv(
            row(id="S1", lot="OLD", expires=day(-1), shipped=shipped),
            row(id="S2", lot="TODAY", expires=day(0), shipped=shipped),
            row(id="S3", lot="FRESH", expires=day(200), shipped=shipped),
        ),
    )
    browser.sign_in("manager_a")
    for number in ("S1", "S2", "S3"):
        found = browser.get(f"/shipments/?view=all&q={number}")
        record = browser.get(found.root.with_text("a", number).attributes["href"])
        form = browser.get(record.root.with_text("a", "Add to Inventory").attributes["href"])
        review = browser.submit(form, button="Next", follow=True)
        assert ("has expired" in review.root.text) is (number == "S1")
        browser.submit(review, button="Save", follow=True)
    listed = browser.get("/vaccine-inventory/?view=all&sort=expires").root.text
    assert listed.index("Expired") < listed.index("Expires soon") < listed.index("Usable")
    home = browser.get("/").root.text
    assert "OLD" in home
    assert "TODAY" in home
    assert "FRESH" not in home


def test_the_account_name_leads_to_the_account_page(app: Flask, browser: Browser) -> None:
    take_in(app, csv(row()))
    add(app, browser, doses="120")
    page = browser.get("/vaccine-inventory/?view=all")
    link = page.root.one("main").with_text("a", "Account Clinic A")
    account = browser.get(link.attributes["href"])
    assert account.root.one("h1").text == "Clinic A"
    panel = account.root.one("dl", class_="hl").text
    assert "Total Doses Received 120" in panel
    assert "Doses Available 120" in panel
    assert "Doses Administered 0" in panel
    for title in ("Account Information", "Address Information", "Contact Information"):
        assert title in account.root.text


@pytest.mark.both_databases
def test_only_the_name_and_where_it_is_kept_have_a_pen(app: Flask, browser: Browser) -> None:
    take_in(app, csv(row()))
    record = add(app, browser)
    pens = [link for link in record.root.all("a") if "pen" in link.attributes.get("class", "")]
    assert [pen.attributes["aria-label"] for pen in pens] == [
        "Edit Vaccine Inventory Name",
        "Edit Storage Unit",
    ]
    form = browser.get(pens[0].attributes["href"])
    saved = browser.submit(form, {"name": "Fridge 2 – 011J20A"}, button="Save", follow=True)
    assert saved.root.one("h1").text == "Fridge 2 – 011J20A"
    assert browser.get(pens[0].attributes["href"].replace("/name", "/lot")).status == 404
    found = browser.get("/vaccine-inventory/?view=all&q=fridge")
    assert "Fridge 2" in found.root.text


# The status


@pytest.fixture
def standing(app: Flask, personas: Personas) -> Scope:
    """At Clinic A, of each standing of the expiration date, a lot in quarantine and one that is
    free; at Clinic B a lot in quarantine, too."""
    with app.app_context():
        scope = stock.scope_for(personas, "manager_a")
        for held in (True, False):
            for word, expires in (("old", 1), ("soon", -3), ("fresh", -200)):
                name = f"{'Held' if held else 'Free'} {word}"
                lot = {"lot": name.replace(" ", ""), "name": name}
                put(scope, held=held, expiration_date=stock.day(expires), **lot)
        put(stock.scope_for(personas, "manager_b"), held=True, lot="THEIRS", name="Theirs")
        return scope


@contextmanager
def watching(app: Flask) -> Iterator[list[tuple[str, Any]]]:
    """The statements that are sent to the database meanwhile, with their values."""
    asked: list[tuple[str, Any]] = []

    def watch(_c: Any, _cursor: Any, statement: str, values: Any, *_rest: Any) -> None:
        asked.append((statement, values))

    with app.app_context():
        engine = db.engine
    event.listen(engine, "before_cursor_execute", watch)
    try:
        yield asked
    finally:
        event.remove(engine, "before_cursor_execute", watch)


def put(scope: Scope, *, held: bool, **lot: Any) -> None:
    """Add a lot, and put it into quarantine if it is to be held."""
    stock.add(scope, received_on=stock.day(5), **lot)
    if held:
        product = stock.product_id()
        with unit_of_work():
            hold = quarantine.Hold(product_id=product, lot=lot["lot"], reason="too_warm")
            quarantine.place(scope, hold)


def listed(page: Page) -> dict[str, str]:
    """The status of each record that is listed, by its name."""
    rows = [row for body in page.root.all("tbody") for row in body.all("tr")]
    return {row.one("th").text: row.one("span", class_="pill").text for row in rows}


def test_a_lot_in_quarantine_is_called_so_beside_its_expiry(
    browser: Browser, standing: Scope
) -> None:
    page = browser.sign_in("manager_a").get("/vaccine-inventory/?view=all")
    assert listed(page) == {
        "Held old": "Quarantine, Expired",
        "Held soon": "Quarantine, Expires soon",
        "Held fresh": "Quarantine",
        "Free old": "Expired",
        "Free soon": "Expires soon",
        "Free fresh": "Usable",
    }
    for cell in page.root.all("td"):
        if cell.all("span", class_="pill"):
            assert cell.attributes["data-label"] == "Status"
            assert "more" not in cell.attributes.get("class", ""), "a phone shows it, too"
    tones = {
        one.text: one.attributes["class"].split()[-1]
        for one in page.root.all("span", class_="pill")
    }
    assert tones["Quarantine"] == tones["Quarantine, Expires soon"] == "warning"
    assert tones["Quarantine, Expired"] == "danger"


@pytest.mark.parametrize(
    ("typed", "found"),
    some(
        [
            ("quarantine", ["Held fresh", "Held old", "Held soon"]),
            ("Quarantine fresh", ["Held fresh"]),
            ("Quarantine, Expired", ["Held old"]),
            ("quarantine, expires soon", ["Held soon"]),
            ("usable", ["Free fresh"]),
            ("expired", ["Free old", "Held old"]),
            ("expires soon", ["Free soon", "Held soon"]),
        ],
        short=4,
    ),
)
def test_the_words_of_the_status_find_the_records(
    browser: Browser, standing: Scope, typed: str, found: list[str]
) -> None:
    page = browser.sign_in("manager_a").get(
        "/vaccine-inventory/", query_string={"view": "all", "q": typed}
    )
    assert sorted(listed(page)) == found


@pytest.mark.both_databases
def test_the_files_carry_the_status(browser: Browser, standing: Scope) -> None:
    browser.sign_in("manager_a")
    for kind in ("csv", "xlsx"):
        answer = browser.get(f"/vaccine-inventory/?view=all&export={kind}").response
        if kind == "csv":
            rows = list(reader(StringIO(answer.get_data(as_text=True).lstrip("\ufeff"))))
        else:
            sheet = load_workbook(BytesIO(answer.data)).active
            assert sheet is not None
            rows = [[str(cell) for cell in line] for line in sheet.iter_rows(values_only=True)]
        at = rows[0].index("Status")
        held = {line[0]: line[at] for line in rows[1:] if line[0].startswith("Held")}
        assert held == {
            "Held old": "Quarantine, Expired",
            "Held soon": "Quarantine, Expires soon",
            "Held fresh": "Quarantine",
        }


def test_a_page_of_the_list_stays_light_and_asks_the_same_however_much_is_held(
    app: Flask, browser: Browser, standing: Scope
) -> None:
    address = "/vaccine-inventory/?view=all"

    def count() -> int:
        browser.get(address)
        with watching(app) as asked:
            browser.get(address)
        return len(asked)

    browser.sign_in("manager_a")
    few = count()
    with app.app_context():
        for number in range(19):
            lot = {"lot": f"EX{number * 7919 % 1000:03}", "name": f"Vaccine {number * 31}"}
            put(standing, held=True, expiration_date=stock.day(-(number * 9) - 20), **lot)
    assert count() == few
    part = browser.client.get(
        address, headers={**htmx_headers("inventory-list", {}), "Accept-Encoding": "br"}
    )
    assert part.headers["Content-Encoding"] == "br"
    size = len(part.data) + len(str(part.headers))
    assert size <= 3_000, f"25 rows weigh {size} bytes"


@pytest.mark.both_databases
def test_lots_in_quarantine_are_found_by_an_index(
    app: Flask, browser: Browser, standing: Scope, database_kind: str
) -> None:
    if database_kind != "sqlite":
        pytest.skip("PostgreSQL reads a table this small as a whole")
    with watching(app) as asked:
        browser.sign_in("manager_a").get("/vaccine-inventory/?view=all&q=quarantine")
    # The rows themselves are then fetched by their ids.
    found = [one for one in asked if "quarantined = 1" in one[0] and " IN (" not in one[0]]
    assert found
    with app.app_context(), db.engine.connect() as connection:
        for statement, values in found:
            plan = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", values)
            assert "ix_vaccine_inventory_quarantined" in " ".join(map(str, plan)), statement
