"""A populated portal of every earlier schema: what is there is sealed by the upgrade, once."""

from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, create_engine, text

from portal import migrations
from portal.app import create_app
from portal.audit.chain import FIRST_FORM, head_mac, values_text
from portal.audit.models import START
from portal.audit.rows import moment
from portal.audit.verify import verify
from portal.db import db
from portal.installation import bring_up_to_date
from portal.settings import Settings, load_settings
from tests.effort import some
from tests.upgrade.conftest import Empty
from tests.upgrade.filling import ROWS, fill

pytestmark = pytest.mark.both_databases

REVISIONS = sorted(path.name[:4] for path in (migrations.FOLDER / "versions").glob("[0-9]*.py"))
WITH_TRAIL = [revision for revision in REVISIONS if "0002" <= revision < "0018"]


def chained(engine: Engine, key: bytes) -> None:
    """Give the entries that are there the hashes that the portal of then gave them."""
    import hashlib
    import hmac
    import json

    with engine.begin() as connection:
        if engine.dialect.name == "sqlite":
            connection.execute(text("DROP TRIGGER audit_entry_no_update"))
        else:
            connection.execute(text("SET LOCAL session_replication_role = replica"))
        last, rows = START, []
        for row in connection.execute(text("SELECT * FROM audit_entry ORDER BY number")).mappings():
            entry: dict[str, Any] = {**row, "at": moment(row["at"])}
            parts = values_text({"": [last, *(entry[name] for name in FIRST_FORM)]})
            assert parts is not None
            listed = json.dumps(json.loads(parts)[""], separators=(",", ":"))
            last = hmac.new(key, listed.encode(), hashlib.sha256).hexdigest()
            rows.append({"number": entry["number"], "hash": last})
        connection.execute(text("UPDATE audit_entry SET hash = :hash WHERE number = :number"), rows)
        connection.execute(
            text("UPDATE audit_head SET count = :count, hash = :hash, mac = :mac"),
            {"count": len(rows), "hash": last, "mac": head_mac(key, len(rows), last)},
        )
        if engine.dialect.name == "sqlite":
            connection.exec_driver_sql(
                "CREATE TRIGGER audit_entry_no_update BEFORE UPDATE ON audit_entry "
                "BEGIN SELECT RAISE(ABORT, 'the audit trail only grows'); END"
            )


@pytest.fixture
def settings(empty: Empty, tmp_path: Path) -> Settings:
    return load_settings(tmp_path / "own", database_url=empty(), jobs="off")


def populated(settings: Settings, revision: str) -> None:
    settings.instance.mkdir(exist_ok=True)
    engine = create_engine(settings.database_url)
    migrations.upgrade(engine, to=revision)
    fill(engine)
    chained(engine, settings.key("audit"))
    engine.dispose()


def found(settings: Settings) -> tuple[str, ...]:
    app = create_app(settings)
    with app.app_context():
        problems = verify().problems
        db.engine.dispose()
    return problems


@pytest.mark.parametrize("revision", some(WITH_TRAIL, short=3))
def test_what_is_there_is_sealed_and_old_entries_stay_good(
    settings: Settings, revision: str
) -> None:
    populated(settings, revision)
    bring_up_to_date(settings)
    assert found(settings) == ()
    engine = create_engine(settings.database_url)
    with engine.connect() as connection:
        sealed = connection.execute(
            text("SELECT after FROM audit_entry WHERE action = 'audit.sealed'")
        ).all()
    engine.dispose()
    dosed = revision >= "0008"
    assert any(f'"rows":{ROWS},"table":"dose_entry"' in after for (after,) in sealed) is dosed


def test_what_is_changed_after_the_upgrade_is_found_and_never_sealed_again(
    settings: Settings,
) -> None:
    populated(settings, "0017")
    bring_up_to_date(settings)
    engine = create_engine(settings.database_url)
    with engine.begin() as connection:
        if engine.dialect.name == "sqlite":
            connection.execute(text("DROP TRIGGER dose_entry_no_update"))
        else:
            connection.execute(text("SET LOCAL session_replication_role = replica"))
        connection.execute(text("UPDATE dose_entry SET doses = 4 WHERE id = 2"))
    assert found(settings) == ("Dose entry 2 was changed.",)
    bring_up_to_date(settings)
    assert found(settings) == ("Dose entry 2 was changed.",)
    engine.dispose()


def test_a_trail_that_was_broken_before_stays_broken(settings: Settings) -> None:
    populated(settings, "0017")
    engine = create_engine(settings.database_url)
    with engine.begin() as connection:
        connection.execute(text("UPDATE audit_head SET hash = 'x'"))
    engine.dispose()
    bring_up_to_date(settings)
    assert any("end of the chain" in one or "chain breaks" in one for one in found(settings))
