"""`Account Management` through the pages (SPEC A5): profiles, locations, deactivating."""

import time
from collections.abc import Callable
from contextlib import nullcontext

import pytest
from flask import Flask
from sqlalchemy import func, select
from sqlalchemy.exc import OperationalError

from portal import db
from portal.access.profiles import Profile
from portal.accounts import safeguards
from portal.accounts import services as accounts
from portal.errors import Invalid, PortalError
from portal.people.models import User, UserLocation
from portal.people.rules import Giver
from tests.accounts.steps import add, ask, jane, places_of, press
from tests.client import Browser
from tests.inventory import careless
from tests.inventory.careless import be_careless
from tests.people.steps import (
    change,
    link_in,
    mails,
    reading,
    sign_in,
    trail,
    user_of,
    writing,
)
from tests.personas import Personas
from tests.statements import watched
from tests.threads import at_once

# Changing the profile


def test_a_new_profile_counts_at_once(
    browser: Browser, another: Callable[[], Browser], personas: Personas
) -> None:
    user_id = personas.users["provider_a"]
    colleague = another().sign_in("provider_a")
    assert colleague.get("/accounts").status == 403
    answer = press(browser.sign_in("manager_a"), user_id, "Change Profile", profile="manager")
    assert answer.leads_to == f"/accounts/{user_id}"
    assert colleague.get("/accounts").status == 200
    (entry,) = trail(browser.app, "user.profile_changed")
    assert (entry.values_before["profile"], entry.values_after["profile"]) == (
        "provider",
        "manager",
    )
    assert entry.subject_id == user_id


@pytest.mark.parametrize("profile", ["administrator", "agent", "", "root"])
def test_a_manager_makes_no_programme_staff(
    browser: Browser, personas: Personas, profile: str
) -> None:
    user_id = personas.users["provider_a"]
    answer = press(browser.sign_in("manager_a"), user_id, "Change Profile", profile=profile)
    assert answer.status == 422
    assert user_of(browser.app, user_id).profile == "provider"


def test_an_administrator_makes_programme_staff_who_then_have_no_locations(
    browser: Browser, personas: Personas
) -> None:
    user_id = personas.users["provider_a"]
    press(browser.sign_in("admin"), user_id, "Change Profile", profile="agent")
    assert user_of(browser.app, user_id).profile == "agent"
    assert places_of(browser.app, user_id) == set()


def test_programme_staff_become_users_of_the_location_where_the_administrator_is(
    browser: Browser, personas: Personas
) -> None:
    user_id = personas.users["agent"]
    browser.sign_in("admin")
    answer = press(browser, user_id, "Change Profile", profile="provider")
    assert answer.status == 422
    assert "Choose at least one location." in answer.root.one("main").text
    browser.submit(browser.get("/switch-location?q=Clinic C"), button="Clinic C")
    assert press(browser, user_id, "Change Profile", profile="provider").status == 303
    assert places_of(browser.app, user_id) == {personas.locations["C"]}
    user = user_of(browser.app, user_id)
    assert (user.profile, user.current_location_id) == ("provider", personas.locations["C"])


def test_the_profile_of_who_also_works_elsewhere_is_not_a_managers_to_change(
    browser: Browser, personas: Personas
) -> None:
    page = browser.sign_in("manager_a").get(f"/accounts/{personas.users['manager_ab']}")
    assert "also works at locations that are not yours" in page.root.one("main").text
    for button in ("Change Profile", "Deactivate", "Save"):
        assert button not in page.root.one("main").text


def test_who_works_elsewhere_by_now_is_not_a_managers_to_change(
    browser: Browser, personas: Personas
) -> None:
    user_id = personas.users["provider_a"]
    page = browser.sign_in("manager_a").get(f"/accounts/{user_id}")
    asked = browser.submit(page, {"profile": "manager"}, button="Change Profile")
    leaving = browser.get(f"/accounts/{user_id}/deactivate")
    with writing(browser.app) as session:
        session.add(UserLocation(user_id=user_id, location_id=personas.locations["B"]))
    for answer in (
        browser.submit(asked, button="Change Profile"),
        browser.submit(leaving, button="Deactivate"),
        browser.submit(page, {"last_name": "Other"}, button="Save"),
    ):
        assert answer.status == 403
        assert "also works at locations that are not yours" in answer.root.one("main").text
    user = user_of(browser.app, user_id)
    assert (user.profile, user.active, user.last_name) == ("provider", True, "A")


