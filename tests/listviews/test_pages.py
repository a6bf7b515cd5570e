"""The page of a list: what it shows, its region, its views, pins, what was recently viewed."""

import pytest
from flask import Flask
from sqlalchemy import func, select

from portal.access.scope import Scope
from portal.db import session, unit_of_work
from portal.listviews.models import ListPin, RecentView
from portal.listviews.services import KEPT, remember_view
from tests.client import Browser, Element, Page
from tests.listviews.conftest import FIRST_DAY, Pack, scope_at
from tests.personas import Personas
from tests.statements import watched


def labels(page: Page) -> list[str]:
    """The first cells of the rows."""
    assert page.status == 200
    return [row.one("th").text for row in page.root.all("tbody") for row in row.all("tr")]


def link(page: Page, text: str) -> str:
    """Where the link with that text leads."""
    return page.root.with_text("a", text).attributes["href"]


@pytest.fixture
def manager(browser: Browser) -> Browser:
    """The manager of location A, signed in."""
    return browser.sign_in("manager_a")


def test_the_page_shows_the_records_of_the_location(manager: Browser, pack: Pack) -> None:
    pack(1, label="<b>Ä & Ö</b>", litres=12_345, packed_on=FIRST_DAY, state="warm")
    pack(2, at="B", label="Elsewhere")
    page = manager.get("/crates?view=all")
    row = page.root.one("tbody").one("tr")
    cells = [row.one("th").text, *(cell.text for cell in row.all("td"))]
    assert cells == ["<b>Ä & Ö</b>", "01/04/2021", "12,345", "Too warm", ""]
    assert "1 record" in page.root.one("p", role="status").text
    assert "Elsewhere" not in page.html
    assert manager.get(row.one("a").attributes["href"]).root.one("h1").text == "<b>Ä & Ö</b>"


def test_a_heading_sorts_and_again_reverses(manager: Browser, pack: Pack) -> None:
    for label in "bca":
        pack(1, label=label, packed_on=FIRST_DAY)
    page = manager.get("/crates?view=all")
    assert page.root.with_text("th", "Packed On").attributes["aria-sort"] == "descending"
    page = manager.get("/crates" + link(page, "Label"))
    assert labels(page) == ["a", "b", "c"]
    assert page.root.with_text("th", "Label").attributes["aria-sort"] == "ascending"
    page = manager.get("/crates" + link(page, "Label"))
    assert labels(page) == ["c", "b", "a"]
    assert "href" not in page.root.with_text("th", "Remark").attributes
    assert not page.root.with_text("th", "Remark").all("a")


def test_the_pager_leads_through_all_pages_and_back(manager: Browser, pack: Pack) -> None:
    pack(60)
    page = manager.get("/crates?view=all&sort=label")
    seen = labels(page)
    first = seen[:]
    assert not [each for each in page.root.all("a") if each.text in ("First", "Previous")]
    while "Next" in {each.text for each in page.root.all("a")}:
        page = manager.get("/crates" + link(page, "Next"))
        seen += labels(page)
    assert seen == sorted(seen)
    assert len(seen) == 60
    assert len(labels(page)) == 10
    page = manager.get("/crates" + link(page, "First"))
    assert labels(page) == first
    last = manager.get("/crates" + link(page, "Last"))
    assert labels(last) == seen[50:]
    assert labels(manager.get("/crates" + link(last, "Previous"))) == seen[25:50]
    more = manager.get("/crates" + link(last, "Rows per page: 50"))
    assert labels(more) == seen[:50]


def test_a_search_keeps_sort_and_view_and_is_in_the_address(manager: Browser, pack: Pack) -> None:
    pack(30, label="needle")
    pack(5, label="hay")
    page = manager.get("/crates?view=all&sort=litres&rows=50")
    found = manager.submit(page, {"q": "Needle"}, role="search")
    assert set(labels(found)) == {"needle"}
    assert found.root.one("input", name="q").attributes["value"] == "Needle"
    assert found.root.with_text("th", "Litres").attributes["aria-sort"] == "ascending"
    nothing = manager.get("/crates?view=all&q=nothing+at+all")
    assert labels(nothing) == []
    assert len(labels(manager.get("/crates" + link(nothing, "Show All Crates")))) == 25


def test_the_region_is_the_same_in_the_page_and_alone(manager: Browser, pack: Pack) -> None:
    pack(30)
    for address in ("/crates?view=all&sort=-label", "/crates?view=recent", "/crates?view=all&q=zz"):
        page = manager.get(address)
        region = manager.get(address, region="crates-list")
        assert "<html" not in region.html
        assert "HX-Target" in region.headers["Vary"]
        roots = [each for each in region.root.children if isinstance(each, Element)]
        assert [root.attributes["id"] for root in roots] == ["crates-list"]
        assert region.html.strip() in page.html


def test_every_link_of_the_region_is_a_plain_link(manager: Browser, pack: Pack) -> None:
    pack(60)
    region = manager.get("/crates?view=all", region="crates-list")
    for each in region.root.all("a"):
        assert each.attributes["href"].startswith(("?", "/crates/"))
    for each in region.root.all("form"):
        assert each.attributes["action"] == "/crates"


def test_a_new_user_is_shown_the_way_to_all_records(manager: Browser, pack: Pack) -> None:
    pack(2)
    page = manager.get("/crates")
    assert "Nothing viewed yet" in page.root.text
    (button,) = [
        each for each in page.root.one("div", id="crates-list").all("a") if "All" in each.text
    ]
    assert len(labels(manager.get("/crates" + button.attributes["href"]))) == 2


