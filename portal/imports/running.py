"""Taking files in, safe against a crash at any moment.

The job takes a run by a lease and writes batch after batch, each with its progress in one
transaction. After a crash the next worker finds the lease run out and goes on behind the last
batch.
"""

import logging
import os
import secrets
import socket
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import timedelta
from functools import partial
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, insert, or_, select, update

from portal import clock, db
from portal.access.scope import Actor
from portal.access.through import Through, acting
from portal.audit.services import record
from portal.bulk import insert_rows
from portal.db import session, unit_of_work
from portal.errors import Conflict
from portal.files.services import path_of
from portal.i18n import _
from portal.imports.definition import Beginning, Intake
from portal.imports.models import ImportError, ImportPart, ImportRun
from portal.imports.outcomes import MOST_WRONG, Judged, Outcome, first_rows, rows_of
from portal.imports.queries import days_asked_about
from portal.imports.receiving import definitions
from portal.people.models import User
from portal.people.queries import actor_of
from portal.settings import Settings
from portal.sheets.columns import CellError, CellMended, bind, header_test
from portal.sheets.errors import SheetError
from portal.sheets.preamble import read_preamble
from portal.sheets.reader import Table, open_table
from portal.sheets.survey import Survey, survey

log = logging.getLogger("portal.imports")

LEASE = timedelta(seconds=60)
MOST_ATTEMPTS = 5
FOLLOW_SECONDS = 0.5
ENDED = frozenset({"finished", "failed"})


class LeaseLost(Exception):
    """Another worker has taken the run over; this one must stop."""


def process_waiting(settings: Settings) -> int:
    """Take in every file that waits or whose worker has died; returns how many were finished.

    One that cannot be read just now, because too many are, goes on waiting for the next round; so
    do those of modules that are switched off.
    """
    finished = 0
    put_off: set[int] = set()
    while (run_id := _next_run(put_off)) is not None:
        try:
            run = process(settings, run_id)
        except Conflict:
            continue  # another process was faster; it is not free any more
        if run.state in ENDED:
            finished += 1
        else:
            put_off.add(run_id)
    return finished


def process_or_follow(settings: Settings, run_id: int) -> ImportRun:
    """Take in one file; if another worker is at it, wait until it has finished or died."""
    while True:
        try:
            run = process(settings, run_id)
        except Conflict:
            run = _as_it_is(run_id)
        if run.state in ENDED:
            return run
        time.sleep(FOLLOW_SECONDS)


def _next_run(put_off: set[int]) -> int | None:
    query = select(ImportRun.id).where(
        _free(), ImportRun.id.not_in(put_off), ImportRun.kind.in_(definitions())
    )
    with unit_of_work(write=False) as current:
        return current.scalar(query.order_by(ImportRun.id).limit(1))


def _free() -> ColumnElement[bool]:
    """That nobody is at the file, or whoever was has died."""
    return ImportRun.state.in_(("waiting", "reading")) & or_(
        ImportRun.lease_until.is_(None), ImportRun.lease_until < clock.now()
    )


def process(
    settings: Settings, run_id: int, *, progress: Callable[[ImportRun], None] | None = None
) -> ImportRun:
    """Take in one file, as an import. Raises `Conflict` if another worker is at it.

    A file that cannot be read ends in the state "failed" with a sentence in `problem`; rows that
    were good before the damage stay in. One that cannot be read just now is left waiting.
    """
    with acting(Through.IMPORT):
        return _process(settings, run_id, progress)


def _process(
    settings: Settings, run_id: int, progress: Callable[[ImportRun], None] | None
) -> ImportRun:
    owner = f"{socket.gethostname()}:{os.getpid()}:{secrets.token_hex(4)}"
    run = _claim(run_id, owner)
    if run is None:
        raise Conflict(_("This file is already being imported."))
    if run.attempts > MOST_ATTEMPTS:
        return _finish(run_id, owner, problem=_("Reading this file failed several times."))
    columns = definitions()[run.kind].columns(settings, False)
    opened = partial(
        open_table,
        path_of(settings, run.file),
        filename=run.file_name,
        recognise=header_test(columns),
        expected=[column.label for column in columns if not column.asked],
    )
    try:
        with opened() as table:
            found = survey(table, bind(columns, table.header), header_test(columns))
        with opened() as table:
            problem = _take_table(settings, run, owner, table, found, progress)
        return _finish(run_id, owner, problem=problem)
    except SheetError as error:
        if error.reason == "busy":
            return _give_back(run_id, owner)
        return _finish(run_id, owner, problem=str(error))
    except LeaseLost:
        log.warning("import %s was taken over by another process", run_id)
        return _as_it_is(run_id)


