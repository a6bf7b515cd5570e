"""The page `/setup` of the first start."""

import stat

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import delete, func, select, update

from portal import throttle
from portal.people.models import User, UserLocation, UserSession
from portal.places.models import Location, Organization
from portal.signing_in import setup
from tests.client import Browser, Page, fields_of, parse
from tests.people.steps import NEW, reading, sign_in, trail, writing
from tests.personas import Personas
from tests.threads import at_once

FILLED = {
    "organization": "Hyde County Health",
    "location": "Swan Quarter Clinic",
    "pin": "nca 650-999",
    "street": "1151 Main Street",
    "city": "Swan Quarter",
    "state": "nc",
    "zip_code": "27885",
    "time_zone": "America/New_York",
    "first_name": "Ada",
    "last_name": "Byrum",
    "email": "Ada.Byrum@hyde.example.org",
    "username": "Ada.Byrum",
    "new_password": NEW,
}


@pytest.fixture
def empty(browser: Browser) -> Browser:
    """A browser before an installation without any user."""
    with writing(browser.app) as session:
        session.execute(update(User).values(current_location_id=None))
        for model in (UserSession, UserLocation, User, Location, Organization):
            session.execute(delete(model))
    return browser


def code(app: Flask) -> str:
    with app.app_context():
        return setup.code()


def fill_in(browser: Browser, **values: str) -> Page:
    page = browser.get("/setup")
    data = {**FILLED, "code": code(browser.app), **values}
    return browser.submit(page, data, button="Save")


def users(app: Flask) -> int:
    with reading(app) as session:
        return session.scalar(select(func.count()).select_from(User)) or 0


def test_it_is_where_one_lands_at_first(empty: Browser) -> None:
    assert empty.get("/").leads_to == "/sign-in"
    assert empty.get("/sign-in").leads_to == "/setup"
    assert empty.get("/setup").root.with_text("h1", "Set up the portal")


def test_it_makes_organization_location_and_administrator(empty: Browser) -> None:
    answer = fill_in(empty)
    assert (answer.status, answer.leads_to) == (303, "/sign-in")
    with reading(empty.app) as session:
        location = session.scalars(select(Location)).one()
        user = session.scalars(select(User)).one()
        assert (location.name, location.pin, location.state) == (
            "Swan Quarter Clinic",
            "NCA650999",
            "NC",
        )
        assert location.organization.name == "Hyde County Health"
        assert (user.username, user.email, user.profile) == (
            "ada.byrum",
            "ada.byrum@hyde.example.org",
            "administrator",
        )
        assert user.current_location_id == location.id
    assert sign_in(empty, "ada.byrum", NEW).status == 303
    assert empty.get("/accounts").status == 200
    assert {entry.action for entry in trail(empty.app, "%.added")} == {
        "organization.added",
        "location.added",
        "user.added",
    }


def test_the_first_administrator_may_also_work_at_the_location(empty: Browser) -> None:
    """One account does everything in a one-room clinic."""
    assert fill_in(empty, works_here="y").status == 303
    with reading(empty.app) as session:
        user = session.scalars(select(User)).one()
        assert (user.profile, user.location_profile) == ("administrator", "manager")
        (there,) = session.scalars(select(UserLocation))
        assert (there.user_id, there.location_id) == (user.id, user.current_location_id)
    sign_in(empty, "ada.byrum", NEW)
    assert empty.get("/operations/audit").status == 200
    page = empty.get("/switch-location")
    (form,) = (
        one
        for one in page.root.all("form", class_="stack")
        if fields_of(one).get("profile") == "manager"
    )
    data = fields_of(form, "Swan Quarter Clinic")
    assert empty.post("/switch-location", data).status == 303
    assert empty.get("/vaccine-inventory/add").status == 200
    (added,) = trail(empty.app, "user.added")
    assert added.values_after["profile_there"] == "manager"


def test_it_is_gone_once_there_is_a_user(empty: Browser) -> None:
    page = empty.get("/setup")
    once = code(empty.app)
    fill_in(empty)
    assert empty.get("/setup").leads_to == "/sign-in"
    answer = empty.submit(
        page, {**FILLED, "code": once, "username": "second", "pin": "111111"}, button="Save"
    )
    assert answer.leads_to == "/sign-in"
    assert users(empty.app) == 1
    assert code(empty.app) == ""
    assert not (empty.app.extensions["portal"].settings.instance / "setup-code").exists()


