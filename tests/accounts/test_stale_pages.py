"""A user's page that has lain open: nobody undoes unseen what a colleague did meanwhile."""

from collections.abc import Callable

import pytest

from tests.accounts.steps import add, ask, jane, places_of, press
from tests.client import Browser, Page
from tests.people.steps import change, link_in, mails, trail, user_of
from tests.personas import Personas

RIGHT = "jane.whyte@example.org"
MEANWHILE = "Someone else changed this user"


def ticked(page: Page, user_id: int) -> set[str]:
    """The names of the locations that are ticked in the form."""
    form = page.form(action=f"/accounts/{user_id}/locations")
    return {
        label.text
        for label in form.all("label")
        for box in label.all("input")
        if "checked" in box.attributes
    }


def offered(page: Page, user_id: int) -> set[str]:
    form = page.form(action=f"/accounts/{user_id}/locations")
    return {label.text for label in form.all("label")}


# Locations


@pytest.fixture
def colleague(browser: Browser, personas: Personas) -> int:
    """The id of a provider who works at A and B; the manager of both is signed in."""
    user_id = personas.users["provider_a"]
    both = [personas.locations["A"], personas.locations["B"]]
    press(browser.sign_in("manager_ab"), user_id, "Change Locations", locations=both)
    assert places_of(browser.app, user_id) == set(both)
    return user_id


def take_b_away(browser: Browser, user_id: int) -> None:
    assert press(browser.sign_in("manager_b"), user_id, "Change Locations").status == 303
    assert press(browser, user_id, "Change Locations", locations=[]).status == 303


def test_a_location_that_was_taken_does_not_come_back(
    browser: Browser, another: Callable[[], Browser], personas: Personas, colleague: int
) -> None:
    stale = browser.get(f"/accounts/{colleague}")
    assert ticked(stale, colleague) == {"Clinic A", "Clinic B"}
    take_b_away(another(), colleague)
    told = len(mails(browser.app, "location_added"))
    answer = browser.submit(stale, button="Change Locations")
    assert answer.status == 409
    form = answer.form(action=f"/accounts/{colleague}/locations")
    assert MEANWHILE in form.one("p", class_="err").text
    assert "the user now works at Clinic A" in form.one("p", class_="err").text
    assert ticked(answer, colleague) == {"Clinic A"}
    assert browser.submit(answer, button="Change Locations").status == 303
    assert places_of(browser.app, colleague) == {personas.locations["A"]}
    assert len(mails(browser.app, "location_added")) == told


def test_what_one_ticked_oneself_is_kept_and_done_when_it_is_sent_again(
    browser: Browser, another: Callable[[], Browser], personas: Personas, colleague: int
) -> None:
    stale = browser.get(f"/accounts/{colleague}")
    take_b_away(another(), colleague)
    only_b = {"locations": [str(personas.locations["B"])]}
    answer = browser.submit(stale, only_b, button="Change Locations")
    assert answer.status == 409, "the user would be left without any location"
    assert ticked(answer, colleague) == set()
    assert places_of(browser.app, colleague) == {personas.locations["A"]}
    answer = browser.submit(answer, only_b, button="Change Locations")
    assert answer.status == 303, "this time it was seen"
    assert places_of(browser.app, colleague) == {personas.locations["B"]}


def test_a_location_that_was_given_meanwhile_is_not_taken(
    browser: Browser, another: Callable[[], Browser], personas: Personas
) -> None:
    user_id = personas.users["provider_a"]
    stale = browser.sign_in("admin").get(f"/accounts/{user_id}")
    both = [str(personas.locations["A"]), str(personas.locations["B"])]
    press(another().sign_in("manager_ab"), user_id, "Change Locations", locations=both)
    answer = browser.submit(stale, {"locations": []}, button="Change Locations")
    assert answer.status == 409
    assert ticked(answer, user_id) == {"Clinic B"}
    assert places_of(browser.app, user_id) == {int(number) for number in both}


