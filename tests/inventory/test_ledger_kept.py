"""What the database and `portal check` say to whoever writes around the services."""

from collections.abc import Iterator

import pytest
from flask import Flask
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from blueprints.inventory.rules import Kind
from portal.access.scope import Scope
from portal.checks import run_checks
from portal.db import db, unit_of_work
from tests.inventory import stock
from tests.personas import Personas
from tests.shipments.files import csv, row, take_in

pytestmark = pytest.mark.both_databases


@pytest.fixture
def scope(app: Flask, personas: Personas) -> Iterator[Scope]:
    """The scope of A's manager, inside the application."""
    with app.app_context():
        yield stock.scope_for(personas, "manager_a")


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE dose_entry SET doses = 5",
        "UPDATE dose_entry SET note = 'x'",
        "DELETE FROM dose_entry",
        (
            "INSERT INTO dose_entry (id, inventory_id, kind, doses, happened_on, recorded_at,"
            " reason, note, location_id) SELECT id, inventory_id, kind, doses, happened_on,"
            " recorded_at, reason, note, location_id FROM dose_entry"
        ),
    ],
)
def test_the_database_keeps_every_entry_as_it_is(scope: Scope, statement: str) -> None:
    record = stock.add(scope)
    before = stock.entries(record)
    with pytest.raises(DBAPIError), unit_of_work() as current:
        current.execute(text(statement))
    assert stock.entries(record) == before


def test_sqlites_replace_and_postgresqls_truncate_do_not_get_around_it(
    scope: Scope, database_kind: str
) -> None:
    record = stock.add(scope)
    before = stock.entries(record)
    statement = "TRUNCATE dose_entry CASCADE"
    if database_kind == "sqlite":
        statement = (
            "REPLACE INTO dose_entry (id, inventory_id, location_id, kind, doses, happened_on,"
            " recorded_at, reason, note) SELECT id, inventory_id, location_id, kind, 5,"
            " happened_on, recorded_at, reason, note FROM dose_entry"
        )
    with pytest.raises(DBAPIError), unit_of_work() as current:
        current.execute(text(statement))
    assert stock.entries(record) == before


@pytest.mark.parametrize(
    "change",
    [
        "doses_available = doses_available + 1",
        "doses_total = doses_total - 1",
        "doses_wasted = doses_wasted + 1",
        "doses_available = -1, doses_wasted = 101",
        "doses_wasted = -1, doses_available = 101",
        "doses_returned = -1, doses_available = 101",
        "doses_administered = -1, doses_available = 101",
        "doses_in_transit = -1, doses_available = 101",
        "doses_transferred = -1, doses_available = 101",
        "doses_total = -1, doses_available = -1",
    ],
)
def test_the_database_holds_the_balance_and_refuses_less_than_nothing(
    scope: Scope, change: str
) -> None:
    record = stock.add(scope)
    with pytest.raises(DBAPIError), unit_of_work() as current:
        current.execute(text(f"UPDATE vaccine_inventory SET {change}"))
    assert stock.counters(record)["doses_available"] == 100


ENTRY = (
    "INSERT INTO dose_entry (inventory_id, location_id, kind, doses, happened_on, recorded_at,"
    " reason, note, reverses_id) VALUES ({record}, (SELECT min(id) FROM location), '{kind}',"
    " {doses}, '2021-02-01', '2021-02-01 00:00:00', '', '', {reverses})"
)


def plant(record: int, *, kind: str = "wasted", doses: int = 1, reverses: object = "NULL") -> None:
    """Write an entry around the service."""
    with unit_of_work() as current:
        values = {"record": record, "kind": kind, "doses": doses, "reverses": reverses}
        current.execute(text(ENTRY.format(**values)))


