"""`Sign In` and `Sign Out` through the pages (SPEC A1)."""

import re
from collections.abc import Callable
from dataclasses import replace

import pytest
from sqlalchemy import delete, select

from portal.people.models import UserLocation, UserSession
from portal.people.sessions import hashed
from portal.signing_in import hashing
from tests.client import Browser
from tests.people.steps import (
    carry,
    change,
    cookie_token,
    reading,
    sign_in,
    trail,
    user_of,
    writing,
)
from tests.personas import PASSPHRASE, Personas


def test_the_right_password_leads_home(browser: Browser) -> None:
    done = sign_in(browser, "manager.a")
    assert (done.status, done.leads_to) == (303, "/")
    assert browser.get("/switch-location").root.with_text("h1", "Switch Location")


@pytest.mark.parametrize("username", ["MANAGER.A", " Manager.a ", "manager.A"])
def test_the_username_is_case_insensitive(browser: Browser, username: str) -> None:
    assert sign_in(browser, username).status == 303


def test_the_page_lets_password_managers_work(browser: Browser) -> None:
    form = browser.get("/sign-in").form(action="/sign-in")
    assert form.one("input", name="username").attributes["autocomplete"] == "username"
    password = form.one("input", name="password").attributes
    assert password["autocomplete"] == "current-password"
    assert password["type"] == "password"
    assert "maxlength" not in password
    assert not password.get("value")


def test_wrong_unknown_unregistered_and_deactivated_are_answered_alike(
    browser: Browser, personas: Personas
) -> None:
    change(browser.app, personas.users["provider_a"], active=False)
    change(browser.app, personas.users["readonly_a"], password_hash=None)
    answers = set()
    for username, password in (
        ("manager.a", "this is not the one"),
        ("nobody.at.all", PASSPHRASE),
        ("provider.a", PASSPHRASE),
        ("readonly.a", PASSPHRASE),
    ):
        answer = sign_in(browser, username, password)
        assert answer.status == 422
        assert cookie_token(browser) == ""
        text = answer.root.one("main").text
        assert "Username and password do not match" in text
        assert answer.form(action="/sign-in").one("input", name="username").attributes["value"] == (
            username
        )
        answers.add(text)
    assert len(answers) == 1


def test_an_empty_form_is_answered_beside_the_fields(browser: Browser) -> None:
    answer = sign_in(browser, "", "")
    assert answer.status == 422
    assert answer.html.count("Please fill in this field.") == 4


def test_a_user_without_any_location_cannot_sign_in(browser: Browser, personas: Personas) -> None:
    with writing(browser.app) as session:
        session.execute(
            delete(UserLocation).where(UserLocation.user_id == personas.users["provider_a"])
        )
    assert sign_in(browser, "provider.a").status == 422


def test_failed_sign_ins_are_in_the_trail_without_unknown_names(
    browser: Browser, personas: Personas
) -> None:
    sign_in(browser, "manager.a", "wrong wrong wrong")
    sign_in(browser, "somebody.unknown", "wrong wrong wrong")
    sign_in(browser, "manager.a")
    entries = trail(browser.app, "user.sign%")
    manager = personas.users["manager_a"]
    assert [(entry.action, entry.subject_id) for entry in entries] == [
        ("user.sign_in_failed", manager),
        ("user.sign_in_failed", None),
        ("user.signed_in", manager),
    ]
    assert "somebody.unknown" not in repr([vars(entry) for entry in entries])


def test_an_outdated_hash_is_made_anew(browser: Browser, personas: Personas) -> None:
    assert sign_in(browser, "manager.a").status == 303
    stored = user_of(browser.app, personas.users["manager_a"]).password_hash
    assert stored is not None
    assert stored.startswith("$argon2id$v=19$m=19456,t=2,p=1$")
    assert hashing.verify(stored, PASSPHRASE)
    assert not hashing.is_outdated(stored)


def test_the_token_is_new_each_time_and_stored_as_a_hash(
    browser: Browser, another: Callable[[], Browser]
) -> None:
    other = another()
    sign_in(browser, "manager.a")
    sign_in(other, "manager.a")
    tokens = {cookie_token(browser), cookie_token(other)}
    assert len(tokens) == 2
    with reading(browser.app) as session:
        stored = set(session.scalars(select(UserSession.token_hash)))
    assert stored == {hashed(token) for token in tokens}
    assert not stored & tokens


def test_a_planted_session_is_worthless_after_signing_in(
    browser: Browser, another: Callable[[], Browser]
) -> None:
    attacker = another()
    sign_in(attacker, "provider.a")
    planted = cookie_token(attacker)
    carry(browser, planted)
    with browser.client.session_transaction() as cookie:
        cookie["planted"] = "by an attacker"
    browser.post("/sign-out", _tokens(browser, "/password"))
    sign_in(browser, "manager.a")
    assert cookie_token(browser) != planted
    with browser.client.session_transaction() as cookie:
        assert "planted" not in cookie


