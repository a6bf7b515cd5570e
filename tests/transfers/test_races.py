"""Two managers receive the same transfer while its sender cancels and its receiver refuses it."""

import threading
import time
from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select, update
from sqlalchemy.exc import DBAPIError

from blueprints.inventory.leaving.selection import Chosen
from blueprints.transfers import services
from blueprints.transfers.checks import conserved, listed
from blueprints.transfers.models import TransferLine
from blueprints.transfers.rules import LineState
from blueprints.transfers.services import Receipt, Sending
from portal import db as portal_db
from portal.access.scope import Scope
from portal.clock import now
from portal.db import db, run, session, unit_of_work
from portal.errors import Conflict, PortalError
from tests.effort import amount, some
from tests.inventory import stock
from tests.inventory.careless import begin_deferred
from tests.personas import Personas
from tests.processes import FORK, results, start

pytestmark = pytest.mark.slow("lets several processes race")

# A round for each who may be started last.
REPEATS = amount(short=4, full=20)
PARTIES = ("receive", "receive", "cancel", "refuse")


def send(scope: Scope, to: int, record: int) -> tuple[int, int]:
    """A transfer of ten doses: its id and its line's."""
    with unit_of_work():
        sent = services.send(
            scope,
            Sending(
                lines=[Chosen(record, 10)],
                to_location_id=to,
                sent_on=stock.day(),
                reason="surplus",
            ),
        )
        return sent.transfer.id, sent.lines[0].row.id


def settle(barrier: Any, scope: Scope, what: str, transfer: int, line: int) -> tuple[str, str]:
    """Try to settle the transfer: what was done, or what was said instead."""

    def act() -> bool:
        if what == "receive":
            receipt = Receipt(line_id=line, received_on=stock.day(), doses=10)
            services.receive(scope, receipt)
        else:
            getattr(services, what)(scope, transfer, note="race")
        return True

    barrier.wait(20)
    try:
        run(act, write=True)
    except PortalError as refusal:
        return "told", refusal.message
    except DBAPIError as error:
        return "quarrel", type(error).__name__
    return "done", what


Party = tuple[Any, Scope, str, int, int]


def in_processes(app: Flask, parties: list[Party]) -> list[tuple[str, str]]:
    """Each party in a process of its own."""
    return results([start(app, settle, *party) for party in parties])


def in_threads(app: Flask, parties: list[Party]) -> list[tuple[str, str]]:
    """All parties in one process."""
    answers: list[tuple[str, str]] = []

    def work(party: Party) -> None:
        with app.app_context():
            try:
                answers.append(settle(*party))
            finally:
                db.session.remove()

    threads = [threading.Thread(target=work, args=(party,)) for party in parties]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    return answers


def faults(
    app: Flask,
    personas: Personas,
    way: Callable[[Flask, list[Party]], list[tuple[str, str]]],
    barrier: Callable[[], Any],
    repeats: int,
) -> list[str]:
    """What went wrong in so many races."""
    found = []
    with app.app_context():
        sender = stock.scope_for(personas, "manager_a")
        receivers = [stock.scope_for(personas, "manager_b") for _each in range(3)]
        record = stock.add(sender, doses=10 * repeats)
    for turn in range(repeats):
        with app.app_context():
            transfer, line = send(sender, personas.locations["B"], record)
        gate = barrier()
        scopes = [receivers[0], receivers[1], sender, receivers[2]]
        parties = [
            (gate, scope, what, transfer, line) for scope, what in zip(scopes, PARTIES, strict=True)
        ]
        # Who is started last is not always the same.
        answers = way(app, parties[turn % 4 :] + parties[: turn % 4])
        done = [what for answer, what in answers if answer == "done"]
        told = [sentence for answer, sentence in answers if answer == "told"]
        found += [sentence for answer, sentence in answers if answer == "quarrel"]
        if len(done) != 1:
            found.append(f"{done} were done")
        found += [
            f"not told who: {sentence}"
            for sentence in told
            if "Manager " not in sentence or " on " not in sentence
        ]
    with app.app_context():
        found += stock.wrong()
        with unit_of_work(write=False):
            found += [*conserved(), *listed()]
    return found


