"""Many writers, one chain."""

import random
import time

import pytest
from flask import Flask
from sqlalchemy import select
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from portal.audit import services
from portal.audit.chain import entry_hash, head_mac
from portal.audit.models import AuditEntry, AuditHead
from portal.audit.services import record
from portal.audit.verify import verify
from portal.db import db, run, session
from portal.errors import Conflict
from portal.places.models import Organization
from portal.settings import current as settings
from tests.effort import amount
from tests.processes import together

pytestmark = pytest.mark.both_databases

WRITERS, UNITS = 8, amount(short=10, full=25)


def write(index: int) -> int:
    """Make audited changes; how many were acknowledged."""
    chance = random.Random(index)
    done = 0
    for number in range(UNITS):
        entries = chance.randrange(1, 4)

        def change(number: int = number, entries: int = entries) -> bool:
            session().add(Organization(name=f"{index}/{number}"))
            for one in range(entries):
                record(None, "x.y", subject="x", subject_id=one, location_id=None)
            return True

        try:
            run(change, write=True)
        except (Conflict, DBAPIError):
            continue
        done += entries
    return done


def planned() -> int:
    """How many changes all writers want to make."""
    chances = [random.Random(index) for index in range(WRITERS)]
    return sum(chance.randrange(1, 4) for chance in chances for _unit in range(UNITS))


def test_eight_processes_keep_one_unbroken_chain(app: Flask) -> None:
    recorded = sum(together(app, WRITERS, write))
    with app.app_context():
        assert verify().entries == recorded == planned()
        with db.engine.connect() as connection:
            numbers = list(connection.scalars(select(AuditEntry.number)))
        assert sorted(numbers) == list(range(1, recorded + 1))


def forgetful_append(current: Session) -> None:
    """As the real one, but the end of the chain is read without holding it."""
    entries = current.info.pop(services.GATHERED)
    with db.engine.connect() as other:
        head = other.execute(select(AuditHead.count.label("n"), AuditHead.hash)).one()
    time.sleep(0.002)
    number, last, key = head.n, head.hash, settings().key("audit")
    for entry in entries:
        number += 1
        entry["number"] = number
        entry["hash"] = last = entry_hash(key, last, entry)
        current.merge(AuditEntry(**entry))
    current.merge(AuditHead(id=1, count=number, hash=last, mac=head_mac(key, number, last)))


def test_the_race_would_show_a_chain_end_that_is_not_held(
    app: Flask, monkeypatch: pytest.MonkeyPatch, database_kind: str
) -> None:
    if database_kind == "sqlite":
        pytest.skip("SQLite's write lock holds it from the beginning of the unit")
    monkeypatch.setattr(services, "_append", forgetful_append)
    recorded = sum(together(app, WRITERS, write))
    with app.app_context():
        verdict = verify()
        assert not (verdict.ok and verdict.entries == recorded == planned())


def test_verifying_beside_writers_sees_a_whole_chain_each_time(app: Flask) -> None:
    answers = together(app, 3, write_or_verify)
    assert all(answers)


def write_or_verify(index: int) -> bool:
    if index:
        return write(index) > 0
    return all(verify().ok for _round in range(amount(short=8, full=20)))
