"""Changing the password, being made to change it, and getting a new one by mail (SPEC A1)."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from flask import Flask
from sqlalchemy import func, select

from portal import links
from portal.links import MailedLink
from portal.people.models import User
from portal.signing_in import hashing, temporary
from tests.client import Browser, Page
from tests.people.steps import (
    NEW,
    change,
    cookie_token,
    link_in,
    mails,
    reading,
    sign_in,
    trail,
    user_of,
    writing,
)
from tests.personas import PASSPHRASE, Personas
from tests.threads import at_once

START = datetime(2021, 3, 1, 12, tzinfo=UTC)


def change_password(browser: Browser, current: str, new: str) -> Page:
    page = browser.get("/password")
    return browser.submit(page, {"current_password": current, "new_password": new}, button="Save")


def ask(browser: Browser, identity: str) -> Page:
    page = browser.get("/password/forgot")
    return browser.submit(page, {"identity": identity}, button="Send the link")


def reset_link(browser: Browser, identity: str = "manager.a") -> str:
    assert ask(browser, identity).status == 303
    return link_in(mails(browser.app, "password_reset")[-1]["text"])


def choose(browser: Browser, url: str, password: str = NEW) -> Page:
    return browser.submit(browser.get(url), {"new_password": password}, button="Save")


# Changing


def test_changing_the_password_ends_all_other_sessions(
    browser: Browser, another: Callable[[], Browser], personas: Personas
) -> None:
    other, planted = another().sign_in("manager_a"), another().sign_in("manager_b")
    browser.sign_in("manager_a")
    before = cookie_token(browser)
    assert change_password(browser, PASSPHRASE, NEW).leads_to == "/"
    assert cookie_token(browser) != before
    assert browser.get("/session").status == 200
    assert other.get("/session").status == 303
    assert planted.get("/session").status == 200, "somebody else"
    (mail,) = mails(browser.app, "password_changed")
    assert mail["to"] == "manager.a@example.org"
    assert NEW not in mail["row"] + mail["text"]
    (entry,) = trail(browser.app, "user.password_changed")
    assert (entry.actor_id, entry.subject_id) == (personas.users["manager_a"],) * 2
    assert sign_in(another(), "manager.a", NEW).status == 303
    assert sign_in(another(), "manager.a", PASSPHRASE).status == 422


@pytest.mark.parametrize(
    ("current", "new", "sentence"),
    [
        ("something else entirely", NEW, "This is not your current password."),
        (PASSPHRASE, "too short", "Use at least 15 characters."),
        (PASSPHRASE, "Clinic A Plymouth 21", "uses common words"),
        (PASSPHRASE, "manager.a@example.org", "uses common words"),
        (PASSPHRASE, "Washington County Health Department", "uses common words"),
        ("", NEW, "Please fill in this field."),
        (PASSPHRASE, "", "Please fill in this field."),
        (PASSPHRASE, "x" * 129, "Use at most 128 characters."),
    ],
)
def test_what_cannot_be_is_said_beside_the_field(
    browser: Browser, current: str, new: str, sentence: str, personas: Personas
) -> None:
    answer = change_password(browser.sign_in("manager_a"), current, new)
    assert answer.status == 422
    assert sentence in answer.root.one("main").text
    assert browser.get("/session").status == 200
    stored = user_of(browser.app, personas.users["manager_a"]).password_hash
    assert hashing.verify(stored, PASSPHRASE)
    assert mails(browser.app, "password_changed") == []


def test_the_same_password_again_is_no_change(browser: Browser, personas: Personas) -> None:
    change(browser.app, personas.users["manager_a"], password_hash=hashing.hash_password(NEW))
    answer = change_password(browser.sign_in("manager_a"), NEW, NEW)
    assert answer.status == 422
    assert "different from your current one" in answer.html


def test_the_current_password_cannot_be_guessed_in_a_stolen_session(browser: Browser) -> None:
    browser.sign_in("manager_a")
    answers = [change_password(browser, "wrong wrong wrong", NEW).status for _each in range(11)]
    assert answers == [422] * 10 + [429]


def test_a_password_that_must_be_changed_lets_nothing_else_through(
    browser: Browser, personas: Personas
) -> None:
    change(browser.app, personas.users["manager_a"], must_change_password=True)
    assert sign_in(browser, "manager.a").status == 303
    for url in ("/", "/switch-location", "/accounts"):
        assert browser.get(url).leads_to == "/password", url
    page = browser.get("/password")
    assert "Your password was temporary" in page.root.one("main").text
    assert change_password(browser, PASSPHRASE, NEW).status == 303
    assert browser.get("/switch-location").status == 200
    assert not user_of(browser.app, personas.users["manager_a"]).must_change_password


def test_a_password_that_must_be_changed_still_lets_one_sign_out(
    browser: Browser, personas: Personas
) -> None:
    change(browser.app, personas.users["manager_a"], must_change_password=True)
    sign_in(browser, "manager.a")
    assert browser.submit(browser.get("/password"), button="Sign Out").leads_to == "/sign-in"


# Temporary passwords


def give_temporary(app: Flask, user_id: int) -> str:
    text = temporary.generate()
    hashed = hashing.hash_password(text)
    with writing(app) as session:
        temporary.give(session.get_one(User, user_id), hashed)
    return text


def test_a_temporary_password_opens_the_change_page_once(
    browser: Browser, another: Callable[[], Browser], personas: Personas
) -> None:
    text = give_temporary(browser.app, personas.users["provider_a"])
    assert sign_in(another(), "provider.a", PASSPHRASE).status == 422
    assert sign_in(browser, "provider.a", text).status == 303
    assert browser.get("/").leads_to == "/password"
    assert sign_in(another(), "provider.a", text).status == 422, "used up"
    assert change_password(browser, text, NEW).status == 303
    assert sign_in(another(), "provider.a", NEW).status == 303


def test_a_temporary_password_is_good_for_a_day(browser: Browser, personas: Personas) -> None:
    with time_machine.travel(START, tick=False) as clock:
        text = give_temporary(browser.app, personas.users["provider_a"])
        clock.shift(timedelta(hours=24))
        assert sign_in(browser, "provider.a", text).status == 422
        clock.shift(timedelta(seconds=-1))
        assert sign_in(browser, "provider.a", text).status == 303


# Reset by mail


def test_a_new_password_by_mail(
    browser: Browser, another: Callable[[], Browser], personas: Personas
) -> None:
    signed_in = another().sign_in("manager_a")
    url = reset_link(browser)
    assert url.startswith("/password/reset/")
    answer = choose(browser, url)
    assert (answer.status, answer.leads_to) == (303, "/sign-in")
    assert signed_in.get("/session").status == 303, "all sessions end"
    assert sign_in(browser, "manager.a", NEW).status == 303
    assert len(mails(browser.app, "password_changed")) == 1
    assert [entry.action for entry in trail(browser.app, "user.%reset%")] == [
        "user.reset_asked",
        "user.password_reset",
    ]


@pytest.mark.parametrize(
    "identity", ["manager.a@example.org", "MANAGER.A", " Manager.A@Example.org "]
)
def test_the_username_or_the_address_will_do(browser: Browser, identity: str) -> None:
    assert "manager.a" in browser.get(reset_link(browser, identity)).html


def test_a_mailbox_gets_its_link_though_somebody_has_the_address_as_username(
    browser: Browser, personas: Personas
) -> None:
    change(browser.app, personas.users["agent"], username="manager.a@example.org")
    ask(browser, "manager.a@example.org")
    (mail,) = mails(browser.app, "password_reset")
    assert mail["to"] == "manager.a@example.org"
    assert "agent" not in mail["text"].lower()


def test_everybody_gets_the_same_answer(browser: Browser, personas: Personas) -> None:
    change(browser.app, personas.users["provider_a"], active=False)
    answers = {
        (answer.status, answer.leads_to, browser.get(answer.leads_to).root.one("main").text)
        for answer in (
            ask(browser, identity)
            for identity in ("manager.a", "provider.a", "nobody", "x@y.example", "' OR 1=1 --")
        )
    }
    assert len(answers) == 1
    assert len(mails(browser.app, "password_reset")) == 1


def test_looking_at_the_link_does_not_use_it_up(browser: Browser) -> None:
    url = reset_link(browser)
    for _scanner in range(3):
        assert browser.get(url).status == 200
        assert browser.client.head(url).status_code == 200
    assert choose(browser, url).status == 303


def test_a_link_works_once(browser: Browser, another: Callable[[], Browser]) -> None:
    url = reset_link(browser)
    page = another().get(url)
    assert choose(browser, url).status == 303
    assert browser.get(url).status == 404
    late = another()
    late.client.set_cookie("portal", "")
    assert page.status == 200
    assert browser.get("/password/reset/").status == 404


def test_a_refused_password_leaves_the_link_alive(browser: Browser) -> None:
    url = reset_link(browser)
    answer = choose(browser, url, "too short")
    assert answer.status == 422
    assert "Use at least 15 characters." in answer.html
    answer = choose(browser, url, "Clinic A Plymouth 21")
    assert "uses common words" in answer.html
    assert choose(browser, url).status == 303


def test_a_link_works_for_an_hour(browser: Browser) -> None:
    with time_machine.travel(START, tick=False) as clock:
        url = reset_link(browser)
        clock.shift(timedelta(minutes=59, seconds=59))
        page = browser.get(url)
        assert page.status == 200
        clock.shift(timedelta(seconds=1))
        assert browser.get(url).status == 404
        assert browser.submit(page, {"new_password": NEW}, button="Save").status == 404


def test_every_dead_link_is_answered_alike(browser: Browser, personas: Personas) -> None:
    url = reset_link(browser)
    token = url.rpartition("/")[2]
    used = reset_link(browser, "manager.b")
    choose(browser, used)
    browser.get("/sign-in")
    other_purpose = f"/register/{token}"
    bent = [
        f"/password/reset/{token[:at]}{'A' if token[at] != 'A' else 'B'}{token[at + 1 :]}"
        for at in range(len(token))
    ]
    texts = {
        (answer.status, answer.root.one("main").text)
        for answer in map(
            browser.get,
            [*bent, used, other_purpose, f"{url}x", url[:-1], "/password/reset/x", f"{url}%00"],
        )
    }
    assert len(texts) == 1
    assert next(iter(texts))[0] == 404
    assert browser.get(url).status == 200


def test_a_deactivated_user_has_no_links(browser: Browser, personas: Personas) -> None:
    url = reset_link(browser)
    page = browser.get(url)
    change(browser.app, personas.users["manager_a"], active=False)
    assert browser.get(url).status == 404
    assert browser.submit(page, {"new_password": NEW}, button="Save").status == 404


def test_a_new_password_makes_all_other_links_worthless(
    browser: Browser, another: Callable[[], Browser]
) -> None:
    first, second = reset_link(browser), reset_link(browser)
    assert browser.get(first).status == 200, "asking again does not void the first"
    assert choose(browser, second).status == 303
    assert browser.get(first).status == 404
    third = reset_link(browser)
    change_password(another().sign_in("manager_a"), NEW, "mango luggage plinth")
    assert browser.get(third).status == 404


def test_three_mails_in_a_quarter_of_an_hour_and_ten_a_day(browser: Browser) -> None:
    with time_machine.travel(START, tick=False) as clock:
        for _time in range(5):
            assert ask(browser, "manager.a").status == 303
            assert ask(browser, "manager.a@example.org").status == 303
        assert len(mails(browser.app, "password_reset")) == 3
        for _quarter in range(8):
            clock.shift(timedelta(minutes=15, seconds=1))
            for _time in range(4):
                assert ask(browser, "manager.a").status == 303
        assert len(mails(browser.app, "password_reset")) == 10
        clock.shift(timedelta(days=1))
        ask(browser, "manager.a")
        assert len(mails(browser.app, "password_reset")) == 11


def test_asking_all_the_time_is_stopped(browser: Browser) -> None:
    for number in range(50):
        assert ask(browser, f"nobody{number}").status == 303
    answer = ask(browser, "nobody")
    assert answer.status == 429
    assert int(answer.headers["Retry-After"]) > 0


def test_no_token_is_kept_anywhere_in_the_database(browser: Browser) -> None:
    token = reset_link(browser).rpartition("/")[2]
    (mail,) = mails(browser.app, "password_reset")
    assert token in mail["text"]
    assert token in mail["html"]
    assert token not in mail["row"]
    with reading(browser.app) as session:
        assert session.scalars(select(MailedLink.token_hash)).all() == [
            links.hashed(token)  # type: ignore[attr-defined]
        ]


def test_links_begin_with_the_configured_address_whatever_the_host(browser: Browser) -> None:
    page = browser.get("/password/forgot")
    form = page.form(action="/password/forgot")
    data = {
        name: form.one("input", name=name).attributes["value"]
        for name in ("csrf_token", "operation_id")
    }
    headers = {"Host": "evil.example", "X-Forwarded-Host": "evil.example"}
    browser.post("/password/forgot", {**data, "identity": "manager.a"}, headers=headers)
    for mail in mails(browser.app, "password_reset"):
        assert "evil.example" not in mail["text"] + mail["html"]
        assert "http://127.0.0.1:8000/password/reset/" in mail["text"]


def test_who_never_registered_gets_the_welcome_again(browser: Browser, personas: Personas) -> None:
    change(browser.app, personas.users["provider_a"], password_hash=None)
    ask(browser, "provider.a")
    (mail,) = mails(browser.app, "welcome")
    assert choose(browser, link_in(mail["text"])).status == 303
    user = user_of(browser.app, personas.users["provider_a"])
    assert user.registered_at is not None
    assert sign_in(browser, "provider.a", NEW).status == 303


def set_at_once(app: Flask, url: str, times: int) -> list[int]:
    """Use one link so many times at once; the answers' statuses."""
    prepared = []
    for number in range(times):
        client = app.test_client()
        from tests.client import fields_of, parse

        form = parse(client.get(url).get_data(as_text=True)).one("form", action=url)
        values = {**fields_of(form, "Save"), "new_password": f"{NEW} number {number}"}
        prepared.append((client, values))
    return at_once(lambda client, data: client.post(url, data=data).status_code, prepared)


