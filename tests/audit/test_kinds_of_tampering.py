"""AUD-1, LED-4: every kind of tampering by hand in the database, one by one, is named."""

import json
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import Connection, create_engine, text

from blueprints.inventory.correcting.services import Adjustment, adjust
from blueprints.inventory.leaving.selection import Chosen
from blueprints.inventory.rules import DocumentKind, Kind
from blueprints.transfers.services import Sending, send
from blueprints.wastage.services import Loss, record_loss
from portal.audit import anchor as anchors
from portal.audit.models import AuditHead
from portal.audit.sealing import seal_existing
from portal.audit.services import record as audit
from portal.audit.verify import move_anchors, verify
from portal.checks import run_checks
from portal.db import db, session, unit_of_work
from portal.jobs import JobFailed
from portal.settings import current as settings
from tests.effort import some
from tests.inventory.stock import add, day, post, reverse, scope_for
from tests.personas import Personas


@dataclass
class Clinic:
    """A populated instance: a record with entries of several kinds, another one, a transfer; the
    trail anchored before its last entries."""

    record: int
    other: int
    wasted: int
    adjusted: int
    reversal: int
    line: int
    folder: Path
    old_head: dict[str, Any] = field(default_factory=dict)


def entry_of(document: int) -> int:
    return int(
        session().scalar(
            text("SELECT id FROM dose_entry WHERE document_id = :document"), {"document": document}
        )
    )


def head() -> dict[str, Any]:
    with unit_of_work(write=False) as current:
        row = current.get_one(AuditHead, 1)
        return {"count": row.count, "hash": row.hash, "mac": row.mac}


@pytest.fixture
def clinic(app: Flask, personas: Personas) -> Iterator[Clinic]:
    with app.app_context():
        seal_existing()
        manager = scope_for(personas, "manager_a")
        record, other = add(manager), add(manager, lot="022K20A", name="Moderna – 022K20A")
        with unit_of_work():
            wasted = entry_of(
                record_loss(
                    manager,
                    Loss(
                        kind=DocumentKind.WASTAGE,
                        lines=[Chosen(record, 5)],
                        happened_on=day(),
                        reason="expired",
                        vial="closed",
                        note="as it was",
                    ),
                ).id
            )
            adjusted = entry_of(
                adjust(
                    manager,
                    Adjustment(inventory_id=record, doses=3, happened_on=day(), reason="found"),
                ).id
            )
            sending = Sending(
                lines=[Chosen(record, 10)],
                to_location_id=personas.locations["B"],
                sent_on=day(),
                reason="surplus",
            )
            line = send(manager, sending).lines[0].row.id
        given = post(manager, record, Kind.ADMINISTERED, 2)
        reversal = reverse(manager, given)
        old = head()
        post(manager, record, Kind.ADMINISTERED, 1)
        move_anchors()
        folder = settings().instance
        clinic = Clinic(record, other, wasted, adjusted, reversal, line, folder, old)
        note(2)
        yield clinic


def note(times: int = 1) -> None:
    with unit_of_work():
        for _one in range(times):
            audit(None, "lot.seen", subject="lot", subject_id=1, location_id=None)


