"""The pages of the Knowledge Base: who sees what, what they weigh, what the help desk offers."""

import brotli
import pytest
from flask import Flask

from tests.client import Browser, Page
from tests.personas import Personas
from tests.statements import watched

SECRET = "<script>alert(1)</script> **Save** [x](javascript:alert(1))"


@pytest.fixture
def agent(browser: Browser) -> Browser:
    return browser.sign_in("agent")


@pytest.fixture
def provider(app: Flask, personas: Personas) -> Browser:
    return Browser(app, personas).sign_in("provider_a")


@pytest.fixture
def requester(app: Flask, personas: Personas) -> Browser:
    return Browser(app, personas).sign_in("requester")


def titles(page: Page) -> set[str]:
    """The articles that a page leads to."""
    return {
        link.attributes["href"].partition("?")[0].rpartition("/")[2]
        for link in page.root.all("a")
        if link.attributes.get("href", "").startswith(("/knowledge/", "/help/"))
    }


def test_each_reads_what_is_for_them(
    agent: Browser, provider: Browser, requester: Browser, app: Flask, personas: Personas
) -> None:
    nobody = Browser(app, personas)
    asking = {"ask-for-help", "register-at-the-help-desk", "sign-in"}
    nurses = {"give-a-dose", "check-in", "book-the-first-dose"}
    desk = {"work-on-cases", "edit-articles"}
    for browser, address, sees, sees_not in (
        (agent, "/knowledge/", asking | nurses | desk, set()),
        (provider, "/knowledge/", asking | nurses, desk | {"add-a-user", "record-wastage"}),
        (requester, "/knowledge/", asking, nurses | desk),
        (nobody, "/help/", {"sign-in", "public-booking"}, nurses | desk | {"ask-for-help"}),
    ):
        shown = titles(browser.get(address))
        assert sees <= shown
        assert not sees_not & shown
        for slug in sees_not:
            assert browser.get(f"{address}{slug}").status == 404
        for slug in sees:
            assert browser.get(f"{address}{slug}").status == 200
    assert nobody.get("/knowledge/sign-in").status == 303


def test_help_leads_to_the_article_about_the_page(provider: Browser) -> None:
    for address, title in (
        ("/appointments/", "Find an appointment"),
        ("/checkin/", "Check a recipient in"),
        ("/get-help/vaccine-provider/new", "Ask the help desk"),
        ("/drafts", "Find your way: tabs, lists, and unfinished forms"),
    ):
        page = provider.get(address)
        (link,) = [one for one in page.root.all("a") if one.text == "Help"]
        assert provider.get(link.attributes["href"]).root.one("h1").text == title
    page = provider.get("/knowledge/help?page=nothing.like-it")
    assert page.root.one("h1").text == "Knowledge Base"


def test_both_languages_are_one_press_away_and_searched_together(provider: Browser) -> None:
    page = provider.get("/knowledge/sign-in")
    other = page.root.with_text("a", "Español")
    spanish = provider.get(other.attributes["href"])
    assert spanish.root.one("h1").text == "Iniciar sesión"
    assert spanish.root.one("article").attributes["lang"] == "es"
    found = provider.get("/knowledge/?q=CONTRASENA")
    assert "forgot-password" in titles(found)
    assert "Articles about" in found.root.text
    assert "Nothing found" in provider.get("/knowledge/?q=xyzzy").root.text


def test_who_is_not_signed_in_reads_in_the_browsers_language(
    app: Flask, personas: Personas
) -> None:
    nobody = Browser(app, personas)
    spanish = {"Accept-Language": "es-MX,es;q=0.9,en;q=0.5"}
    for address, headers in (("/help/sign-in", spanish), ("/help/sign-in?language=es", {})):
        page = nobody.client.get(address, headers=headers).get_data(as_text=True)
        assert '<html lang="es">' in page
        assert "Iniciar sesión" in page
        assert "Todos los artículos" in page
        assert "/help/forgot-password?language=es" in page
    assert "All articles" in nobody.get("/help/sign-in").root.text


