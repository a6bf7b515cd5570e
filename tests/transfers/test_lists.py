"""The list views of transfers: what each location finds, in whatever view, order and search."""

import csv
import io
from urllib.parse import quote

import pytest
from flask import Flask
from sqlalchemy import delete, select

from blueprints.transfers.models import TransferSide
from blueprints.transfers.queries import SentTransfer
from portal.access.scope import Scope
from portal.audit.models import AuditEntry
from portal.db import unit_of_work
from tests.client import Browser
from tests.effort import some
from tests.inventory import stock
from tests.personas import Personas
from tests.statements import watched
from tests.transfers.boxes import MODERNA, numbers, receive, rows, send


def test_a_row_says_what_is_in_the_box_and_leads_to_the_transfer(
    browser: Browser, sent: dict[str, SentTransfer]
) -> None:
    page = browser.get("/transfers/?view=all&sort=number")
    assert rows(page) == [
        [
            sent["three"].number,
            f"{stock.day(7):%m/%d/%Y}",
            "Clinic A",
            "Clinic B",
            f"{MODERNA} +1",
            "A1 +2",
            "12",
            "In transit",
        ],
        [
            sent["done"].number,
            f"{stock.day():%m/%d/%Y}",
            "Clinic A",
            "Clinic B",
            MODERNA,
            "A2",
            "5",
            "Received",
        ],
        [
            sent["in"].number,
            f"{stock.day():%m/%d/%Y}",
            "Clinic B",
            "Clinic A",
            MODERNA,
            "B1",
            "4",
            "In transit",
        ],
    ]
    assert "3 records" in page.root.text
    for one in sent.values():
        link = page.root.with_text("a", one.number).attributes["href"]
        assert link == f"/transfers/{one.transfer.id}"
        assert f"Transfer {one.number}" in browser.get(link).root.one("h1").text
    browser.sign_in("manager_b")
    theirs = browser.get("/transfers/?view=all&sort=number")
    assert rows(theirs) == rows(page), "both locations read the same of it"
    assert theirs.root.with_text("a", sent["in"].number).attributes["href"] == (
        f"/transfers/{sent['in'].transfer.id}"
    )


def test_the_views_tell_what_comes_from_what_goes(
    browser: Browser, sent: dict[str, SentTransfer]
) -> None:
    page = browser.get("/transfers/?view=all")
    links = {link.text: link.attributes["href"] for link in page.root.all("a")}
    inbound = rows(browser.get(links["On Their Way Here"]))
    assert [row[0] for row in inbound] == [sent["in"].number]
    outbound = rows(browser.get(links["Sent From Here"]))
    assert [row[0] for row in outbound] == [sent["done"].number, sent["three"].number]
    assert len(rows(browser.get(links["All Transfers"]))) == 3
    browser.sign_in("manager_b")
    assert numbers(browser, "view=inbound") == [sent["three"].number], "not what is here already"
    assert numbers(browser, "view=outbound") == [sent["in"].number]


@pytest.mark.both_databases
def test_it_opens_with_what_was_looked_at_here(
    browser: Browser, sent: dict[str, SentTransfer]
) -> None:
    first = browser.get("/transfers/")
    assert "Nothing viewed yet" in first.root.text
    browser.get(f"/transfers/{sent['in'].transfer.id}")
    assert numbers(browser, "") == [sent["in"].number]
    browser.get(f"/transfers/{sent['done'].transfer.id}")
    assert numbers(browser, "") == [sent["done"].number, sent["in"].number]


def test_the_way_there_shows_all_and_old_addresses_still_work(
    browser: Browser, sent: dict[str, SentTransfer]
) -> None:
    link = browser.get("/").root.with_text("a", "All transfers")
    assert len(rows(browser.get(link.attributes["href"]))) == 3
    place = browser.get("/vaccine-inventory/?view=all").root.with_text("a", "Account Clinic A")
    account = browser.get(place.attributes["href"])
    more = account.root.with_text("a", "All transfers of this location")
    assert len(rows(browser.get(more.attributes["href"]))) == 3
    assert browser.get(f"/transfers/?before={sent['in'].transfer.id}").status == 200


@pytest.mark.both_databases
@pytest.mark.parametrize(
    ("typed", "found"),
    some(
        [
            ("{three}", ["three"]),
            ("clinic b", ["done", "in", "three"]),
            ("nca650002", ["done", "in", "three"]),
            ("nca650001", []),
            ("nca650003", []),
            ("pfizer", ["three"]),
            ("moderna", ["done", "in", "three"]),
            ("pf1", ["three"]),
            ("a2", ["done", "three"]),
            ("b1 clinic b", ["in"]),
            ("received", ["done"]),
            ("partly received", []),
            ("in transit", ["in", "three"]),
            ("In Transit moderna b1", ["in"]),
            ("refused", []),
            ("cancelled", []),
            ("on their way here", ["in"]),
            ("sent from here", ["done", "three"]),
            ("sent from here pf1", ["three"]),
            ("{day}", ["three"]),
            ("{day} received", []),
        ],
        short=8,
    ),
)
def test_what_the_row_says_is_found(
    browser: Browser, sent: dict[str, SentTransfer], typed: str, found: list[str]
) -> None:
    day = stock.day(7)
    text = typed.format(three=sent["three"].number, day=f"{day.month}/{day.day}/{day.year}")
    wanted = sorted(sent[one].number for one in found)
    assert sorted(numbers(browser, f"view=all&q={quote(text)}")) == wanted