def test_without_the_code_nothing_is_made(empty: Browser) -> None:
    right = code(empty.app)
    for wrong in ("", "x", "AAAA-AAAA-AAAA", right[:-1], f"{right}A", "é" * 12):
        answer = fill_in(empty, code=wrong)
        assert answer.status == 422, wrong
        if wrong:
            assert "not the code that the server printed" in answer.html
        assert NEW not in answer.html
    assert users(empty.app) == 0
    assert fill_in(empty, code=right.lower().replace("-", " ")).status == 303


def test_the_code_cannot_be_guessed(empty: Browser, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(setup, "TRIES", ((3, throttle.WINDOW),))
    answers = [fill_in(empty, code="AAAA-AAAA-AAAA").status for _each in range(4)]
    assert answers == [422, 422, 422, 429]


def test_the_code_stays_the_same_and_only_the_owner_may_read_it(empty: Browser) -> None:
    first = code(empty.app)
    path = empty.app.extensions["portal"].settings.instance / "setup-code"
    assert len(first.replace("-", "")) == 12
    assert code(empty.app) == first == path.read_text().strip()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_there_is_no_code_when_somebody_has_an_account(app: Flask, personas: Personas) -> None:
    assert code(app) == ""


@pytest.mark.parametrize(
    ("field", "value", "sentence"),
    [
        ("pin", "650", "six digits"),
        ("pin", "VAC2021", "six digits"),
        ("zip_code", "279", "five digits"),
        ("state", "N", "two letters"),
        ("email", "not an address", "Enter an e-mail address"),
        ("username", "a b", "3 to 64 letters"),
        ("new_password", "Swan Quarter Clinic 1", "uses common words"),
        ("organization", "", "Please fill in this field."),
        ("time_zone", "Mars/Olympus", "Choose one of these."),
        ("first_name", "x" * 81, "80"),
    ],
)
def test_what_is_wrong_is_said_and_what_was_typed_stays(
    empty: Browser, field: str, value: str, sentence: str
) -> None:
    answer = fill_in(empty, **{field: value})
    assert answer.status == 422
    assert sentence in answer.root.one("main").text
    form = answer.form(action="/setup")
    for name in ("organization", "location", "city", "email", "username"):
        typed = value if name == field else FILLED[name]
        assert form.one("input", name=name).attributes["value"] == typed
    with reading(empty.app) as session:
        assert session.scalar(select(func.count()).select_from(Location)) == 0


def set_up_at_once(app: Flask, times: int) -> list[str]:
    """So many browsers press `Save` at once; where each is led."""
    once, prepared = code(app), []
    for number in range(times):
        client = app.test_client()
        form = parse(client.get("/setup").get_data(as_text=True)).one("form", action="/setup")
        values = {
            **fields_of(form, "Save"),
            **FILLED,
            "code": once,
            "username": f"first{number}",
            "email": f"first{number}@example.org",
            "location": f"Clinic {number}",
            "pin": f"{number:06}",
        }
        prepared.append((client, values))

    def send(client: FlaskClient, values: dict[str, object]) -> str:
        answer = client.post("/setup", data=values)
        return f"{answer.status_code} {answer.headers.get('Location', '')}"

    return at_once(send, prepared)


@pytest.mark.both_databases
@pytest.mark.usefixtures("cheap_hashes")
def test_two_browsers_at_once_make_one_administrator(empty: Browser) -> None:
    led = set_up_at_once(empty.app, 8)
    assert users(empty.app) == 1
    assert len(led) == 8
    assert all(answer.startswith(("303 /sign-in", "409", "422")) for answer in led)
    with reading(empty.app) as session:
        assert session.scalar(select(func.count()).select_from(Location)) == 1


@pytest.mark.both_databases
@pytest.mark.usefixtures("cheap_hashes")
def test_the_race_sees_a_page_that_does_not_look_again(
    empty: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(setup, "is_due", lambda: True)
    set_up_at_once(empty.app, 4)
    assert users(empty.app) > 1
