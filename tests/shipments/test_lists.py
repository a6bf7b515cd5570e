"""The `Shipments` list and the way to it from `Home`: what is to be received, dates, statuses."""

import pytest
from flask import Flask

from portal.db import db
from tests.client import Browser
from tests.effort import some
from tests.inventory import stock
from tests.personas import Personas
from tests.shipments.files import csv, row, take_in
from tests.statements import watched


@pytest.fixture
def stocked(app: Flask, browser: Browser, personas: Personas) -> Browser:
    """SHP-1 on its way, SHP-2 partly and SHP-3 wholly received, one of another location."""
    take_in(
        app,
        csv(
            row(),
            row(id="SHP-2", shipped="03/14/2021", lot="TWO"),
            row(id="SHP-3", expires="07/04/2027", lot="THREE"),
            row(id="SHP-B", pin="NCA650002", shipped="03/14/2021"),
        ),
    )
    with app.app_context():
        scope = stock.scope_for(personas, "manager_a")
        stock.add(scope, doses=10, shipment_id=stock.shipment_id(app, "SHP-2"), lot="TWO")
        stock.add(scope, doses=300, shipment_id=stock.shipment_id(app, "SHP-3"), lot="THREE")
    return browser.sign_in("manager_a")


def listed(browser: Browser, query: str) -> list[str]:
    """The shipments that the list shows."""
    page = browser.get(f"/shipments/?{query}")
    bodies = page.root.all("tbody")
    return sorted(line.one("th").text for body in bodies for line in body.all("tr"))


def test_the_card_leads_to_the_shipments_it_counts(stocked: Browser) -> None:
    home = stocked.get("/")
    card = home.root.one("section", aria_labelledby="card-shipments")
    assert "2 shipments are on their way or only partly received." in card.text
    link = card.one("a").attributes["href"]
    assert listed(stocked, link.partition("?")[2]) == ["SHP-1", "SHP-2"]
    page = stocked.get(link)
    assert "2 records" in page.root.text


@pytest.mark.both_databases
def test_views_by_status(stocked: Browser) -> None:
    assert listed(stocked, "view=to_be_received") == ["SHP-1", "SHP-2"]
    assert listed(stocked, "view=received") == ["SHP-3"]
    assert listed(stocked, "view=closed") == []
    assert listed(stocked, "view=to_be_received&q=two") == ["SHP-2"]
    names = [link.text for link in stocked.get("/shipments/").root.all("a")]
    for name in ("All Shipments", "To Be Received", "Received", "Closed"):
        assert name in names


@pytest.mark.parametrize(
    ("typed", "found"),
    some(
        [
            ("received", ["SHP-3"]),
            ("Partly Received", ["SHP-2"]),
            ("on its way", ["SHP-1"]),
            ("expected", ["SHP-1", "SHP-2"]),
            ("to be received", ["SHP-1", "SHP-2"]),
            ("closed", []),
            ("partly received two", ["SHP-2"]),
            ("three received moderna", ["SHP-3"]),
            ("received two", []),
            ("03/14/2021", ["SHP-2"]),
            ("3/14/2021", ["SHP-2"]),
            ("07/04/2027", ["SHP-3"]),
            ("7/4/2027", ["SHP-3"]),
            ("7/4/2027 received", ["SHP-3"]),
            ("7/4/2027 expected", []),
            ("06/30/2027 2/1/2021", ["SHP-1"]),
            ("02/31/2021", []),
            ("3/14", []),
        ],
        short=6,
    ),
)
def test_what_the_columns_say_is_found(stocked: Browser, typed: str, found: list[str]) -> None:
    assert listed(stocked, f"view=all&q={typed}") == found


@pytest.mark.both_databases
@pytest.mark.parametrize(
    ("typed", "found"),
    [("06/30/2027", 2), ("6/30/2027", 2), ("usable", 2), ("expired", 0), ("usable two", 1)],
)
def test_the_inventory_is_found_so_too(stocked: Browser, typed: str, found: int) -> None:
    page = stocked.get(f"/vaccine-inventory/?view=all&q={typed}")
    assert sum(len(body.all("tr")) for body in page.root.all("tbody")) == found


@pytest.mark.both_databases
def test_the_card_and_its_list_use_the_index(app: Flask, stocked: Browser) -> None:
    with app.app_context():
        engine = db.engine
        if engine.dialect.name != "sqlite":
            pytest.skip("PostgreSQL reads a table this small as a whole")
    with watched(app) as asked:
        stocked.get("/")
        stocked.get("/shipments/?view=to_be_received&sort=lot")
        stocked.get("/shipments/?view=all&q=3/14/2021")
    by_status = [one for one in asked if "shipment.status IN" in one and "LIMIT" in one]
    by_date = [one for one in asked if "UNION ALL" in one and "shipment." in one]
    assert len(by_status) >= 2
    assert by_date
    with engine.connect() as connection:
        for statements, indexes in (
            (by_status, ("ix_shipment_list_status",)),
            (by_date, ("ix_shipment_list_date_shipped", "ix_shipment_list_expiration_date")),
        ):
            for one in statements:
                plan = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {one}", one.values)
                text = " ".join(str(line) for line in plan)
                assert all(index in text for index in indexes), text
