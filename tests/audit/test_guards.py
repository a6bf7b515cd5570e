"""Triggers and constraints: nobody puts them away unseen, and REPLACE is no way around them."""

import pytest
from click.testing import CliRunner
from flask import Flask
from sqlalchemy import create_engine, select, text
from sqlalchemy.exc import DBAPIError

from portal import migrations
from portal.audit import guards
from portal.audit.commands import audit
from portal.audit.models import AuditEntry
from portal.audit.services import record
from portal.audit.verify import daily, verify
from portal.db import db, unit_of_work
from portal.jobs import JobFailed

pytestmark = pytest.mark.both_databases

SQLITE = {
    "DROP TRIGGER audit_entry_no_update": (
        "The trigger audit_entry_no_update of audit_entry is missing."
    ),
    "DROP TRIGGER dose_entry_no_replace": (
        "The trigger dose_entry_no_replace of dose_entry is missing."
    ),
    "DROP TRIGGER dose_entry_no_delete; CREATE TRIGGER dose_entry_no_delete BEFORE DELETE ON "
    "dose_entry WHEN OLD.id < 0 BEGIN SELECT RAISE(ABORT, 'the dose ledger is append-only'); END": (
        "The trigger dose_entry_no_delete of dose_entry was changed or switched off."
    ),
    "CREATE TRIGGER kind AFTER INSERT ON dose_entry BEGIN SELECT 1; END": (
        "The trigger kind of dose_entry is not the portal's."
    ),
    "PRAGMA writable_schema=ON; UPDATE sqlite_master SET sql = replace(sql, "
    "'doses_available >= 0 AND', '') WHERE name = 'vaccine_inventory'; "
    "PRAGMA writable_schema=RESET": (
        "The constraint ck_vaccine_inventory_nothing_negative of vaccine_inventory was changed or "
        "switched off."
    ),
    "DROP INDEX ix_stock_count_open": "The index ix_stock_count_open of stock_count is missing.",
}
POSTGRESQL = {
    "DROP TRIGGER audit_entry_no_update ON audit_entry": (
        "The trigger audit_entry_no_update of audit_entry is missing."
    ),
    "ALTER TABLE dose_entry DISABLE TRIGGER dose_entry_append_only": (
        "The trigger dose_entry_append_only of dose_entry was changed or switched off."
    ),
    "ALTER TABLE dose_entry ENABLE REPLICA TRIGGER dose_entry_append_only": (
        "The trigger dose_entry_append_only of dose_entry was changed or switched off."
    ),
    "CREATE OR REPLACE FUNCTION audit_only_grows() RETURNS trigger LANGUAGE plpgsql AS "
    "$$ BEGIN RETURN OLD; END $$": (
        "The trigger audit_entry_no_delete of audit_entry was changed or switched off."
    ),
    "CREATE TRIGGER kind AFTER INSERT ON dose_entry FOR EACH ROW "
    "EXECUTE FUNCTION audit_only_grows()": "The trigger kind of dose_entry is not the portal's.",
    "ALTER TABLE vaccine_inventory DROP CONSTRAINT ck_vaccine_inventory_balance; "
    "ALTER TABLE vaccine_inventory ADD CONSTRAINT ck_vaccine_inventory_balance CHECK (true)": (
        "The constraint ck_vaccine_inventory_balance of vaccine_inventory was changed or switched "
        "off."
    ),
    "ALTER TABLE vaccine_inventory DROP CONSTRAINT ck_vaccine_inventory_balance": (
        "The constraint ck_vaccine_inventory_balance of vaccine_inventory is missing."
    ),
    "ALTER TABLE transfer_line DISABLE TRIGGER ALL": (
        "The constraint fk_transfer_line_out_entry_id of transfer_line was changed or switched off."
    ),
    "DROP INDEX ix_stock_count_open": "The index ix_stock_count_open of stock_count is missing.",
}


@pytest.fixture(autouse=True)
def context(app: Flask):
    with app.app_context():
        yield


def by_hand(statements: str) -> None:
    engine = create_engine(db.engine.url)
    with engine.connect() as connection:
        driver = connection.connection.driver_connection
        assert driver is not None
        if engine.dialect.name == "sqlite":
            driver.executescript(statements)
        else:
            driver.execute(statements)
            driver.commit()
    engine.dispose()


def test_what_is_missing_changed_or_strange_is_named(database_kind: str) -> None:
    assert list(guards.faults()) == []
    expected = []
    for statements, sentence in (SQLITE if database_kind == "sqlite" else POSTGRESQL).items():
        by_hand(statements)
        expected.append(sentence)
        said = list(guards.faults())
        assert sentence in said, (statements, said)
    told = CliRunner().invoke(audit, ["verify"])
    assert told.exit_code == 1
    assert expected[-1] in told.output
    with pytest.raises(JobFailed, match="is missing"):
        daily()


def test_a_database_that_fires_no_triggers_is_named(database_kind: str) -> None:
    if database_kind == "sqlite":
        pytest.skip("SQLite has no such setting")
    name = db.engine.url.database
    by_hand(f'ALTER DATABASE "{name}" SET session_replication_role = replica')
    db.engine.dispose()
    try:
        assert any("session_replication_role is replica" in one for one in guards.faults())
    finally:
        by_hand(f'ALTER DATABASE "{name}" RESET session_replication_role')
        db.engine.dispose()


def test_the_lists_are_what_the_migrations_make(database_kind: str) -> None:
    # The test's database has gone through all migrations, and nothing else has changed it.
    assert migrations.current(db.engine) == migrations.newest()
    with db.engine.connect() as connection:
        made = guards.listing(connection)
    path = guards.FOLDER / f"guards_{database_kind}.txt"
    assert made == path.read_text("utf-8"), (
        f"bin/portal audit guards > portal/audit/{path.name}, on a fresh {database_kind} database"
    )


REPLACING = (
    (
        "REPLACE INTO audit_entry SELECT number, at, actor_id, 'else', action, subject, "
        "subject_id, location_id, summary, before, after, hash, through, form, seals, profile "
        "FROM audit_entry"
    ),
    "INSERT OR REPLACE INTO audit_head (id, count, hash, mac) VALUES (1, 0, '', '')",
    "UPDATE OR REPLACE audit_entry SET number = 1",
)


@pytest.mark.parametrize("statement", REPLACING)
def test_an_entry_cannot_be_replaced_and_if_it_could_it_would_be_found(
    database_kind: str, statement: str
) -> None:
    if database_kind != "sqlite":
        pytest.skip("PostgreSQL has no REPLACE; its ON CONFLICT is an UPDATE")
    with unit_of_work():
        for number in range(3):
            record(None, "lot.seen", subject="lot", subject_id=number, location_id=None)
    with pytest.raises(DBAPIError, match="only grows"), unit_of_work() as current:
        current.execute(text(statement))
    assert verify().entries == 3
    by_hand("DROP TRIGGER audit_entry_no_replace; DROP TRIGGER audit_head_no_replace")
    with pytest.raises(DBAPIError, match="only grows"), unit_of_work() as current:
        current.execute(text(statement))
    if "UPDATE" in statement:
        return
    by_hand(statement)  # a connection of somebody else's, which fires no trigger for REPLACE
    assert not verify().ok
    with unit_of_work(write=False) as current:
        assert len(list(current.scalars(select(AuditEntry.number)))) == 3