class Hand:
    """Somebody with the database open: what they do, without the triggers in their way."""

    def __init__(self, connection: Connection) -> None:
        self.connection = connection
        self.sqlite = connection.dialect.name == "sqlite"
        self.triggers: list[str] = []

    def __enter__(self) -> "Hand":
        if not self.sqlite:
            self.do("SET LOCAL session_replication_role = replica")
            return self
        rows = self.connection.execute(
            text("SELECT name, sql FROM sqlite_master WHERE type = 'trigger'")
        ).all()
        for name, statement in rows:
            self.connection.execute(text(f"DROP TRIGGER {name}"))
            self.triggers.append(statement)
        return self

    def __exit__(self, *_exception: object) -> None:
        for statement in self.triggers:
            self.connection.exec_driver_sql(statement)

    def do(self, statement: str, **values: Any) -> None:
        done = self.connection.execute(text(statement), values)
        assert done.rowcount, f"nothing was done: {statement}"

    def ask(self, statement: str, **values: Any) -> Any:
        return self.connection.execute(text(statement), values).scalar()

    def last(self) -> int:
        return int(self.ask("SELECT max(number) FROM audit_entry"))

    def mend(self, record: int) -> None:
        """Make the counters those of the ledger."""
        sums: dict[str, int] = dict.fromkeys(map(str, Kind), 0)
        rows = self.connection.execute(
            text("SELECT kind, sum(doses) FROM dose_entry WHERE inventory_id = :id GROUP BY kind"),
            {"id": record},
        )
        sums.update({kind: int(doses) for kind, doses in rows})
        came = sums["received"] + sums["transferred_in"] + sums["adjusted"]
        on_the_way = sums["transferred_out"] - sums["arrived"]
        values = {
            "total": came,
            "adjusted": sums["adjusted"],
            "given": sums["administered"],
            "wasted": sums["wasted"],
            "returned": sums["returned"],
            "way": on_the_way,
            "gone": sums["arrived"],
            "id": record,
        }
        self.do(
            "UPDATE vaccine_inventory SET doses_total = :total, doses_adjusted = :adjusted, "
            "doses_administered = :given, doses_wasted = :wasted, doses_returned = :returned, "
            "doses_in_transit = :way, doses_transferred = :gone, doses_available = "
            ":total - :given - :wasted - :returned - :way - :gone WHERE id = :id",
            **values,
        )


@contextmanager
def by_hand() -> Iterator[Hand]:
    engine = create_engine(db.engine.url)
    with engine.begin() as connection, Hand(connection) as hand:
        yield hand
    engine.dispose()


Deed = Callable[[Hand, Clinic], None]
KINDS: dict[str, tuple[Deed, str]] = {}


def kind(name: str, found: str) -> Callable[[Deed], Deed]:
    def keep(deed: Deed) -> Deed:
        KINDS[name] = (deed, found)
        return deed

    return keep


def of_entry(column: str, value: str, name: str = "") -> None:
    def deed(hand: Hand, clinic: Clinic) -> None:
        hand.do(f"UPDATE dose_entry SET {column} = {value} WHERE id = :id", id=clinic.wasted)
        hand.mend(clinic.record)

    KINDS[name or f"ledger: {column} changed"] = (deed, "Dose entry {wasted} was changed.")


of_entry("kind", "'returned'")
of_entry("doses", "4")
of_entry("reason", "'broken'")
of_entry("note", "'as it was not'")
of_entry("happened_on", "'2026-01-02'")
of_entry("recorded_at", "'2026-01-02 03:04:05.000006'")
of_entry("actor_id", "(SELECT max(id) FROM user_account)")
of_entry("document_id", "NULL")
of_entry("location_id", "(SELECT max(id) FROM location)")


@kind("ledger: shipment named afterwards", "Dose entry {wasted} was changed.")
def _(hand: Hand, clinic: Clinic) -> None:
    hand.do("UPDATE dose_entry SET shipment_id = 1 WHERE id = :id", id=clinic.wasted)


@kind("ledger: what a reversal reverses changed", "Dose entry {reversal} was changed.")
def _(hand: Hand, clinic: Clinic) -> None:
    hand.do(
        "UPDATE dose_entry SET reverses_id = (SELECT max(id) FROM dose_entry "
        "WHERE kind = 'administered' AND doses > 0) WHERE id = :id",
        id=clinic.reversal,
    )


@kind("ledger: moved to another record", "Dose entry {wasted} was changed.")
def _(hand: Hand, clinic: Clinic) -> None:
    hand.do(
        "UPDATE dose_entry SET inventory_id = :other WHERE id = :id",
        other=clinic.other,
        id=clinic.wasted,
    )
    hand.mend(clinic.record)
    hand.mend(clinic.other)