@pytest.fixture
def many(scope: Scope, other: Scope, browser: Browser) -> list[str]:
    """Thirty transfers, every third from B; their numbers."""
    ours = stock.add(scope, doses=1_000, received_on=stock.day(60))
    theirs = stock.add(other, doses=1_000, lot="B1", received_on=stock.day(60))
    made = []
    for turn in range(30):
        here, there, record = (other, scope, theirs) if turn % 3 == 0 else (scope, other, ours)
        made.append(send(here, there, record, doses=turn + 1, back=turn % 7))
    receive(other, made[1], doses=2)
    browser.sign_in("manager_a")
    return [one.number for one in made]


SORTS = ("number", "sent", "sender", "receiver", "product", "lot", "doses", "status")
AT = dict(zip(SORTS, range(len(SORTS)), strict=True))


@pytest.mark.both_databases
@pytest.mark.parametrize("sort", some(SORTS, short=2))
def test_every_heading_sorts_all_pages(browser: Browser, many: list[str], sort: str) -> None:
    read = {}
    for way in (sort, f"-{sort}"):
        page = browser.get(f"/transfers/?view=all&sort={way}")
        assert "30 records" in page.root.text
        found = rows(page)
        assert len(found) == 25
        following = browser.get(page.root.with_text("a", "Next").attributes["href"])
        found += rows(following)
        assert sorted(row[0] for row in found) == sorted(many)
        values = [row[AT[sort]] for row in found]
        if sort == "doses":
            assert [int(value) for value in values] == sorted(
                range(1, 31), reverse=way.startswith("-")
            )
        elif sort == "sent":
            days = [value[6:] + value[:5] for value in values]
            assert days == sorted(days, reverse=way.startswith("-"))
        elif sort != "status":
            assert values == sorted(values, reverse=way.startswith("-"))
        read[way] = [row[0] for row in found]
    assert read[sort] == read[f"-{sort}"][::-1]


def test_a_page_takes_as_many_statements_for_thirty_as_for_none(
    app: Flask, browser: Browser, many: list[str]
) -> None:
    def statements(query: str) -> int:
        browser.get(f"/transfers/?{query}")
        with watched(app) as asked:
            browser.get(f"/transfers/?{query}")
        return len(asked)

    full = [statements(f"view={view}") for view in ("all", "inbound", "outbound")]
    with unit_of_work() as session:
        session.execute(delete(TransferSide).where(TransferSide.doses > 2))
    few = [statements(f"view={view}") for view in ("all", "inbound", "outbound")]
    assert full == few


def test_the_file_holds_what_the_list_shows(browser: Browser, many: list[str]) -> None:
    answer = browser.client.get("/transfers/?view=outbound&sort=number&export=csv")
    lines = list(csv.reader(io.StringIO(answer.data.decode("utf-8-sig"))))
    assert lines[0] == [
        "Transfer",
        "Date Sent",
        "Sending Location",
        "Receiving Location",
        "Product",
        "Lot #",
        "Doses Sent",
        "Status",
    ]
    assert [line[0] for line in lines[1:]] == [
        number for turn, number in enumerate(many) if turn % 3
    ]
    assert {line[2] for line in lines[1:]} == {"Clinic A"}
    assert browser.client.get("/transfers/?view=all&export=xlsx").data.startswith(b"PK")
    with unit_of_work(write=False) as session:
        taken = session.scalars(
            select(AuditEntry.summary).where(AuditEntry.action == "transfers.exported")
        ).all()
    assert list(taken) == ["csv, outbound, 20 rows", "xlsx, all, 30 rows"]


def test_only_the_two_locations_find_a_transfer(
    app: Flask, browser: Browser, sent: dict[str, SentTransfer], personas: Personas
) -> None:
    stock.scope_at(personas, "manager_c", "C")
    browser.sign_in("manager_c")
    for query in ("view=all", "view=inbound", "view=outbound", "view=all&q=moderna", "view=recent"):
        assert numbers(browser, query) == [], query
    exported = browser.client.get("/transfers/?view=all&export=csv").data.decode()
    assert sent["in"].number not in exported
    assert browser.get(f"/transfers/{sent['in'].transfer.id}").status == 404
    for who in ("provider_a", "readonly_a"):
        browser.sign_in(who)
        assert browser.get("/transfers/?view=all&export=csv").status == 403
