"""Programme staff who also work at a location: one profile at a time (docs/adr/0012)."""

from typing import Any

import pytest
from flask import Flask
from sqlalchemy import delete, func, select

from blueprints.inventory.models import StockThreshold
from portal.access.profiles import Profile
from portal.audit.models import AuditEntry
from portal.audit.verify import verify
from portal.db import Base
from portal.drafts import Draft
from portal.people.models import User, UserLocation
from tests.client import Browser, Element, Page, fields_of, navigate
from tests.inventory import stock
from tests.people.steps import change, reading, sign_in, user_of, writing
from tests.personas import Personas
from tests.wastage.test_wastage import line_of


@pytest.fixture
def both(app: Flask, browser: Browser, personas: Personas) -> Browser:
    """An administrator who is also a manager of A, now acting as administrator at no location."""
    with app.app_context():
        stock.add(stock.scope_for(personas, "manager_a"))
    make_manager(app, personas, "admin")
    return browser.sign_in("admin")


def make_manager(app: Flask, personas: Personas, who: str) -> None:
    with writing(app) as session:
        session.add(UserLocation(user_id=personas.users[who], location_id=personas.locations["A"]))
    change(app, personas.users[who], location_profile="manager")


def form_as(page: Page, profile: str) -> Element:
    """The form of the page `Switch Location` that leads to a profile."""
    (found,) = (
        form
        for form in page.root.all("form", class_="stack")
        if fields_of(form).get("profile") == profile
    )
    return found


def switch(browser: Browser, profile: str, letter: str = "A") -> Page:
    """As in another tab."""
    form = form_as(browser.get("/switch-location"), profile)
    place = str(browser.personas.locations[letter]) if letter else ""
    return browser.post("/switch-location", {**fields_of(form), "location_id": place})


def left(app: Flask, model: type[Base]) -> int:
    with reading(app) as session:
        return session.scalar(select(func.count()).select_from(model)) or 0


def tabs(browser: Browser) -> list[str]:
    page = browser.get("/switch-location")
    return [one.text for one in page.root.one("nav", class_="main").all("a")]


def test_one_page_offers_the_own_locations_and_those_of_staff(both: Browser) -> None:
    page = both.get("/switch-location")
    own, staff = form_as(page, "manager"), form_as(page, "administrator")
    assert [one.text for one in own.all("button")] == ["Clinic A"]
    names = [one.text for one in staff.all("button")]
    assert names == ["Clinic A", "Clinic B", "Clinic C"]
    said = page.root.one("main").text
    assert "You are working as Programme Administrator now." in said


def test_each_profile_is_exactly_that_of_who_holds_it_alone(app: Flask, both: Browser) -> None:
    """No page is shown by the rights of the other profile."""
    alone = Browser(app, both.personas)
    assert both.get("/operations/audit").status == 200
    assert both.get("/vaccine-inventory/add").status == 403
    assert switch(both, "manager").leads_to == "/"
    assert tabs(both) == tabs(alone.sign_in("manager_a"))
    assert "Healthcare Location Manager" in both.get("/").root.one("header").text
    assert both.get("/vaccine-inventory/add").status == 200
    refused = both.get("/operations/audit")
    assert refused.status == 403
    said = refused.root.one("main").text
    assert "You are working as Healthcare Location Manager, which does not allow this." in said
    assert "Switch to Programme Administrator first." in said


def test_the_profile_is_remembered_for_the_next_sign_in(both: Browser) -> None:
    switch(both, "manager")
    both.submit(both.get("/"), button="Sign Out")
    sign_in(both, "admin")
    assert "Healthcare Location Manager" in both.get("/").root.one("header").text


def test_who_holds_one_profile_sees_nothing_of_this(browser: Browser) -> None:
    for who, label in (("admin", "Programme Administrator"), ("manager_ab", "Location Manager")):
        page = browser.sign_in(who).get("/switch-location")
        assert "profile" not in page.root.one("main").text
        assert label not in page.root.one("header").text
        assert 'name="acting_as"' not in page.html


@pytest.mark.parametrize(
    ("profile", "letter"),
    [("manager", "B"), ("manager", ""), ("agent", "A"), ("provider", "A"), ("root", ""), ("", "")],
)
def test_nobody_gets_to_a_profile_or_place_that_is_not_theirs(
    both: Browser, profile: str, letter: str
) -> None:
    form = fields_of(form_as(both.get("/switch-location"), "manager"))
    place = str(both.personas.locations[letter]) if letter else ""
    answer = both.post("/switch-location", {**form, "profile": profile, "location_id": place})
    assert answer.status == 404
    assert not user_of(both.app, both.personas.users["admin"]).acts_at_location


