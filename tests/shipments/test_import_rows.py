"""What the page of an import says of each row of the file (SPEC C1)."""

from datetime import timedelta

import pytest
import time_machine
from flask import Flask
from sqlalchemy import select

from portal.clock import now
from portal.db import unit_of_work
from portal.imports.jobs import forget_old
from portal.imports.models import ImportPart, ImportRun
from portal.sheets import csv_file
from tests.client import Browser, Page
from tests.inventory import stock
from tests.personas import Personas
from tests.shipments.files import csv, row, take_in
from tests.shipments.taken import count, numbers
from tests.statements import watched


def look(browser: Browser, run: ImportRun, query: str = "") -> Page:
    """The page of an import, as the administrator sees it."""
    return browser.sign_in("admin").get(f"/shipments/imports/{run.id}{query}")


def rows(page: Page) -> list[tuple[str, str, str]]:
    """Row number, what happened, and details, line by line."""
    table = page.root.one("section", aria_labelledby="rows").one("tbody")
    lines = []
    for line in table.all("tr"):
        happened, _shipment, details = line.all("td")
        lines.append((line.one("th").text, happened.text, details.text))
    return lines


@pytest.mark.both_databases
def test_every_row_says_what_happened_to_it(
    app: Flask, browser: Browser, personas: Personas
) -> None:
    take_in(app, csv(row(), row(id="SHP-2"), row(id="SHP-3")))
    with app.app_context():
        received = stock.shipment_id(app, "SHP-3")
        stock.add(stock.scope_for(personas, "manager_a"), doses=10, shipment_id=received)
    run = take_in(
        app,
        csv(
            row(id="SHP-9"),
            row(),
            row(id="SHP-2", order="EX21-2", doses="1200", tracking=""),
            row(id="SHP-3", order="EX21-3"),
            row(id="SHP-4", doses="x"),
            row(id="SHP-9"),
        ),
    )
    assert numbers(run) == (1, 1, 2, 2)
    page = look(browser, run)
    found = rows(page)
    assert [line[:2] for line in found] == [
        ("2", "Added"),
        ("3", "Unchanged"),
        ("4", "Updated"),
        ("5", "Not taken in"),
        ("6", "Not taken in"),
        ("7", "Unchanged"),
    ]
    assert found[2][2] == (
        "ExIS Order Number: EX21-1 → EX21-2 Quantity Shipped: 300 → 1,200 "
        "Tracking Number: 1Z999AA10123456784 → (empty)"
    )
    assert found[3][2].startswith("ExIS Order Number: Doses of this shipment were already received")
    assert found[4][2].startswith("Quantity Shipped: ")
    section = page.root.one("section", aria_labelledby="rows")
    links = {one.text: one.attributes["href"] for one in section.one("tbody").all("a")}
    switching = browser.get(links["SHP-9"])
    record = browser.submit(switching, button="Clinic A", follow=True)
    assert record.root.one("h1").text == "Shipment SHP-9"
    section = browser.get(f"/shipments/imports/{run.id}").root.one(
        "section", aria_labelledby="rows"
    )
    links = {one.text: one.attributes["href"] for one in section.one("tbody").all("a")}
    assert links["SHP-2"] == f"/shipments/{stock.shipment_id(app, 'SHP-2')}"
    panel = page.root.one("dl", class_="hl").text
    assert panel == "Rows 6 Added 1 Updated 1 Unchanged 2 To correct 2"


@pytest.mark.both_databases
def test_rows_are_listed_by_what_happened(app: Flask, browser: Browser) -> None:
    take_in(app, csv(row(), row(id="SHP-2")))
    run = take_in(
        app, csv(row(order="NEW"), row(id="SHP-2"), row(id="SHP-3"), row(id="BAD", doses="x"))
    )
    for wanted, number in (("added", "4"), ("updated", "2"), ("unchanged", "3"), ("failed", "5")):
        assert [line[0] for line in rows(look(browser, run, f"?rows={wanted}"))] == [number]
    assert len(rows(look(browser, run, "?rows=nonsense"))) == 4
    nothing = look(browser, take_in(app, csv(row(id="SHP-7"))), "?rows=updated")
    assert "There are no such rows." in nothing.root.text


