"""An administrator lets programme staff work at a location, too (docs/adr/0012)."""

from collections.abc import Callable

import pytest
from flask import Flask

from portal.access.profiles import Profile
from portal.accounts import services as accounts
from portal.accounts.safeguards import left_without_manager
from portal.accounts.second_profile import change_second_profile
from portal.errors import Forbidden, Invalid
from portal.people.models import User, UserLocation
from portal.people.queries import actor_of, list_administrators, list_managers
from portal.people.rules import Giver
from tests.accounts.steps import add, places_of, press
from tests.client import Browser, fields_of
from tests.people.steps import change, reading, trail, user_of, writing
from tests.personas import Personas

EVERYWHERE = Giver(profile=Profile.ADMINISTRATOR, everywhere=True)


def hold_both(app: Flask, personas: Personas, who: str = "agent", letter: str = "A") -> int:
    """Let somebody of the staff be a manager, too; the user's id."""
    user_id = personas.users[who]
    with writing(app):
        user = accounts.load_for_change(user_id)
        place = frozenset({personas.locations[letter]})
        change_second_profile(None, EVERYWHERE, user, Profile.MANAGER, at=place)
    return user_id


def at_a(browser: Browser, who: str = "admin") -> Browser:
    change(
        browser.app,
        browser.personas.users[who],
        current_location_id=browser.personas.locations["A"],
    )
    return browser.sign_in(who)


def test_an_administrator_gives_and_takes_it_at_the_present_location(
    app: Flask, browser: Browser, personas: Personas
) -> None:
    agent = personas.users["agent"]
    page = browser.sign_in("admin").get(f"/accounts/{agent}")
    assert "switch to the location first" in page.root.one(id="second-section").text
    at_a(browser)
    page = browser.get(f"/accounts/{agent}")
    form = {**fields_of(page.form(action=f"/accounts/{agent}/second-profile"))}
    answer = browser.post(
        f"/accounts/{agent}/second-profile", {**form, "profile_there": "provider"}
    )
    assert answer.leads_to == f"/accounts/{agent}"
    user = user_of(app, agent)
    assert (user.profile, user.location_profile) == ("agent", "provider")
    assert not user.acts_at_location, "nobody is moved while at work"
    assert user.current_location_id is None
    assert places_of(app, agent) == {personas.locations["A"]}
    page = browser.get(f"/accounts/{agent}")
    assert "Support Agent, Healthcare Provider" in page.root.one("main").text
    assert "from none to Healthcare Provider; added: Clinic A" in page.root.text
    assert "Support Agent, Healthcare Provider" in browser.get("/accounts?view=all").root.text
    form = fields_of(page.form(action=f"/accounts/{agent}/second-profile"))
    browser.post(f"/accounts/{agent}/second-profile", {**form, "profile_there": ""})
    user = user_of(app, agent)
    assert (user.profile, user.location_profile, user.active) == ("agent", None, True)
    assert places_of(app, agent) == set()
    assert len(trail(app, "user.second_profile_changed")) == 1
    (ended,) = trail(app, "user.locations_changed")
    assert (ended.values_before["profile_there"], ended.values_after["profile_there"]) == (
        "provider",
        "",
    )
    assert ended.profile == "administrator"


def test_what_somebody_else_changed_since_is_not_overwritten(
    app: Flask, browser: Browser, personas: Personas
) -> None:
    agent = personas.users["agent"]
    page = at_a(browser).get(f"/accounts/{agent}")
    form = fields_of(page.form(action=f"/accounts/{agent}/second-profile"))
    hold_both(app, personas)
    answer = browser.post(
        f"/accounts/{agent}/second-profile", {**form, "profile_there": "provider"}
    )
    assert answer.status == 409
    assert user_of(app, agent).location_profile == "manager"


def test_only_administrators_give_it_and_nobody_to_themselves(
    app: Flask, browser: Browser, personas: Personas
) -> None:
    both = hold_both(app, personas)
    with writing(app) as session:
        own, agent = session.get_one(User, personas.users["admin"]), session.get_one(User, both)
        here = frozenset({personas.locations["A"]})
        givers = (
            Giver(profile=Profile.MANAGER, location_ids=here),
            Giver(profile=Profile.MANAGER, everywhere=True),
            Giver(profile=Profile.AGENT, everywhere=True),
        )
        for giver in givers:
            for profile in (Profile.PROVIDER, None):
                with pytest.raises(Forbidden):
                    change_second_profile(None, giver, agent, profile, at=here)
        with pytest.raises(Invalid, match="your own account"):
            change_second_profile(actor_of(own), EVERYWHERE, own, Profile.MANAGER, at=here)
        for profile in (Profile.AGENT, Profile.ADMINISTRATOR, Profile.REQUESTER):
            with pytest.raises(Invalid, match="Choose a profile"):
                change_second_profile(None, EVERYWHERE, agent, profile, at=here)
        clinic = session.get_one(User, personas.users["provider_a"])
        with pytest.raises(Invalid, match="Only programme staff"):
            change_second_profile(None, EVERYWHERE, clinic, Profile.MANAGER, at=here)
        with pytest.raises(Invalid, match="at least one location"):
            change_second_profile(None, EVERYWHERE, own, Profile.MANAGER)


