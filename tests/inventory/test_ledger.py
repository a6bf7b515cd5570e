"""The dose ledger: what may be written, what is refused, and what the database itself refuses."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import text

from blueprints.inventory.adding.deliveries import SEPARATE
from blueprints.inventory.ledger import entries as ledger
from blueprints.inventory.rules import EFFECTS, Kind
from blueprints.inventory.services import rename
from portal.access.scope import Scope
from portal.db import session, unit_of_work
from portal.errors import Conflict, Forbidden, Invalid, NotFound
from tests.inventory import stock
from tests.personas import Personas
from tests.shipments.files import csv, row, take_in

LEAVING = [kind for kind in Kind if EFFECTS[kind].get("doses_available") == -1]
COMING = [kind for kind in Kind if EFFECTS[kind].get("doses_available") == +1]


@pytest.fixture
def scope(app: Flask, personas: Personas) -> Iterator[Scope]:
    """The scope of A's manager, inside the application."""
    with app.app_context():
        yield stock.scope_for(personas, "manager_a")


@pytest.mark.both_databases
@pytest.mark.parametrize("kind", list(Kind))
def test_every_kind_moves_its_counters_and_the_reversal_moves_them_back(
    scope: Scope, kind: Kind
) -> None:
    record = stock.add(scope)
    stock.post(scope, record, Kind.TRANSFERRED_OUT, 20)
    before = stock.counters(record)
    entry = stock.post(scope, record, kind, 7)
    moved = stock.counters(record)
    expected = before | {name: before[name] + sign * 7 for name, sign in EFFECTS[kind].items()}
    assert moved == expected
    assert stock.wrong() == []
    stock.reverse(scope, entry)
    assert stock.counters(record) == before
    assert [doses for _id, _kind, doses in stock.entries(record)] == [100, 20, 7, -7]
    assert stock.wrong() == []


def test_of_a_transfer_some_doses_may_come_back_and_no_more_than_are_under_way(
    scope: Scope,
) -> None:
    record = stock.add(scope)
    sent = stock.post(scope, record, Kind.TRANSFERRED_OUT, 20)
    stock.post(scope, record, Kind.ARRIVED, 15)
    with pytest.raises(Conflict):
        stock.reverse(scope, sent, doses=6)
    stock.reverse(scope, sent, doses=5)
    counted = stock.counters(record)
    assert (counted["doses_available"], counted["doses_in_transit"]) == (85, 0)
    assert counted["doses_transferred"] == 15
    assert stock.wrong() == []


@pytest.mark.parametrize("kind", [Kind.ADMINISTERED, Kind.TRANSFERRED_OUT])
def test_an_expired_lot_or_one_in_quarantine_is_good_for_wastage_and_return_only(
    scope: Scope, kind: Kind
) -> None:
    expired = stock.add(scope, expiration_date=stock.day(1), received_on=stock.day(9))
    with pytest.raises(Invalid) as refusal:
        stock.post(scope, expired, kind, 1)
    assert "expired on" in refusal.value.message
    stock.post(scope, expired, kind, 1, back=1)
    held = stock.add(scope, lot="HELD1")
    with unit_of_work() as current:
        current.get_one(stock.VaccineInventory, held).quarantined = True
    with pytest.raises(Invalid) as refusal:
        stock.post(scope, held, kind, 1)
    assert "in quarantine" in refusal.value.message
    for record in (expired, held):
        stock.post(scope, record, Kind.WASTED, 1)
        stock.post(scope, record, Kind.RETURNED, 1)
    assert stock.wrong() == []


@pytest.mark.both_databases
@pytest.mark.parametrize("kind", LEAVING)
def test_more_than_is_available_is_refused_in_words_and_changes_nothing(
    scope: Scope, kind: Kind
) -> None:
    record = stock.add(scope, doses=1_200)
    with pytest.raises(Invalid) as refusal:
        stock.post(scope, record, kind, 1_201)
    assert refusal.value.field == "doses"
    assert refusal.value.message == (
        "Only 1,200 doses of “Moderna – 011J20A” are available. You entered 1,201."
    )
    assert stock.counters(record)["doses_available"] == 1_200
    assert len(stock.entries(record)) == 1
    stock.post(scope, record, kind, 1_200)
    assert stock.counters(record)["doses_available"] == 0


