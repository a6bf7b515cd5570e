"""An import whose worker is killed again and again ends as if nothing had happened."""

import io
import random
import time
from collections import Counter
from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import func, select

from blueprints.shipments.importing import IMPORT
from blueprints.shipments.models import Order, Shipment
from portal.audit.models import AuditEntry
from portal.audit.verify import verify
from portal.db import begin, commit, unit_of_work
from portal.imports import running
from portal.imports.models import ImportError, ImportRun
from portal.imports.receiving import receive_file
from portal.messages.models import Message
from portal.settings import current
from portal.sheets import csv_file
from tests.effort import amount, seed
from tests.processes import FORK, start
from tests.shipments.files import csv, row

pytestmark = [
    pytest.mark.both_databases,
    pytest.mark.slow("kills processes at many moments"),
]

ROWS = amount(short=500, full=1_500)
BATCH = 50
KILLS = amount(short=4, full=25)
WANTED = max(1, KILLS // 3)
LEASE = timedelta(seconds=0.3)


def content() -> bytes:
    """A long file; every 40th is wrong, every 60th repeats the one before."""
    rows = []
    for number in range(ROWS):
        name = number - 1 if number % 60 == 59 else number
        values = {"id": f"SHP-{name:05}", "order": f"EX-{name // 3}", "lot": f"L{name}"}
        values["pin"] = f"NCA65000{name % 3 + 1}"
        if number % 40 == 7:
            values["ndc"] = "12345-6789-01"
        rows.append(row(**values))
    return csv(*rows)


def receive(app: Flask) -> int:
    with app.app_context(), unit_of_work():
        run = receive_file(
            IMPORT, current(), None, name="big.csv", content=io.BytesIO(content()), source="command"
        )
        return run.id


def work(run_id: int) -> str:
    """What a worker does: take the file in as soon as it is free."""
    return running.process_or_follow(current(), run_id).state


def taken_in() -> dict[str, object]:
    """All that an import leaves behind, without ids and moments."""
    with unit_of_work(write=False) as session:
        run = session.scalars(select(ImportRun)).one()
        shipments = session.execute(
            select(Shipment.number, Shipment.lot, Shipment.location_id, Shipment.order_number)
        )
        return {
            "run": (run.state, run.rows_done, run.added, run.unchanged, run.updated, run.failed),
            "shipments": Counter(map(tuple, shipments)),
            "orders": Counter(map(tuple, session.execute(select(Order.number, Order.location_id)))),
            "errors": Counter(
                map(tuple, session.execute(select(ImportError.row, ImportError.message)))
            ),
            "mails": Counter(map(tuple, session.execute(select(Message.address, Message.kind)))),
            "audit": Counter(
                map(tuple, session.execute(select(AuditEntry.action, AuditEntry.summary)))
            ),
        }


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Small batches and short leases, so that kills fall between and into many of them."""
    monkeypatch.setattr(running, "LEASE", LEASE)
    monkeypatch.setattr(running, "FOLLOW_SECONDS", 0.02)
    monkeypatch.setattr(running, "MOST_ATTEMPTS", 1_000)
    monkeypatch.setattr(csv_file, "BATCH_ROWS", BATCH)


def undisturbed(app: Flask) -> dict[str, object]:
    """What one worker makes of the file; the database is emptied of it by the caller."""
    run_id = receive(app)
    with app.app_context():
        work(run_id)
        return taken_in()


def progress(app: Flask) -> tuple[int, str]:
    """The last row that was kept, and the state of the run."""
    with app.app_context(), unit_of_work(write=False) as session:
        row, state = session.execute(select(ImportRun.last_row, ImportRun.state)).one()
        return row, state


def kill_again_and_again(app: Flask, run_id: int) -> int:
    """Start a worker and kill it, so many times; how many kills fell into the reading."""
    chance, hit = random.Random(seed(7)), 0
    for kill in range(3 * KILLS):
        if kill >= KILLS and hit >= WANTED:
            break
        before = progress(app)
        child = start(app, work, run_id)
        deadline = time.monotonic() + chance.choice((0.05, 5))
        while progress(app) == before and time.monotonic() < deadline:
            time.sleep(0.005)
        time.sleep(chance.uniform(0, 0.1))
        child.kill()
        hit += progress(app)[1] == "reading"
        time.sleep(LEASE.total_seconds() if chance.random() < 0.5 else 0)
    return hit


@pytest.mark.timeout(240)
@pytest.mark.usefixtures("quick")
def test_kills_change_nothing_in_the_end(app: Flask, twin: Flask) -> None:
    expected = undisturbed(twin)
    run_id = receive(app)
    hit = kill_again_and_again(app, run_id)
    assert hit >= WANTED, f"only {hit} kills fell into the reading"
    with app.app_context():
        assert work(run_id) == "finished"
        assert taken_in() == expected
        assert verify().ok
        with unit_of_work(write=False) as session:
            once = list(session.scalars(select(Message.once)))
            assert len(once) == len(set(once)) > ROWS
            assert session.scalar(select(func.count()).select_from(Shipment)) == len(
                expected["shipments"]  # type: ignore[arg-type]
            )


@pytest.mark.thorough
@pytest.mark.timeout(240)
@pytest.mark.usefixtures("quick")
def test_the_kills_would_show_a_worker_that_forgets_how_far_it_was(
    app: Flask, twin: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    expected = undisturbed(twin)
    keep, between = running._keep_progress, FORK.Event()

    def careless(*arguments: object, **named: object) -> ImportRun:
        """The batch is committed before its progress is."""
        commit()
        between.set()
        time.sleep(0.5)
        begin(write=True)
        return keep(*arguments, **named)  # type: ignore[arg-type]

    run_id = receive(app)
    with monkeypatch.context() as patched:
        patched.setattr(running, "_keep_progress", careless)
        child = start(app, work, run_id)
        assert between.wait(60)
        child.kill()
    with app.app_context():
        work(run_id)
        assert taken_in() != expected
