"""What the wizards of all modules ask of the database; `wizards` of the samples says how much."""

from datetime import timedelta

import pytest
from flask import Flask

from portal.clock import today
from portal.db import unit_of_work
from portal.drafts import Draft
from portal.people import sessions
from portal.wizards.addresses import EXTENSION, address_of
from portal.wizards.definition import Wizard
from tests.access.making import make_samples
from tests.client import Browser, Element, Page, fields_of
from tests.personas import Personas
from tests.samples import Filled, together
from tests.statements import watched


def form_of(page: Page) -> Element:
    """The form of a wizard's page."""
    return page.root.one("div", id="wizard").one("form")


def filled_in(form: Element, filled: Filled) -> dict[str, object]:
    """What is sent: what the samples say, what the page proposes, else its first choice."""
    values: dict[str, object] = dict(fields_of(form))
    for radio in form.all("input", type="radio"):
        values.setdefault(radio.attributes["name"], radio.attributes["value"])
    for choice in form.all("select"):
        name = choice.attributes["name"]
        options = [each.attributes.get("value", "") for each in choice.all("option")]
        values[name] = values.get(name) or next(filter(None, options), "")
    names = {each.attributes.get("name") for each in form.all()}
    if "date_received" in names and not values.get("date_received"):
        values["date_received"] = f"{today('America/New_York'):%m/%d/%Y}"
    return values | {name: text for name, text in filled.values.items() if name in names}


def test_each_wizard_is_finished_with_few_statements(
    app: Flask, personas: Personas, browser: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Which request notes that the session was used depends on the clock.
    monkeypatch.setattr(sessions, "TOUCH_EVERY", timedelta(hours=1))
    made = make_samples(app, personas)
    ids = {kind: by["A"] for kind, by in made.ids.items() if "A" in by}
    known: dict[str, tuple[Wizard, str]] = app.extensions[EXTENSION]
    samples: dict[str, Filled] = together(lambda each: each.wizards)
    assert set(samples) == set(known), "each wizard needs a `Filled` in its module's samples.py"
    browser.sign_in("manager_a")
    over = []
    for name, filled in samples.items():
        with app.test_request_context():
            address = address_of(known[name][0], filled.args(ids))
        last, whole = finish(app, browser, address, filled)
        if last > filled.last or whole > filled.whole:
            over.append(f"{name}: {last} at the end, {whole} in all")
    assert not over, over


def finish(app: Flask, browser: Browser, address: str, filled: Filled) -> tuple[int, int]:
    """Go through a wizard; how many statements its end took, and all of it."""
    before = finished(app)
    whole = 0
    while True:
        with watched(app) as shown:
            form = form_of(browser.get(address))
        with watched(app) as sent:
            answer = browser.post(form.attributes["action"], filled_in(form, filled))
        assert answer.leads_to, answer.root.text
        whole += len(shown) + len(sent)
        if finished(app) > before:
            return len(sent), whole
        address = answer.leads_to


def finished(app: Flask) -> int:
    """How many wizards were finished so far."""
    with app.app_context(), unit_of_work(write=False) as session:
        return session.query(Draft).filter(Draft.finished_at.is_not(None)).count()
