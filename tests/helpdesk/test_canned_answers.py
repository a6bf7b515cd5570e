"""Prepared answers: an agent chooses one, changes it, and sends it."""

from flask import Flask

from blueprints.helpdesk import services
from portal.access.scope import Scope
from portal.db import unit_of_work
from tests.client import Browser
from tests.helpdesk.mailing import entries, set_up
from tests.personas import Personas

CANNED = (
    "Password: Choose “Forgot your password?” on the sign-in page.",
    "Thermometer: Take out the battery: wait, then put it back.",
    "Thank you",
)


def case_of(scope: Scope) -> int:
    with unit_of_work():
        return services.open_case(scope, topic="question", subject="It", description="How?").id


def test_an_agent_starts_from_a_prepared_answer(
    app: Flask, asker: Scope, personas: Personas
) -> None:
    set_up(app, canned=CANNED)
    case = case_of(asker)
    browser = Browser(app, personas).sign_in("agent")
    page = browser.get(f"/help-desk/cases/{case}")
    assert page.root.one("textarea", id="text").text.strip() == ""
    shown = {}
    for title in ("Password", "Thermometer", "Thank you"):
        link = browser.get(page.root.with_text("a", title).attributes["href"])
        shown[title] = link.root.one("textarea", id="text").text.strip()
    assert shown == {
        "Password": "Choose “Forgot your password?” on the sign-in page.",
        "Thermometer": "Take out the battery: wait, then put it back.",
        "Thank you": "Thank you",
    }
    form = browser.get(f"/help-desk/cases/{case}?answer=2")
    assert len(entries(case)) == 1, "to choose it sends nothing"
    sent = browser.submit(form, {"text": shown["Thermometer"] + " Call us."}, button="Send")
    assert sent.status == 303
    assert entries(case)[-1].text == "Take out the battery: wait, then put it back. Call us."


def test_what_was_typed_wins_and_a_wrong_number_is_nothing(
    app: Flask, asker: Scope, personas: Personas
) -> None:
    set_up(app, canned=CANNED)
    case = case_of(asker)
    browser = Browser(app, personas).sign_in("agent")
    for number in ("0", "4", "-1", "x", "99999999999999999999"):
        page = browser.get(f"/help-desk/cases/{case}?answer={number}")
        assert (page.status, page.root.one("textarea", id="text").text.strip()) == (200, "")


def test_the_requester_is_offered_none(app: Flask, asker: Scope, personas: Personas) -> None:
    set_up(app, canned=CANNED)
    case = case_of(asker)
    page = Browser(app, personas).sign_in("requester").get(f"/help-desk/cases/{case}?answer=1")
    assert "Forgot your password" not in page.root.one("main").text
    assert "Canned answers" not in page.root.text
