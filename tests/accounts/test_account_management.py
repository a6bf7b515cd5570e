"""`Account Management` through the pages (SPEC A5): one file for what each action does."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from flask import Flask

from portal.access.profiles import Profile
from portal.accounts import services as accounts
from portal.errors import PortalError
from portal.people.rules import Giver
from tests.accounts.steps import JANE, add, jane, places_of, press
from tests.client import Browser
from tests.people.steps import (
    NEW,
    change,
    link_in,
    mails,
    sign_in,
    trail,
    user_of,
)
from tests.personas import Personas
from tests.threads import at_once

WELCOME = "Welcome to the COVID-19 Vaccine Management System (CVMS)"
# The list


def test_the_tab_lists_the_users_of_the_present_location(browser: Browser) -> None:
    page = browser.sign_in("manager_ab").get("/accounts?view=all")
    assert page.root.with_text("h1", "Account Management")
    names = {row.all("a")[0].text for row in page.root.one("tbody").all("tr")}
    assert names == {"manager.a", "provider.a", "readonly.a", "manager.ab"}
    assert "Account Management" in page.root.one("nav", aria_label="Main").text


def test_programme_staff_see_the_location_they_work_at_or_all(browser: Browser) -> None:
    page = browser.sign_in("admin").get("/accounts?view=all")
    names = {row.all("a")[0].text for row in page.root.one("tbody").all("tr")}
    assert {"agent", "admin", "manager.a", "manager.b"} <= names
    browser.submit(browser.get("/switch-location?q=Clinic B"), button="Clinic B")
    page = browser.get("/accounts?view=all")
    names = {row.all("a")[0].text for row in page.root.one("tbody").all("tr")}
    assert names == {"manager.b", "manager.ab"}


# Adding and completing the registration


def test_a_new_user_gets_the_welcome_and_completes_the_registration(
    browser: Browser, another: Callable[[], Browser], personas: Personas
) -> None:
    answer = add(browser.sign_in("manager_a"))
    user = jane(browser.app)
    assert user is not None
    assert (answer.status, answer.leads_to) == (303, f"/accounts/{user.id}")
    assert (user.email, user.profile) == ("jane.white@example.org", "provider")
    assert places_of(browser.app, user.id) == {personas.locations["A"]}
    (mail,) = mails(browser.app, "welcome")
    assert mail["to"] == "jane.white@example.org"
    assert mail["subject"] == WELCOME
    assert "jwhite200" in mail["text"]
    link = link_in(mail["text"])
    assert link in mail["html"]
    newcomer = another()
    assert sign_in(newcomer, "jwhite200", NEW).status == 422
    for _scanner in range(2):
        page = newcomer.get(link)
    assert page.root.with_text("h1", "Complete your registration")
    assert newcomer.submit(page, {"new_password": NEW}, button="Save").status == 303
    assert newcomer.get(link).status == 404
    assert sign_in(newcomer, "jwhite200", NEW).status == 303
    assert newcomer.get("/switch-location").status == 200
    assert [entry.action for entry in trail(browser.app, "user.%")] == [
        "user.added",
        "user.sign_in_failed",
        "user.registered",
        "user.signed_in",
    ]
    (entry,) = trail(browser.app, "user.added")
    assert entry.actor_id == personas.users["manager_a"]
    assert entry.location_id == personas.locations["A"]
    assert entry.values_after == {"profile": "provider", "locations": [personas.locations["A"]]}


def test_the_invitation_works_for_three_days(browser: Browser) -> None:
    with time_machine.travel(datetime(2021, 3, 1, 12, tzinfo=UTC), tick=False) as clock:
        add(browser.sign_in("manager_a"))
        link = link_in(mails(browser.app, "welcome")[0]["text"])
        clock.shift(timedelta(hours=71, minutes=59, seconds=59))
        assert browser.get(link).status == 200
        clock.shift(timedelta(seconds=1))
        assert browser.get(link).status == 404


def test_a_link_of_one_purpose_does_nothing_for_another(browser: Browser) -> None:
    add(browser.sign_in("manager_a"))
    token = link_in(mails(browser.app, "welcome")[0]["text"]).rpartition("/")[2]
    assert browser.get(f"/password/reset/{token}").status == 404


def test_a_new_invitation_voids_the_old_one(browser: Browser) -> None:
    add(browser.sign_in("manager_a"))
    user = jane(browser.app)
    assert user is not None
    first = link_in(mails(browser.app, "welcome")[0]["text"])
    assert press(browser, user.id, "Resend Invitation").status == 303
    states = [(mail["state"]) for mail in mails(browser.app, "welcome")]
    assert states == ["cancelled", "waiting"]
    second = link_in(mails(browser.app, "welcome")[1]["text"])
    assert first != second
    assert browser.get(first).status == 404
    assert browser.get(second).status == 200
    browser.submit(browser.get(second), {"new_password": NEW}, button="Save")
    browser.sign_in("manager_a")
    page = browser.get(f"/accounts/{user.id}")
    assert "Resend Invitation" not in page.root.one("main").text


@pytest.mark.parametrize(
    ("field", "value", "sentence"),
    [
        ("username", "", "Please fill in this field."),
        ("username", "a b", "3 to 64 letters"),
        ("username", "j\u0000w", "cannot be used"),
        ("email", "jane", "Enter an e-mail address"),
        ("email", "a@b.org,c@d.org", "Enter an e-mail address"),
        ("email", "a@b.org\r\nBcc: c@d.org", "Enter an e-mail address"),
        ("first_name", "  ", "Please fill in this field."),
        ("last_name", "x" * 81, "80"),
        ("profile", "", "Please fill in this field."),
        ("profile", "administrator", "Choose one of these."),
        ("profile", "agent", "Choose one of these."),
        ("locations", [], "Choose at least one location."),
    ],
)
def test_what_is_wrong_is_said_and_what_was_typed_stays(
    browser: Browser, field: str, value: object, sentence: str
) -> None:
    answer = add(browser.sign_in("manager_a"), **{field: value})
    assert answer.status == 422
    assert sentence in answer.root.one("main").text
    form = answer.form(action="/accounts/add")
    for name in {"username", "first_name", "last_name", "email"} - {field}:
        assert form.one("input", name=name).attributes["value"] == JANE[name]
    assert jane(browser.app) is None
    assert mails(browser.app, "welcome") == []


def test_another_location_cannot_be_given(browser: Browser, personas: Personas) -> None:
    answer = add(browser.sign_in("manager_a"), locations=[str(personas.locations["B"])])
    assert answer.status == 422
    assert jane(browser.app) is None


def test_a_manager_of_two_gives_one_or_both(browser: Browser, personas: Personas) -> None:
    both = [personas.locations["A"], personas.locations["B"]]
    add(browser.sign_in("manager_ab"), locations=[str(number) for number in both])
    user = jane(browser.app)
    assert user is not None
    assert places_of(browser.app, user.id) == set(both)


def test_sent_twice_adds_once(browser: Browser) -> None:
    page = browser.sign_in("manager_a").get("/accounts/add")
    first = browser.submit(page, JANE, button="Save")
    again = browser.submit(page, JANE, button="Save")
    assert first.leads_to == again.leads_to
    assert len(mails(browser.app, "welcome")) == 1


# People who have an account already


def existing(username: str = "manager.b", **values: object) -> dict[str, object]:
    first, last = "Bea", "Else"
    return {
        "username": username,
        "email": "manager.b@example.org",
        "first_name": first,
        "last_name": last,
        "profile": "manager",
        **values,
    }


def test_a_user_of_elsewhere_with_the_same_username_and_address_gets_the_location(
    browser: Browser, personas: Personas
) -> None:
    user_id = personas.users["manager_b"]
    answer = add(browser.sign_in("manager_a"), **existing("Manager.B"))
    assert answer.leads_to == f"/accounts/{user_id}"
    assert places_of(browser.app, user_id) == {personas.locations["A"], personas.locations["B"]}
    user = user_of(browser.app, user_id)
    assert user.first_name == "Manager", "the name is not overwritten"
    (mail,) = mails(browser.app, "location_added")
    assert mail["to"] == "manager.b@example.org"
    assert "Clinic A" in mail["text"]
    (entry,) = trail(browser.app, "user.locations_changed")
    assert entry.values_before == {"locations": [personas.locations["B"]]}


def test_what_does_not_match_is_answered_alike_whoever_the_other_is(
    browser: Browser, personas: Personas
) -> None:
    change(browser.app, personas.users["readonly_a"], active=False)
    browser.sign_in("manager_a")
    texts = set()
    for values in (
        existing(email="somebody.else@example.org"),
        existing("somebody.else"),
        existing("agent", email="agent@example.org"),
        existing("admin", email="somebody@example.org"),
        existing("readonly.a", email="readonly.a@example.org", profile="read_only"),
    ):
        answer = add(browser, **values)
        assert answer.status == 422
        texts.add(answer.root.one("p", class_="err").text)
    assert len(texts) == 1
    assert "belongs to an account with different details" in texts.pop()
    for name in ("manager_b", "agent", "admin"):
        assert personas.locations["A"] not in places_of(browser.app, personas.users[name])


def test_the_profile_of_a_user_of_elsewhere_is_not_changed_by_adding(
    browser: Browser, personas: Personas
) -> None:
    answer = add(browser.sign_in("manager_a"), **existing(profile="provider"))
    assert answer.status == 422
    assert "account with a different profile" in answer.html
    assert user_of(browser.app, personas.users["manager_b"]).profile == "manager"
    assert places_of(browser.app, personas.users["manager_b"]) == {personas.locations["B"]}


def test_who_is_here_already_is_not_added_again(browser: Browser) -> None:
    values = existing("provider.a", email="provider.a@example.org", profile="provider")
    answer = add(browser.sign_in("manager_a"), **values)
    assert answer.status == 422
    assert "already works at this location" in answer.html


def test_a_username_is_nobody_elses_address_and_an_address_nobody_elses_username(
    browser: Browser, personas: Personas
) -> None:
    """Whoever asks for a new password may name either."""
    change(browser.app, personas.users["agent"], username="helpdesk@example.org")
    browser.sign_in("manager_a")
    texts = set()
    for values in (
        {"username": "Manager.B@Example.org"},
        {"email": "HelpDesk@Example.org"},
        existing("somebody.else"),
    ):
        answer = add(browser, **values)
        assert answer.status == 422
        assert (
            answer.form(action="/accounts/add")
            .one("input", id="username")
            .attributes["aria-describedby"]
            .endswith("username-error")
        )
        texts.add(answer.root.one("p", class_="err").text)
    assert len(texts) == 1, "as for any other name that is taken"
    assert "belongs to an account with different details" in texts.pop()
    assert jane(browser.app) is None
    met = {entry.subject_id for entry in trail(browser.app, "user.adding_met_account")}
    assert met == {personas.users["manager_b"], personas.users["agent"]}


def test_the_own_address_may_be_the_username(browser: Browser) -> None:
    same = {"username": "Jane.White@Example.org", "email": "jane.white@example.org"}
    assert add(browser.sign_in("manager_a"), **same).status == 303


@pytest.mark.both_databases
def test_one_username_added_by_many_at_once_is_one_user(app: Flask, personas: Personas) -> None:
    giver = Giver(profile=Profile.ADMINISTRATOR, everywhere=True)

    def add_one(number: int) -> str:
        from portal import db

        new = accounts.NewUser(
            username="jwhite200",
            first_name="Jane",
            last_name="White",
            email=f"jane{number}@example.org",
            profile=Profile.PROVIDER,
            location_ids=frozenset({personas.locations["A"]}),
        )
        with app.app_context():
            try:
                db.run(lambda: accounts.add_user(None, giver, new), write=True)
            except PortalError as refusal:
                return f"{refusal.status} {refusal.field}"
            return "added"

    outcomes = at_once(add_one, [(number,) for number in range(8)])
    assert sorted(outcomes) == ["422 username"] * 7 + ["added"]