def _as_it_is(run_id: int) -> ImportRun:
    with unit_of_work(write=False) as current:
        run = current.get_one(ImportRun, run_id)
        current.expunge(run)
    return run


def _claim(run_id: int, owner: str) -> ImportRun | None:
    with unit_of_work() as current:
        claimed = current.execute(
            update(ImportRun)
            .where(ImportRun.id == run_id, _free())
            .values(
                state="reading",
                lease_owner=owner,
                lease_until=clock.now() + LEASE,
                attempts=ImportRun.attempts + 1,
            )
        )
        if claimed.rowcount != 1:  # type: ignore[attr-defined]
            return None
        run = current.get_one(ImportRun, run_id)
        current.expunge(run)
    return run


def _give_back(run_id: int, owner: str) -> ImportRun:
    """Leave the file for later, as if this try had not been."""
    with unit_of_work() as current:
        current.execute(
            update(ImportRun)
            .where(ImportRun.id == run_id, ImportRun.lease_owner == owner)
            .values(
                state="waiting",
                lease_owner=None,
                lease_until=None,
                attempts=ImportRun.attempts - 1,
            )
        )
    return _as_it_is(run_id)


def _take_table(
    settings: Settings,
    run: ImportRun,
    owner: str,
    table: Table,
    found: Survey,
    progress: Callable[[ImportRun], None] | None,
) -> str:
    """Take in the rows of an opened file; returns what makes it unreadable, or nothing."""
    definition = definitions()[run.kind]
    bound = found.told(bind(definition.columns(settings, table.epoch_1904), table.header))
    run.sheets = found.sheets if len(found.sheets) > 1 else []
    known = Known(run.sheets, [*bound.notes, *found.notes(run.row_name)])
    preamble, problems = read_preamble(definition.preamble, table.above)
    if problems or bound.problems:
        return " ".join([*bound.problems, *problems])
    with unit_of_work(write=False) as current:
        asked = days_asked_about(run, days=definition.keep_days())
        bound = replace(bound, asked=asked)
        intake = definition.begin(
            Beginning(
                run=run,
                settings=settings,
                actor=_actor(run),
                bound=bound,
                preamble=preamble,
                today=clock.today(settings.time_zone),
            )
        )
        current.rollback()
    skipped = found.skipped
    for batch in table.batches():
        rows = [row for row in batch if row[0] not in skipped]
        judged = intake.read(rows)
        if batch[-1][0] <= run.last_row:
            continue  # taken in before the crash; it was read to know what has been seen
        if _is_hopeless(run):
            return _hopeless(run)
        done = sum(1 for number, _cells in rows if number > run.last_row)
        run = _take_batch(intake, run, owner, RowBatch(done, batch[-1][0], known), judged)
        if progress is not None:
            progress(run)
    if run.rows_done == 0:
        return _("The file has a header but no rows.")
    return ""


def _is_hopeless(run: ImportRun) -> bool:
    """Whether so many of the rows so far are wrong, and most of them, that it is the file that is
    wrong, and not its rows."""
    return run.failed > MOST_WRONG and 2 * run.failed > run.rows_done


def _hopeless(run: ImportRun) -> str:
    return _(
        "Reading stopped after row %(row)s. Rows that need correction: %(failed)s of %(rows)s. "
        "The good rows before that were imported. Check that each column contains what its name "
        "says, then send the corrected file again.",
        row=run.row_name(run.last_row) if run.sheets else f"{run.last_row:,}",
        failed=f"{run.failed:,}",
        rows=f"{run.rows_done:,}",
    )


