"""`Transfer` and `Inbound Transfer` between two locations (SPEC E1 to E4)."""

import pytest
from sqlalchemy import select

from blueprints.inventory.models import VaccineInventory
from blueprints.inventory.rules import Kind
from blueprints.transfers.models import TransferLine
from portal.access.scope import Scope
from portal.db import unit_of_work
from portal.people.models import UserLocation
from portal.places.models import Location
from tests.client import Browser
from tests.effort import some
from tests.inventory import stock
from tests.people.steps import change
from tests.personas import Personas
from tests.transfers.steps import (
    LIST,
    choose,
    mails,
    name_of,
    press,
    receive,
    records_of,
    send,
    wrong,
)


@pytest.mark.both_databases
def test_doses_leave_at_once_and_arrive_with_the_second_next(
    browser: Browser, scope: Scope, other: Scope
) -> None:
    record = stock.add(scope, name="Moderna – 011J20A")
    browser.sign_in("manager_a")
    slip = send(browser, {record: 40}, to=name_of(other), note="Clinic day on Friday")
    assert "Transfer T-000001" in slip.root.one("h1").text
    assert "In transit" in slip.root.text
    assert "Clinic day on Friday" in slip.root.text
    counted = stock.counters(record)
    assert (counted["doses_available"], counted["doses_in_transit"]) == (60, 40)
    panel = browser.get(f"/vaccine-inventory/{record}").root.one("dl", class_="hl").text
    assert "Doses in Transit 40" in panel
    assert [address for address, _context in mails("transfer_sent")] == [
        "manager.b@example.org",
        "manager.ab@example.org",
    ]
    browser.sign_in("manager_b")
    assert "40 doses are on their way here" in browser.get("/").root.text
    assert records_of(other) == []
    done = receive(browser, doses_received="40")
    assert "processed and added to your inventory" in done.root.text
    (arrived,) = records_of(other)
    assert (arrived.name, arrived.lot, arrived.doses_available) == (
        "Moderna – 011J20A",
        "011J20A",
        40,
    )
    assert done.root.with_text("a", "Show the vaccine inventory record").attributes["href"] == (
        f"/vaccine-inventory/{arrived.id}"
    )
    assert browser.submit(done, button="Finish").leads_to == f"/vaccine-inventory/{arrived.id}"
    counted = stock.counters(record)
    assert (counted["doses_in_transit"], counted["doses_transferred"]) == (0, 40)
    assert "manager.a@example.org" in [address for address, _c in mails("transfer_received")]
    assert wrong() == []


def test_who_never_registered_is_not_told(
    browser: Browser, scope: Scope, other: Scope, personas: Personas
) -> None:
    change(browser.app, personas.users["manager_ab"], password_hash=None)
    record = stock.add(scope)
    send(browser.sign_in("manager_a"), {record: 40}, to=name_of(other))
    assert [address for address, _context in mails("transfer_sent")] == ["manager.b@example.org"]


def test_only_what_is_on_its_way_here_is_listed(
    browser: Browser, scope: Scope, other: Scope
) -> None:
    record = stock.add(scope)
    stock.add(other, lot="OWN")
    browser.sign_in("manager_a")
    send(browser, {record: 5}, to=name_of(other))
    assert (
        "Nothing is on its way here"
        in press(browser.get(LIST), browser, "Inbound Transfer").root.text
    )
    browser.sign_in("manager_b")
    page = press(browser.get(LIST), browser, "Inbound Transfer")
    assert len(page.root.all("input", type="radio")) == 1
    assert "011J20A" in page.root.text
    assert browser.submit(page, button="Next").status == 422


@pytest.mark.parametrize(
    ("reason", "here", "there"),
    [
        ("lost_transit", {"doses_total": 40, "doses_wasted": 3, "doses_available": 37}, 60),
        ("miscounted", {"doses_total": 37, "doses_wasted": 0, "doses_available": 37}, 63),
    ],
)
def test_fewer_than_sent_needs_a_reason_and_the_difference_is_booked(
    browser: Browser,
    scope: Scope,
    other: Scope,
    reason: str,
    here: dict[str, int],
    there: int,
) -> None:
    record = stock.add(scope)
    browser.sign_in("manager_a")
    send(browser, {record: 40}, to=name_of(other))
    browser.sign_in("manager_b")
    refused = receive(browser, doses_received="37")
    assert refused.status == 422
    assert "Doses missing: 3 of 40" in refused.root.text
    done = browser.submit(refused, {"difference_reason": reason}, button="Next", follow=True)
    assert "Missing doses" in done.root.text
    (arrived,) = records_of(other)
    counted = stock.counters(arrived.id)
    assert {name: counted[name] for name in here} == here
    assert stock.counters(record)["doses_available"] == there
    (told,) = [c for address, c in mails("transfer_received") if address == "manager.a@example.org"]
    assert "37" in str(told["lines"])
    assert wrong() == []