@kind("ledger: doses moved between two entries", "Dose entry {wasted} was changed.")
def _(hand: Hand, clinic: Clinic) -> None:
    hand.do("UPDATE dose_entry SET doses = doses - 1 WHERE id = :id", id=clinic.wasted)
    hand.do("UPDATE dose_entry SET doses = doses - 1 WHERE id = :id", id=clinic.adjusted)
    hand.mend(clinic.record)


@kind("ledger: two entries swapped", "Dose entry {wasted} was changed.")
def _(hand: Hand, clinic: Clinic) -> None:
    for old, new in ((clinic.wasted, -1), (clinic.adjusted, clinic.wasted), (-1, clinic.adjusted)):
        hand.do("UPDATE dose_entry SET id = :new WHERE id = :old", old=old, new=new)


@kind("ledger: an adjustment put in", "was put in.")
def _(hand: Hand, clinic: Clinic) -> None:
    hand.do(
        "INSERT INTO dose_entry (id, inventory_id, location_id, kind, doses, happened_on, "
        "recorded_at, actor_id, reason, note) SELECT (SELECT max(id) + 1 FROM dose_entry), "
        "inventory_id, location_id, 'adjusted', 50, happened_on, recorded_at, actor_id, 'found', "
        "'' FROM dose_entry WHERE id = :id",
        id=clinic.adjusted,
    )
    hand.mend(clinic.record)


@kind("ledger: a copy of an entry", "was put in.")
def _(hand: Hand, clinic: Clinic) -> None:
    hand.do(
        "INSERT INTO dose_entry (id, inventory_id, location_id, kind, doses, happened_on, "
        "recorded_at, actor_id, reason, note, document_id) SELECT (SELECT max(id) + 1 FROM "
        "dose_entry), inventory_id, location_id, kind, doses, happened_on, recorded_at, actor_id, "
        "reason, note, document_id FROM dose_entry WHERE id = :id",
        id=clinic.wasted,
    )
    hand.mend(clinic.record)


@kind("ledger: a wastage taken out", "Dose entry {wasted} was taken out.")
def _(hand: Hand, clinic: Clinic) -> None:
    hand.do("DELETE FROM dose_entry WHERE id = :id", id=clinic.wasted)
    hand.mend(clinic.record)


@kind("ledger: a reversal taken out", "Dose entry {reversal} was taken out.")
def _(hand: Hand, clinic: Clinic) -> None:
    hand.do("DELETE FROM dose_entry WHERE id = :id", id=clinic.reversal)
    hand.mend(clinic.record)


@kind("ledger: an entry taken out, later ones renumbered", "was changed.")
def _(hand: Hand, clinic: Clinic) -> None:
    hand.do("DELETE FROM dose_entry WHERE id = :id", id=clinic.wasted)
    for number in range(clinic.wasted + 1, int(hand.ask("SELECT max(id) FROM dose_entry")) + 1):
        hand.do("UPDATE dose_entry SET id = id - 1 WHERE id = :id", id=number)
        hand.connection.execute(
            text("UPDATE dose_entry SET reverses_id = :new WHERE reverses_id = :old"),
            {"new": number - 1, "old": number},
        )
    hand.do("UPDATE transfer_line SET out_entry_id = out_entry_id - 1")
    hand.mend(clinic.record)


@kind("document: its note changed", "Stock document")
def _(hand: Hand, clinic: Clinic) -> None:
    hand.do("UPDATE stock_document SET note = 'other' WHERE kind = 'wastage'")


@kind("record: another expiration date", "Vaccine inventory {record} was changed.")
def _(hand: Hand, clinic: Clinic) -> None:
    hand.do(
        "UPDATE vaccine_inventory SET expiration_date = '2031-01-31' WHERE id = :id",
        id=clinic.record,
    )


@kind("record: its counters raised", "the ledger says")
def _(hand: Hand, clinic: Clinic) -> None:
    hand.do(
        "UPDATE vaccine_inventory SET doses_total = doses_total + 1, "
        "doses_available = doses_available + 1 WHERE id = :id",
        id=clinic.record,
    )