def test_the_database_refuses_entries_of_the_wrong_sign_and_double_reversals(
    scope: Scope,
) -> None:
    record = stock.add(scope)
    ((first, _kind, _doses),) = stock.entries(record)
    for doses, reverses in ((0, "NULL"), (-1, "NULL"), (1, first), (0, first), (1, 999)):
        with pytest.raises(DBAPIError):
            plant(record, doses=doses, reverses=reverses)
    stock.reverse(scope, first)
    with pytest.raises(DBAPIError):
        plant(record, doses=-100, reverses=first)
    with pytest.raises(DBAPIError):
        plant(999_999)
    assert stock.wrong() == []


def test_the_check_finds_an_entry_that_moved_no_counter(scope: Scope) -> None:
    record = stock.add(scope)
    plant(record, doses=3)
    found = stock.wrong()
    assert f"Vaccine inventory {record}: doses_wasted is 0, the ledger says 3." in found
    assert f"Vaccine inventory {record}: doses_available is 100, the ledger says 97." in found


def test_the_check_finds_counters_that_moved_without_an_entry(scope: Scope) -> None:
    record = stock.add(scope)
    with unit_of_work() as current:
        current.execute(text("UPDATE vaccine_inventory SET doses_wasted = 4, doses_available = 96"))
    assert f"Vaccine inventory {record}: doses_wasted is 4, the ledger says 0." in stock.wrong()


def test_the_check_finds_a_day_on_which_doses_were_missing(scope: Scope) -> None:
    record = stock.add(scope)
    plant(record, doses=3)
    with unit_of_work() as current:
        current.execute(text("UPDATE vaccine_inventory SET doses_wasted = 3, doses_available = 97"))
    assert stock.wrong() == [f"Vaccine inventory {record}: short of 3 doses on 2021-02-01."]


def test_the_check_finds_a_reversal_that_is_not_the_opposite(scope: Scope) -> None:
    record = stock.add(scope)
    other = stock.add(scope, lot="OTHER")
    ((first, _kind, _doses),) = stock.entries(record)
    plant(other, kind="received", doses=-1, reverses=first)
    number = max(entry for entry, _kind, _doses in stock.entries(other))
    assert f"Ledger entry {number} is not the opposite of entry {first}." in stock.wrong()


def test_the_check_finds_a_shipment_whose_doses_or_status_were_changed(
    app: Flask, scope: Scope
) -> None:
    take_in(app, csv(row()))
    shipment = stock.shipment_id(app)
    stock.add(scope, doses=10, shipment_id=shipment)
    with unit_of_work() as current:
        current.execute(text("UPDATE shipment SET doses_received = 300"))
    found = stock.wrong()
    assert "Shipment SHP-1: 300 doses are noted as received, the ledger says 10." in found
    assert "Shipment SHP-1: the status partly_received does not follow from its doses." in found


def test_portal_check_runs_these_checks_and_survives_an_unknown_kind(
    app: Flask, scope: Scope
) -> None:
    record = stock.add(scope)
    registry = app.extensions["portal"].registry
    good = {finding.name: finding.ok for finding in run_checks(registry)}
    assert good["inventory.ledger"]
    assert good["inventory.received"]
    try:
        plant(record, kind="evaporated")
    except DBAPIError:
        return  # better still
    bad = {finding.name: finding.ok for finding in run_checks(registry)}
    assert not bad["inventory.ledger"]


def test_the_history_is_the_ledger(scope: Scope) -> None:
    """What left and came is on record with who and when, and the audit trail knows of it."""
    record = stock.add(scope)
    stock.post(scope, record, Kind.WASTED, 2, back=0, reason="broken", note="fell")
    with db.engine.connect() as connection:
        line = connection.execute(
            text("SELECT kind, doses, reason, note, actor_id FROM dose_entry ORDER BY id DESC")
        ).first()
        assert line is not None
        assert tuple(line) == ("wasted", 2, "broken", "fell", scope.user.id)
        seen = connection.execute(
            text("SELECT location_id FROM audit_entry WHERE action = 'inventory.received'")
        )
        assert [place for (place,) in seen] == [scope.location_id]
