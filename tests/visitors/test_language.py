"""Public pages are light, and in the language of who reads them."""

import pytest
from flask import Flask

from tests.client import Browser, Page
from tests.visitors.conftest import Kites

SPANISH = {"Accept-Language": "es-MX,es;q=0.9,en;q=0.5"}
FIRST_VISIT = 26_000


def lang(page: Page) -> str:
    return page.root.one("html").attributes["lang"]


def test_the_browsers_wish_comes_first_and_a_choice_is_remembered(
    browser: Browser, flying: Kites
) -> None:
    flying.change("A", language="es")
    link = flying.link("A")
    assert lang(browser.get(link, headers={"Accept-Language": "en-US"})) == "en"
    page = browser.get(link, headers=SPANISH)
    assert lang(page) == "es"
    assert "Idioma" in page.html
    english = page.root.with_text("a", "English").attributes["href"]
    assert lang(browser.get(english, headers=SPANISH)) == "en"
    assert lang(browser.get(link, headers=SPANISH)) == "en"
    assert lang(browser.get("/find/kite", headers=SPANISH)) == "en"


def test_without_a_wish_it_is_the_language_of_the_record(browser: Browser, flying: Kites) -> None:
    flying.change("A", language="es")
    assert lang(browser.get(flying.link("A"))) == "es"
    assert lang(browser.get(flying.link("B"))) == "en"
    assert lang(browser.get(flying.link("A"), headers={"Accept-Language": "vi"})) == "es"


@pytest.mark.parametrize("wish", ["fr", "es'", "../es", "x" * 300, ""])
def test_a_wish_for_another_language_changes_nothing(
    browser: Browser, flying: Kites, wish: str
) -> None:
    page = browser.get(f"{flying.link('A')}?lang={wish}")
    assert lang(page) == "en"
    assert "language=" not in str(page.headers.getlist("Set-Cookie"))


def test_staff_pages_do_not_follow(browser: Browser, flying: Kites) -> None:
    browser.get(f"{flying.link('A')}?lang=es")
    assert lang(browser.get("/sign-in", headers=SPANISH)) == "en"


def test_the_switch_keeps_what_the_address_says(browser: Browser, flying: Kites) -> None:
    page = browser.get(f"{flying.link('A')}?day=2026-12-01")
    href = page.root.with_text("a", "Español").attributes["href"]
    assert href == f"{flying.link('A')}?day=2026-12-01&lang=es"


def on_the_line(app: Flask, path: str) -> int:
    """Bytes of an answer as a browser gets it, with its headers."""
    answer = app.test_client().get(path, headers={"Accept-Encoding": "br, gzip", **SPANISH})
    assert answer.status_code == 200, path
    return len(answer.data) + sum(len(k) + len(v) + 4 for k, v in answer.headers)


def test_the_first_visit_is_light_and_needs_no_script(
    app: Flask, browser: Browser, flying: Kites
) -> None:
    for path in (flying.link("A"), "/find/kite"):
        page = browser.get(path)
        assert page.root.all("script") == []
        needed = [one.attributes["href"] for one in page.root.all("link")]
        total = sum(on_the_line(app, each) for each in (path, *needed))
        assert total <= FIRST_VISIT
        assert len(needed) <= 2