def test_a_location_that_is_no_longer_ones_own_is_not_offered_again(
    browser: Browser, another: Callable[[], Browser], personas: Personas, colleague: int
) -> None:
    stale = browser.get(f"/accounts/{colleague}")
    take_b_away(another(), personas.users["manager_ab"])
    answer = browser.submit(stale, button="Change Locations")
    assert answer.status == 409
    assert offered(answer, colleague) == {"Clinic A"}
    assert browser.submit(answer, button="Change Locations").status == 303
    both = {personas.locations["A"], personas.locations["B"]}
    assert places_of(browser.app, colleague) == both, "those of others stay"


def test_what_a_colleague_has_done_already_is_no_question(
    browser: Browser, another: Callable[[], Browser], personas: Personas, colleague: int
) -> None:
    stale = browser.get(f"/accounts/{colleague}")
    take_b_away(another(), colleague)
    only_a = {"locations": [str(personas.locations["A"])]}
    assert browser.submit(stale, only_a, button="Change Locations").status == 303
    assert places_of(browser.app, colleague) == {personas.locations["A"]}


def test_who_became_programme_staff_meanwhile_is_not_given_locations(
    browser: Browser, another: Callable[[], Browser], personas: Personas, colleague: int
) -> None:
    stale = browser.sign_in("admin").get(f"/accounts/{colleague}")
    press(another().sign_in("admin"), colleague, "Change Profile", profile="agent")
    answer = browser.submit(stale, button="Change Locations")
    assert answer.status == 409
    assert "now works at none of them" in answer.root.one(role="alert").text
    assert places_of(browser.app, colleague) == set()


def test_a_refused_correction_leaves_the_locations_ticked(
    browser: Browser, personas: Personas, colleague: int
) -> None:
    page = browser.get(f"/accounts/{colleague}")
    answer = browser.submit(page, {"first_name": " "}, action=f"/accounts/{colleague}/correct")
    assert answer.status == 422
    assert ticked(answer, colleague) == {"Clinic A", "Clinic B"}


# Name and address


@pytest.fixture
def invited(browser: Browser) -> int:
    """The id of a user who was invited to a wrong address; the manager is signed in."""
    add(browser.sign_in("manager_a"))
    user = jane(browser.app)
    assert user is not None
    return user.id


def correct(browser: Browser, page: Page, user_id: int, **values: str) -> Page:
    return browser.submit(page, values, action=f"/accounts/{user_id}/correct")


def field(page: Page, user_id: int, name: str) -> str:
    form = page.form(action=f"/accounts/{user_id}/correct")
    return form.one("input", name=name).attributes["value"]


def test_a_corrected_address_does_not_become_the_wrong_one_again(
    browser: Browser, another: Callable[[], Browser], invited: int
) -> None:
    stale = browser.get(f"/accounts/{invited}")
    other = another().sign_in("manager_a")
    correct(other, other.get(f"/accounts/{invited}"), invited, email=RIGHT)
    assert correct(browser, stale, invited, last_name="Whyte").status == 303
    user = user_of(browser.app, invited)
    assert (user.last_name, user.email) == ("Whyte", RIGHT)
    assert [mail["to"] for mail in mails(browser.app, "welcome")][1:] == [RIGHT]
    link = link_in(mails(browser.app, "welcome")[1]["text"])
    assert another().get(link).status == 200
    assert trail(browser.app, "user.corrected")[-1].values_after == {"corrected": ["last_name"]}


