"""Seals: what is written with an entry, what they cost, and what of them counts."""

import json

import pytest
from flask import Flask
from sqlalchemy import select, text

from blueprints.inventory.ledger import documents
from blueprints.inventory.ledger import entries as ledger
from blueprints.inventory.rules import Kind
from portal.audit import seals, services
from portal.audit.chain import row_text
from portal.audit.models import AuditEntry
from portal.audit.rows import NAMED, Digests
from portal.audit.verify import verify
from portal.db import db, unit_of_work
from tests.inventory.stock import add, day, scope_for
from tests.personas import Personas
from tests.statements import watched


@pytest.fixture
def lot(app: Flask, personas: Personas):
    with app.app_context():
        yield add(scope_for(personas, "manager_a"))


def post(lot: int, doses: int = 1) -> int:
    movement = ledger.Movement(kind=Kind.WASTED, doses=doses, happened_on=day())
    return ledger.post(None, lot, movement).id


def newest() -> AuditEntry:
    with unit_of_work(write=False) as current:
        found = current.scalars(select(AuditEntry).order_by(AuditEntry.number.desc())).first()
        assert found is not None
        current.expunge(found)
        return found


def note() -> None:
    services.record(None, "lot.used", subject="lot", subject_id=1, location_id=None)


def test_a_seal_costs_no_statement(app: Flask, lot: int, monkeypatch: pytest.MonkeyPatch) -> None:
    def save() -> list[str]:
        with watched(app) as statements, unit_of_work():
            post(lot)
            note()
        return list(statements)

    save()
    with_seal = save()
    assert newest().seals
    monkeypatch.setattr(ledger, "seal", lambda *_rows: None)
    without = save()
    assert newest().seals is None
    assert with_seal == without


def test_the_last_entry_of_the_unit_holds_them_and_a_unit_without_one_gets_one(lot: int) -> None:
    with unit_of_work():
        first = post(lot)
        note()
        second = post(lot)
        note()
    entry = newest()
    assert entry.action == "lot.used"
    assert entry.seals is not None
    assert set(json.loads(entry.seals)["dose_entry"]) == {str(first), str(second)}
    with unit_of_work():
        third = post(lot)
    entry = newest()
    assert (entry.action, set(json.loads(entry.seals or "")["dose_entry"])) == (
        "rows.sealed",
        {str(third)},
    )
    assert verify().ok


def test_what_a_savepoint_undoes_is_not_sealed(lot: int) -> None:
    with unit_of_work() as current:
        kept = post(lot)
        undone = current.begin_nested()
        post(lot)
        undone.rollback()
        note()
    assert set(json.loads(newest().seals or "")["dose_entry"]) == {str(kept)}
    assert verify().ok


def test_every_writer_of_a_sealed_row_seals_it(lot: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Seen from the other side: a row that nobody sealed is a finding."""
    monkeypatch.setattr(ledger, "seal", lambda *_rows: None)
    with unit_of_work():
        forgotten = post(lot)
        note()
    assert verify().others == (f"Dose entry {forgotten} was put in.",)


def test_the_newest_seal_of_a_row_counts(app: Flask, personas: Personas, lot: int) -> None:
    manager = scope_for(personas, "manager_a")
    with unit_of_work():
        document = documents.open_document(
            manager, documents.DocumentKind.WASTAGE, happened_on=day(), note="a"
        )
    with unit_of_work() as current:
        changed = current.get_one(documents.StockDocument, document.id)
        changed.note = "b"
        current.flush()
        services.seal(changed)
    assert verify().ok
    with db.engine.begin() as connection:
        connection.execute(text("UPDATE stock_document SET note = 'a'"))
    assert verify().others == (f"Stock document {document.id} was changed.",)


def test_very_many_wrong_rows_are_named_in_part(lot: int) -> None:
    with db.engine.begin() as connection:
        for number in range(NAMED + 5):
            connection.execute(
                text(
                    "INSERT INTO stock_document (kind, location_id, happened_on, reason, vial, "
                    "note, created_at, created_by_id) VALUES ('wastage', 1, '2026-01-01', '', '', "
                    ":note, '2026-01-01 00:00:00', 1)"
                ),
                {"note": str(number)},
            )
    said = verify().others
    assert len(said) == NAMED + 1
    assert said[-1] == "Stock document: further rows: 5."


def test_an_empty_column_added_later_leaves_older_digests_as_they_are() -> None:
    assert row_text("t", {"id": 1, "a": 2}) == row_text("t", {"id": 1, "a": 2, "later": None})
    assert row_text("t", {"id": 1, "a": None}) != row_text("t", {"id": 1, "a": ""})
    assert row_text("t", {"id": 1, "a": True}) == row_text("t", {"id": 1, "a": 1})
    assert row_text("t", {"id": 1}) != row_text("u", {"id": 1})


def test_digests_are_taken_once_and_what_is_left_is_known() -> None:
    held = Digests()
    numbers = [1, 5, 1_023, 1_024, 70_000, 2**40]
    for number in numbers:
        held.put(number, number.to_bytes(16))
    held.put(5, b"x" * 16)
    assert held.take(5) == b"x" * 16
    assert held.take(5) is None
    assert held.take(6) is None
    assert list(held.left()) == [1, 1_023, 1_024, 70_000, 2**40]
    assert len(held.pages) == 4


def test_what_is_sealed_is_what_the_documents_say(app: Flask) -> None:
    with app.app_context():
        found = seals.sealed_models()
        assert {*found} == {
            *("dose_entry", "shipment", "stock_document", "transfer", "transfer_line"),
            *("vaccine_inventory", "administration", "adverse_event", "lot_correction"),
        }
        columns = set(found["dose_entry"].__table__.columns.keys())
        assert columns == {"id", *found["dose_entry"].__sealed__}, "every field of an entry counts"