def test_a_manager_sees_the_colleague_and_cannot_touch_the_staff_profile(
    app: Flask, browser: Browser, personas: Personas
) -> None:
    both = hold_both(app, personas)
    page = browser.sign_in("manager_a").get(f"/accounts/{both}")
    said = page.root.one("main").text
    assert "Only programme administrators can change programme staff." in said
    for button in ("Deactivate", "Change Profile", "Save"):
        assert not [one for one in page.root.all("button") if one.text == button], button
    assert not page.root.all(id="second-section")
    token = fields_of(page.form(action=f"/accounts/{both}/locations"))
    for path in ("deactivate", "profile", "second-profile", "correct", "reactivate"):
        values = {"profile": "manager", "profile_there": "manager", "was_there": "manager"}
        answer = browser.post(f"/accounts/{both}/{path}", {**token, **values, "locations": ""})
        assert answer.status == 403, path
    assert browser.get(f"/accounts/{personas.users['admin']}").status == 404
    # From their own location they may take it away; the staff profile stays.
    browser.submit(page, {"locations": []}, button="Change Locations")
    user = user_of(app, both)
    assert (user.profile, user.location_profile, user.active) == ("agent", None, True)


def test_who_acts_at_the_location_goes_on_as_staff_when_it_is_taken_away(
    app: Flask, browser: Browser, another: Callable[[], Browser], personas: Personas
) -> None:
    both = hold_both(app, personas)
    change(app, both, acts_at_location=True, current_location_id=personas.locations["A"])
    theirs = another().sign_in("agent")
    assert theirs.get("/accounts").status == 200
    page = browser.sign_in("manager_a").get(f"/accounts/{both}")
    browser.submit(page, {"locations": []}, button="Change Locations")
    assert theirs.get("/accounts").status == 403
    header = theirs.get("/").root.one("header").text
    assert "Clinic A" not in header
    assert theirs.get("/switch-location").status == 200


def test_deactivation_ends_both(
    app: Flask, browser: Browser, another: Callable[[], Browser], personas: Personas
) -> None:
    both = hold_both(app, personas)
    theirs = another().sign_in("agent")
    assert press(browser.sign_in("admin"), both, "Deactivate").status == 303
    for acts in (False, True):
        change(app, both, acts_at_location=acts)
        assert theirs.get("/").leads_to.startswith("/sign-in")
    with reading(app):
        assert both not in {user.id for user in list_managers(personas.locations["A"])}


def test_the_last_administrator_stays_one_whatever_else_they_are(
    app: Flask, browser: Browser, personas: Personas
) -> None:
    both = hold_both(app, personas, "admin")
    with writing(app) as session:
        user = session.get_one(User, both)
        for profile in (Profile.MANAGER, Profile.AGENT):
            with pytest.raises(Invalid, match="last programme administrator"):
                accounts.change_profile(None, EVERYWHERE, user, profile)
        with pytest.raises(Invalid, match="last programme administrator"):
            accounts.deactivate(None, EVERYWHERE, user)
        assert [one.id for one in list_administrators()] == [both]


def test_another_staff_profile_leaves_the_one_at_locations(
    app: Flask, browser: Browser, personas: Personas
) -> None:
    both = hold_both(app, personas)
    browser.sign_in("admin")
    press(browser, both, "Change Profile", profile="administrator")
    user = user_of(app, both)
    assert (user.profile, user.location_profile) == ("administrator", "manager")
    assert places_of(app, both) == {personas.locations["A"]}
    press(browser, both, "Change Profile", profile="read_only")
    user = user_of(app, both)
    assert (user.profile, user.location_profile) == ("read_only", None)
    assert places_of(app, both) == {personas.locations["A"]}


def test_such_a_manager_counts_as_one_of_the_location(app: Flask, personas: Personas) -> None:
    with writing(app) as session:
        manager = session.get_one(User, personas.users["manager_a"])
        session.execute(
            UserLocation.__table__.delete().where(
                UserLocation.user_id == personas.users["manager_ab"]
            )
        )
        here = frozenset({personas.locations["A"]})
        assert left_without_manager(manager, here) == ["Clinic A"]
        session.rollback()
    both = hold_both(app, personas)
    with reading(app) as session:
        manager = session.get_one(User, personas.users["manager_a"])
        here = frozenset({personas.locations["A"]})
        assert left_without_manager(manager, here) == []
        assert both in {user.id for user in list_managers(personas.locations["A"])}


def test_adding_them_at_another_location_asks_for_the_profile_they_hold_there(
    app: Flask, browser: Browser, personas: Personas
) -> None:
    both = hold_both(app, personas)
    user = user_of(app, both)
    same = {"username": user.username, "email": user.email}
    browser.sign_in("manager_b")
    here = {"locations": str(personas.locations["B"])}
    assert add(browser, **same, **here, profile="provider").status == 422
    assert add(browser, **same, **here, profile="manager").status == 303
    user = user_of(app, both)
    assert (user.profile, user.location_profile) == ("agent", "manager")
    assert places_of(app, both) == {personas.locations["A"], personas.locations["B"]}
    # Of staff who hold no such profile nobody but an administrator makes one.
    staff = user_of(app, personas.users["admin"])
    answer = add(browser, username=staff.username, email=staff.email, **here, profile="manager")
    assert answer.status == 422
    assert user_of(app, staff.id).location_profile is None
