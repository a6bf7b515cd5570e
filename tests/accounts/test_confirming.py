"""What ends or changes somebody's access is asked about first, and is nobody's own business."""

from collections.abc import Callable

import pytest

from tests.accounts.steps import ask, press
from tests.client import Browser, fields_of
from tests.people.steps import change, trail, user_of
from tests.personas import Personas

OWN = "This is your own account."


def test_deactivating_names_the_user_and_what_follows_and_can_be_called_off(
    browser: Browser, another: Callable[[], Browser], personas: Personas
) -> None:
    user_id = personas.users["provider_a"]
    colleague = another().sign_in("provider_a")
    page = ask(browser.sign_in("manager_a"), user_id, "Deactivate")
    assert page.status == 200
    assert page.root.with_text("h1", "Deactivate Provider A?")
    text = page.root.one("main").text
    assert "signed out everywhere right away" in text
    assert "provider.a" in text
    assert colleague.get("/session").status == 200, "asking changes nothing"
    cancel = page.root.with_text("a", "Cancel").attributes["href"]
    assert browser.get(cancel).root.with_text("h1", "Provider A")
    assert user_of(browser.app, user_id).active
    assert trail(browser.app, "user.deactivated") == []
    browser.submit(page, button="Deactivate")
    assert colleague.get("/session").status == 303
    assert not user_of(browser.app, user_id).active


def test_another_profile_says_what_the_user_may_do_then(
    browser: Browser, personas: Personas
) -> None:
    user_id = personas.users["provider_a"]
    browser.sign_in("manager_a")
    page = ask(browser, user_id, "Change Profile", profile="manager")
    assert page.root.with_text("h1", "Change the profile of Provider A?")
    text = page.root.one("main").text
    assert "Healthcare Provider New profile Healthcare Location Manager" in text
    assert "The user will also be able to" in text
    assert "Account Management: add, change, deactivate users" in text
    assert "no longer" not in text
    assert user_of(browser.app, user_id).profile == "provider"
    assert browser.submit(page, button="Change Profile").status == 303
    page = ask(browser, user_id, "Change Profile", profile="provider")
    assert "The user will no longer be able to" in page.root.one("main").text


def test_what_cannot_be_is_said_before_it_is_asked(browser: Browser, personas: Personas) -> None:
    user_id = personas.users["provider_a"]
    browser.sign_in("manager_a")
    same = ask(browser, user_id, "Change Profile", profile="provider")
    assert same.status == 422
    assert "already has this profile" in same.root.one("main").text
    elsewhere = browser.get(f"/accounts/{personas.users['manager_ab']}/deactivate")
    assert elsewhere.status == 403
    assert "also works at locations that are not yours" in elsewhere.root.one("main").text
    change(browser.app, user_id, active=False)
    gone = browser.get(f"/accounts/{user_id}/deactivate")
    assert gone.root.with_text("button", "Reactivate")


def test_an_administrator_is_warned_of_a_location_without_a_manager(
    browser: Browser, personas: Personas
) -> None:
    warning = "Clinic A will have no manager"
    user_id = personas.users["manager_a"]
    page = ask(browser.sign_in("admin"), user_id, "Deactivate")
    assert warning not in page.root.one("main").text
    change(browser.app, personas.users["manager_ab"], profile="provider")
    assert warning in ask(browser, user_id, "Deactivate").root.one("main").text
    page = ask(browser, user_id, "Change Profile", profile="provider")
    assert warning in page.root.one("main").text
    assert browser.submit(page, button="Change Profile").status == 303, "an administrator may"


@pytest.mark.parametrize("who", ["manager_a", "admin"])
def test_nobody_changes_the_own_account(browser: Browser, personas: Personas, who: str) -> None:
    user_id = personas.users[who]
    page = browser.sign_in(who).get(f"/accounts/{user_id}")
    text = page.root.one("main").text
    assert OWN in text
    for label in ("Deactivate", "Change Profile", "Save"):
        assert not [one for one in page.root.all() if one.text == label], label
    tokens = fields_of(page.form(action="/sign-out"))
    before = user_of(browser.app, user_id)
    for path, values in (
        ("deactivate", {}),
        ("profile", {"profile": "provider"}),
        ("correct", {"first_name": "X", "last_name": "Y", "email": "x@example.org"}),
    ):
        answer = browser.post(
            f"/accounts/{user_id}/{path}", {**tokens, **values, "operation_id": path * 4}
        )
        assert answer.status == 422, path
        alert = answer.root.one(role="alert")
        assert OWN in alert.text, path
    for path in ("deactivate", "profile?profile=provider"):
        assert OWN in browser.get(f"/accounts/{user_id}/{path}").root.one(role="alert").text
    after = user_of(browser.app, user_id)
    assert (after.active, after.profile, after.first_name, after.email) == (
        before.active,
        before.profile,
        before.first_name,
        before.email,
    )
    assert {entry.action for entry in trail(browser.app, "user.%")} == {"user.viewed"}


def test_a_colleague_may_still_be_deactivated(browser: Browser, personas: Personas) -> None:
    browser.sign_in("admin")
    assert press(browser, personas.users["manager_a"], "Deactivate").status == 303
