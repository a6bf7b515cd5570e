"""The anchors: in several places, moved often, missed when one is gone."""

import json
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner
from flask import Flask
from sqlalchemy import func, select, text

from blueprints.inventory.rules import Kind
from portal.audit import anchor as anchors
from portal.audit.commands import audit
from portal.audit.models import AuditEntry, AuditHead
from portal.audit.sealing import seal_existing
from portal.audit.services import record
from portal.audit.verify import move_anchors, verify
from portal.backup import read, write
from portal.db import db, unit_of_work
from portal.jobs import JobFailed, runner
from portal.settings import Settings
from portal.settings import current as settings
from tests.audit.test_kinds_of_tampering import by_hand, head
from tests.inventory.stock import add, post, scope_for
from tests.personas import Personas
from tests.statements import watched


@pytest.fixture
def copy(app: Flask, tmp_path: Path) -> Path:
    """A folder for the copy of the anchor."""
    folder = tmp_path / "elsewhere"
    folder.mkdir()
    extension = app.extensions["portal"]
    changed = replace(extension.settings, anchor_copy=str(folder))
    app.extensions["portal"] = replace(extension, settings=changed)
    return folder


@pytest.fixture(autouse=True)
def context(app: Flask):
    with app.app_context():
        yield


def grow(times: int = 1) -> None:
    with unit_of_work():
        for _one in range(times):
            record(None, "lot.seen", subject="lot", subject_id=1, location_id=None)


def held() -> dict[str, int]:
    key = settings().key("audit")
    found = {name: anchors.read(folder, key) for name, folder in anchors.places(settings()).items()}
    return {name.split()[0]: one.number for name, one in found.items() if one}


def test_the_anchor_moves_at_least_every_hour_and_reads_only_what_is_new(app: Flask) -> None:
    assert runner.jobs_of(app)["audit.move_anchor"].every <= timedelta(hours=1)
    seal_existing()
    grow(50)
    move_anchors()
    before = held()
    assert before["instance"] == before["keys"] > 50
    grow(3)
    with watched(app) as statements:
        move_anchors()
    assert held() == {name: number + 3 for name, number in before.items()}
    (reading,) = [one for one in statements if "audit_entry.seals" in one]
    assert "audit_entry.number > " in reading
    assert before["instance"] in tuple(
        reading.values.values() if isinstance(reading.values, dict) else reading.values  # type: ignore[arg-type,call-overload]
    )
    assert move_anchors(), "nothing new is no fault"


@pytest.mark.both_databases
def test_a_change_behind_the_anchor_stops_it(app: Flask) -> None:
    seal_existing()
    grow(5)
    move_anchors()
    before = held()
    grow(5)
    with db.engine.begin() as connection:
        connection.execute(text("UPDATE audit_head SET hash = 'x'"))
    with pytest.raises(JobFailed, match="The end of the chain was changed"):
        move_anchors()
    assert held() == before


def test_a_tail_cut_behind_the_anchor_is_missed_in_the_ledger(
    app: Flask, personas: Personas, database_kind: str
) -> None:
    manager = scope_for(personas, "manager_a")
    lot = add(manager)
    seal_existing()
    assert verify().ok
    old = head()
    entry = post(manager, lot, Kind.ADMINISTERED, 3)
    with by_hand() as hand:
        hand.do("DELETE FROM audit_entry WHERE number > :n", n=old["count"])
        hand.do("UPDATE audit_head SET count = :count, hash = :hash, mac = :mac", **old)
    assert verify().others == (f"Dose entry {entry} was put in.",)


def test_the_copy_elsewhere_shows_an_instance_put_back_to_an_older_state(
    app: Flask, copy: Path
) -> None:
    seal_existing()
    grow(3)
    verify()
    kept = {
        folder / anchors.NAME: (folder / anchors.NAME).read_text()
        for folder in (settings().instance, settings().instance / "keys")
    }
    with unit_of_work(write=False) as current:
        old = current.get_one(AuditHead, 1)
        values = {"count": old.count, "hash": old.hash, "mac": old.mac}
    grow(3)
    verify()
    assert len(set(held().values())) == 1
    assert set(held()) == {"instance", "keys", "copy"}
    with by_hand() as hand:
        hand.do("DELETE FROM audit_entry WHERE number > :n", n=values["count"])
        hand.do("UPDATE audit_head SET count = :count, hash = :hash, mac = :mac", **values)
    for path, content in kept.items():
        path.write_text(content)
    assert "were cut off" in verify().problem


