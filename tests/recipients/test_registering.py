"""Registering at the point of care, finding, looking, changing (SPEC F1, F2)."""

from flask import Flask
from sqlalchemy import select

from blueprints.recipients.models import Recipient
from portal.db import unit_of_work
from tests.client import Browser
from tests.people.steps import trail
from tests.personas import Personas

TYPED = {
    "first_name": "María José",
    "last_name": "García-Exampleton",
    "birth_date": "1/31/1950",
    "sex": "female",
    "races": ["white", "other"],
    "ethnicity": "hispanic",
    "state": "nc",
    "zip_code": "27962",
    "mobile_phone": "252.555.0142",
    "email": "maria@example.org",
    "contact_by": "both",
    "agrees_to_reminders": "y",
    "language": "es",
    "eligibility": "65 or older",
    "employer": "Plymouth Sample School",
}


def test_a_nurse_registers_finds_and_corrects_a_recipient(
    app: Flask, browser: Browser, personas: Personas
) -> None:
    browser.sign_in("provider_a")
    index = browser.get("/recipients/")
    assert "Recipient" in index.root.text
    page = browser.get("/recipients/new")
    record = browser.submit(page, TYPED, button="Register", follow=True)
    assert record.root.one("h1").text == "María José García-Exampleton"
    panel = record.root.one("dl", class_="hl").text
    assert "Recipient Dose Status Registered" in panel
    assert "01/31/1950" in panel
    assert "(252) 555-0142" in record.root.text
    assert "noted by" in record.root.text
    index = browser.get("/recipients/")
    typed = {"text": "garcia maria"}
    found = browser.submit(index, typed, action="/recipients/find", follow=True)
    link = found.root.with_text("a", "María José García-Exampleton")
    assert link.attributes["href"] == "/recipients/1"
    form = browser.get("/recipients/1/edit")
    saved = browser.submit(form, {"last_name": "García Samplewood"}, button="Save", follow=True)
    assert saved.root.one("h1").text == "María José García Samplewood"
    assert "García Samplewood" in browser.get("/recipients/?view=all").root.text
    with app.app_context(), unit_of_work(write=False) as session:
        recipient = session.scalars(select(Recipient)).one()
        assert recipient.reminders_agreed_by_id == personas.users["provider_a"]
        assert (recipient.state, recipient.mobile_phone) == ("NC", "+12525550142")
        assert (recipient.races, recipient.version) == ("white other", 2)
    assert len(trail(app, "recipient.registered")) == 1
    (changed,) = trail(app, "recipient.changed")
    assert changed.values_after == {"changed": ["last_name"]}
    assert len(trail(app, "recipient.viewed")) == 2