def test_an_article_is_previewed_saved_and_harmless(agent: Browser, provider: Browser) -> None:
    page = agent.get("/knowledge/sign-in/edit")
    preview = agent.submit(page, {"text": SECRET}, button="Preview")
    assert preview.status == 200
    assert preview.root.one("section", aria_label="Preview").one("strong").text == "Save"
    assert not preview.root.one("section", aria_label="Preview").all("script")
    assert "alert(1)" not in provider.get("/knowledge/sign-in").root.text
    saved = agent.submit(preview, {"text": SECRET}, button="Save")
    assert saved.leads_to.startswith("/knowledge/sign-in")
    shown = provider.get("/knowledge/sign-in").root.one("article")
    assert SECRET.partition(" ")[0] in shown.text
    assert not shown.all("script")
    assert not shown.all("a")


def test_a_conflict_keeps_what_was_typed_and_shows_the_other(agent: Browser) -> None:
    page = agent.get("/knowledge/sign-in/edit")
    agent.submit(agent.get("/knowledge/sign-in/edit"), {"text": "1. Theirs."}, button="Save")
    refused = agent.submit(page, {"text": "1. Mine."}, button="Save")
    assert refused.status == 409
    assert refused.root.one("textarea", name="text").text == "1. Mine."
    assert "Theirs." in refused.root.text
    assert agent.submit(refused, {}, button="Save").status == 303
    assert "Mine." in agent.get("/knowledge/sign-in").root.text
    assert "Theirs." in agent.get("/knowledge/sign-in/history/1").root.text


def test_an_own_article_is_written_withdrawn_and_brought_back(
    agent: Browser, provider: Browser
) -> None:
    form = {"title": "Where the keys are", "audience": "clinic", "text": "1. Ask Kim."}
    made = agent.submit(agent.get("/knowledge/new"), form, button="Save")
    address = made.leads_to.partition("?")[0]
    assert address == "/knowledge/where-the-keys-are"
    assert provider.get(address).status == 200
    agent.submit(agent.get(f"{address}/history"), {}, button="Withdraw")
    assert provider.get(address).status == 404
    agent.submit(agent.get(f"{address}/edit?from=1"), {}, button="Save")
    assert provider.get(address).status == 200
    assert agent.get(f"{address}/history/0").status == 404


def test_the_help_desk_offers_articles_with_and_without_script(requester: Browser) -> None:
    page = requester.get("/get-help/vaccine-provider/new")
    assert "These articles may help" not in page.root.text
    looked = requester.submit(page, {"subject": "I forgot my password"}, button="Look for Articles")
    assert looked.status == 200
    assert "forgot-password" in titles(looked)
    assert "record-wastage" not in titles(looked)
    assert looked.root.one("input", name="subject").attributes["value"] == "I forgot my password"
    token = page.root.all("input", name="csrf_token")[0].attributes["value"]
    answer = requester.client.post(
        "/get-help/vaccine-provider/offers",
        data={"csrf_token": token, "subject": "I forgot my password and cannot sign in"},
        headers={"HX-Request": "true", "HX-Target": "div#offers"},
    )
    assert answer.status_code == 200
    assert answer.data.count(b"<li>") <= 3
    assert len(answer.data) <= 1024
    # What is asked is sent, not written into an address.
    assert requester.client.get("/get-help/vaccine-provider/offers").status_code == 405


def test_a_page_asks_the_database_for_the_articles_once(app: Flask, agent: Browser) -> None:
    for address in ("/knowledge/", "/knowledge/sign-in", "/knowledge/?q=dose"):
        with watched(app) as asked:
            assert agent.get(address).status == 200
        assert sum("article_version" in statement for statement in asked) <= 3


def test_an_article_is_light(agent: Browser) -> None:
    heaviest = max(
        len(brotli.compress(agent.client.get(f"/knowledge/{slug}").data, quality=5))
        for slug in sorted(titles(agent.get("/knowledge/")) - {"", "new"})[:8]
    )
    assert heaviest <= 4_500
