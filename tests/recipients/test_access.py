"""Who sees whom: the location's people, others by last name and birth date (SPEC F1)."""

from flask import Flask

from blueprints.recipients.models import NotTheSame, Recipient, RecipientLocation
from portal.db import unit_of_work
from tests.client import Browser
from tests.inventory import stock
from tests.people.steps import trail
from tests.personas import Personas
from tests.recipients.people import BORN, add

BIRTHDAY = "01/31/1950"


def search(browser: Browser, text: str = "", birth_date: str = ""):  # type: ignore[no-untyped-def]
    page = browser.get("/recipients/")
    typed = {"text": text, "birth_date": birth_date}
    return browser.submit(page, typed, action="/recipients/find", follow=True)


def made(app: Flask, personas: Personas, who: str = "provider_a") -> int:
    with app.app_context():
        return add(stock.scope_for(personas, who), zip_code="27962", email="m@example.org")


def test_somebody_elses_recipient_is_not_found_by_address_or_in_the_list(
    app: Flask, browser: Browser, personas: Personas
) -> None:
    number = made(app, personas)
    browser.sign_in("manager_b")
    assert browser.get(f"/recipients/{number}").status == 404
    assert browser.get(f"/recipients/{number}/edit").status == 404
    assert "Exampleton" not in browser.get("/recipients/?view=all").root.text
    assert "Nobody found" in search(browser, "exampleton").root.text
    assert "Nobody found" in search(browser, "", BIRTHDAY).root.text


def test_last_name_and_birth_date_offer_to_open_and_opening_leaves_a_trace(
    app: Flask, browser: Browser, personas: Personas
) -> None:
    number = made(app, personas)
    browser.sign_in("manager_b")
    page = search(browser, "exampleton", BIRTHDAY)
    assert "Maria Exampleton" in page.root.text
    assert "m@example.org" not in page.html
    (seen,) = trail(app, "recipient.found_elsewhere")
    assert seen.values_after == {"found": [number]}
    opened = browser.submit(page, {}, button="Open", follow=True)
    assert opened.root.one("h1").text == "Maria Exampleton"
    (entry,) = trail(app, "recipient.opened")
    assert (entry.subject_id, entry.location_id) == (number, personas.locations["B"])
    assert "Exampleton" in browser.get("/recipients/?view=all").root.text
    assert "Maria Exampleton" in search(browser, "exampletn").root.text
    with app.app_context(), unit_of_work(write=False) as session:
        links = session.query(RecipientLocation).filter_by(recipient_id=number).all()
        assert {link.why for link in links} == {"registered", "opened"}


def test_opening_by_number_alone_is_refused(
    app: Flask, browser: Browser, personas: Personas
) -> None:
    number = made(app, personas)
    browser.sign_in("manager_b")
    page = search(browser, "exampleton", BIRTHDAY)
    for text, birth_date in (("", ""), ("exampleton", ""), ("", BIRTHDAY), ("other", BIRTHDAY)):
        answer = browser.submit(page, {"text": text, "birth_date": birth_date}, button="Open")
        assert answer.status == 404
    assert trail(app, "recipient.opened") == []
    assert browser.get(f"/recipients/{number}").status == 404


def test_reading_is_in_the_trail(app: Flask, browser: Browser, personas: Personas) -> None:
    number = made(app, personas)
    browser.sign_in("readonly_a").get(f"/recipients/{number}")
    (entry,) = trail(app, "recipient.viewed")
    assert (entry.actor_id, entry.subject_id) == (personas.users["readonly_a"], number)
    assert browser.get(f"/recipients/{number}/edit").status == 403
    assert browser.get("/recipients/new").status == 403


def test_nothing_personal_is_in_the_address(
    app: Flask, browser: Browser, personas: Personas
) -> None:
    made(app, personas)
    browser.sign_in("provider_a")
    page = browser.get("/recipients/")
    answer = browser.submit(page, {"text": "exampleton"}, action="/recipients/find")
    assert answer.leads_to == "/recipients/found?search=1"
    browser.sign_in("readonly_a")
    assert "Exampleton" not in browser.get("/recipients/found?search=1").root.text