@kind("transfer: fewer doses sent, everywhere", "Transfer line {line} was changed.")
def _(hand: Hand, clinic: Clinic) -> None:
    hand.do("UPDATE transfer_line SET doses_sent = 9")
    hand.do("UPDATE transfer_side SET doses = 9")
    hand.do("UPDATE dose_entry SET doses = 9 WHERE kind = 'transferred_out'")
    hand.mend(clinic.record)


@kind("transfer: other doses in its list", "the lists of its locations do not say so")
def _(hand: Hand, clinic: Clinic) -> None:
    hand.do("UPDATE transfer_side SET doses = 9")


@kind("transfer: settled by hand", "Transfer line {line} was changed.")
def _(hand: Hand, clinic: Clinic) -> None:
    hand.do("UPDATE transfer_line SET state = 'cancelled'")
    hand.do("UPDATE transfer_side SET state = 'cancelled'")


@kind("trail: an entry changed", "The chain breaks at entry 3")
def _(hand: Hand, clinic: Clinic) -> None:
    hand.do("UPDATE audit_entry SET summary = 'nothing' WHERE number = 3")


@kind("trail: through something else", "The chain breaks at entry 9")
def _(hand: Hand, clinic: Clinic) -> None:
    hand.do("UPDATE audit_entry SET through = 'job' WHERE number = 9")


@kind("trail: a seal taken away, with its row", "The chain breaks at entry")
def _(hand: Hand, clinic: Clinic) -> None:
    hand.do("DELETE FROM dose_entry WHERE id = :id", id=clinic.reversal)
    hand.do(
        "UPDATE audit_entry SET seals = NULL WHERE number = (SELECT max(number) FROM audit_entry "
        "WHERE seals LIKE :id)",
        id=f'%"dose_entry":{{"{clinic.reversal}":%',
    )
    hand.mend(clinic.record)


@kind("trail: an entry said to be of the first form", "The chain breaks at entry 9")
def _(hand: Hand, clinic: Clinic) -> None:
    hand.do("UPDATE audit_entry SET form = 1 WHERE number = 9")


@kind("trail: entries swapped", "The chain breaks at entry 3")
def _(hand: Hand, clinic: Clinic) -> None:
    for old, new in ((3, -3), (4, 3), (-3, 4)):
        hand.do("UPDATE audit_entry SET number = :new WHERE number = :old", old=old, new=new)


@kind("trail: an entry taken out, later ones renumbered", "The chain breaks at entry 3")
def _(hand: Hand, clinic: Clinic) -> None:
    last = hand.last()
    hand.do("DELETE FROM audit_entry WHERE number = 3")
    for number in range(4, last + 1):
        hand.do("UPDATE audit_entry SET number = number - 1 WHERE number = :n", n=number)
    hand.do("UPDATE audit_head SET count = count - 1")


@kind("trail: an entry of its own before the first", "The chain breaks at entry")
def _(hand: Hand, clinic: Clinic) -> None:
    hand.do("UPDATE audit_entry SET number = -1 WHERE number = :last", last=hand.last())


@kind("trail: cut, the end put back to what it was", "were cut off")
def _(hand: Hand, clinic: Clinic) -> None:
    hand.do("DELETE FROM audit_entry WHERE number > :n", n=clinic.old_head["count"])
    hand.do("UPDATE audit_head SET count = :count, hash = :hash, mac = :mac", **clinic.old_head)


@kind("trail: the end put back alone", "were put in")
def _(hand: Hand, clinic: Clinic) -> None:
    hand.do("UPDATE audit_head SET count = :count, hash = :hash, mac = :mac", **clinic.old_head)


@kind("trail: the end taken out", "The end of the chain was taken out")
def _(hand: Hand, clinic: Clinic) -> None:
    hand.do("DELETE FROM audit_head")