@pytest.mark.parametrize("doses", [0, -1, -100, 1_000_001])
def test_no_entry_of_an_impossible_number_of_doses(scope: Scope, doses: int) -> None:
    record = stock.add(scope)
    with pytest.raises(Invalid):
        stock.post(scope, record, Kind.WASTED, doses)
    with pytest.raises(Invalid):
        stock.add(scope, doses=doses, lot="OTHER")
    assert stock.counters(record)["doses_available"] == 100


@pytest.mark.both_databases
def test_a_back_dated_entry_that_makes_its_own_or_a_later_day_negative_is_refused(
    scope: Scope,
) -> None:
    record = stock.add(scope, received_on=stock.day(10))
    stock.post(scope, record, Kind.ADMINISTERED, 90, back=2)
    stock.post(scope, record, Kind.ADJUSTED, 50, back=1)
    assert stock.counters(record)["doses_available"] == 60
    with pytest.raises(Invalid) as later:
        stock.post(scope, record, Kind.WASTED, 11, back=5)
    assert later.value.field == "happened_on"
    assert stock.day(2).strftime("%m/%d/%Y") in later.value.message
    assert "short by 1 dose" in later.value.message
    with pytest.raises(Invalid):
        stock.post(scope, record, Kind.WASTED, 1, back=11)
    assert stock.counters(record)["doses_available"] == 60
    assert len(stock.entries(record)) == 3
    stock.post(scope, record, Kind.WASTED, 10, back=5)
    assert stock.wrong() == []


def test_a_refusal_inside_a_unit_that_goes_on_leaves_nothing_behind(scope: Scope) -> None:
    record = stock.add(scope, received_on=stock.day(1))
    early = ledger.Movement(kind=Kind.WASTED, doses=1, happened_on=stock.day(2))
    good = ledger.Movement(kind=Kind.WASTED, doses=2, happened_on=stock.day())
    with unit_of_work():
        with pytest.raises(Invalid):
            ledger.post(scope.user, record, early)
        ledger.post(scope.user, record, good)
    assert stock.counters(record)["doses_wasted"] == 2
    assert [doses for _id, _kind, doses in stock.entries(record)] == [100, 2]
    assert stock.wrong() == []


def test_nothing_arrives_in_the_future(scope: Scope) -> None:
    with pytest.raises(Invalid):
        stock.add(scope, received_on=stock.day(-1))


@pytest.mark.both_databases
def test_an_entry_is_reversed_once_even_when_its_doses_are_gone(scope: Scope) -> None:
    record = stock.add(scope)
    entry = stock.post(scope, record, Kind.ADJUSTED, 10)
    reversal = stock.reverse(scope, entry)
    stock.post(scope, record, Kind.WASTED, 100)
    for again, said in ((entry, "already been reversed"), (reversal, "cannot be reversed")):
        with pytest.raises(Conflict) as refusal:
            stock.reverse(scope, again)
        assert said in refusal.value.message
    assert len(stock.entries(record)) == 4
    with pytest.raises(NotFound):
        stock.reverse(scope, 999_999)


def test_doses_that_left_cannot_be_taken_back_as_never_come(scope: Scope) -> None:
    record = stock.add(scope)
    (received,) = (number for number, _kind, _doses in stock.entries(record))
    gone = stock.post(scope, record, Kind.WASTED, 1)
    with pytest.raises(Conflict) as refusal:
        stock.reverse(scope, received)
    assert "have been used since" in refusal.value.message
    assert stock.counters(record)["doses_total"] == 100
    stock.reverse(scope, gone)
    stock.reverse(scope, received)
    assert stock.counters(record) == dict.fromkeys(stock.COUNTERS, 0)
    assert stock.wrong() == []


def test_a_reversal_does_not_reach_back_before_what_it_reverses(scope: Scope) -> None:
    record = stock.add(scope, received_on=stock.day(5))
    entry = stock.post(scope, record, Kind.ADMINISTERED, 5, back=1)
    stock.reverse(scope, entry, back=4)
    assert stock.wrong() == []
    assert stock.counters(record)["doses_available"] == 100


def test_reversing_a_receipt_gives_the_shipment_its_doses_back(app: Flask, scope: Scope) -> None:
    take_in(app, csv(row()))
    shipment = stock.shipment_id(app)
    record = stock.add(scope, doses=300, shipment_id=shipment)
    assert stock.shipment_state(shipment) == stock.ShipmentState(300, "received")
    ((entry, _kind, _doses),) = stock.entries(record)
    stock.reverse(scope, entry)
    assert stock.shipment_state(shipment) == stock.ShipmentState(0, "on_its_way")
    assert stock.wrong() == []