def test_more_than_sent_is_refused_in_words(browser: Browser, scope: Scope, other: Scope) -> None:
    record = stock.add(scope)
    browser.sign_in("manager_a")
    send(browser, {record: 40}, to=name_of(other))
    browser.sign_in("manager_b")
    refused = receive(browser, doses_received="41")
    assert refused.status == 422
    assert "Only 40 doses were sent" in refused.root.text
    assert refused.root.one("input", name="doses_received").attributes["value"] == "41"
    assert records_of(other) == []


def test_a_lot_that_is_here_already_gets_the_doses(
    browser: Browser, scope: Scope, other: Scope
) -> None:
    record, mine = stock.add(scope), stock.add(other, name="Our fridge")
    browser.sign_in("manager_a")
    send(browser, {record: 40}, to=name_of(other))
    browser.sign_in("manager_b")
    receive(browser, doses_received="40")
    assert stock.counters(mine)["doses_available"] == 140
    assert len(records_of(other)) == 1
    assert wrong() == []


@pytest.mark.both_databases
@pytest.mark.parametrize("state", ["expired", "quarantined"])
def test_what_may_not_be_used_cannot_be_sent(
    browser: Browser, scope: Scope, other: Scope, state: str
) -> None:
    if state == "expired":
        record = stock.add(scope, expiration_date=stock.day(1), received_on=stock.day(3))
    else:
        record = stock.add(scope)
        with unit_of_work() as session:
            session.get_one(VaccineInventory, record).quarantined = True
    browser.sign_in("manager_a")
    page = browser.get("/transfers/send")
    assert "No doses to choose from" in page.root.text
    page = choose(browser, browser.get(f"/transfers/send?record={record}"), {record: 1})
    assert page.status == 422
    assert "its doses cannot be used" in page.root.text
    assert stock.counters(record)["doses_in_transit"] == 0


def test_doses_go_to_approved_locations_only(
    browser: Browser, scope: Scope, other: Scope, personas: Personas
) -> None:
    with unit_of_work() as session:
        session.get_one(Location, other.location_id).approved = False
    record = stock.add(scope)
    browser.sign_in("manager_a")
    page = choose(browser, browser.get("/transfers/send"), {record: 1})
    for name in (name_of(other), name_of(scope), "Nowhere at all"):
        refused = browser.submit(page, {"receiver_text": name, "reason": "surplus"}, button="Next")
        assert refused.status == 422
        assert "Nothing found for" in refused.root.text
    forged = browser.submit(
        page, {"receiver": str(other.location_id), "reason": "surplus"}, button="Next"
    )
    assert forged.status == 422
    assert stock.counters(record)["doses_in_transit"] == 0


@pytest.mark.parametrize(
    ("details", "sentence"),
    some(
        [
            ({"date_received": "01/01/2099"}, "The date is in the future."),
            ({"date_received": "01/01/2020"}, "The doses were sent on"),
            ({"date_received": ""}, "Please fill in this field."),
            ({"doses_received": ""}, "Please fill in this field."),
            ({"doses_received": "-1"}, "Enter 0 or more."),
            ({"doses_received": "0", "difference_reason": "miscounted"}, "refuse the transfer"),
            ({"doses_received": "1", "difference_reason": "bored"}, "Say what happened to them."),
            (
                {"doses_received": "1", "difference_reason": "other"},
                "Say in a few words what happened.",
            ),
        ],
        short=4,
    ),
)
def test_what_cannot_be_right_is_said_beside_its_field(
    browser: Browser, scope: Scope, other: Scope, details: dict[str, str], sentence: str
) -> None:
    record = stock.add(scope)
    browser.sign_in("manager_a")
    send(browser, {record: 40}, to=name_of(other))
    browser.sign_in("manager_b")
    refused = receive(browser, **{"doses_received": "40", **details})
    assert refused.status == 422
    assert sentence in refused.root.text
    assert records_of(other) == []


