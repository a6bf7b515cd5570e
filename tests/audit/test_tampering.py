"""AUD-1: whatever is done to the trail directly in the database is found."""

import json
import random
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from flask import Flask
from sqlalchemy import Connection, select, text

from portal.audit import anchor as anchors
from portal.audit.chain import entry_hash
from portal.audit.commands import audit
from portal.audit.models import AuditEntry, AuditHead
from portal.audit.services import record
from portal.audit.verify import daily, faults, verify
from portal.db import db, unit_of_work
from portal.jobs import JobFailed
from portal.settings import current as settings
from tests.effort import amount, some

LENGTH = 60
OLD = 40
ENTRY, HEAD = AuditEntry.__table__, AuditHead.__table__


def grow(number: int) -> None:
    with unit_of_work():
        for one in range(number):
            record(
                None,
                f"thing.{random.choice(['seen', 'changed'])}",
                subject="thing",
                subject_id=one,
                location_id=one % 3 or None,
                summary=f"number {one}",
                before={"n": one},
                after={"n": one + 1},
            )


class Vault:
    """The trail's tables as somebody with the database file in hand can treat them."""

    def __init__(self) -> None:
        self.removed: list[str] = []
        with db.engine.begin() as connection:
            self.disarm(connection)
        self.entries, self.head = self.read()

    def disarm(self, connection: Connection) -> None:
        if db.engine.dialect.name == "sqlite":
            for name, statement in connection.execute(
                text("SELECT name, sql FROM sqlite_master WHERE type = 'trigger'")
            ).all():
                connection.execute(text(f"DROP TRIGGER {name}"))
                self.removed.append(statement)
        else:
            connection.execute(text("ALTER TABLE audit_entry DISABLE TRIGGER ALL"))
            connection.execute(text("ALTER TABLE audit_head DISABLE TRIGGER ALL"))

    def arm(self) -> None:
        """Put the triggers back."""
        with db.engine.begin() as connection:
            for statement in self.removed:
                connection.exec_driver_sql(statement)
            if db.engine.dialect.name != "sqlite":
                for table in ("audit_entry", "audit_head"):
                    connection.execute(text(f"ALTER TABLE {table} ENABLE TRIGGER ALL"))

    def read(self) -> tuple[list[dict[str, Any]], dict[str, Any]]:
        with db.engine.connect() as connection:
            rows = connection.execute(select(ENTRY).order_by(ENTRY.c.number)).mappings()
            entries = [dict(row) for row in rows]
            head = dict(connection.execute(select(HEAD)).mappings().one())
        return entries, head

    def write(self, entries: list[dict[str, Any]], head: dict[str, Any] | None) -> None:
        with db.engine.begin() as connection:
            connection.execute(ENTRY.delete())
            connection.execute(HEAD.delete())
            if entries:
                connection.execute(ENTRY.insert(), entries)
            if head is not None:
                connection.execute(HEAD.insert(), [head])


@pytest.fixture
def vault(app: Flask):
    with app.app_context():
        grow(OLD)
        first = Vault()
        grow(LENGTH - OLD)
        assert verify().entries == LENGTH
        made = Vault()
        made.old_head, made.removed = first.head, first.removed  # type: ignore[attr-defined]
        yield made


def tamper(chance: random.Random, vault: Vault) -> tuple[str, int | None]:
    """Do one bad thing; says what, and the first number that is wrong."""
    entries = [dict(entry) for entry in vault.entries]
    head = dict(vault.head)
    at = chance.randrange(LENGTH)
    kind = chance.choice(
        ["edit", "hash", "delete", "insert", "append", "swap", "cut", "cut and old head", "head"]
    )
    first: int | None = at + 1
    if kind == "edit":
        column, value = chance.choice(
            [
                ("summary", "nothing happened"),
                ("actor_id", 99),
                ("actor_username", "somebody.else"),
                ("action", "thing.forgiven"),
                ("subject", "other"),
                ("subject_id", 4711),
                ("location_id", 77),
                ("before", None),
                ("before", '{"n":4711}'),
                ("after", f'{{"n": {entries[at]["subject_id"] + 1}}}'),
                ("at", entries[at]["at"].replace(microsecond=1)),
            ]
        )
        entries[at][column] = value
        kind = f"edit {column}"
    elif kind == "hash":
        entries[at]["hash"] = chance.choice(["f" * 64, "", entries[at - 1]["hash"]])
    elif kind == "delete":
        del entries[at]
    elif kind == "insert":
        for entry in entries[at:]:
            entry["number"] += 1
        entries.insert(at, {**chance.choice(vault.entries), "number": at + 1, "summary": "new"})
    elif kind == "append":
        forged = {**entries[at], "number": LENGTH + 1}
        forged["hash"] = entry_hash(b"not the key", entries[-1]["hash"], forged)
        entries.append(forged)
        head.update(count=LENGTH + 1, hash=forged["hash"])
        first = LENGTH + 1
    elif kind == "swap":
        other = chance.choice([one for one in range(LENGTH) if one != at])
        entries[at]["number"], entries[other]["number"] = other + 1, at + 1
        entries.sort(key=lambda entry: entry["number"])
        first = min(at, other) + 1
    elif kind == "cut":
        del entries[at:]
    elif kind == "cut and old head":
        del entries[OLD:]
        head = dict(vault.old_head)  # type: ignore[attr-defined]
        first = OLD + 1
    else:
        head.update(chance.choice([{"count": LENGTH - 1}, {"hash": "0" * 64}, {"mac": ""}]))
        first = None
    vault.write(entries, head)
    return kind, first