@pytest.mark.both_databases
def test_parts_of_a_shipment_move_its_status(app: Flask, scope: Scope) -> None:
    take_in(app, csv(row()))
    shipment = stock.shipment_id(app)
    record = stock.add(scope, doses=100, shipment_id=shipment)
    assert stock.shipment_state(shipment).status == "partly_received"
    stock.add(scope, doses=200, shipment_id=shipment, duplicate=str(record))
    assert stock.shipment_state(shipment).status == "received"
    with pytest.raises(Invalid) as question:
        stock.add(scope, doses=5, shipment_id=shipment, duplicate=SEPARATE, confirmed=False)
    assert question.value.field == "confirmed"
    stock.add(scope, doses=5, shipment_id=shipment, duplicate=SEPARATE, confirmed=True)
    assert stock.shipment_state(shipment) == stock.ShipmentState(305, "received")
    assert stock.wrong() == []


def test_one_lot_makes_one_record_unless_somebody_says_otherwise(scope: Scope) -> None:
    first = stock.add(scope)
    with pytest.raises(Conflict) as question:
        stock.add(scope, lot=" 011j20a ")
    assert question.value.field == "duplicate"
    with pytest.raises(Conflict):
        stock.add(scope, duplicate="999999")
    assert stock.add(scope, duplicate=str(first)) == first
    assert stock.add(scope, duplicate=SEPARATE) != first
    assert stock.counters(first)["doses_total"] == 200


def test_a_record_of_another_lot_or_location_is_no_answer(scope: Scope, personas: Personas) -> None:
    other_lot = stock.add(scope, lot="OTHER")
    there = stock.add(stock.scope_for(personas, "manager_b"))
    stock.add(scope)
    for wrong in (other_lot, there):
        with pytest.raises(Conflict):
            stock.add(scope, duplicate=str(wrong))
        assert stock.counters(wrong)["doses_total"] == 100


def test_two_expiration_dates_of_one_lot_are_refused(scope: Scope) -> None:
    stock.add(scope)
    with pytest.raises(Invalid) as refusal:
        stock.add(scope, expiration_date=stock.FAR + timedelta(days=1), duplicate=SEPARATE)
    assert refusal.value.field == "expiration_date"
    assert "06/30/2027" in refusal.value.message


@pytest.mark.both_databases
def test_what_does_not_fit_together_is_refused_on_its_field(
    app: Flask, scope: Scope, personas: Personas
) -> None:
    take_in(app, csv(row(), row(id="SHP-2", pin="NCA650002")))
    here, there = stock.shipment_id(app), stock.shipment_id(app, "SHP-2")
    janssen = stock.product_id("59676-0580-05")
    astra = stock.product_id("00310-1222-10")
    refused = [
        ({"unable_to_locate_shipment": False}, "shipment"),
        ({"shipment_id": here, "unable_to_locate_shipment": True}, "unable_to_locate_shipment"),
        ({"shipment_id": here, "product_id": janssen}, "shipment"),
        ({"product_id": astra}, "product"),
        ({"product_id": 999_999}, "product"),
        ({"location_id": personas.locations["B"]}, "account"),
        ({"name": "   "}, "name"),
        ({"lot": "LOT€"}, None),
    ]
    for changes, field in refused:
        with pytest.raises(Invalid) as refusal:
            stock.add(scope, **changes)
        assert refusal.value.field == field, changes
    for missing in (there, 999_999):
        with pytest.raises(NotFound):
            stock.add(scope, shipment_id=missing)
    with unit_of_work(write=False) as current:
        assert current.scalar(text("SELECT count(*) FROM vaccine_inventory")) == 0
    assert stock.shipment_state(there).received == 0


@pytest.mark.parametrize("who", ["provider_a", "readonly_a", "agent", "admin"])
def test_only_managers_add_and_rename(app: Flask, personas: Personas, who: str) -> None:
    with app.app_context():
        manager = stock.scope_for(personas, "manager_a")
        record = stock.add(manager)
        other = replace(stock.scope_for(personas, who), location=manager.location)
        with pytest.raises(Forbidden):
            stock.add(other)
        with pytest.raises(Forbidden), unit_of_work():
            rename(other, session().get_one(stock.VaccineInventory, record), "x")


def test_a_name_that_grows_when_folded_still_fits(scope: Scope) -> None:
    record = stock.add(scope, name="ﷺ" * 120)
    with unit_of_work():
        rename(scope, session().get_one(stock.VaccineInventory, record), "㍿" * 120)
    with unit_of_work(write=False):
        assert session().get_one(stock.VaccineInventory, record).name == "㍿" * 120
