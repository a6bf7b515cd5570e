"""`Account Management` is searched without a name or address in any address line."""

from datetime import timedelta

import pytest
import time_machine
from flask import Flask

from portal.clock import now
from portal.listviews.services import forget_words
from tests.accounts.steps import JANE, add
from tests.client import Browser, Page
from tests.people.steps import change
from tests.personas import Personas

pytestmark = pytest.mark.both_databases


def names(page: Page) -> list[str]:
    bodies = page.root.all("tbody")
    return [row.all("a")[0].text for row in bodies[0].all("tr")] if bodies else []


def search(browser: Browser, text: str, *, view: str = "all") -> Page:
    page = browser.get(f"/accounts?view={view}")
    return browser.submit(page, {"q": text}, button="Search", follow=True)


@pytest.mark.parametrize(
    "text", ["jwhite200", "WHITE", "jane wh", "white@example.org", "  jÁne ", "white jane provider"]
)
def test_a_user_is_found_by_username_name_and_address(browser: Browser, text: str) -> None:
    add(browser.sign_in("manager_a"))
    found = names(search(browser, text))
    assert found == ([] if "provider" in text else ["jwhite200"])


def test_what_was_searched_for_stays_out_of_every_address(browser: Browser) -> None:
    add(browser.sign_in("manager_a"))
    sent = browser.submit(browser.get("/accounts?view=all"), {"q": "white"}, button="Search")
    assert "white" not in sent.leads_to.lower()
    page = browser.get(sent.leads_to)
    assert page.root.one("input", type="search").attributes["value"] == "white"
    links = [link.attributes.get("href", "") for link in page.root.one("main").all("a")]
    assert not [link for link in links if "white" in link.lower()]
    for heading in ("Email", "Username"):
        link = page.root.with_text("a", heading).attributes["href"]
        assert names(browser.get(link)) == ["jwhite200"], "sorting keeps the search"
    file = browser.get(page.root.with_text("a", "CSV").attributes["href"])
    text = file.response.get_data(as_text=True)
    assert "jwhite200" in text
    assert "provider.a" not in text, "the file holds the hits"


def test_nobody_reads_the_searches_of_another(browser: Browser) -> None:
    add(browser.sign_in("manager_a"))
    found = browser.submit(browser.get("/accounts?view=all"), {"q": "white"}, button="Search")
    other = browser.sign_in("manager_ab").get(found.leads_to)
    assert other.root.one("input", type="search").attributes["value"] == ""
    assert len(names(other)) > 1
    for odd in ("0", "x", "-1", "9" * 30, "7777"):
        assert browser.get(f"/accounts?view=all&search={odd}").status == 200, odd


def test_a_search_finds_nobody_of_another_location(browser: Browser) -> None:
    assert names(search(browser.sign_in("manager_a"), "manager.b")) == []
    assert names(search(browser, "manager")) == ["manager.a", "manager.ab"]
    assert "Nothing found" in search(browser, "manager.b").root.text
    assert len(names(search(browser, "  "))) == 4, "an empty search shows the view"


def test_an_address_with_words_searches_nothing(browser: Browser) -> None:
    page = browser.sign_in("manager_a").get("/accounts?view=all&q=manager.ab")
    assert len(names(page)) == 4


def test_who_changed_the_name_is_found_by_the_new_one(browser: Browser, personas: Personas) -> None:
    user_id = personas.users["provider_a"]
    page = browser.sign_in("manager_a").get(f"/accounts/{user_id}")
    browser.submit(page, {"last_name": "Núñez"}, action=f"/accounts/{user_id}/correct")
    assert names(search(browser, "nunez")) == ["provider.a"]


def test_whom_one_looked_at_is_recently_viewed(browser: Browser, personas: Personas) -> None:
    browser.sign_in("manager_a")
    assert "Nothing viewed yet" in browser.get("/accounts").root.text
    browser.get(f"/accounts/{personas.users['provider_a']}")
    assert names(browser.get("/accounts")) == ["provider.a"]
    menu = browser.get("/accounts").root.all("details", class_="menu")[0]
    views = [one.text for one in menu.all("a")]
    assert views == ["Recently Viewed", "All Users", "Active Users", "Deactivated Users"]
    change(browser.app, personas.users["provider_a"], active=False)
    assert names(browser.get("/accounts?view=deactivated")) == ["provider.a"]


@pytest.mark.parametrize("name", ["shipments", "nonsense"])
def test_other_lists_are_not_searched_like_this(browser: Browser, name: str) -> None:
    page = browser.sign_in("manager_a").get("/accounts?view=all")
    token = page.form(role="search").one("input", name="csrf_token").attributes["value"]
    answer = browser.post(f"/lists/{name}/search", {"q": "x", "csrf_token": token})
    assert answer.status == 404
    provider = browser.sign_in("provider_a").get("/account")
    token = provider.form(action="/sign-out").one("input", name="csrf_token").attributes["value"]
    answer = browser.post("/lists/accounts/search", {"q": "x", "csrf_token": token})
    assert answer.status == 403


def test_searches_are_forgotten_after_a_day(app: Flask, browser: Browser) -> None:
    add(browser.sign_in("manager_a"), **JANE)
    found = browser.submit(browser.get("/accounts?view=all"), {"q": "white"}, button="Search")
    with app.app_context():
        forget_words()
    assert names(browser.get(found.leads_to)) == ["jwhite200"]
    with time_machine.travel(now() + timedelta(days=1, seconds=1)), app.app_context():
        forget_words()
    assert len(names(browser.sign_in("manager_a").get(found.leads_to))) == 5


def test_twenty_searches_are_kept(browser: Browser) -> None:
    browser.sign_in("manager_a")
    first = browser.submit(browser.get("/accounts?view=all"), {"q": "rea"}, button="Search")
    for number in range(20):
        search(browser, f"word{number}")
    assert browser.get(first.leads_to).root.one("input", type="search").attributes["value"] == ""