def test_a_copy_that_is_gone_or_cannot_be_written_is_told(app: Flask, copy: Path) -> None:
    seal_existing()
    grow()
    assert verify().ok
    (copy / anchors.NAME).unlink()
    before = held()["instance"]
    grow()
    (said,) = verify().problems
    assert f"The anchor file in {copy} is missing." in said
    assert said.endswith(
        f"bin/portal --instance {app.extensions['portal'].settings.instance} audit anchor"
    )
    assert held() == {"instance": before + 1, "keys": before + 1}, "the others move on"
    assert not (copy / anchors.NAME).exists(), "nobody mends it unseen"
    copy.rmdir()
    assert CliRunner().invoke(audit, ["anchor"]).exit_code == 1
    assert any(str(copy) in one for one in verify().problems)


def test_a_copy_that_could_never_be_written_is_told_until_it_can(app: Flask, copy: Path) -> None:
    copy.rmdir()
    seal_existing()
    grow()
    for _again in range(2):
        assert verify().problems == (f"The anchor cannot be written to {copy}.",)
    copy.mkdir()
    assert verify().ok
    assert set(held()) == {"instance", "keys", "copy"}


def test_a_lost_anchor_is_missed_until_somebody_writes_it_anew_and_that_is_noted(
    app: Flask,
) -> None:
    seal_existing()
    grow()
    assert verify().ok
    for folder in (settings().instance, settings().instance / "keys"):
        (folder / anchors.NAME).unlink()
    assert len(verify().problems) == 2
    with pytest.raises(JobFailed, match="is missing"):
        move_anchors()
    seal_existing()
    assert len(verify().problems) == 2, "starting the portal anew mends nothing"
    told = CliRunner().invoke(audit, ["anchor"])
    assert told.exit_code == 0, told.output
    assert verify().ok
    with unit_of_work(write=False) as current:
        newest = current.scalars(select(AuditEntry).order_by(AuditEntry.number.desc())).first()
        assert newest is not None
        assert (newest.action, newest.through) == ("audit.anchor_renewed", "command")


def test_what_was_changed_is_kept_when_it_is_written_anew(app: Flask) -> None:
    seal_existing()
    verify()
    path = settings().instance / anchors.NAME
    path.write_text("nonsense")
    assert verify().problems == ("The anchor file beside the database was changed.",)
    assert CliRunner().invoke(audit, ["anchor"]).exit_code == 0
    (old,) = settings().instance.glob(f"{anchors.NAME}.until-*")
    assert old.read_text() == "nonsense"
    assert verify().ok


def test_no_anchor_is_written_anew_for_a_broken_trail(app: Flask) -> None:
    seal_existing()
    grow(3)
    verify()
    (settings().instance / anchors.NAME).unlink()
    with db.engine.begin() as connection:
        connection.execute(text("UPDATE audit_head SET hash = 'x'"))
    told = CliRunner().invoke(audit, ["anchor"])
    assert told.exit_code == 1
    assert not (settings().instance / anchors.NAME).exists()


@pytest.mark.parametrize("with_keys", [True, False])
def test_a_restore_takes_the_anchors_back_with_it(
    app: Flask, copy: Path, tmp_path: Path, with_keys: bool
) -> None:
    seal_existing()
    grow(3)
    verify()
    instance: Settings = settings()
    made = write.backup(instance, tmp_path / "kept.tar", with_keys=with_keys)
    grow(20)
    verify()
    further = held()["copy"]
    db.engine.dispose()
    read.restore(instance, made.path)
    db.engine.dispose()
    assert verify().ok, verify().problems
    assert set(held()) == {"instance", "keys", "copy"}
    (old,) = copy.glob(f"{anchors.NAME}.until-*")
    assert json.loads(old.read_text())["number"] == further


@pytest.mark.both_databases
def test_the_first_anchors_are_there_before_the_trail_demands_them(app: Flask) -> None:
    seal_existing()
    with unit_of_work(write=False) as current:
        entries = current.scalar(select(func.count()).select_from(AuditEntry))
    assert entries
    assert held() == {"instance": 0, "keys": 0}
    assert verify().ok
    assert held() == {"instance": entries, "keys": entries}
