"""Databases of every earlier schema come to the newest one, whole, whatever happens meanwhile."""

import random
import shutil
import time
import warnings
from collections.abc import Iterator
from datetime import timedelta
from itertools import islice, pairwise
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from flask import Flask
from sqlalchemy import Engine, create_engine, event, inspect, text
from sqlalchemy.exc import NoSuchTableError
from sqlalchemy.schema import CheckConstraint

from portal import migrations
from portal.app import create_app
from portal.db import Base, db, unit_of_work
from portal.people import sessions
from portal.settings import load_settings
from tests.effort import amount, seed, some
from tests.processes import FORK
from tests.upgrade.conftest import Empty
from tests.upgrade.filling import ROWS, Tables, columns_of, fill, names_of, rows_of, tables_of

pytestmark = pytest.mark.both_databases

REVISIONS = sorted(path.name[:4] for path in (migrations.FOLDER / "versions").glob("[0-9]*.py"))
FIRST, NEWEST = REVISIONS[0], REVISIONS[-1]
KILLS = amount(short=2, full=10)
# Every so many schemas there are new rows; those that are there go through all of them.
FILLED = amount(short=4, full=1)

State = tuple[str | None, frozenset[str]]


@pytest.fixture
def engines() -> Iterator[list[Engine]]:
    made: list[Engine] = []
    yield made
    for engine in made:
        engine.dispose()


def connect(url: str, engines: list[Engine]) -> Engine:
    engine = create_engine(url)
    if url.startswith("sqlite"):
        event.listen(engine, "connect", lambda c, _record: c.execute("PRAGMA foreign_keys=ON"))
    engines.append(engine)
    return engine


@pytest.mark.timeout(300)
@pytest.mark.slow("walks through all schemas there ever were")
def test_nothing_is_lost_from_one_schema_to_the_next(empty: Empty, engines: list[Engine]) -> None:
    """Every schema gets rows of its own, beside those that came from the schemas before; in the
    short form every fourth, and every new table."""
    engine = connect(empty(), engines)
    migrations.upgrade(engine, to=FIRST)
    tables, filled, first = tables_of(engine), set[str](), 1
    for number, (revision, following) in enumerate(pairwise(REVISIONS)):
        new = {name: table for name, table in tables.items() if name not in filled}
        moved = new and any(rows_of(engine, tables=new).values())
        if number % FILLED == 0 or moved:
            first, new = 1 + number * ROWS, tables
        if new:  # What a new table refers to has rows of these numbers.
            fill(engine, first=first, tables=new)
            filled.update(new)
        columns = columns_of(engine, tables=tables)
        before = rows_of(engine, like=columns, tables=tables)
        assert len(before) >= len(columns) - 3
        assert migrations.upgrade(engine, to=following) == (revision, following)
        tables = tables_of(engine)
        after = rows_of(engine, like=columns, tables=tables)
        for table, rows in before.items():
            assert set(rows) <= set(after[table]), f"{following}: {table}"
    assert migrations.upgrade(engine) == (NEWEST, NEWEST), "a second run has nothing to do"


@pytest.mark.slow("many migrations at once")
@pytest.mark.parametrize("revision", some(REVISIONS[:-1], short=1))
def test_nothing_is_lost_on_the_way_from_any_earlier_schema(
    empty: Empty, engines: list[Engine], revision: str
) -> None:
    engine = connect(empty(), engines)
    migrations.upgrade(engine, to=revision)
    fill(engine)
    columns = columns_of(engine)
    before = rows_of(engine, like=columns)
    assert len(before) >= len(columns) - 3
    assert migrations.upgrade(engine) == (revision, NEWEST)
    after = rows_of(engine, like=columns)
    for table, rows in before.items():
        assert set(rows) <= set(after[table]), table
    assert migrations.upgrade(engine) == (NEWEST, NEWEST), "a second run has nothing to do"


