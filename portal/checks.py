"""`portal check`: every module proves its own sums; here they are run, and the platform's own."""

import logging
import os
import stat
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import and_, inspect, literal, select, text

from portal import jobs, migrations, postgresql_pages, settings, soundness
from portal.db import Base, db, is_sqlite, rollback, session
from portal.errors import where
from portal.module import Check, Registry, load
from portal.running import command_line
from portal.web.context import registry

log = logging.getLogger("portal.checks")

PAGES = "pages"
# What these find is no fault of the data.
NOT_OF_DATA = frozenset({"files"})


@dataclass(frozen=True)
class Finding:
    """What one check found: a sentence for each thing that is wrong."""

    name: str
    title: str
    sentences: tuple[str, ...]

    @property
    def ok(self) -> bool:
        """Whether nothing is wrong."""
        return not self.sentences


def run_checks(registry: Registry) -> Iterator[Finding]:
    """Run the checks of all modules that are on, inside an application context.

    A check reads with the running session or in units of work of its own; what it may have left
    open is rolled back. One that cannot run is a finding too.
    """
    for check in registry.checks.values():
        yield Finding(check.name, check.title, _sentences(check))


def _sentences(check: Check) -> tuple[str, ...]:
    try:
        return tuple(load(check.function)())
    except Exception as error:
        log.error("the check %s could not be made: %s", check.name, where(error))
        return (f"The check could not be made ({type(error).__name__}).",)
    finally:
        rollback()


def pages() -> Iterator[str]:
    """Whether every part of the database can be read."""
    if is_sqlite():
        for (found,) in session().execute(text("PRAGMA integrity_check(20)")):
            if found != "ok":
                yield f"The database file is damaged: {found}."
    else:
        yield from postgresql_pages.faults()


def database() -> Iterator[str]:
    """Whether the database has the newest schema, and every row is there that another names."""
    revision = migrations.current(db.engine)
    try:
        migrations.refuse_newer(revision)
    except migrations.NewerDatabase as error:
        yield error.message
        return
    if revision != migrations.newest():
        said = command_line(settings.current().instance, ["migrate"])
        yield f"The schema is {revision or 'empty'}, not {migrations.newest()}. Run: {said}"
        return
    if is_sqlite():
        broken = session().execute(text("PRAGMA foreign_key_check")).fetchmany(20)
        tables = [table for table, *_rest in broken]
    else:
        tables = list(_without_parents())
    for table in tables:
        yield f"A row of {table} points to a row that does not exist."


def _without_parents() -> Iterator[str]:
    """The tables with a row whose parent is missing: PostgreSQL does not look again.

    A table that is missing altogether is the finding of the check of the database's own rules.
    """
    there = set(inspect(session().connection()).get_table_names())
    for table in Base.metadata.sorted_tables:
        for key in table.foreign_key_constraints:
            if not {table.name, key.referred_table.name} <= there:
                continue
            parent = key.referred_table.alias("parent")
            pairs = [(part.parent, parent.c[part.column.name]) for part in key.elements]
            query = (
                select(literal(1))
                .select_from(table.outerjoin(parent, and_(*(own == its for own, its in pairs))))
                .where(*(own.is_not(None) for own, _its in pairs), pairs[0][1].is_(None))
                .limit(1)
            )
            if session().execute(query).first() is not None:
                yield table.name


def judge(findings: Iterable[Finding]) -> None:
    """Note what the findings of all checks say of the data, or that it is sound."""
    instance = settings.current().instance
    wrong = {finding.name for finding in findings if not finding.ok} - NOT_OF_DATA
    if PAGES in wrong:  # then the others cannot be made, or stumble over the same
        soundness.note(instance, soundness.DAMAGED)
        return
    soundness.clear(instance, soundness.DAMAGED)
    if wrong:
        soundness.note(instance, soundness.WRONG)
    else:
        soundness.clear(instance, soundness.WRONG)


def nightly() -> str:
    """Make every check (a job of the platform). Raises `JobFailed` if something is wrong.

    What one finds is believed when it finds it twice: people may be working at the same time.
    """
    checks = list(registry().checks.values())
    findings = []
    for check in checks:
        if jobs.stopping():
            return "stopped before its end"
        finding = Finding(check.name, check.title, _sentences(check))
        findings.append(
            finding if finding.ok else Finding(check.name, check.title, _sentences(check))
        )
    judge(findings)
    wrong = [finding.title for finding in findings if not finding.ok]
    if wrong:
        said = command_line(settings.current().instance, ["check"])
        raise jobs.JobFailed(f"Wrong: {', '.join(wrong)}. For more: {said}")
    return f"{len(findings)} checks, all good"


def files() -> Iterator[str]:
    """Whether what holds data or secrets is closed to other users of the machine."""
    instance = settings.current().instance
    if not _open_to_others(instance):
        return
    known = [instance / "portal.sqlite", instance / "portal.toml", instance / "uploads"]
    for path in [*known, *sorted((instance / "keys").glob("*"))]:
        if _open_to_others(path):
            yield f"{path} can be read by other users of this machine: chmod -R go-rwx {instance}"


def _open_to_others(path: Path) -> bool:
    try:
        return bool(stat.S_IMODE(os.stat(path).st_mode) & 0o007)
    except FileNotFoundError:
        return False
