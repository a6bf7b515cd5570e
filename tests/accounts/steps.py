"""Steps of the tests of `Account Management`."""

from flask import Flask
from sqlalchemy import select

from portal.people import queries
from portal.people.models import User
from tests.client import Browser, Page
from tests.people.steps import reading

JANE = {
    "username": "JWhite200",
    "first_name": "Jane",
    "last_name": "White",
    "email": "Jane.White@Example.org",
    "profile": "provider",
}


CONFIRMED = {"Deactivate", "Change Profile"}


def add(browser: Browser, **values: object) -> Page:
    return browser.submit(browser.get("/accounts/add"), {**JANE, **values}, button="Save")


def jane(app: Flask) -> User | None:
    with reading(app) as session:
        found = session.scalar(select(User).where(User.username == "jwhite200"))
        session.expunge_all()
        return found


def places_of(app: Flask, user_id: int) -> set[int]:
    with reading(app):
        return set(queries.location_ids_of(user_id))


def press(browser: Browser, user_id: int, button: str, **values: object) -> Page:
    """Press a button on the user's page, and confirm where the portal asks."""
    asked = ask(browser, user_id, button, **values)
    if button not in CONFIRMED or asked.status != 200:
        return asked
    return browser.submit(asked, button=button)


def ask(browser: Browser, user_id: int, button: str, **values: object) -> Page:
    """What comes of a button or link on the user's page, without confirming."""
    page = browser.get(f"/accounts/{user_id}")
    if button == "Deactivate":
        return browser.get(page.root.with_text("a", button).attributes["href"])
    return browser.submit(page, values, button=button)