@pytest.mark.both_databases
@pytest.mark.parametrize("seed", some([1, 2], short=1))
def test_fifty_random_tamperings_are_all_found(vault: Vault, seed: int) -> None:
    chance = random.Random(seed)
    seen = set()
    for _round in range(amount(short=20, full=50)):
        kind, first = tamper(chance, vault)
        seen.add(kind.partition(" ")[0])
        verdict = verify()
        assert not verdict.ok, kind
        assert verdict.first_bad == first, (kind, verdict)
        vault.write(vault.entries, vault.head)
        assert verify().ok
    assert len(seen) >= 7


def test_all_entries_gone_and_the_end_put_back_to_the_start(vault: Vault) -> None:
    vault.write([], {"id": 1, "count": 0, "hash": "0" * 64, "mac": ""})
    assert verify().first_bad == 1


def test_the_end_of_the_chain_gone(vault: Vault) -> None:
    vault.write(vault.entries, None)
    assert not verify().ok


def test_a_whole_other_trail_made_with_the_key_is_found_by_the_anchor(vault: Vault) -> None:
    """Somebody who can use the running portal's key, but not write beside the database."""
    vault.write([], {"id": 1, "count": 0, "hash": "0" * 64, "mac": ""})
    grow(LENGTH + 5)
    verdict = verify()
    assert not verdict.ok
    assert verdict.first_bad == LENGTH


def test_a_changed_anchor_is_found(vault: Vault) -> None:
    path = settings().instance / anchors.NAME
    good = path.read_text()
    for bad in (
        "",
        "{}",
        "nonsense",
        json.dumps({**json.loads(good), "number": 1}),
        json.dumps({**json.loads(good), "mac": "é"}),
    ):
        path.write_text(bad)
        assert not verify().ok, bad
        assert path.read_text() == bad, "evidence is kept"
    path.write_text(good)
    assert verify().ok


def test_the_anchor_only_moves_forward(app: Flask, tmp_path: Path) -> None:
    key = b"k" * 32
    assert anchors.move_forward(tmp_path, key, anchors.Anchor(5, "a" * 64))
    assert not anchors.move_forward(tmp_path, key, anchors.Anchor(4, "b" * 64))
    assert not anchors.move_forward(tmp_path, key, anchors.Anchor(5, "b" * 64))
    assert anchors.read(tmp_path, key) == anchors.Anchor(5, "a" * 64)
    assert anchors.move_forward(tmp_path, key, anchors.Anchor(6, "b" * 64))
    assert anchors.read(tmp_path, key) == anchors.Anchor(6, "b" * 64)
    assert [path.name for path in tmp_path.glob(".*")] == [], "nothing half-written is left"


def test_a_row_that_cannot_even_be_read_is_named(vault: Vault, database_kind: str) -> None:
    if database_kind != "sqlite":
        pytest.skip("PostgreSQL holds no text that is not text")
    with db.engine.begin() as connection:
        connection.exec_driver_sql(
            "UPDATE audit_entry SET summary = CAST(x'ff00fe' AS TEXT) WHERE number = 33"
        )
    assert verify().first_bad == 33
    with db.engine.begin() as connection:
        connection.exec_driver_sql("UPDATE audit_entry SET at = 'soon' WHERE number = 21")
    assert verify().first_bad == 21
    with db.engine.begin() as connection:
        connection.exec_driver_sql("UPDATE audit_entry SET before = x'00' WHERE number = 12")
    assert verify().first_bad == 12


def test_the_command_and_the_daily_job_tell(vault: Vault, app: Flask) -> None:
    told = CliRunner().invoke(audit, ["verify"])
    assert "trigger audit_entry_no_update of audit_entry" in told.output
    vault.arm()
    assert CliRunner().invoke(audit, ["verify"]).output == "60 entries, unbroken.\n"
    assert daily() == "60 entries, unbroken"
    assert faults() == []
    with db.engine.begin() as connection:
        vault.disarm(connection)
    vault.entries[16]["summary"] = "x"
    vault.write(vault.entries, vault.head)
    result = CliRunner().invoke(audit, ["verify"])
    assert result.exit_code == 1
    assert "entry 17" in result.output
    with pytest.raises(JobFailed, match="entry 17"):
        daily()
    assert len(faults()) == 1


def test_the_anchor_stays_where_the_trail_was_last_whole(vault: Vault) -> None:
    held = anchors.read(settings().instance, settings().key("audit"))
    assert held is not None
    assert held.number == LENGTH
    grow(1)
    with unit_of_work(write=False) as current:
        assert current.get_one(AuditHead, 1).count == LENGTH + 1
    entries, head = Vault().read()
    entries[3]["summary"] = "x"
    vault.write(entries, head)
    assert verify().first_bad == 4
    assert anchors.read(settings().instance, settings().key("audit")) == held