def _tokens(browser: Browser, url: str) -> dict[str, str]:
    form = browser.get(url).form(action="/sign-out")
    return {
        name: form.one("input", name=name).attributes["value"]
        for name in ("csrf_token", "operation_id")
    }


def test_signing_out_ends_the_session_on_the_server(
    browser: Browser, another: Callable[[], Browser]
) -> None:
    sign_in(browser, "manager.a")
    copied = cookie_token(browser)
    answer = browser.submit(browser.get("/switch-location"), button="Sign Out")
    assert (answer.status, answer.leads_to) == (303, "/sign-in")
    thief = another()
    carry(thief, copied)
    for url in ("/switch-location", "/password", "/session", "/accounts", "/"):
        assert thief.get(url).leads_to.startswith("/sign-in"), url
    assert answer.headers["Cache-Control"] == "no-store"


def test_signing_out_takes_a_post(browser: Browser) -> None:
    assert browser.sign_in("manager_a").get("/sign-out").status == 405
    assert browser.get("/session").status == 200


def test_signing_out_without_the_token_is_refused(browser: Browser) -> None:
    browser.sign_in("manager_a")
    assert browser.post("/sign-out", {}).status == 400
    assert browser.get("/session").status == 200


def test_who_is_signed_in_needs_no_sign_in_page(browser: Browser) -> None:
    assert browser.sign_in("manager_a").get("/sign-in").leads_to == "/"


def test_the_wish_survives_signing_in(browser: Browser) -> None:
    wish = "/switch-location?back=/password"
    lost = browser.get(wish)
    assert lost.status == 303
    page = browser.get(lost.leads_to)
    done = browser.submit(page, {"username": "manager.a", "password": PASSPHRASE}, button="Sign In")
    assert done.leads_to == wish


ELSEWHERE = [
    "//evil.example",
    "///evil.example",
    "////evil.example/x",
    "https://evil.example",
    "http:evil.example",
    "https:/evil.example",
    "javascript:alert(1)",
    "data:text/html,x",
    "\\\\evil.example",
    "/\\evil.example",
    "/\\/evil.example",
    "/\t/evil.example",
    "/\n/evil.example",
    "/\r\n/evil.example",
    " //evil.example",
    "\x00//evil.example",
    "/%2Fevil.example",
    "/%5Cevil.example",
    "/%2f%2fevil.example",
    "/%252f%252fevil.example",
    "/%09/evil.example",
    "/%0d%0aLocation:%20https://evil.example",
    "/x/../..//evil.example",
    "/./\\evil.example",
    "/.//evil.example",
    "//evil.example@127.0.0.1",
    "/@evil.example//",
    "//127.0.0.1:80@evil.example",
    "//[::1]",
    "/／evil.example",
    "／／evil.example",
    "//evil。example",
    "evil.example",
    "?next=//evil.example",
    "#//evil.example",
    "",
    "/" + "a" * 600,
]


@pytest.mark.parametrize("wish", ELSEWHERE)
def test_no_wish_leads_to_another_host(browser: Browser, wish: str) -> None:
    page = browser.get("/sign-in", query_string={"next": wish})
    assert not page.form(action="/sign-in").all("input", name="next")
    done = browser.submit(
        page,
        {"username": "manager.a", "password": PASSPHRASE, "next": wish},
        button="Sign In",
    )
    assert done.leads_to == "/"
    assert browser.get("/sign-in", query_string={"next": wish}).leads_to == "/"


def test_practice_mode_shows_the_sample_users(browser: Browser) -> None:
    assert PASSPHRASE not in browser.get("/sign-in").html
    extension = browser.app.extensions["portal"]
    object.__setattr__(extension, "settings", replace(extension.settings, practice=True))
    text = browser.get("/sign-in").root.one("main").text
    assert PASSPHRASE in text
    assert re.search(r"manager\.a .*Healthcare Location Manager", text)


def test_a_form_that_arrives_twice_signs_in_twice(
    browser: Browser, another: Callable[[], Browser], personas: Personas
) -> None:
    """The first answer got lost on a bad line, or the button was pressed twice without script."""
    page = browser.get("/sign-in")
    before = browser.client.get_cookie("portal")
    assert before is not None
    filled = {"username": "manager.a", "password": PASSPHRASE}
    tokens = set()
    for _arrival in range(12):
        browser.client.set_cookie("portal", before.value)
        answer = browser.submit(page, filled, button="Sign In")
        assert (answer.status, answer.leads_to) == (303, "/")
        tokens.add(cookie_token(browser))
        home = browser.get("/switch-location")
        assert home.root.with_text("h1", "Switch Location")
        assert "already saved" not in home.root.text
    assert len(tokens) == 12, "each time a session of its own"
    assert "" not in tokens
    assert len(trail(browser.app, "user.signed_in")) == 12
    assert sign_in(another(), "manager.a", "wrong wrong wrong").status == 422, "none was a failure"