@pytest.mark.both_databases
def test_dates_and_locations_are_written_as_in_the_file(app: Flask, browser: Browser) -> None:
    take_in(app, csv(row(expires="06/30/2027"), row(id="SHP-2")))
    run = take_in(
        app,
        csv(
            row(expires="06/2027", maker="Moderna US"),
            row(id="SHP-2", pin="NCA650002", expires="07/2027", shipped="01/31/2021"),
        ),
    )
    first, second = rows(look(browser, run))
    assert first[2] == ("Manufacturer: Moderna → Moderna US Expiration Date: 06/30/2027 → 06/2027")
    assert second[2] == (
        "Provider PIN: NCA650001 → NCA650002 Expiration Date: 06/30/2027 → 07/2027 "
        "Date Shipped: 02/01/2021 → 01/31/2021"
    )


def through(browser: Browser, run: ImportRun, query: str = "") -> list[str]:
    """The row numbers of all pages, following `Next`."""
    page, found = look(browser, run, query), []
    while True:
        shown = [line[0] for line in rows(page)]
        assert 0 < len(shown) <= 25
        found += shown
        pager = page.root.all("nav", aria_label="Pages")
        following = [one for nav in pager for one in nav.all("a") if one.text == "Next"]
        if not following:
            return found
        page = browser.get(following[0].attributes["href"])


@pytest.mark.parametrize("batch", [3, 500])
def test_the_rows_of_a_long_file_come_page_by_page(
    app: Flask, browser: Browser, monkeypatch: pytest.MonkeyPatch, batch: int
) -> None:
    monkeypatch.setattr(csv_file, "BATCH_ROWS", batch)
    lines = [row(id=f"SHP-{one}", doses="x" if one % 5 == 0 else "10") for one in range(2, 103)]
    run = take_in(app, csv(*lines))
    assert numbers(run) == (81, 0, 0, 20)
    assert through(browser, run) == [str(one) for one in range(2, 103)]
    wrong = [str(one) for one in range(2, 103) if one % 5 == 0]
    assert through(browser, run, "?rows=failed") == wrong
    assert through(browser, run, "?rows=added") == [
        str(one) for one in range(2, 103) if one % 5 != 0
    ]
    assert through(browser, run, "?from=99") == ["99", "100", "101", "102"]
    mended = [row(id=f"SHP-{one}", doses="20" if one % 9 == 0 else "10") for one in range(2, 103)]
    again = take_in(app, csv(*mended))
    changed = [str(one) for one in range(2, 103) if one % 9 == 0 and one % 5 != 0]
    assert through(browser, again, "?rows=updated") == changed
    assert look(browser, run, "?from=99999999999999999999").status == 200
    assert look(browser, run, "?from=-1").status == 200


@pytest.mark.both_databases
def test_what_is_kept_is_one_short_row_for_hundreds(app: Flask) -> None:
    take_in(app, csv(*(row(id=f"SHP-{one}") for one in range(400))))
    with app.app_context(), unit_of_work(write=False) as session:
        (part,) = session.scalars(select(ImportPart))
        assert (part.added, part.updated, part.unchanged) == (400, 0, 0)
        assert len(str(part.rows)) < 100
    assert count(app, ImportPart) == 1


def test_no_row_asks_the_database_for_itself(app: Flask) -> None:
    def asked(content: bytes) -> int:
        with watched(app) as statements:
            take_in(app, content)
        return len(statements)

    few, many = (csv(*(row(id=f"SHP-{one}") for one in range(size))) for size in (30, 300))
    asked(many)
    assert asked(many) == asked(few), "unchanged rows"


def test_the_rows_go_with_the_file(app: Flask, browser: Browser) -> None:
    run = take_in(app, csv(row(), row(id="BAD", doses="x")))
    with app.app_context(), time_machine.travel(now() + timedelta(days=31)):
        forget_old()
    assert count(app, ImportPart) == 0
    page = look(browser, run)
    assert "were deleted together with the file" in page.root.text
    assert "Added 1" in page.root.one("dl", class_="hl").text


def test_nobody_but_who_imports_sees_the_rows(app: Flask, browser: Browser) -> None:
    run = take_in(app, csv(row()))
    for who in ("manager_a", "provider_a", "readonly_a", "agent"):
        answer = browser.sign_in(who).get(f"/shipments/imports/{run.id}?rows=added")
        assert answer.status == 403
        assert "SHP-1" not in answer.html