@pytest.mark.both_databases
@pytest.mark.timeout(240)
@pytest.mark.parametrize("way", some([in_processes, in_threads], short=1))
def test_one_settles_a_transfer_and_the_others_are_told_who(
    app: Flask, personas: Personas, way: Callable[..., Any]
) -> None:
    barrier = (
        (lambda: FORK.Barrier(len(PARTIES)))
        if way is in_processes
        else (lambda: threading.Barrier(len(PARTIES)))
    )
    assert faults(app, personas, way, barrier, REPEATS) == []


def claim_without_asking(
    scope: Scope, _transfer_id: int, line_ids: list[int], state: LineState, **values: Any
) -> None:
    """Settle what was under way a moment ago, when all the others had looked, too."""
    time.sleep(0.05)
    session().execute(
        update(TransferLine)
        .where(TransferLine.id.in_(line_ids))
        .values(state=state, settled_at=now(), settled_by_id=scope.user.id, **values)
        .execution_options(synchronize_session="fetch")
    )


def test_the_race_would_show_a_claim_that_does_not_ask(
    app: Flask, personas: Personas, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(services, "_claim", claim_without_asking)
    monkeypatch.setattr(services, "lock_arrivals", lambda _scope: None)
    monkeypatch.setattr(portal_db, "begin", begin_deferred)
    monkeypatch.setattr(portal_db, "may_retry", lambda _error: False)
    made = faults(app, personas, in_processes, lambda: FORK.Barrier(len(PARTIES)), 5)
    assert made != []


def two_boxes_at_once(app: Flask, personas: Personas, repeats: int) -> list[str]:
    """Two managers receive the two records of a transfer at the same time; what the lists of the
    locations say wrongly afterwards."""
    with app.app_context():
        sender = stock.scope_for(personas, "manager_a")
        receivers = [stock.scope_for(personas, "manager_b") for _each in range(2)]
        records = [stock.add(sender, lot=lot) for lot in ("LOT1", "LOT2")]
    for _turn in range(repeats):
        with app.app_context(), unit_of_work():
            sent = services.send(
                sender,
                Sending(
                    lines=[Chosen(record, 1) for record in records],
                    to_location_id=personas.locations["B"],
                    sent_on=stock.day(),
                    reason="surplus",
                ),
            )
        gate = FORK.Barrier(2)
        children = [
            start(app, receive_one, gate, scope, line.row.id)
            for scope, line in zip(receivers, sent.lines, strict=True)
        ]
        assert results(children) == ["done", "done"]
    with app.app_context(), unit_of_work(write=False):
        return list(listed())


def receive_one(barrier: Any, scope: Scope, line: int) -> str:
    """Receive the one dose of a line."""

    def act() -> str:
        services.receive(scope, Receipt(line_id=line, received_on=stock.day(), doses=1))
        return "done"

    barrier.wait(20)
    return run(act, write=True)


@pytest.mark.both_databases
@pytest.mark.timeout(240)
def test_two_who_receive_at_once_leave_no_box_in_transit(app: Flask, personas: Personas) -> None:
    assert two_boxes_at_once(app, personas, amount(short=3, full=10)) == []


@pytest.mark.thorough
@pytest.mark.timeout(240)
def test_the_boxes_would_show_that_nobody_waits(
    app: Flask, personas: Personas, monkeypatch: pytest.MonkeyPatch, database_kind: str
) -> None:
    if database_kind == "sqlite":
        pytest.skip("SQLite has one writer")
    monkeypatch.setattr(services, "lock_arrivals", lambda _scope: None)
    monkeypatch.setattr(services.list_rows, "lock_rows", lambda _transfer: None)
    assert two_boxes_at_once(app, personas, 20) != []


def test_a_receipt_after_a_cancellation_says_so(app: Flask, personas: Personas) -> None:
    with app.app_context():
        sender = stock.scope_for(personas, "manager_a")
        receiver = stock.scope_for(personas, "manager_b")
        record = stock.add(sender)
        transfer, line = send(sender, personas.locations["B"], record)
        with unit_of_work():
            services.cancel(sender, transfer, note="Wrong clinic")
        receipt = Receipt(line_id=line, received_on=stock.day(), doses=10)
        said = r"Manager A canceled this transfer on \d\d/"
        with pytest.raises(Conflict, match=said), unit_of_work():
            services.receive(receiver, receipt)
        with unit_of_work(write=False) as current:
            assert current.scalars(select(TransferLine.state)).one() == "cancelled"
