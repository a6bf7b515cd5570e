"""`Switch Location` (SPEC A4)."""

import pytest

from portal.places.models import Location
from tests.client import Browser
from tests.people.steps import user_of, writing
from tests.personas import Personas


def here(browser: Browser) -> str:
    return browser.get("/switch-location").root.one("header").text


def test_the_locations_are_buttons_and_the_choice_is_remembered(
    browser: Browser, personas: Personas
) -> None:
    page = browser.sign_in("manager_ab").get("/switch-location")
    assert [one.text for one in page.form(class_="stack").all("button")] == [
        "Clinic A",
        "Clinic B",
    ]
    answer = browser.submit(page, button="Clinic B")
    assert (answer.status, answer.leads_to) == (303, "/")
    assert "Clinic B" in here(browser)
    user = user_of(browser.app, personas.users["manager_ab"])
    assert user.current_location_id == personas.locations["B"]
    browser.sign_in("manager_ab")
    assert "Clinic B" in here(browser), "at the next sign-in"


def test_one_comes_back_to_where_one_was(browser: Browser) -> None:
    page = browser.sign_in("manager_ab").get("/switch-location?back=/password")
    assert browser.submit(page, button="Clinic B").leads_to == "/password"


@pytest.mark.parametrize("back", ["//evil.example", "https://evil.example", "/\\evil.example"])
def test_one_never_comes_back_to_another_host(browser: Browser, back: str) -> None:
    page = browser.sign_in("manager_ab").get("/switch-location", query_string={"back": back})
    assert browser.submit(page, {"back": back}, button="Clinic B").leads_to == "/"


@pytest.mark.parametrize("who", ["manager_a", "provider_a", "readonly_a", "manager_ab"])
def test_nobody_gets_to_a_location_that_is_not_theirs(
    browser: Browser, personas: Personas, who: str
) -> None:
    page = browser.sign_in(who).get("/switch-location")
    before = user_of(browser.app, personas.users[who]).current_location_id
    for number in (personas.locations["C"], 999999, "", "x", "1e3", "-1", "\uff19", "9" * 20):
        answer = browser.submit(page, {"location_id": str(number)}, action="/switch-location")
        assert answer.status == 404, number
    assert user_of(browser.app, personas.users[who]).current_location_id == before


def test_a_clinic_user_finds_nothing_by_searching(browser: Browser) -> None:
    page = browser.sign_in("manager_a").get("/switch-location?q=Clinic")
    assert "Clinic B" not in page.root.one("main").text
    assert not page.root.all("form", role="search")


@pytest.mark.parametrize("who", ["agent", "admin"])
def test_programme_staff_find_any_location(browser: Browser, personas: Personas, who: str) -> None:
    page = browser.sign_in(who).get("/switch-location")
    assert "You work for all locations. Choose one" in page.root.one("main").text
    assert browser.submit(page, button="Clinic B").status == 303
    assert "Clinic B" in here(browser)
    page = browser.get("/switch-location")
    assert "are at Clinic B now" in page.root.one("main").text
    assert browser.submit(page, button="Work without a location").status == 303
    assert user_of(browser.app, personas.users[who]).current_location_id is None


def test_of_many_locations_the_first_are_listed_and_the_others_searched(
    browser: Browser, personas: Personas
) -> None:
    page = browser.sign_in("agent").get("/switch-location")
    assert not page.root.all("form", role="search"), "three locations need no search"
    with writing(browser.app) as session:
        first = session.get_one(Location, personas.locations["A"])
        for number in range(30):
            session.add(
                Location(
                    organization_id=first.organization_id,
                    name=f"Branch {number:02}",
                    pin=f"NCA66{number:04}",
                    time_zone="America/New_York",
                )
            )
    page = browser.get("/switch-location")
    buttons = page.form(action="/switch-location", method="post").all("button")
    assert [button.text for button in buttons] == [f"Branch {number:02}" for number in range(20)]
    assert "Locations shown: 20 of 33" in page.root.one("main").text
    page = browser.submit(page, {"q": "branch"}, button="Search")
    assert "the first 20 that were found" in page.root.one("main").text
    page = browser.submit(page, {"q": "clinic b"}, button="Search")
    assert browser.submit(page, button="Clinic B").status == 303
    assert "Clinic B" in here(browser)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("NCA650003", ["Clinic C"]),
        ("plymouth", ["Clinic A", "Clinic B", "Clinic C"]),
        ("27962", ["Clinic A", "Clinic B", "Clinic C"]),
        ("  clinic   c ", ["Clinic C"]),
        ("cl", []),
        ("%%%", []),
        ("___", []),
        ("c_inic", []),
    ],
)
def test_the_search_takes_three_letters_literally(
    browser: Browser, text: str, found: list[str]
) -> None:
    page = browser.sign_in("admin").get("/switch-location", query_string={"q": text})
    buttons = page.form(action="/switch-location", method="post").all("button")
    assert [button.text for button in buttons] == found


def test_without_signing_in_there_is_nothing_to_switch(browser: Browser) -> None:
    assert browser.get("/switch-location").leads_to == "/sign-in?next=/switch-location"


@pytest.mark.parametrize("who", ["agent", "admin", "manager_ab"])
def test_what_no_text_can_hold_finds_nothing(browser: Browser, who: str) -> None:
    page = browser.sign_in(who).get("/switch-location?q=clinic%00")
    assert page.status == 200
    if who != "manager_ab":
        assert "Clinic A" not in page.root.one("main").text


@pytest.mark.parametrize("number", [2**31, 10**9, 9_999_999_999])
def test_a_number_that_no_location_has_is_not_found(browser: Browser, number: int) -> None:
    page = browser.sign_in("admin").get("/switch-location?q=clinic")
    assert browser.submit(page, {"location_id": str(number)}, button="Clinic A").status == 404
