"""Imports at once with others, and with who receives (SPEC C1)."""

import io
import time
from collections.abc import Sequence

import pytest
from flask import Flask
from sqlalchemy import select

from blueprints.inventory.adding.deliveries import SEPARATE
from blueprints.shipments import intake
from blueprints.shipments.importing import IMPORT
from blueprints.shipments.models import Order, Shipment
from blueprints.shipments.placing import Placed
from portal import db
from portal.audit.verify import verify
from portal.db import unit_of_work
from portal.imports import running
from portal.imports.receiving import receive_file
from portal.messages.models import Message
from portal.sheets import csv_file
from tests.inventory import careless, stock
from tests.inventory.careless import be_careless
from tests.people.steps import trail
from tests.personas import Personas
from tests.processes import together
from tests.shipments.files import csv, row, take_in
from tests.shipments.taken import count, shipments

pytestmark = [
    pytest.mark.both_databases,
    pytest.mark.slow("lets several processes race"),
]


def import_the_same(index: int, content: bytes) -> tuple[str, int]:
    from portal.settings import current

    with unit_of_work():
        run_id = receive_file(
            IMPORT,
            current(),
            None,
            name=f"{index}.csv",
            content=io.BytesIO(content),
            source="command",
        ).id
    run = running.process_or_follow(current(), run_id)
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


@pytest.mark.thorough
def test_the_three_processes_would_show_an_intake_that_nobody_holds(
    app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(csv_file, "BATCH_ROWS", 40)
    monkeypatch.setattr(intake, "_one_at_a_time", lambda: time.sleep(0.01))
    # Whom the unique index stops would look again, and find what the other one brought.
    monkeypatch.setattr(db, "is_taken", lambda _error: False)
    be_careless(monkeypatch, careless.NO_LOCKS)
    with pytest.raises(AssertionError):
        bring_the_same_three_times(app)


def receive_or_import(index: int, content: bytes, scopes: list[object]) -> int:
    """Two take the file in again and again, corrected each time; two add its doses."""
    from portal.settings import current

    done = 0
    for turn in range(12):
        if index < 2:
            changed = content.replace(b"EX-", f"EX{index}{turn:02}-".encode())
            import_the_same_or_refused(current(), changed)
        else:
            time.sleep(0.05)  # so that files come before, between and after
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
        run_id = receive_file(
            IMPORT,
            settings,  # type: ignore[arg-type]
            None,
            name="again.csv",
            content=io.BytesIO(content),
            source="command",
        ).id
    assert running.process_or_follow(settings, run_id).state == "finished"  # type: ignore[arg-type]


def corrected_after_receipt(app: Flask) -> set[int]:
    """The shipments that a file has changed although doses of them had been received."""
    received: dict[int, int] = {}
    for entry in trail(app, "inventory.received"):
        received.setdefault(entry.values_after["shipment_id"], entry.number)
    return {
        entry.subject_id
        for entry in trail(app, "shipment.corrected")
        if entry.subject_id in received and entry.number > received[entry.subject_id]
    }


def correct_and_receive(app: Flask, personas: Personas) -> None:
    """Fails if a call failed, a dose was lost, or what was received was changed."""
    content = csv(*(row(id=f"SHP-{one}", order=f"EX-{one}") for one in range(12)))
    with app.app_context():
        scopes = [stock.scope_for(personas, who) for who in ("manager_a", "manager_ab")]
        results = together(app, 4, receive_or_import, content, scopes)
        assert results == [0, 0, 12, 12]
        assert stock.wrong() == []
    assert [one.doses_received for one in shipments(app)] == [2] * 12
    assert trail(app, "shipment.corrected"), "some corrections came in time"
    assert corrected_after_receipt(app) == set()


@pytest.fixture
def announced(app: Flask) -> Flask:
    """The application with twelve shipments on their way."""
    take_in(app, csv(*(row(id=f"SHP-{one}", order=f"EX-{one}") for one in range(12))))
    return app


def test_corrections_and_receipts_at_once_neither_fail_nor_lose_doses(
    announced: Flask, personas: Personas
) -> None:
    correct_and_receive(announced, personas)


@pytest.mark.thorough
def test_the_same_would_show_shipments_that_nobody_holds(
    announced: Flask, personas: Personas, monkeypatch: pytest.MonkeyPatch
) -> None:
    def look(
        _intake: intake.ShipmentIntake, placed: Sequence[Placed]
    ) -> dict[tuple[str, int], Shipment]:
        numbers = {one.shipment_number for one in placed}
        found = db.session().scalars(select(Shipment).where(Shipment.number.in_(numbers))).all()
        time.sleep(0.05)
        return {(shipment.number, shipment.product_id): shipment for shipment in found}

    monkeypatch.setattr(intake.ShipmentIntake, "_known", look)
    be_careless(monkeypatch, careless.ARRIVALS + careless.NO_LOCKS)
    with pytest.raises(AssertionError):
        correct_and_receive(announced, personas)
