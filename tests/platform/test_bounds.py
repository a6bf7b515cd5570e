"""How much of a request is looked at, and what is said of the rest."""

import io
import json
import unicodedata
from typing import Any

import pytest
import werkzeug.sansio.http
from flask import Flask

from portal.normal_form import MOST_MARKS, normalize
from portal.web.bounds import LONGEST_HEADER, LONGEST_LANGUAGES, PUBLIC_BYTES, PUBLIC_FIELDS
from tests.client import Browser
from tests.house.source import sources

# --- headers and addresses ------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["Cookie", "Referer", "Accept-Language", "HX-Target", "X-Other"])
def test_a_long_header_is_not_read(app: Flask, name: str) -> None:
    client = app.test_client(use_cookies=False)
    for length, status in ((LONGEST_HEADER, 200), (LONGEST_HEADER + 1, 431)):
        assert client.get("/sign-in", headers={name: "x" * length}).status_code == status


@pytest.mark.parametrize("address", ["/sign-in?next=/{}", "/{}", "/shipments/?q={}"])
def test_a_long_address_is_not_read(browser: Browser, address: str) -> None:
    assert browser.client.get(address.format("x" * 5_000)).status_code == 414
    assert browser.client.get(address.format("x" * 3_000)).status_code in {200, 303, 404}


def test_only_plain_cookies_are_read(browser: Browser, monkeypatch: pytest.MonkeyPatch) -> None:
    """Werkzeug takes two seconds for 8 KB of blanks behind an equals sign, and nobody else can do
    anything meanwhile."""
    seen: list[str] = []

    class Noting:
        def __init__(self, pattern: Any) -> None:
            self.pattern = pattern

        def match(self, text: str, position: int) -> Any:
            seen.append(text)
            return self.pattern.match(text, position)

    monkeypatch.setattr(werkzeug.sansio.http, "_cookie_re", Noting(werkzeug.sansio.http._cookie_re))
    browser.sign_in("manager_a")
    (ours,) = browser.client._cookies.values()  # type: ignore[union-attr]
    mine = f"{ours.key}={ours.value}"
    client = browser.app.test_client(use_cookies=False)
    for others in ('a={}"'.format(" " * 7_000), "a=b" + " " * 7_000 + '"', 'x="a b"; y; =z'):
        for header in (f"{others}; {mine}; c=d", f"{mine};{others}"):
            assert client.get("/", headers={"Cookie": header}).status_code == 200, "signed in"
    assert seen
    assert not [text for text in seen if "  " in text or '"' in text]