def register(browser: Browser, **typed: str):  # type: ignore[no-untyped-def]
    given = {"first_name": "Mary", "last_name": "Exampleton", "birth_date": BIRTHDAY, **typed}
    return browser.submit(browser.get("/recipients/new"), given, button="Register")


def count(app: Flask) -> int:
    with app.app_context(), unit_of_work(write=False) as session:
        return session.query(Recipient).count()


def test_a_look_alike_is_shown_before_saving_and_may_be_the_same_person(
    app: Flask, browser: Browser, personas: Personas
) -> None:
    number = made(app, personas)
    browser.sign_in("provider_a")
    page = register(browser)
    assert page.status == 422
    assert page.root.one("h1").text == "Is this the same person?"
    assert "m@example.org" in page.root.text
    same = browser.submit(page, {}, button="This is the same person", follow=True)
    assert same.root.one("h1").text == "Maria Exampleton"
    assert "Nothing was registered" in same.root.text
    assert count(app) == 1
    assert number == 1


def test_someone_else_is_registered_and_remembered(
    app: Flask, browser: Browser, personas: Personas
) -> None:
    number = made(app, personas)
    browser.sign_in("provider_a")
    page = register(browser, city="Plymouth", races=["white", "asian"])  # type: ignore[arg-type]
    back = browser.submit(page, {}, button="Back to the form")
    assert back.root.one("input", name="city").attributes["value"] == "Plymouth"
    record = browser.submit(page, {}, button="Someone else", follow=True)
    assert record.root.one("h1").text == "Mary Exampleton"
    assert "Plymouth" in record.root.text
    with app.app_context(), unit_of_work(write=False) as session:
        (pair,) = session.query(NotTheSame).all()
        assert (pair.lower_id, pair.higher_id) == (number, number + 1)
        assert session.get_one(Recipient, number + 1).races == "white asian"
    assert len(trail(app, "recipient.not_the_same")) == 1


def test_a_look_alike_of_another_location_shows_no_more_than_a_search(
    app: Flask, browser: Browser, personas: Personas
) -> None:
    made(app, personas)
    browser.sign_in("manager_b")
    page = register(browser)
    assert page.status == 422
    assert "m@example.org" not in page.html
    assert "27962" not in page.root.one("table").text
    assert register(browser, last_name="Exampletom").leads_to == "/recipients/2"


def test_twins_are_registered_without_a_question(
    app: Flask, browser: Browser, personas: Personas
) -> None:
    made(app, personas)
    browser.sign_in("provider_a")
    page = register(browser, first_name="Paula", zip_code="27962", email="m@example.org")
    assert page.leads_to == "/recipients/2"


def test_wrong_input_comes_back_beside_its_field(browser: Browser) -> None:
    browser.sign_in("provider_a")
    page = register(browser, birth_date="1/31/50", email="nobody", first_name="")
    assert page.status == 422
    assert "four digits" in page.root.text
    assert page.root.one("input", name="birth_date").attributes["value"] == "1/31/50"
    future = register(browser, birth_date="01/31/2099")
    assert "Enter a date of birth from 01/01/1900 to today." in future.root.text


def test_of_two_who_edit_one_is_told(app: Flask, browser: Browser, personas: Personas) -> None:
    number = made(app, personas)
    browser.sign_in("provider_a")
    first = browser.get(f"/recipients/{number}/edit")
    second = browser.get(f"/recipients/{number}/edit")
    assert browser.submit(first, {"city": "Roper"}, button="Save").status == 303
    late = browser.submit(second, {"city": "Plymouth"}, button="Save")
    assert late.status == 409
    assert "Someone else changed this record" in late.root.text
    assert browser.submit(late, {}, button="Save").status == 303
    with app.app_context(), unit_of_work(write=False) as session:
        assert session.get_one(Recipient, number).city == "Plymouth"
    assert BORN.year == 1950
