"""Nothing of location B ever reaches whom it does not concern, wherever it is written."""

import io
import re
import zipfile

import pytest
from flask import Flask, url_for
from flask.testing import FlaskClient

from portal.db import unit_of_work
from portal.messages.models import Message
from tests.access.making import MISSING
from tests.access.test_matrix import HTMX, Matrix, token_of
from tests.effort import RUN, some
from tests.personas import Personas
from tests.samples import each

MARK = "Qzx7Vbw9Kjp"
OFFERS = each(lambda samples: samples.canaries.offers)
OF_ALL = each(lambda samples: samples.canaries.of_all)
SEARCHES = (MARK, "Qzx7", "qzx", *each(lambda samples: samples.canaries.searches))
REGIONS = ({}, HTMX, {**HTMX, "HX-Target": "div#list"}, {"HX-Target": "div#record"})


@pytest.fixture
def matrix(app: Flask, personas: Personas) -> Matrix:
    """Location B carries the mark in every text there is."""
    return Matrix(app, personas, mark=MARK, at="B")


def text_of(data: bytes) -> str:
    """What a page or file says; a workbook is unpacked."""
    if data.startswith(b"PK"):
        with zipfile.ZipFile(io.BytesIO(data)) as book:
            data = b"\n".join(book.read(name) for name in book.namelist())
    return data.decode("utf-8", "replace").casefold()


def everything_of(matrix: Matrix, who: str, client: FlaskClient) -> dict[str, str]:
    """Whatever the persona can fetch: pages, regions, exports, look-ups, searches."""
    urls = {matrix.url(ask) for ask in matrix.asks(who) if "GET" in (ask.rule.methods or ())}
    with matrix.app.test_request_context():
        lists = [(one, url_for(one.endpoint)) for one in matrix.registry.lists.values()]
    for one, place in lists:
        for view in {"all", "recent", "active", *one.view_labels}:
            urls.add(f"{place}?view={view}")
            if view == "all" or RUN.everything:
                urls |= {f"{place}?view={view}&export={kind}" for kind in ("csv", "xlsx")}
                urls |= {f"{place}?view={view}&q={text}" for text in SEARCHES}
    lookups = set(matrix.registry.lookups) - set(each(lambda samples: samples.canaries.across))
    urls |= {f"/lookups/{name}?q={text}" for name in lookups for text in SEARCHES}
    urls |= {f"/switch-location?q={text}" for text in SEARCHES}
    more = each(lambda samples: samples.canaries.more)
    urls |= {matrix.made.filled_in(address, letter) for address in more for letter in "AB"}
    found = {}
    for url in sorted(urls):
        for headers in regions_of(url):
            found[f"{url} {headers}"] = text_of(client.get(url, headers=headers).data)
    token = token_of(client)
    for one in matrix.registry.lists.values():
        for text in SEARCHES if one.private else ():
            if hits := searched_for(client, token, f"/lists/{one.name}/search", text):
                found[f"/lists/{one.name}/search q={text} {{}}"] = hits
    return found


def regions_of(url: str) -> tuple[dict[str, str], ...]:
    """How to ask for it: as a page, and for the part that its kind has, if not everything is run. A
    list or a search is the page, or its list; a file is a file."""
    if RUN.everything:
        return REGIONS
    if "export=" in url:
        return REGIONS[:1]
    return REGIONS[::2] if "?" in url else REGIONS[::3]


def searched_for(client: FlaskClient, token: str, address: str, text: str) -> str:
    """What a list shows that keeps its searches out of addresses; nothing if it may not be seen."""
    sent = client.post(address, data={"q": text, "csrf_token": token})
    return text_of(client.get(sent.headers["Location"]).data) if sent.status_code == 303 else ""


@pytest.mark.timeout(600)
@pytest.mark.slow("fetches whatever there is")
@pytest.mark.parametrize(
    "who", some(["manager_a", "provider_a", "readonly_a", "agent_at_a"], short=1)
)
def test_nothing_of_b_reaches_those_of_a(matrix: Matrix, who: str) -> None:
    pages = everything_of(matrix, who, matrix.client(who))
    searched = {url for url in pages if f"q={MARK}" in url or "q=qzx" in url}
    for url, text in pages.items():
        if url in searched:
            # the page repeats what was searched for, and nothing more
            text = text.replace(f'value="{MARK}"'.casefold(), "").replace('value="qzx"', "")
            text = text.replace(f"q={MARK}".casefold(), "").replace("q=qzx", "")
            text = text.replace(f"“{MARK}”".casefold(), "")
        if who.startswith("agent") and any(re.match(pattern, url) for pattern in OF_ALL):
            continue
        if any(re.match(pattern, url) for pattern in OFFERS):
            text = text.replace(f"street {MARK}, city {MARK}".casefold(), "")
        assert MARK.casefold() not in text, url


@pytest.mark.slow("fetches whatever there is")
def test_the_marks_would_be_seen(matrix: Matrix) -> None:
    """B's own manager sees them everywhere, so the test above looks in the right places."""
    client = matrix.client("manager_b")
    token = token_of(client)
    for shown in each(lambda samples: samples.canaries.shown):
        address, _, text = matrix.made.filled_in(shown, "B").partition(" q=")
        if text:
            page = searched_for(client, token, address, text)
        else:
            page = text_of(client.get(address).data)
        assert MARK.casefold() in page, shown


def test_mail_about_b_goes_to_b_alone(matrix: Matrix) -> None:
    with matrix.app.app_context(), unit_of_work(write=False) as session:
        seen, told = 0, each(lambda samples: samples.canaries.told)
        for message in session.query(Message).all():
            if message.kind in told:
                continue
            about_b = MARK in str(message.context)
            assert not about_b or message.location_id == matrix.personas.locations["B"]
            if about_b and message.kind.startswith("shipment"):
                seen += 1
                assert ".b@" in message.address
        assert seen == 2


def test_what_was_looked_at_elsewhere_is_not_among_the_recently_viewed(matrix: Matrix) -> None:
    """Someone who works at both sees in A only what was looked at in A."""
    client = matrix.client("manager_ab")
    number = matrix.made.ids["inventory"]
    assert client.get(f"/vaccine-inventory/{number['A']}").status_code == 200
    assert client.get(f"/vaccine-inventory/{number['B']}").status_code == 404
    assert client.get(f"/vaccine-inventory/{MISSING}").status_code == 404
    page = text_of(client.get("/vaccine-inventory/?view=recent").data)
    assert "fridge a" in page
    assert "fridge b" not in page


def test_a_record_added_from_bs_shipment_by_its_id_is_refused(matrix: Matrix) -> None:
    from tests.client import Browser

    browser = Browser(matrix.app, matrix.personas).sign_in("manager_a")
    form = browser.get("/vaccine-inventory/add")
    page = browser.submit(
        form,
        {
            "product": "1",
            "product_text": "x",
            "shipment": str(matrix.made.ids["shipment"]["B"]),
            "shipment_text": f"SHP-B{MARK} – LOTB{MARK}",
            "account": str(matrix.personas.locations["B"]),
            "account_text": "Clinic B",
        },
        button="Next",
    )
    assert page.status == 422
    said = page.html.casefold().replace(f"shp-b{MARK} – lotb{MARK}".casefold(), "")
    assert MARK.casefold() not in said
    assert "moderna " + MARK.casefold() not in said