@pytest.mark.parametrize("who", ["manager_a", "admin"])
def test_the_form_gives_nobody_another_profile(browser: Browser, who: str) -> None:
    page = browser.sign_in(who).get("/switch-location")
    token = page.root.all("input", name="csrf_token")[0].attributes["value"]
    place = str(browser.personas.locations["A"])
    for profile in ("manager", "administrator"):
        answer = browser.post(
            "/switch-location", {"csrf_token": token, "profile": profile, "location_id": place}
        )
        held = {"manager_a": "manager", "admin": "administrator"}[who]
        assert answer.status == (303 if profile == held else 404)
    assert not user_of(browser.app, browser.personas.users[who]).acts_at_location


# A page of the other profile


def test_nothing_is_done_in_the_profile_the_page_did_not_speak_of(
    app: Flask, both: Browser
) -> None:
    """Both profiles may do it, at the very same location."""
    switch(both, "manager")
    page = both.get("/alerts/")
    values = {"expiry_days": "33", "low_doses": "7"}
    switch(both, "administrator")
    refused = both.submit(page, values, button="Save")
    assert refused.status == 409
    said = refused.root.one("main").text
    assert (
        "This page was opened as Healthcare Location Manager; you are working as Programme "
        "Administrator now. Nothing was saved." in said
    )
    assert left(app, StockThreshold) == 0
    back = both.submit(refused, button="Switch to Healthcare Location Manager", follow=True)
    assert back.response.request.path == "/alerts/"
    assert both.submit(page, values, button="Save").status == 303
    with reading(app) as session:
        entry = session.scalars(
            select(AuditEntry).order_by(AuditEntry.number.desc()).limit(1)
        ).one()
        assert (entry.actor_username, entry.profile) == ("admin", "manager")


@pytest.mark.parametrize("sent", ["", "agent", "requester", "x"])
def test_a_page_that_says_no_profile_of_the_senders_is_refused(
    app: Flask, both: Browser, sent: str
) -> None:
    switch(both, "manager")
    page = both.get("/alerts/")
    values = {"expiry_days": "33", "low_doses": "7"}
    assert both.submit(page, {**values, "acting_as": sent}, button="Save").status == 409
    form = fields_of(page.root.one("main").all("form")[0], "Save")
    del form["acting_as"]
    refused = both.post("/alerts/", {**form, **values})
    assert refused.status == 409
    assert "Your profile has changed since this page was opened" in refused.root.text
    assert left(app, StockThreshold) == 0


def test_a_page_of_before_the_second_profile_is_refused_after_it(
    app: Flask, browser: Browser, personas: Personas
) -> None:
    page = browser.sign_in("admin").get("/accounts/add")
    make_manager(app, personas, "admin")
    switch(browser, "manager")
    refused = browser.submit(page, {"username": "jane.white"}, button="Save")
    assert refused.status == 409
    assert left(app, User) == len(personas.users)


def test_a_page_of_a_profile_that_was_lost_is_refused(app: Flask, both: Browser) -> None:
    switch(both, "manager")
    page = both.get("/alerts/")
    with writing(app) as session:
        session.execute(delete(UserLocation).where(UserLocation.user_id == admin(both)))
    change(app, admin(both), location_profile=None, acts_at_location=False)
    refused = both.submit(page, {"expiry_days": "33", "low_doses": "7"}, button="Save")
    assert refused.status == 409
    assert "Switch to" not in refused.root.one("main").text
    assert left(app, StockThreshold) == 0


def admin(browser: Browser) -> int:
    return browser.personas.users["admin"]


def test_a_form_in_steps_keeps_what_was_typed_and_says_why(app: Flask, both: Browser) -> None:
    switch(both, "manager")
    page = both.get("/vaccine-inventory/wastage")
    typed = {line_of(page, 1): "3"}
    switch(both, "administrator")
    refused = both.submit(page, typed, button="Next", region="wizard", follow=True)
    said = refused.root.one("main").text
    assert "Nothing was saved. What you entered was kept." in said
    assert "Switch back to Healthcare Location Manager at Clinic A" in said
    assert left(app, Draft) == 1
    there = both.get(switch(both, "manager").leads_to or "")
    assert there.root.one("input", name=line_of(there, 1)).attributes["value"] == "3"
    assert "You switched to your other profile before this was sent." in there.root.text
    assert "Date and reason" in both.submit(there, button="Next", follow=True).root.text