class Known(NamedTuple):
    """What is known of a file as a whole: its sheets, if there are several, and notes."""

    sheets: list[str]
    notes: list[str]


class RowBatch(NamedTuple):
    """The batch at hand: how many rows it adds, the number of its last one, and its file."""

    done: int
    last: int
    file: Known


def _take_batch(
    intake: Intake[Any], run: ImportRun, owner: str, part: RowBatch, judged: Judged[Any]
) -> ImportRun:
    """Take in what of a batch comes after the last kept row, with the progress it makes."""

    def take() -> ImportRun:
        outcome = intake.take_in([one for one in judged.rows if one.number > run.last_row])
        outcome.errors += [one for one in judged.errors if one[0] > run.last_row]
        outcome.mended += [one for one in judged.mended if one[0] > run.last_row]
        return _keep_progress(run, owner, outcome, part)

    return db.run(take, write=True, patience=db.PATIENCE)


def _keep_progress(before: ImportRun, owner: str, outcome: Outcome, batch: RowBatch) -> ImportRun:
    """Write a batch's result with the batch. Raises `LeaseLost`, which undoes the batch."""
    run_id, last = before.id, batch.last
    counts = {**outcome.counts, "failed": outcome.failed, "mended": rows_of(outcome.mended)}
    kept = session().execute(
        update(ImportRun)
        .where(ImportRun.id == run_id, ImportRun.lease_owner == owner, ImportRun.last_row < last)
        .values(
            last_row=last,
            rows_done=ImportRun.rows_done + batch.done,
            lease_until=clock.now() + LEASE,
            sheets=batch.file.sheets,
            notes=batch.file.notes,
            attempts=1,
            **{kind: getattr(ImportRun, kind) + count for kind, count in counts.items()},
        )
    )
    if kept.rowcount != 1:  # type: ignore[attr-defined]
        raise LeaseLost
    part = outcome.part
    if part is not None:
        insert_rows(ImportPart, [{"run_id": run_id, "last_row": last, **part}])
    said = [
        *_said(run_id, first_rows(outcome.errors, MOST_WRONG - before.failed)),
        *_said(run_id, first_rows(outcome.mended, MOST_WRONG - before.mended)),
    ]
    if said:
        session().execute(insert(ImportError), said)
    run = session().get_one(ImportRun, run_id)
    session().refresh(run)
    session().flush()
    session().expunge(run)
    return run


def _said(
    run_id: int, remarks: Sequence[tuple[int, CellError | CellMended]]
) -> list[dict[str, Any]]:
    """The rows that keep what is said of cells."""
    return [
        {
            "run_id": run_id,
            "row": number,
            "column": remark.column[:64],
            "position": remark.position,
            "value": remark.value[: 300 if isinstance(remark, CellMended) else 120],
            "message": remark.message,
            "mended": isinstance(remark, CellMended),
        }
        for number, remark in remarks
    ]


def _finish(run_id: int, owner: str, *, problem: str) -> ImportRun:
    with unit_of_work() as current:
        finished = current.execute(
            update(ImportRun)
            .where(ImportRun.id == run_id, ImportRun.lease_owner == owner)
            .values(
                state="failed" if problem else "finished",
                problem=problem,
                finished_at=clock.now(),
                lease_until=None,
                lease_owner=None,
            )
        )
        run = current.get_one(ImportRun, run_id)
        if finished.rowcount != 1:  # type: ignore[attr-defined]
            return run  # another process has taken it over and will say so itself
        definition = definitions()[run.kind]
        record(
            _actor(run),
            f"{definition.name}.file_finished",
            subject=definition.subject,
            subject_id=run.id,
            location_id=run.location_id,
            summary=run.file_name,
            after={
                **{kind: getattr(run, kind) for kind in definition.kinds},
                "state": run.state,
            },
        )
        if definition.finished is not None:
            definition.finished(run)
    return run


def _actor(run: ImportRun) -> Actor | None:
    """Whoever sent the file, in the profile they sent it in while they hold it; None for the
    watched folder and the command line."""
    user = session().get(User, run.user_id) if run.user_id else None
    if user is None:
        return None
    return actor_of(user, next((one for one in user.profiles if one == run.user_profile), None))