def test_as_many_languages_are_read_as_browsers_send(
    browser: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[str] = []
    parse = werkzeug.sansio.request.parse_accept_header  # type: ignore[attr-defined]

    def noting(value: str, *rest: Any) -> Any:
        seen.append(value)
        return parse(value, *rest)

    monkeypatch.setattr("werkzeug.sansio.request.parse_accept_header", noting)
    for sent in ("es-MX,es;q=0.8,en;q=0.5", "es," * 2_000):
        browser.client.get("/sign-in", headers={"Accept-Language": sent})
    assert seen[0] == "es-MX,es;q=0.8,en;q=0.5"
    assert max(map(len, seen)) <= LONGEST_LANGUAGES
    assert {part.strip() for part in seen[-1].split(",")} == {"es"}


# --- bodies ---------------------------------------------------------------------------------------


def posted(browser: Browser, address: str, values: dict[str, Any], **options: Any) -> Any:
    page = browser.get("/sign-in" if address != "/password/forgot" else address)
    token = page.root.all("input", name="csrf_token")[0].attributes["value"]
    return browser.post(address, {"csrf_token": token, **values}, **options)


@pytest.mark.parametrize("kind", ["application/x-www-form-urlencoded", "multipart/form-data"])
def test_a_form_of_somebody_unknown_is_short(browser: Browser, kind: str) -> None:
    for extra, status in (("x" * 10_000, 422), ("x" * PUBLIC_BYTES, 413)):
        answer = posted(
            browser, "/sign-in", {"username": "x", "password": extra}, content_type=kind
        )
        assert answer.status == status
    assert "This is too large" in answer.root.text
    many = {f"field{number}": "" for number in range(PUBLIC_FIELDS)}
    assert posted(browser, "/sign-in", many, content_type=kind).status == 413


def test_a_form_of_unknown_length_is_bounded_too(browser: Browser) -> None:
    body = b"username=" + b"x" * PUBLIC_BYTES
    answer = browser.client.post(
        "/sign-in",
        input_stream=io.BytesIO(body),
        content_type="application/x-www-form-urlencoded",
        environ_overrides={"wsgi.input_terminated": True},
    )
    assert answer.status_code == 413


def test_users_send_long_forms_but_not_where_everybody_may(browser: Browser) -> None:
    browser.sign_in("manager_a")
    page = browser.get("/vaccine-inventory/add")
    note = "x" * (PUBLIC_BYTES + 1)
    assert browser.submit(page, {"name": note}, button="Pause").status == 303
    assert browser.post("/sign-in", {"username": note}).status == 413
    many = {f"field{number}": "" for number in range(2_001)}
    assert browser.submit(page, many, button="Pause").status == 413
    assert browser.submit(page, {"name": "x" * (2 * 1024 * 1024)}, button="Pause").status == 413


@pytest.mark.parametrize("name", ["x" * 101, "näme", "lines-²-doses"])
@pytest.mark.parametrize("kind", ["application/x-www-form-urlencoded", "multipart/form-data"])
def test_names_of_fields_are_short_and_plain(browser: Browser, name: str, kind: str) -> None:
    browser.sign_in("manager_a")
    page = browser.get("/vaccine-inventory/add")
    token = page.root.all("input", name="csrf_token")[0].attributes["value"]
    answer = browser.post(
        "/vaccine-inventory/add", {"csrf_token": token, name: "1"}, content_type=kind
    )
    assert answer.status == 400


def test_nothing_is_read_as_json(browser: Browser) -> None:
    page = browser.get("/sign-in")
    token = page.root.all("input", name="csrf_token")[0].attributes["value"]
    for body in (json.dumps({"username": ["a"], "password": {"b": 1}}), "[" * 10_000):
        answer = browser.post(
            "/sign-in", body, content_type="application/json", headers={"X-CSRFToken": token}
        )
        assert answer.status == 422


# --- fields ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("field", "sentence"),
    [("username", "cannot be longer than 200 characters"), ("password", "At most 128 characters.")],
)
@pytest.mark.parametrize("text", ["x" * 2_000, "a" + "\u0315\u0301" * 800, " " * 2_000 + "x"])
def test_what_is_far_too_long_gets_the_fields_own_sentence(
    browser: Browser, field: str, sentence: str, text: str
) -> None:
    answer = browser.submit(
        browser.get("/sign-in"), {"username": "x", "password": "y", field: text}, button="Sign In"
    )
    assert answer.status == 422
    assert sentence in answer.root.text


# --- normal forms ---------------------------------------------------------------------------------


def test_normal_forms_are_those_of_unicode_but_for_heaps_of_marks() -> None:
    for text in ("Ame\u0301lie", "\u1112\u1161\u11ab" * 40, "ﬁ½ Ａ" * 40, "ệ" * 200, "x" * 99):
        for form in ("NFC", "NFKC", "NFD", "NFKD"):
            assert normalize(form, text) == unicodedata.normalize(form, text)  # type: ignore[arg-type]
    heap = "a" + "\u0301" * MOST_MARKS
    assert normalize("NFD", heap + "\u0323" * 9 + "b") == heap + "b"


def test_no_character_begins_a_heap_unseen() -> None:
    """Each one of Unicode, a thousand times in a row, is at most as many marks in a row."""
    for code in range(0x110000):
        character = chr(code)
        parts = unicodedata.normalize("NFKD", character)
        if unicodedata.combining(parts[0]):
            assert len(normalize("NFKD", "a" + character * 100)) <= 1 + MOST_MARKS * len(parts)


def test_only_the_bounded_normal_form_is_used() -> None:
    """Texts come from everywhere; `unicodedata.normalize` stops everybody for long ones."""
    uses = ("unicodedata.normalize", "from unicodedata import")
    texts = {source.name: source.path.read_text("utf-8") for source in sources()}
    users = [name for name, text in texts.items() if any(use in text for use in uses)]
    assert users == ["portal/normal_form.py"]