def test_who_works_elsewhere_by_now_is_not_a_managers_to_let_in_again(
    browser: Browser, personas: Personas
) -> None:
    user_id = personas.users["provider_a"]
    with writing(browser.app) as session:
        session.get_one(User, user_id).active = False
    page = browser.sign_in("manager_a").get(f"/accounts/{user_id}")
    with writing(browser.app) as session:
        session.add(UserLocation(user_id=user_id, location_id=personas.locations["B"]))
    assert "Reactivate" not in browser.get(f"/accounts/{user_id}").root.one("main").text
    assert browser.submit(page, button="Reactivate").status == 403
    assert not user_of(browser.app, user_id).active
    with writing(browser.app) as session:
        session.get_one(User, user_id).active = True
    assert browser.submit(page, button="Reactivate").status == 403


# The last manager


@pytest.fixture
def alone(browser: Browser, personas: Personas) -> Browser:
    """The browser of Clinic A's only manager."""
    change(browser.app, personas.users["manager_ab"], profile="provider")
    return browser.sign_in("manager_a")


def test_the_last_manager_cannot_leave_the_location_without_one(
    alone: Browser, personas: Personas
) -> None:
    user_id = personas.users["manager_a"]
    answer = press(alone, user_id, "Change Locations", locations=[])
    assert answer.status == 422
    assert "You are the last manager of Clinic A." in answer.root.one("main").text
    assert places_of(alone.app, user_id) == {personas.locations["A"]}


def test_nobody_takes_the_own_last_location(browser: Browser, personas: Personas) -> None:
    user_id = personas.users["manager_a"]
    answer = press(browser.sign_in("manager_a"), user_id, "Change Locations", locations=[])
    assert answer.status == 422
    assert "This is your own account." in answer.root.one("main").text
    assert places_of(browser.app, user_id) == {personas.locations["A"]}
    both = personas.users["manager_ab"]
    only = [str(personas.locations["B"])]
    answer = press(browser.sign_in("manager_ab"), both, "Change Locations", locations=only)
    assert answer.status == 303, "another of one's own is"


def demote_each_other(app: Flask, personas: Personas) -> list[str]:
    """The profiles of Clinic A's two managers after each has made the other a provider."""
    pair = (personas.users["manager_a"], personas.users["provider_a"])
    change(app, personas.users["manager_ab"], profile="provider")
    change(app, pair[1], profile="manager")
    giver = Giver(profile=Profile.MANAGER, location_ids=frozenset({personas.locations["A"]}))

    def demote(user_id: int) -> None:
        def work() -> bool:
            user = accounts.load_for_change(user_id)
            accounts.change_profile(None, giver, user, Profile.PROVIDER)
            return True

        with app.app_context():
            try:
                db.run(work, write=True)
            except PortalError:
                return

    at_once(demote, [(user_id,) for user_id in pair])
    return sorted(user_of(app, user_id).profile for user_id in pair)


@pytest.mark.both_databases
def test_two_managers_who_demote_each_other_at_once_are_not_both_demoted(
    app: Flask, personas: Personas
) -> None:
    assert demote_each_other(app, personas) == ["manager", "provider"]


@pytest.mark.both_databases
def test_the_same_would_show_locations_that_nobody_holds(
    app: Flask, personas: Personas, monkeypatch: pytest.MonkeyPatch, database_kind: str
) -> None:
    """SQLite has one writer anyway: there the second try would fail."""

    def look(_actor: object, _giver: object, user: User, location_ids: frozenset[int]) -> None:
        if safeguards.left_without_manager(user, location_ids):
            raise Invalid("the last manager")
        time.sleep(0.5)

    monkeypatch.setattr(safeguards, "check_managers_remain", look)
    be_careless(monkeypatch, careless.NO_LOCKS)
    failed = pytest.raises(OperationalError) if database_kind == "sqlite" else nullcontext()
    with failed:
        assert demote_each_other(app, personas) == ["provider", "provider"]


def test_the_last_administrator_stays(browser: Browser, personas: Personas) -> None:
    user_id, giver = personas.users["admin"], Giver(profile=Profile.ADMINISTRATOR, everywhere=True)

    def lose_the_right(how: str) -> None:
        with writing(browser.app) as session:
            user = session.get_one(User, user_id)
            if how == "deactivated":
                accounts.deactivate(None, giver, user)
            else:
                accounts.change_profile(None, giver, user, Profile.AGENT)

    for how in ("deactivated", "a different profile"):
        with pytest.raises(Invalid, match="This is the last programme administrator."):
            lose_the_right(how)
    browser.sign_in("admin")
    press(browser, personas.users["agent"], "Change Profile", profile="administrator")
    lose_the_right("deactivated")
    assert browser.get("/session").status == 303


# Locations, deactivating, reactivating


