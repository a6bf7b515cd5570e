"""Quarantine of a lot, here or everywhere, and its release (SPEC D12)."""

from collections.abc import Iterator

import pytest
from flask import Flask
from sqlalchemy import select

from blueprints.inventory.leaving.selection import Chosen
from blueprints.inventory.models import VaccineInventory
from blueprints.inventory.rules import Kind
from blueprints.transfers.services import Receipt, Sending, receive, send
from portal.access.scope import Scope
from portal.db import unit_of_work
from portal.errors import Invalid
from portal.messages.models import Message
from tests.client import Browser, Page
from tests.inventory import stock
from tests.people.steps import change
from tests.personas import Personas


@pytest.fixture
def scope(app: Flask, personas: Personas) -> Iterator[Scope]:
    """The scope of A's manager, inside the application."""
    with app.app_context():
        yield stock.scope_for(personas, "manager_a")


def hold(browser: Browser, record: int, **details: str) -> Page:
    """From the record to its quarantine."""
    page = browser.get(f"/vaccine-inventory/{record}")
    form = browser.get(page.root.with_text("a", "Quarantine").attributes["href"])
    given = {"reason": "too_warm", "note": "Power cut at night", **details}
    return browser.submit(form, given, button="Quarantine", follow=True)


def release(browser: Browser, record: int, note: str = "Maker says it is fine") -> Page:
    page = browser.get(f"/vaccine-inventory/{record}")
    form = browser.get(page.root.with_text("a", "Release from Quarantine").attributes["href"])
    return browser.submit(form, {"note": note}, button="Release from Quarantine", follow=True)


def recall(browser: Browser, lot: str = "011J20A", **details: str) -> Page:
    """Hold a lot at all locations, as the administrator."""
    page = browser.get("/vaccine-inventory/quarantine")
    form = browser.get(page.root.with_text("a", "Quarantine").attributes["href"])
    given = {"product_text": "Moderna", "lot": lot, "reason": "recall", **details}
    page = browser.submit(form, given, button="Quarantine at all locations", follow=True)
    if page.status == 422 and page.root.all("input", type="radio"):
        first = page.root.all("input", type="radio")[0].attributes["value"]
        page = browser.submit(
            page, {"product": first}, button="Quarantine at all locations", follow=True
        )
    return page


def is_held(record: int) -> bool:
    with unit_of_work(write=False) as session:
        return session.get_one(VaccineInventory, record).quarantined


def told(kind: str) -> list[str]:
    with unit_of_work(write=False) as session:
        query = select(Message.address).where(Message.kind == kind).order_by(Message.address)
        return list(session.scalars(query))


def test_a_manager_holds_the_lot_at_the_location_and_releases_it(
    browser: Browser, scope: Scope, personas: Personas
) -> None:
    record, same = stock.add(scope), stock.add(scope, duplicate="separate", name="Second fridge")
    theirs = stock.add(stock.scope_for(personas, "manager_b"))
    browser.sign_in("manager_a")
    page = hold(browser, record)
    assert "This lot has been in quarantine at this location" in page.root.text
    assert "Stored too warm" in page.root.text
    assert [is_held(one) for one in (record, same, theirs)] == [True, True, False]
    for kind in (Kind.ADMINISTERED, Kind.TRANSFERRED_OUT):
        with pytest.raises(Invalid):
            stock.post(scope, record, kind, 1)
    stock.post(scope, record, Kind.WASTED, 1)
    assert told("quarantine_placed") == ["manager.ab@example.org"]
    unexplained = release(browser, record, note="")
    assert unexplained.status == 422
    release(browser, record)
    assert not is_held(record)
    stock.post(scope, record, Kind.ADMINISTERED, 1)


def test_who_never_registered_is_not_told(
    browser: Browser, scope: Scope, personas: Personas
) -> None:
    change(browser.app, personas.users["manager_ab"], password_hash=None)
    record = stock.add(scope)
    assert "This lot has been in quarantine" in hold(browser.sign_in("manager_a"), record).root.text
    assert told("quarantine_placed") == []