def test_an_empty_list_says_what_will_be_here(manager: Browser) -> None:
    page = manager.get("/crates?view=all")
    assert "No crates yet" in page.root.text
    assert "0 records" in page.root.text


def test_what_was_viewed_comes_first(manager: Browser, pack: Pack) -> None:
    ids = pack(4)
    for number in (ids[2], ids[0], ids[3], ids[0]):
        assert manager.get(f"/crates/{number}").status == 200
    assert labels(manager.get("/crates")) == ["Crate 0000", "Crate 0003", "Crate 0002"]
    by_label = manager.get("/crates?view=recent&sort=label")
    assert labels(by_label) == ["Crate 0000", "Crate 0002", "Crate 0003"]
    assert labels(manager.get("/crates?view=recent&q=0003")) == ["Crate 0003"]
    nothing = manager.get("/crates?view=recent&q=0001")
    assert labels(nothing) == []
    assert labels(manager.get("/crates" + link(nothing, "Search in All Crates"))) == ["Crate 0001"]


def test_looking_twice_in_a_row_writes_once(app: Flask, manager: Browser, pack: Pack) -> None:
    (number,) = pack(1)

    def writes() -> int:
        with watched(app) as statements:
            manager.get(f"/crates/{number}")
        return sum("recent_view" in one and not one.startswith("SELECT") for one in statements)

    assert writes() > 0
    assert writes() == 0


def test_only_the_newest_are_kept(scope: Scope, pack: Pack) -> None:
    ids = pack(KEPT + 3)
    for number in ids:
        with unit_of_work():
            remember_view(scope, "crate", number)
    with unit_of_work(write=False):
        kept = set(session().scalars(select(RecentView.record_id)))
    assert kept == set(ids[3:])


def test_recently_viewed_belongs_to_user_and_location(
    browser: Browser, personas: Personas, pack: Pack
) -> None:
    (here,) = pack(1, label="Here")
    (there,) = pack(1, at="B", label="There")
    with unit_of_work():
        remember_view(scope_at(personas, "B"), "crate", there)
        # Even a look that is noted under the wrong location leads to nothing.
        remember_view(scope_at(personas, "A"), "crate", there)
        remember_view(scope_at(personas, "A"), "crate", here)
    assert labels(browser.sign_in("manager_ab").get("/crates?view=recent")) == ["Here"]
    assert labels(browser.sign_in("manager_a").get("/crates?view=recent")) == []


def test_a_pin_decides_what_opens(
    app: Flask, browser: Browser, manager: Browser, pack: Pack
) -> None:
    pack(1, label="Cold one")
    pack(1, label="Warm one", state="warm")
    page = manager.get("/crates?view=warm")
    assert labels(page) == ["Warm one"]
    answer = manager.submit(page, button=None, action="/lists/crates/pin")
    assert answer.status == 303
    page = manager.get(answer.leads_to)
    pin = page.form(action="/lists/crates/pin").one("button")
    assert pin.attributes["aria-pressed"] == "true"
    assert labels(manager.get("/crates")) == ["Warm one"]
    other = Browser(app, browser.personas).sign_in("manager_b").get("/crates")
    assert "Nothing viewed yet" in other.root.text
    page = manager.get("/crates")
    assert manager.submit(page, {"pin": "0"}, action="/lists/crates/pin").status == 303
    assert "Nothing viewed yet" in manager.get("/crates").root.text


def test_a_pin_is_refused_where_there_is_nothing_to_pin(
    browser: Browser, manager: Browser, pack: Pack
) -> None:
    page = manager.get("/crates?view=all")
    bad = manager.submit(page, {"view": "nonsense", "pin": "1"}, action="/lists/crates/pin")
    assert bad.status == 422
    token = page.form(action="/lists/crates/pin").one("input", name="csrf_token")
    data = {"csrf_token": token.attributes["value"], "view": "all", "pin": "1"}
    assert manager.post("/lists/nonsense/pin", data).status == 404
    assert manager.get("/lists/crates/pin").status == 405
    agent = browser.sign_in("agent").get("/crates")
    assert agent.status == 403
    with unit_of_work(write=False):
        assert session().scalar(select(func.count()).select_from(ListPin)) == 0


def test_the_number_of_statements_does_not_depend_on_the_rows(manager: Browser, pack: Pack) -> None:
    def count(address: str) -> int:
        manager.get(address)
        with watched(manager.app) as statements:
            manager.get(address)
        return len(statements)

    addresses = (
        "/crates?view=all",
        "/crates?view=all&sort=label&rows=50&after=a~1",
        "/crates?view=all&before=end",
        "/crates?view=all&q=crate",
        "/crates?view=warm",
        "/crates?view=recent",
    )
    pack(1, state="warm")
    few = [count(address) for address in addresses]
    pack(999, state="warm")
    assert [count(address) for address in addresses] == few
    # Two begin, two find the session, one keeps it alive, one asks for the pin.
    assert max(few) <= 9


def test_nonsense_in_the_address_is_never_an_error(manager: Browser, pack: Pack) -> None:
    pack(3)
    for query in (
        "view=../../etc",
        "sort=-",
        "sort=search",
        "view=all&after=~",
        "view=all&before=~~~~",
        "view=all&after=%00~1",
        "view=all&after=99999-99-99~1",
        "rows=-1",
        "q=%00",
        "view=recent&sort=-viewed&after=x~1",
        "export=pdf",
        "view=all&view=recent",
    ):
        assert manager.get(f"/crates?{query}").status == 200
