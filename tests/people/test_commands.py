"""`portal users …`."""

from click.testing import CliRunner, Result
from flask import Flask

from portal.accounts.commands import users
from portal.db import unit_of_work
from portal.people import queries
from tests.client import Browser
from tests.people.steps import NEW, mails, sign_in, user_of
from tests.personas import PEOPLE, Personas


def run(app: Flask, *words: str) -> Result:
    with app.app_context():
        return CliRunner().invoke(users, list(words))


def test_the_list_shows_everybody(app: Flask, personas: Personas) -> None:
    result = run(app, "list")
    assert result.exit_code == 0
    assert len(result.output.splitlines()) == len(PEOPLE)
    assert "Programme Administrator" in result.output


def test_a_user_is_added_and_the_printed_link_works(browser: Browser) -> None:
    result = run(
        browser.app,
        *("add", "J.White", "--first-name", "Jane", "--last-name", "White"),
        *("--email", "jane@example.org", "--profile", "manager", "--location", "nca650001"),
    )
    assert result.exit_code == 0, result.output
    path = "/" + result.output.rpartition("http://")[2].split("/", 1)[1].strip()
    done = browser.submit(browser.get(path), {"new_password": NEW}, button="Save")
    assert done.status == 303
    assert sign_in(browser, "j.white", NEW).status == 303
    assert len(mails(browser.app, "welcome")) == 1


def test_a_reset_link_works(browser: Browser) -> None:
    path = "/" + run(browser.app, "reset-link", "Manager.A").output.split("/", 3)[3].strip()
    assert path.startswith("/password/reset/")
    assert browser.submit(browser.get(path), {"new_password": NEW}, button="Save").status == (303)


def test_deactivating_and_making_an_administrator(app: Flask, personas: Personas) -> None:
    assert run(app, "make-admin", "manager.a").exit_code == 0
    assert user_of(app, personas.users["manager_a"]).profile == "administrator"
    assert run(app, "deactivate", "provider.a").exit_code == 0
    assert not user_of(app, personas.users["provider_a"]).active


def test_letting_staff_work_at_locations(app: Flask, personas: Personas) -> None:
    result = run(app, "work-at", "admin", "--location", "Clinic A", "--location", "nca650003")
    assert result.exit_code == 0, result.output
    user = user_of(app, personas.users["admin"])
    assert (user.profile, user.location_profile) == ("administrator", "manager")
    further = run(app, "work-at", "admin", "--profile", "provider", "--location", "Clinic B")
    assert further.exit_code == 0
    assert user_of(app, personas.users["admin"]).location_profile == "provider"
    with app.app_context(), unit_of_work(write=False):
        found = queries.location_ids_of(personas.users["admin"])
    assert found == {personas.locations[letter] for letter in "ABC"}
    listed = run(app, "list").output
    assert "Programme Administrator, Healthcare Provider" in listed
    refused = run(app, "work-at", "manager.a", "--location", "Clinic A")
    assert refused.exit_code == 1
    assert "Only programme staff can have a second profile." in refused.output


def test_what_cannot_be_is_one_sentence(app: Flask, personas: Personas) -> None:
    for words, sentence in (
        (("deactivate", "admin"), "last programme administrator"),
        (("deactivate", "nobody"), "There is no user"),
        (("reset-link", "nobody"), "There is no user"),
    ):
        result = run(app, *words)
        assert result.exit_code == 1
        assert result.output.startswith("Error: ")
        assert sentence in result.output