def test_a_recall_holds_the_lot_everywhere_and_on_its_way(
    browser: Browser, scope: Scope, personas: Personas
) -> None:
    theirs = stock.add(stock.scope_for(personas, "manager_b"))
    mine = stock.add(scope)
    other = stock.add(scope, lot="OTHER")
    browser.sign_in("admin")
    page = recall(browser)
    assert "011J20A" in page.root.text
    assert [is_held(one) for one in (mine, theirs, other)] == [True, True, False]
    assert told("quarantine_placed") == [
        "manager.a@example.org",
        "manager.ab@example.org",
        "manager.ab@example.org",
        "manager.b@example.org",
    ]
    late = stock.add(scope, duplicate="separate", name="Arrived later")
    assert is_held(late), "what arrives afterwards is held, too"
    form = browser.get(page.root.with_text("a", "Release from Quarantine").attributes["href"])
    done = browser.submit(form, {"note": "Over"}, button="Release from Quarantine", follow=True)
    assert "The lot is released." in done.root.text
    assert not any(is_held(one) for one in (mine, theirs, late))
    assert "manager.b@example.org" in told("quarantine_released")


def test_a_recall_reaches_who_waits_for_the_doses(
    browser: Browser, scope: Scope, personas: Personas
) -> None:
    record = stock.add(scope)
    with unit_of_work():
        send(
            scope,
            Sending(
                lines=[Chosen(record, 10)],
                to_location_id=personas.locations["B"],
                sent_on=stock.day(),
                reason="surplus",
            ),
        )
    browser.sign_in("admin")
    recall(browser)
    assert "manager.b@example.org" in told("quarantine_placed")


def test_doses_from_a_location_that_holds_them_are_held_where_they_arrive_if_any_do(
    browser: Browser, scope: Scope, personas: Personas
) -> None:
    theirs = stock.scope_for(personas, "manager_b")
    record = stock.add(scope)
    lines = []
    for _each in range(2):
        with unit_of_work():
            sent = send(
                scope,
                Sending(
                    lines=[Chosen(record, 10)],
                    to_location_id=theirs.location_id,
                    sent_on=stock.day(),
                    reason="surplus",
                ),
            )
            lines.append(sent.lines[0].row.id)
    browser.sign_in("manager_a")
    hold(browser, record, note="secret of Clinic A")
    with unit_of_work():
        lost = Receipt(line_id=lines[0], received_on=stock.day(), doses=0, reason="lost_transit")
        target = receive(theirs, lost).id
    assert not is_held(target)
    with unit_of_work():
        receive(theirs, Receipt(line_id=lines[1], received_on=stock.day(), doses=10))
    assert is_held(target)
    browser.sign_in("manager_b")
    page = browser.get(f"/vaccine-inventory/{target}")
    assert "came from a location where the lot is held" in page.root.text
    assert "secret of Clinic A" not in page.root.text


def test_a_lot_number_read_wrong_is_asked_about(browser: Browser, scope: Scope) -> None:
    record = stock.add(scope)
    browser.sign_in("admin")
    page = recall(browser, lot="O11J20B")
    assert page.status == 422
    assert "No location has a lot O11J20B." in page.root.text
    done = browser.submit(
        page, {"confirmed": "y"}, button="Quarantine at all locations", follow=True
    )
    assert "Doses available: 0, at locations: 0" in done.root.text
    assert not is_held(record)


def test_what_two_hold_one_does_not_release(browser: Browser, scope: Scope) -> None:
    record = stock.add(scope)
    browser.sign_in("manager_a")
    hold(browser, record)
    browser.sign_in("admin")
    recall(browser)
    browser.sign_in("manager_a")
    release(browser, record)
    assert is_held(record)
    assert told("quarantine_released") == []
    assert "at all locations" in browser.get(f"/vaccine-inventory/{record}").root.text


def test_a_lot_is_held_once_for_a_reason(browser: Browser, scope: Scope) -> None:
    record = stock.add(scope)
    browser.sign_in("manager_a")
    form = browser.get(f"/vaccine-inventory/{record}/quarantine")
    twin = browser.get(f"/vaccine-inventory/{record}/quarantine")
    browser.submit(form, {"reason": "too_warm"}, button="Quarantine")
    again = browser.submit(twin, {"reason": "too_warm"}, button="Quarantine", follow=True)
    assert "This lot is already in quarantine for this reason." in again.root.text