@pytest.mark.both_databases
@pytest.mark.usefixtures("cheap_hashes")
def test_fifty_uses_of_one_link_at_once_are_one_success(
    browser: Browser, personas: Personas
) -> None:
    url = reset_link(browser)
    statuses = set_at_once(browser.app, url, 50)
    assert sorted(statuses) == [303] + [404] * 49
    assert len(mails(browser.app, "password_changed")) == 1


@pytest.mark.both_databases
@pytest.mark.usefixtures("cheap_hashes")
def test_the_race_sees_a_link_that_is_looked_at_before_it_is_used(
    browser: Browser, personas: Personas, monkeypatch: pytest.MonkeyPatch
) -> None:
    def unsafe(token: str, purpose: str) -> int | None:
        return user_id

    url = reset_link(browser)
    user_id = personas.users["manager_a"]
    monkeypatch.setattr(links, "use", unsafe)
    monkeypatch.setattr(links, "withdraw", lambda *_any: None)
    assert set_at_once(browser.app, url, 10).count(303) > 1


def test_a_form_of_a_link_sent_twice_is_answered_twice_and_done_once(browser: Browser) -> None:
    page = browser.get(reset_link(browser))
    values = {"new_password": NEW}
    first = browser.submit(page, values, button="Save")
    again = browser.submit(page, values, button="Save")
    assert (first.status, first.leads_to) == (again.status, again.leads_to) == (303, "/sign-in")
    with reading(browser.app) as session:
        assert session.scalar(select(func.count()).select_from(MailedLink)) == 1
    assert len(mails(browser.app, "password_changed")) == 1
