"""Mails about a lot that have not left when the opposite becomes true do not leave (SPEC D12)."""

from collections.abc import Iterator

import pytest
from flask import Flask
from sqlalchemy import select

from portal.access.scope import Scope
from portal.db import unit_of_work
from portal.messages.models import Message
from tests.client import Browser, Page
from tests.inventory import stock
from tests.inventory.test_quarantine import hold, recall, release
from tests.personas import Personas
from tests.transfers.boxes import send

HELD, RELEASED = "quarantine_placed", "quarantine_released"


@pytest.fixture
def scope(app: Flask, personas: Personas) -> Iterator[Scope]:
    """The scope of A's manager, inside the application."""
    with app.app_context():
        yield stock.scope_for(personas, "manager_a")


def waiting(place: Scope) -> list[str]:
    """The kinds of messages to a location's managers that have not left, oldest first; one each."""
    with unit_of_work(write=False) as session:
        query = select(Message.kind).where(
            Message.state == "waiting",
            Message.location_id == place.location_id,
            Message.address == "manager.ab@example.org",
        )
        return list(session.scalars(query.order_by(Message.id)))


def release_everywhere(browser: Browser, page: Page) -> Page:
    """From the list of lots that are held everywhere."""
    form = browser.get(page.root.with_text("a", "Release from Quarantine").attributes["href"])
    return browser.submit(form, {"note": "Over"}, button="Release from Quarantine", follow=True)


@pytest.mark.both_databases
def test_the_news_of_a_release_does_not_arrive_after_a_newer_hold(
    browser: Browser, scope: Scope
) -> None:
    record = stock.add(scope)
    browser.sign_in("manager_a")
    hold(browser, record)
    assert waiting(scope) == [HELD]
    release(browser, record)
    assert waiting(scope) == [RELEASED], "the hold's mail is no longer true"
    hold(browser, record, note="Warm again")
    assert waiting(scope) == [HELD]
    with unit_of_work(write=False) as session:
        query = select(Message.kind, Message.reason).where(Message.state == "cancelled")
        assert sorted(map(tuple, session.execute(query))) == [
            (HELD, "The lot was released."),
            (RELEASED, "The lot is in quarantine again."),
        ]


def test_a_recall_takes_back_releases_of_locations(
    browser: Browser, scope: Scope, personas: Personas
) -> None:
    theirs = stock.scope_for(personas, "manager_b")
    record, _other = stock.add(scope), stock.add(theirs)
    browser.sign_in("manager_a")
    hold(browser, record)
    release(browser, record)
    browser.sign_in("admin")
    page = recall(browser)
    assert (waiting(scope), waiting(theirs)) == ([HELD], [HELD])
    release_everywhere(browser, page)
    assert (waiting(scope), waiting(theirs)) == ([RELEASED], [RELEASED])
    browser.sign_in("manager_a")
    hold(browser, record)
    assert (waiting(scope), waiting(theirs)) == ([HELD], [RELEASED]), "at B it is still true"


def test_what_another_hold_keeps_true_is_not_taken_back(
    browser: Browser, scope: Scope, personas: Personas
) -> None:
    theirs = stock.scope_for(personas, "manager_b")
    record, _other = stock.add(scope), stock.add(theirs)
    browser.sign_in("manager_a")
    hold(browser, record)
    browser.sign_in("admin")
    release_everywhere(browser, recall(browser))
    assert waiting(scope) == [HELD, HELD], "the lot is still held here"
    assert waiting(theirs) == [RELEASED]


def test_another_lot_is_not_spoken_of(browser: Browser, scope: Scope) -> None:
    record, other = stock.add(scope), stock.add(scope, lot="021C21A")
    browser.sign_in("manager_a")
    hold(browser, record)
    release(browser, record)
    hold(browser, other)
    assert waiting(scope) == [RELEASED, HELD]


@pytest.mark.both_databases
def test_who_waits_for_the_doses_is_told_of_the_release_too(
    browser: Browser, scope: Scope, personas: Personas
) -> None:
    theirs = stock.scope_for(personas, "manager_b")
    send(scope, theirs, stock.add(scope))
    with unit_of_work() as session:
        session.query(Message).delete()
    browser.sign_in("admin")
    page = recall(browser)
    assert waiting(theirs) == [HELD]
    release_everywhere(browser, page)
    assert waiting(theirs) == [RELEASED]