def test_a_second_reason_holds_when_the_first_is_released(browser: Browser, scope: Scope) -> None:
    record = stock.add(scope)
    browser.sign_in("manager_a")
    hold(browser, record)
    page = browser.get(f"/vaccine-inventory/{record}")
    link = page.root.with_text("a", "Quarantine for another reason")
    form = browser.get(link.attributes["href"])
    recalled = {"reason": "recall", "note": "Letter of the maker, 123"}
    browser.submit(form, recalled, button="Quarantine", follow=True)
    released = release(browser, record)
    assert is_held(record)
    assert "Letter of the maker, 123" in released.root.text
    assert told("quarantine_released") == []
    release(browser, record)
    assert not is_held(record)


def test_quarantine_needs_a_reason(browser: Browser, scope: Scope) -> None:
    record = stock.add(scope)
    browser.sign_in("manager_a")
    assert hold(browser, record, reason="").status == 422
    assert hold(browser, record, reason="other", note="").status == 422
    assert not is_held(record)


def test_who_may_not_hold_does_not(browser: Browser, scope: Scope, personas: Personas) -> None:
    record = stock.add(scope)
    browser.sign_in("manager_a")
    assert browser.get("/vaccine-inventory/quarantine").status == 403
    assert browser.get("/vaccine-inventory/quarantine/add").status == 403
    hold(browser, record)
    browser.sign_in("admin")
    recall(browser, lot="RECALLED", confirmed="y")
    browser.sign_in("manager_b")
    assert browser.get(f"/vaccine-inventory/{record}/quarantine").status == 404
    assert browser.get("/vaccine-inventory/quarantine/1/release").status == 404
    assert browser.get("/vaccine-inventory/quarantine/2/release").status == 403
    browser.sign_in("provider_a")
    assert browser.get(f"/vaccine-inventory/{record}/quarantine").status == 403


def test_what_is_held_is_told_wherever_doses_are_counted(browser: Browser, scope: Scope) -> None:
    held, free = stock.add(scope), stock.add(scope, lot="FREE-1", name="Free")
    browser.sign_in("manager_a")
    assert "In quarantine" not in browser.get("/").root.text
    page = browser.get(f"/vaccine-inventory/{held}/quarantine")
    given = {"reason": "power", "note": "9.2 °C overnight"}
    browser.submit(page, given, button="Quarantine", follow=True)
    card = browser.get("/").root.one("section", **{"aria-labelledby": "card-held"})
    assert card.one("a").attributes["href"] == f"/vaccine-inventory/{held}"
    figure = browser.get(f"/vaccine-inventory/{held}").root.one("dl", class_="hl").text
    assert "Doses Available 100 in quarantine" in figure
    assert (
        "in quarantine"
        not in browser.get(f"/vaccine-inventory/{free}").root.one("dl", class_="hl").text
    )
    account = browser.get(f"/locations/{scope.location_id}").root.one("dl", class_="hl").text
    assert "Doses Available 200 of these 100 in quarantine" in account


def test_a_hold_and_its_release_stay_on_the_record(browser: Browser, scope: Scope) -> None:
    record = stock.add(scope)
    browser.sign_in("manager_a")
    related = f"/vaccine-inventory/{record}?tab=related"
    assert "section-quarantine" not in browser.get(related).html
    page = browser.get(f"/vaccine-inventory/{record}/quarantine")
    held = browser.submit(
        page, {"reason": "power", "note": "9.2 °C overnight"}, button="Quarantine", follow=True
    )
    assert "Not released" in browser.get(related).root.text
    release = browser.get(held.root.with_text("a", "Release from Quarantine").attributes["href"])
    after = browser.submit(
        release, {"note": "The maker says fine"}, button="Release from Quarantine"
    )
    assert after.leads_to == f"/vaccine-inventory/{record}"
    told = browser.get(related).root.text
    assert "9.2 °C overnight" in told
    assert "The maker says fine" in told
    assert "Not released" not in told