def test_nothing_of_a_box_may_have_arrived(browser: Browser, scope: Scope, other: Scope) -> None:
    record = stock.add(scope)
    browser.sign_in("manager_a")
    send(browser, {record: 40}, to=name_of(other))
    browser.sign_in("manager_b")
    receive(browser, doses_received="0", difference_reason="lost_transit")
    (arrived,) = records_of(other)
    counted = stock.counters(arrived.id)
    assert (counted["doses_total"], counted["doses_wasted"]) == (40, 40)
    assert wrong() == []


@pytest.mark.both_databases
def test_a_pause_keeps_the_receipt_and_changes_nothing(
    browser: Browser, scope: Scope, other: Scope
) -> None:
    record = stock.add(scope)
    browser.sign_in("manager_a")
    send(browser, {record: 40}, to=name_of(other))
    browser.sign_in("manager_b")
    page = press(browser.get(LIST), browser, "Inbound Transfer")
    first = page.root.all("input", type="radio")[0].attributes["value"]
    form = browser.submit(page, {"line": first}, button="Next", follow=True)
    browser.submit(form, {"doses_received": "39"}, button="Pause", follow=True)
    assert stock.counters(record)["doses_in_transit"] == 40
    assert "You paused Inbound Transfer" in browser.get("/").root.text


@pytest.mark.parametrize("who", ["provider_a", "readonly_a"])
def test_providers_have_no_transfers(browser: Browser, scope: Scope, who: str) -> None:
    browser.sign_in(who)
    for path in ("/transfers/", "/transfers/send", "/transfers/inbound"):
        assert browser.get(path).status == 403


@pytest.mark.both_databases
def test_only_the_two_locations_see_a_transfer_and_only_the_receiver_receives(
    browser: Browser, scope: Scope, other: Scope, personas: Personas
) -> None:
    record = stock.add(scope)
    browser.sign_in("manager_a")
    path = send(browser, {record: 40}, to=name_of(other)).response.request.path
    with unit_of_work(write=False) as session:
        line = session.scalars(select(TransferLine.id)).one()
    assert browser.get(f"/transfers/inbound?line={line}").status == 404
    assert browser.get(f"{path}/refuse").status == 404
    browser.sign_in("manager_b")
    assert browser.get(path).status == 200
    assert browser.get(f"{path}/cancel").status == 404
    assert browser.get(f"/vaccine-inventory/{record}").status == 404
    with unit_of_work() as session:
        user = personas.users["manager_b"]
        membership = session.scalars(select(UserLocation).where(UserLocation.user_id == user)).one()
        membership.location_id = personas.locations["C"]
    browser.sign_in("manager_b")
    assert browser.get(path).status == 404
    assert browser.get(f"/transfers/inbound?line={line}").status == 404


@pytest.mark.both_databases
def test_of_many_sendings_every_dose_is_somewhere(
    browser: Browser, scope: Scope, other: Scope
) -> None:
    record = stock.add(scope)
    browser.sign_in("manager_a")
    send(browser, {record: 40}, to=name_of(other))
    stock.post(scope, record, Kind.ADMINISTERED, 10)
    browser.sign_in("manager_b")
    receive(browser, doses_received="35", difference_reason="damaged_transit")
    (arrived,) = records_of(other)
    sums = {
        name: stock.counters(record)[name] + stock.counters(arrived.id)[name]
        for name in stock.counters(record)
    }
    assert (
        sums["doses_available"]
        + sums["doses_administered"]
        + sums["doses_wasted"]
        + sums["doses_returned"]
        + sums["doses_in_transit"]
    ) == 100
    assert wrong() == []


@pytest.mark.both_databases
def test_a_finished_receipt_leads_on_to_the_next_lot(
    browser: Browser, scope: Scope, other: Scope
) -> None:
    first, second = stock.add(scope, lot="N1"), stock.add(scope, lot="N2")
    browser.sign_in("manager_a")
    send(browser, {first: 10, second: 20})
    browser.sign_in("manager_b")
    done = receive(browser, doses_received="10")
    link = done.root.with_text("a", "Receive the Next Lot")
    assert "doses: 20" in link.parent.text
    page = browser.get(link.attributes["href"])
    (chosen,) = [one for one in page.root.all("input", type="radio") if "checked" in one.attributes]
    form = browser.submit(page, {"line": chosen.attributes["value"]}, button="Next", follow=True)
    given = {"date_received": f"{stock.day():%m/%d/%Y}", "doses_received": "20"}
    last = browser.submit(form, given, button="Next", follow=True)
    assert "processed and added to your inventory" in last.root.text
    assert "Receive the Next Lot" not in last.root.text