def test_people_of_the_first_schema_stay_signed_in(
    empty: Empty, engines: list[Engine], tmp_path: Path
) -> None:
    url = empty()
    engine = connect(url, engines)
    migrations.upgrade(engine, to=FIRST)
    fill(engine)
    token = "a token of the first version"
    with engine.begin() as connection:
        connection.execute(
            text("UPDATE user_session SET token_hash = :hash, ended_at = NULL WHERE id = 1"),
            {"hash": sessions.hashed(token)},
        )
    engine.dispose()
    migrations.upgrade(engine)
    app = create_app(load_settings(tmp_path / "instance", database_url=url, jobs="off"))
    with app.app_context():
        with unit_of_work(write=False):
            long = timedelta(days=36_500)
            live = sessions.find(token, idle=long, longest=long)
            assert live is not None
            assert live.actor.full_name == "1-first_name 1-last_name"
        db.engine.dispose()


def own_tables() -> set[str]:
    """The tables of the product; other tests have models of their own."""
    return {
        mapper.local_table.name  # type: ignore[attr-defined]
        for mapper in Base.registry.mappers
        if not mapper.class_.__module__.startswith(("tests.", "clinic_coolers."))
    }


def test_the_migrated_schema_is_that_of_the_models(
    app: Flask, empty: Empty, engines: list[Engine]
) -> None:
    engine = connect(empty(), engines)
    migrations.upgrade(engine)
    wanted = own_tables()

    def included(
        _object: object, name: str | None, kind: str, stored: bool, _other: object
    ) -> bool:
        if kind == "table":
            return name in wanted or (stored and "_search" not in str(name))
        return not (kind == "index" and stored and str(name).endswith("_search"))

    with engine.connect() as connection:
        context = MigrationContext.configure(
            connection, opts={"compare_type": True, "include_object": included}
        )
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # indexes over expressions cannot be compared
            found = compare_metadata(context, Base.metadata)
    assert [one for one in found if "alembic_version" not in str(one)] == []


def test_the_migrated_constraints_are_those_of_the_models(
    app: Flask, empty: Empty, engines: list[Engine]
) -> None:
    engine = connect(empty(), engines)
    migrations.upgrade(engine)
    for name in own_tables():
        table = Base.metadata.tables[name]
        wanted = {str(one.name) for one in table.constraints if isinstance(one, CheckConstraint)}
        stored = {str(one["name"]) for one in inspect(engine).get_check_constraints(name)}
        assert stored == wanted, name
        for column in inspect(engine).get_columns(name):
            assert column["nullable"] == table.c[column["name"]].nullable, column


# Killed in the middle, and two at once


def run_all(url: str, folder: Path) -> None:
    """What a runner does, in a process of its own."""
    migrations.FOLDER = folder
    try:
        migrations.upgrade(create_engine(url))
    except BaseException:
        raise SystemExit(3) from None


def runner(url: str, folder: Path = migrations.FOLDER) -> BaseProcess:
    process = FORK.Process(target=run_all, args=(url, folder), daemon=True)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        process.start()
    return process


def state_of(engine: Engine) -> State:
    names = frozenset(names_of(engine)) - {"alembic_version"}
    return migrations.current(engine), names


def states(url: str, engines: list[Engine]) -> list[State]:
    """Before and after: the first schema, and the newest."""
    engine = connect(url, engines)
    migrations.upgrade(engine, to=FIRST)
    old = state_of(engine)
    migrations.upgrade(engine)
    return [old, state_of(engine)]


def kill_in_the_middle(
    empty: Empty, engines: list[Engine], folder: Path, good: list[State]
) -> Iterator[tuple[bool, str]]:
    """Kill a runner at random moments, without end; of each kill, whether the runner was at work,
    and what was broken after it."""
    chance = random.Random(seed(3))
    began = time.monotonic()
    whole = runner(empty(), folder)
    whole.join(60)
    lasts = time.monotonic() - began
    tables: Tables | None = None
    while True:
        url = empty()
        engine = connect(url, engines)
        migrations.upgrade(engine, to=FIRST)
        tables = tables or tables_of(engine)
        fill(engine, tables=tables)
        like = columns_of(engine, tables=tables)
        before = rows_of(engine, like=like, tables=tables)
        process = runner(url, folder)
        time.sleep(chance.uniform(0.05, 0.7) * lasts)
        hit = process.is_alive()
        process.kill()
        process.join(10)
        fault = broken_by_kill(engine, good) or not_completed(runner(url, folder), engine, good)
        yield hit, fault or rows_lost(before, rows_of(engine, like=like))