def test_two_who_correct_the_same_are_told_of_each_other(
    browser: Browser, another: Callable[[], Browser], invited: int
) -> None:
    stale = browser.get(f"/accounts/{invited}")
    other = another().sign_in("manager_a")
    theirs = {"first_name": "Joan", "email": RIGHT}
    correct(other, other.get(f"/accounts/{invited}"), invited, **theirs)
    mine = {"last_name": "Whyte", "email": "jane.whitt@example.org"}
    answer = correct(browser, stale, invited, **mine)
    assert answer.status == 409
    form = answer.form(action=f"/accounts/{invited}/correct")
    (said,) = form.all("p", class_="err")
    assert f"It is now “{RIGHT}”" in said.text
    assert [field(answer, invited, name) for name in ("first_name", "last_name", "email")] == [
        "Joan",
        "Whyte",
        "jane.whitt@example.org",
    ]
    assert user_of(browser.app, invited).email == RIGHT
    assert correct(browser, answer, invited).status == 303
    user = user_of(browser.app, invited)
    assert (user.first_name, user.last_name, user.email) == (
        "Joan",
        "Whyte",
        "jane.whitt@example.org",
    )


def test_a_name_is_corrected_by_who_saw_an_older_address(
    browser: Browser, another: Callable[[], Browser], personas: Personas
) -> None:
    """A manager cannot change the address, and sends it along all the same."""
    user_id = personas.users["provider_a"]
    stale = browser.sign_in("manager_a").get(f"/accounts/{user_id}")
    change(browser.app, user_id, email=RIGHT)
    assert correct(browser, stale, user_id, last_name="Reyes").status == 303
    user = user_of(browser.app, user_id)
    assert (user.last_name, user.email) == ("Reyes", RIGHT)


def test_a_name_in_another_unicode_form_is_no_change(browser: Browser, personas: Personas) -> None:
    user_id = personas.users["provider_a"]
    change(browser.app, user_id, first_name="Rene\u0301")
    page = browser.sign_in("manager_a").get(f"/accounts/{user_id}")
    assert correct(browser, page, user_id, first_name="Renata").status == 303
    assert user_of(browser.app, user_id).first_name == "Renata"


# The profile


def test_another_profile_is_asked_about_again_if_it_was_changed_meanwhile(
    browser: Browser, another: Callable[[], Browser], personas: Personas
) -> None:
    user_id = personas.users["provider_a"]
    question = ask(browser.sign_in("manager_a"), user_id, "Change Profile", profile="read_only")
    press(another().sign_in("manager_ab"), user_id, "Change Profile", profile="manager")
    answer = browser.submit(question, button="Change Profile")
    assert answer.status == 409
    assert answer.root.with_text("h1", "Change the profile of Provider A?")
    assert "Someone else changed the profile" in answer.root.one(role="alert").text
    text = answer.root.one("main").text
    assert "Healthcare Location Manager New profile Healthcare Provider Read-Only" in text
    assert "The user will no longer be able to" in text
    assert user_of(browser.app, user_id).profile == "manager"
    assert browser.submit(answer, button="Change Profile").status == 303
    assert user_of(browser.app, user_id).profile == "read_only"


def test_the_profile_that_a_colleague_gave_already_is_no_question(
    browser: Browser, another: Callable[[], Browser], personas: Personas
) -> None:
    user_id = personas.users["provider_a"]
    question = ask(browser.sign_in("manager_a"), user_id, "Change Profile", profile="manager")
    press(another().sign_in("manager_ab"), user_id, "Change Profile", profile="manager")
    assert browser.submit(question, button="Change Profile").status == 303
    assert len(trail(browser.app, "user.profile_changed")) == 1


def test_programme_staff_do_not_come_to_another_location_than_was_said(
    browser: Browser, personas: Personas
) -> None:
    user_id = personas.users["agent"]
    browser.sign_in("admin")
    browser.submit(browser.get("/switch-location?q=Clinic C"), button="Clinic C")
    question = ask(browser, user_id, "Change Profile", profile="provider")
    assert "The user will work at Clinic C." in question.root.one("main").text
    browser.submit(browser.get("/switch-location?q=Clinic B"), button="Clinic B")
    assert browser.submit(question, button="Change Profile").status == 409
    assert places_of(browser.app, user_id) == set()