@kind("anchor: deleted", "is missing")
def _(hand: Hand, clinic: Clinic) -> None:
    (clinic.folder / anchors.NAME).unlink()


@kind("anchor: all deleted", "is missing")
def _(hand: Hand, clinic: Clinic) -> None:
    (clinic.folder / anchors.NAME).unlink()
    (clinic.folder / "keys" / anchors.NAME).unlink(missing_ok=True)


@kind("anchor: an older one, of the form before", "was changed")
def _(hand: Hand, clinic: Clinic) -> None:
    old = {"number": clinic.old_head["count"], **clinic.old_head}
    (clinic.folder / anchors.NAME).write_text(json.dumps(old))


@kind("trail and anchor: both gone", "were cut off")
def _(hand: Hand, clinic: Clinic) -> None:
    hand.do("DELETE FROM audit_entry")
    hand.do("UPDATE audit_head SET count = 0, hash = :start, mac = ''", start="0" * 64)
    (clinic.folder / anchors.NAME).unlink()


@kind("trail and all anchors: gone", "was put in.")
def _(hand: Hand, clinic: Clinic) -> None:
    hand.do("DELETE FROM audit_entry")
    hand.do("UPDATE audit_head SET count = 0, hash = :start, mac = ''", start="0" * 64)
    (clinic.folder / anchors.NAME).unlink()
    (clinic.folder / "keys" / anchors.NAME).unlink(missing_ok=True)


def wrong(app: Flask) -> list[str]:
    """What `portal check` says, except of what is no matter of the database's contents."""
    return [
        sentence
        for finding in run_checks(app.extensions["portal"].registry)
        if finding.name != "files"
        for sentence in finding.sentences
    ]


def numbers(clinic: Clinic) -> dict[str, int]:
    return {name: value for name, value in vars(clinic).items() if isinstance(value, int)}


@pytest.mark.both_databases
@pytest.mark.parametrize("name", some(KINDS, short=12))
def test_tampering_is_named(app: Flask, clinic: Clinic, name: str) -> None:
    deed, found = KINDS[name]
    with by_hand() as hand:
        deed(hand, clinic)
    said = wrong(app)
    assert any(found.format(**numbers(clinic)) in sentence for sentence in said), said


def test_what_nobody_touched_is_good(app: Flask, clinic: Clinic) -> None:
    assert wrong(app) == []
    assert verify().ok
    assert move_anchors()


def test_there_are_kinds_enough() -> None:
    assert len(KINDS) >= 24


def test_the_whole_database_put_back_to_an_older_state(
    app: Flask, clinic: Clinic, database_kind: str, tmp_path: Path
) -> None:
    if database_kind != "sqlite":
        pytest.skip("there it is the same as cutting trail and ledger; see the next test")
    path = Path(str(db.engine.url.database))
    with db.engine.begin() as connection:
        connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
    shutil.copy(path, tmp_path / "older")
    note()
    move_anchors()
    db.engine.dispose()
    for ending in ("-wal", "-shm"):
        path.with_name(path.name + ending).unlink(missing_ok=True)
    shutil.copy(tmp_path / "older", path)
    assert any("were cut off" in sentence for sentence in wrong(app))
    with pytest.raises(JobFailed, match="were cut off"):
        move_anchors()


@pytest.mark.both_databases
def test_ledger_and_trail_cut_together_are_found_by_the_anchor(app: Flask, clinic: Clinic) -> None:
    with by_hand() as hand:
        hand.do("DELETE FROM audit_entry WHERE number > :n", n=clinic.old_head["count"])
        hand.do("UPDATE audit_head SET count = :count, hash = :hash, mac = :mac", **clinic.old_head)
        hand.do("DELETE FROM dose_entry WHERE id = (SELECT max(id) FROM dose_entry)")
        hand.mend(clinic.record)
    assert wrong(app) == [
        f"The entries from {clinic.old_head['count'] + 1} on were cut off.",
    ]