def broken_by_kill(engine: Engine, good: list[State]) -> str:
    """What is neither the old nor the new schema."""
    try:
        left = state_of(engine)
    except NoSuchTableError as missing:
        return f"left without {missing}, which others refer to"
    return "" if left in good else f"left at {left[0]} with {len(left[1])} tables"


def rows_lost(before: dict[str, Any], after: dict[str, Any]) -> str:
    """Whether a row is gone."""
    gone = any(set(rows) - set(after[name]) for name, rows in before.items())
    return "rows were lost" if gone else ""


def not_completed(process: BaseProcess, engine: Engine, good: list[State]) -> str:
    """What a second run leaves undone."""
    process.join(60)
    done = process.exitcode == 0 and state_of(engine) == good[1]
    return "" if done else "a second run does not complete"


def without_transaction(tmp_path: Path) -> Path:
    """The migrations, run by somebody who forgot transaction and lock."""
    folder = tmp_path / "careless"
    shutil.copytree(migrations.FOLDER, folder, ignore=shutil.ignore_patterns("__pycache__"))
    env = folder / "env.py"
    script = env.read_text(encoding="utf-8")
    for old, new in (
        ("create_engine(url)", "create_engine(url, isolation_level='AUTOCOMMIT')"),
        ('connection.exec_driver_sql("BEGIN IMMEDIATE")', "pass"),
        ("connection.isolation_level = None", "pass"),
        ("with context.begin_transaction():", "if True:"),
        ("pg_advisory_xact_lock(20210224)", "1"),
    ):
        assert old in script, old
        script = script.replace(old, new)
    env.write_text(script, encoding="utf-8")
    return folder


@pytest.mark.slow("migrates and kills")
@pytest.mark.timeout(240)
def test_a_killed_migration_leaves_the_old_or_the_new_schema_and_a_second_run_completes(
    empty: Empty, engines: list[Engine]
) -> None:
    good = states(empty(), engines)
    kills = kill_in_the_middle(empty, engines, migrations.FOLDER, good)
    seen = list(islice(kills, KILLS))
    while sum(hit for hit, _fault in seen) < max(1, KILLS // 3):
        assert len(seen) < 4 * KILLS, "the kills came too late"
        seen.append(next(kills))
    assert [fault for _hit, fault in seen if fault] == []


@pytest.mark.thorough
@pytest.mark.slow("migrates and kills")
@pytest.mark.timeout(240)
def test_the_kills_would_show_a_migration_without_its_transaction(
    empty: Empty, engines: list[Engine], tmp_path: Path
) -> None:
    good = states(empty(), engines)
    kills = kill_in_the_middle(empty, engines, without_transaction(tmp_path), good)
    assert any(fault for _hit, fault in islice(kills, 30))


def two_at_once(url: str, folder: Path) -> list[int | None]:
    """Two runners on an empty database; their exit codes."""
    both = [runner(url, folder), runner(url, folder)]
    for process in both:
        process.join(60)
    return [process.exitcode for process in both]


@pytest.mark.slow("migrates and kills")
def test_of_two_runners_one_migrates_and_the_other_waits(
    empty: Empty, engines: list[Engine]
) -> None:
    good = states(empty(), engines)
    for _round in range(amount(short=1, full=3)):
        url = empty()
        assert two_at_once(url, migrations.FOLDER) == [0, 0]
        assert state_of(connect(url, engines)) == good[1]


@pytest.mark.thorough
@pytest.mark.slow("migrates and kills")
def test_two_runners_at_once_would_show_that_nobody_waits(empty: Empty, tmp_path: Path) -> None:
    folder = without_transaction(tmp_path)
    assert any(any(two_at_once(empty(), folder)) for _round in range(5))