def test_removing_the_last_location_revokes_the_access_at_once(
    browser: Browser, another: Callable[[], Browser], personas: Personas
) -> None:
    user_id = personas.users["provider_a"]
    colleague = another().sign_in("provider_a")
    answer = press(browser.sign_in("manager_a"), user_id, "Change Locations", locations=[])
    assert answer.leads_to == "/accounts", "the user is out of sight now"
    assert colleague.get("/session").status == 303
    assert sign_in(another(), "provider.a").status == 422
    assert browser.get(f"/accounts/{user_id}").status == 404
    (entry,) = trail(browser.app, "user.locations_changed")
    assert entry.values_before == {"locations": [personas.locations["A"]]}
    assert entry.values_after == {"locations": []}


def test_a_manager_removes_from_the_own_location_and_leaves_the_others(
    browser: Browser, another: Callable[[], Browser], personas: Personas
) -> None:
    user_id = personas.users["manager_ab"]
    colleague = another().sign_in("manager_ab")
    page = browser.sign_in("manager_a").get(f"/accounts/{user_id}")
    text = page.root.one("main").text
    assert "Clinic B" not in text
    assert "also works at locations that are not yours" in text
    assert press(browser, user_id, "Change Locations", locations=[]).status == 303
    assert places_of(browser.app, user_id) == {personas.locations["B"]}
    assert "Clinic B" in colleague.get("/switch-location").root.one("header").text


def test_deactivating_ends_sessions_links_and_invitations_at_once(
    browser: Browser, another: Callable[[], Browser], personas: Personas
) -> None:
    user_id = personas.users["provider_a"]
    colleague = another().sign_in("provider_a")
    browser.sign_in("manager_a")
    assert press(browser, user_id, "Deactivate").status == 303
    assert colleague.get("/session").status == 303
    assert sign_in(another(), "provider.a").status == 422
    assert press(browser, user_id, "Reactivate").status == 303
    assert colleague.get("/session").status == 303, "the old session stays ended"
    assert sign_in(another(), "provider.a").status == 303
    assert [
        (entry.action, entry.values_before, entry.values_after)
        for entry in trail(browser.app, "user.%activated")
    ] == [
        ("user.deactivated", {"active": True}, {"active": False}),
        ("user.reactivated", {"active": False}, {"active": True}),
    ]


def test_an_invitation_dies_with_the_account_and_is_made_anew(browser: Browser) -> None:
    add(browser.sign_in("manager_a"))
    user = jane(browser.app)
    assert user is not None
    first = link_in(mails(browser.app, "welcome")[0]["text"])
    press(browser, user.id, "Deactivate")
    assert browser.get(first).status == 404
    assert mails(browser.app, "welcome")[0]["state"] == "cancelled"
    press(browser, user.id, "Reactivate")
    assert browser.get(first).status == 404
    assert browser.get(link_in(mails(browser.app, "welcome")[1]["text"])).status == 200


def test_what_is_done_already_changes_nothing_more(browser: Browser, personas: Personas) -> None:
    user_id = personas.users["provider_a"]
    page = ask(browser.sign_in("manager_a"), user_id, "Deactivate")
    for _time in range(2):
        browser.submit(page, button="Deactivate")
    assert len(trail(browser.app, "user.deactivated")) == 1
    with writing(browser.app) as session:
        user = session.get_one(User, user_id)
        giver = Giver(profile=Profile.ADMINISTRATOR, everywhere=True)
        accounts.deactivate(None, giver, user)
    assert len(trail(browser.app, "user.deactivated")) == 1


def test_nothing_more_than_the_form_offers_can_be_changed(
    browser: Browser, personas: Personas
) -> None:
    more = {
        "active": "0",
        "is_admin": "1",
        "password_hash": "x",
        "must_change_password": "1",
        "registered_at": "2021-01-01",
        "id": "1",
        "user_id": str(personas.users["admin"]),
        "location_id": str(personas.locations["B"]),
        "current_location_id": str(personas.locations["B"]),
    }
    add(browser.sign_in("manager_a"), **more)
    user = jane(browser.app)
    assert user is not None
    assert user.active
    assert user.password_hash is None
    assert user.registered_at is None
    assert places_of(browser.app, user.id) == {personas.locations["A"]}
    with reading(browser.app) as session:
        assert session.scalar(select(func.count()).select_from(UserLocation)) == 7


def test_what_belongs_to_whom_is_counted_with_few_queries(app: Flask, personas: Personas) -> None:
    browser = Browser(app, personas).sign_in("manager_a")
    browser.get("/accounts?view=all")
    with watched(app) as few:
        browser.get("/accounts?view=all")
    for number in range(12):
        add(browser, username=f"user{number}", email=f"user{number}@example.org")
    with watched(app) as many:
        browser.get("/accounts?view=all")
    assert len(many) == len(few) <= 12