def test_a_form_of_staff_is_kept_for_staff(app: Flask, both: Browser) -> None:
    page = both.get("/accounts/add")
    switch(both, "manager")
    values: dict[str, Any] = {"username": "jane.white", "first_name": "Jane", "profile": "agent"}
    refused = both.submit(page, values, button="Save")
    assert refused.status == 409
    assert "What you entered was kept." in refused.root.one("main").text
    there = both.submit(refused, button="Switch to Programme Administrator", follow=True)
    assert there.root.one("input", name="first_name").attributes["value"] == "Jane"
    assert "You switched to your other profile" in there.root.text
    assert "Programme Administrator" in there.root.one("header").text
    assert left(app, User) == len(both.personas.users)


def test_a_browser_that_goes_from_page_to_page_is_told_so_too(both: Browser) -> None:
    """The page of that form is not for the present profile."""
    switch(both, "manager")
    page = both.get("/vaccine-inventory/wastage")
    typed = {line_of(page, 1): "3"}
    switch(both, "administrator")
    refused = navigate(both).submit(page, typed, button="Next", follow=True)
    assert refused.status == 409
    assert "What you entered was kept." in refused.root.one("main").text
    there = both.get(switch(both, "manager").leads_to or "")
    assert there.root.one("input", name=line_of(there, 1)).attributes["value"] == "3"


def test_what_was_saved_before_is_not_said_to_be_unsaved(app: Flask, both: Browser) -> None:
    switch(both, "manager")
    page = both.get("/counts/")
    assert both.submit(page, button="Start Count").status == 303
    switch(both, "administrator")
    assert both.submit(page, button="Start Count").status == 303
    assert "This was already saved" in both.get("/").root.text


def test_signing_out_and_switching_work_from_a_page_of_either_profile(both: Browser) -> None:
    page = both.get("/switch-location")
    home = both.get("/")
    switch(both, "manager")
    staff = fields_of(form_as(page, "administrator"))
    assert both.post("/switch-location", {**staff, "location_id": ""}).status == 303
    assert "Programme Administrator" in both.get("/").root.one("header").text
    switch(both, "manager")
    assert both.submit(home, button="Sign Out").leads_to == "/sign-in"


# Who did what as what


def test_the_trail_says_in_which_profile(app: Flask, both: Browser) -> None:
    both.get(f"/accounts/{both.personas.users['provider_a']}")
    switch(both, "manager")
    both.get(f"/accounts/{both.personas.users['provider_a']}")
    with reading(app) as session:
        seen = session.scalars(
            select(AuditEntry.profile)
            .where(AuditEntry.action == "user.viewed")
            .order_by(AuditEntry.number)
        ).all()
    assert seen == ["administrator", "manager"]
    with app.app_context():
        assert verify().ok
    switch(both, "administrator", "")
    number = left(app, AuditEntry)
    assert "Healthcare Location Manager" in both.get(f"/operations/audit/{number}").root.text
    assert "Programme Administrator" in both.get(f"/operations/audit/{number - 1}").root.text


def test_nobody_confirms_in_one_profile_what_they_may_not_in_the_other(both: Browser) -> None:
    """Rules that want another person compare people: the own account stays out of reach."""
    own = admin(both)
    for profile in ("administrator", "manager"):
        switch(both, profile)
        page = both.get(f"/accounts/{own}")
        assert "This is your own account." in page.root.one("main").text
        form = fields_of(page.root.all("form")[0])
        for path in ("deactivate", "profile", "second-profile", "correct"):
            values = {"profile": "agent", "profile_there": "provider", "was": "x"}
            answer = both.post(f"/accounts/{own}/{path}", {**form, **values})
            assert answer.status in {403, 422}, path
    user = user_of(both.app, own)
    assert (user.profile, user.location_profile, user.active) == ("administrator", "manager", True)


def test_profiles_of_a_user(app: Flask, both: Browser) -> None:
    user = user_of(app, admin(both))
    assert user.profiles == (Profile.ADMINISTRATOR, Profile.MANAGER)
    assert (user.acting_profile, user.profile_at_locations) == (
        Profile.ADMINISTRATOR,
        Profile.MANAGER,
    )
    assert "Other profile" in both.get("/account").root.text
