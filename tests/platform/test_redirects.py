"""Wherever an address comes from, a browser is led to this portal only."""

import re
from collections.abc import Callable
from urllib.parse import parse_qs, quote, urljoin, urlsplit

import pytest
from flask import Flask
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from werkzeug.test import TestResponse

from portal.web.local import is_here, local_path, path_of
from tests.client import Browser

HOSTILE = [
    "//evil.example",
    "///evil.example",
    "/\\evil.example",
    "\\\\evil.example",
    "/%5cevil.example",
    "/%2fevil.example",
    "/%252f/evil.example",
    "/\t/evil.example",
    "/\n/evil.example",
    "\t//evil.example",
    " //evil.example",
    "https:evil.example",
    "https:/evil.example",
    "https://evil.example/",
    "HTTPS:\\\\evil.example",
    "http://localhost:81/accounts",
    "http://localhost@evil.example/",
    "http://user:secret@localhost/",
    "http://[evil/",
    "javascript:alert(1)",
    "data:text/html,x",
    "/..//evil.example",
    "/.//evil.example",
    "/@evil.example",
    "/;@evil.example",
    "/?next=//evil.example",
    "/#//evil.example",
    "/\u2044evil.example",
    "\uff0f\uff0fevil.example",
    "/\x00/evil.example",
    "/\xa0/evil.example",
    "evil.example",
]
PIECES = ["/", "//", "\\", "%2f", "%5c", "\t", "\n", " ", ".", "@", ":", "?", "#", "http", "https:"]
ADDRESSES = st.one_of(
    st.sampled_from(HOSTILE),
    st.lists(st.sampled_from([*PIECES, "evil.example", "accounts", "\x00", "é"]), max_size=7).map(
        "".join
    ),
)
PATIENT = settings(
    max_examples=60, deadline=None, suppress_health_check=list(HealthCheck), database=None
)


def stays(address: str) -> bool:
    """Whether a browser on this host stays there, by the rules of the URL standard."""
    seen = re.sub(r"[\t\n\r]", "", address.strip("".join(map(chr, range(33)))))
    head, mark, rest = seen.partition("?")
    seen = head.replace("\\", "/") + mark + rest
    if re.match(r"/{2,}", seen):
        return False
    try:
        parts = urlsplit(urljoin("http://localhost/accounts/1", seen))
    except ValueError:
        return False
    return (parts.scheme, parts.netloc) == ("http", "localhost")


def check(response: TestResponse) -> None:
    """Fail if the answer leads elsewhere, or would later."""
    assert response.status_code < 500
    for name in ("Location", "HX-Redirect", "HX-Push-Url"):
        address = response.headers.get(name, "/")
        assert stays(address), (name, address)
        assert "evil" not in urlsplit(address).netloc
    text = response.get_data(as_text=True)
    for field in re.findall(r'<input[^>]*name="(?:next|back)"[^>]*>', text):
        found = re.search(r'value="([^"]*)"', field)
        assert found, field
        assert stays(found[1]), field
    led = urlsplit(response.headers.get("Location", ""))
    if led.path == "/sign-in":
        for wish in parse_qs(led.query).get("next", ()):
            assert stays(wish), wish


def latin(address: str) -> str:
    """As much of it as a header can hold."""
    return re.sub(r"[^\x20-\x7e\xa0-\xff]", "", address)


@PATIENT
@given(address=ADDRESSES)
def test_what_is_taken_for_a_path_of_ours_is_one(address: str) -> None:
    for found in (local_path(address), local_path(quote(address))):
        assert found is None or stays(found)
    assert not is_here(address) or stays(address)


@pytest.fixture
def doors(browser: Browser) -> list[Callable[[str], TestResponse]]:
    """The ways on which an address comes in."""
    browser.sign_in("manager_ab")
    inside = browser.client
    outside = Browser(browser.app, browser.personas).client
    page = browser.get("/switch-location")
    token = page.root.all("input", name="csrf_token")[0].attributes["value"]
    htmx = {"HX-Request": "true", "HX-Target": "div#main"}

    def switch(address: str) -> TestResponse:
        place = str(browser.personas.locations["A"])
        sent = {"csrf_token": token, "location_id": place, "back": address}
        return inside.post("/switch-location", data=sent)

    return [
        switch,
        lambda address: inside.get("/sign-in", query_string={"next": address}),
        lambda address: inside.get("/switch-location", query_string={"back": address}),
        lambda address: outside.get("/sign-in", query_string={"next": address}),
        lambda address: outside.get("/accounts", query_string={"next": address}),
        lambda address: outside.get(
            "/accounts", headers={**htmx, "HX-Current-URL": latin(address)}
        ),
        lambda address: outside.post("/accounts/add", headers={"Referer": latin(address)}),
        lambda address: inside.get(
            "/accounts//add", base_url="http://localhost", headers={"Host": latin(address)}
        ),
        lambda address: inside.get("/accounts", headers={"X-Forwarded-Host": latin(address)}),
        lambda address: outside.get("/x//evil.example" + quote(address)),
    ]


@PATIENT
@given(address=ADDRESSES)
@example(address="http://[evil/")
@example(address="//evil.example")
@example(address=".")
def test_no_door_leads_to_another_host(
    doors: list[Callable[[str], TestResponse]], address: str
) -> None:
    for door in doors:
        check(door(address))


def test_a_page_of_ours_is_still_come_back_to(app: Flask) -> None:
    client = app.test_client()
    for origin in ("http://localhost", app.extensions["portal"].settings.base_url):
        headers = {"HX-Request": "true", "HX-Current-URL": f"{origin}/accounts?page=2"}
        led = client.get("/accounts/add", headers=headers).headers["HX-Redirect"]
        assert led == "/sign-in?next=/accounts?page%3D2"
    with app.test_request_context("/"):
        assert path_of("http://localhost/accounts?x=1") == "/accounts?x=1"
        assert path_of("http://localhost:81/accounts") is None
        assert path_of("http://evil.example/accounts") is None


def test_the_name_of_the_host_is_of_no_account(app: Flask, browser: Browser) -> None:
    browser.sign_in("manager_a")
    for url in ("/", "/accounts//add", "/accounts", "/no-such-page"):
        for header in ("Host", "X-Forwarded-Host"):
            answer = browser.client.get(url, headers={header: "evil.example"})
            assert "evil.example" not in f"{answer.headers}{answer.get_data(as_text=True)}"
