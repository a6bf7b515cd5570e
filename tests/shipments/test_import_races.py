"""Imports at once with others, and with who receives (SPEC C1)."""

import io
import time

import pytest
from flask import Flask

from blueprints.inventory.deliveries import SEPARATE
from blueprints.shipments import imports, intake
from blueprints.shipments.models import Order
from portal import db
from portal.audit.verify import verify
from portal.db import unit_of_work
from portal.messages.models import Message
from portal.sheets import csv_file
from tests.inventory import careless, stock
from tests.personas import Personas
from tests.processes import together
from tests.shipments.files import csv, row, take_in
from tests.shipments.taken import count, shipments


def import_the_same(index: int, content: bytes) -> tuple[str, int]:
    from portal.settings import current

    with unit_of_work():
        run_id = imports.receive_file(
            current(), None, name=f"{index}.csv", content=io.BytesIO(content), source="command"
        ).id
    run = imports.process_or_follow(current(), run_id)
    assert run.failed == 0
    return run.state, run.added


def bring_the_same_three_times(app: Flask) -> None:
    """Fails on anything that is there twice, not at all, or went wrong."""
    content = csv(*(row(id=f"SHP-{one}", order=f"EX-{one // 2}") for one in range(400)))
    results = together(app, 3, import_the_same, content)
    assert [state for state, _added in results] == ["finished"] * 3
    assert sum(added for _state, added in results) == 400 == len(shipments(app))
    assert count(app, Order) == 200
    assert count(app, Message) == 800
    with app.app_context():
        assert verify().ok


def test_the_same_file_by_three_processes_at_once_brings_each_shipment_once(
    app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(csv_file, "BATCH_ROWS", 40)
    bring_the_same_three_times(app)


def test_the_three_processes_would_show_an_intake_that_nobody_holds(
    app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(csv_file, "BATCH_ROWS", 40)
    monkeypatch.setattr(intake, "_one_at_a_time", lambda: time.sleep(0.01))
    monkeypatch.setattr(db, "begin", careless.begin_deferred)
    monkeypatch.setattr(db, "_may_retry", lambda _error: False)
    with pytest.raises(AssertionError):
        bring_the_same_three_times(app)


def receive_or_import(index: int, content: bytes, scopes: list[object]) -> int:
    """Two take the file in again and again, corrected each time; two add its doses."""
    from portal.settings import current

    done = 0
    for turn in range(12):
        if index < 2:
            changed = content.replace(b"1Z999AA10123456784", f"1Z999AA1{index}{turn:02}".encode())
            import_the_same_or_refused(current(), changed)
        else:
            scope = scopes[index - 2]
            stock.add(
                scope,  # type: ignore[arg-type]
                doses=1,
                lot=f"L{index}-{turn}",
                shipment_id=turn + 1,
                duplicate=SEPARATE,
            )
            done += 1
    return done


def import_the_same_or_refused(settings: object, content: bytes) -> None:
    with unit_of_work():
        run_id = imports.receive_file(
            settings,  # type: ignore[arg-type]
            None,
            name="again.csv",
            content=io.BytesIO(content),
            source="command",
        ).id
    assert imports.process_or_follow(settings, run_id).state == "finished"  # type: ignore[arg-type]


def test_corrections_and_receipts_at_once_neither_fail_nor_lose_doses(
    app: Flask, personas: Personas
) -> None:
    content = csv(*(row(id=f"SHP-{one}", order=f"EX-{one}") for one in range(12)))
    take_in(app, content)
    with app.app_context():
        scopes = [stock.scope_for(personas, who) for who in ("manager_a", "manager_ab")]
        results = together(app, 4, receive_or_import, content, scopes)
        assert results == [0, 0, 12, 12]
        assert stock.wrong() == []
    assert [one.doses_received for one in shipments(app)] == [2] * 12
