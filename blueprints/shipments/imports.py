"""Files of shipments: received at once, taken in by a job, safe against a crash at any moment.

A file is stored and a run is written; the job takes the run by a lease and writes batch after
batch, each with its progress in one transaction. After a crash the next worker finds the lease
run out and goes on behind the last batch.
"""

import logging
import os
import secrets
import socket
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta
from typing import BinaryIO

from sqlalchemy import ColumnElement, insert, or_, select, update

from blueprints.shipments.files import Stored, clean_name, folder, store
from blueprints.shipments.intake import Intake
from blueprints.shipments.models import ImportError, ImportPart, ImportRun
from blueprints.shipments.outcomes import MOST_WRONG, Outcome
from blueprints.shipments.placing import Numbered, Placed, Placing
from blueprints.shipments.sheets import COLUMNS, codes_of, parse_shipment, shipment_columns
from portal import clock, db
from portal.access.profiles import Profile
from portal.access.scope import Actor
from portal.access.through import Through, acting
from portal.audit.services import record
from portal.bulk import insert_rows
from portal.db import after_commit, session, unit_of_work
from portal.errors import Conflict
from portal.i18n import _
from portal.jobs import wake
from portal.people.models import User
from portal.settings import Settings
from portal.sheets.columns import BoundColumns, CellError, bind, header_test
from portal.sheets.errors import SheetError
from portal.sheets.reader import Row, Table, open_table

log = logging.getLogger("portal.imports")

LEASE = timedelta(seconds=60)
MOST_ATTEMPTS = 5
FOLLOW_SECONDS = 0.5
JOB = "shipments.import"
ENDED = frozenset({"finished", "failed"})


class LeaseLost(Exception):
    """Another worker has taken the run over; this one must stop."""


def open_run(actor: Actor | None, *, name: str, stored: Stored, source: str) -> ImportRun:
    """Open a run for a stored file; the job begins as soon as this unit has committed.

    `source` is where it came from: upload, command or folder.
    """
    run = ImportRun(
        file_name=clean_name(name),
        stored_as=stored.name,
        sha256=stored.sha256,
        bytes=stored.bytes,
        source=source,
        user_id=actor.id if actor else None,
        rows_expected=stored.rows,
        notes=[],
    )
    session().add(run)
    session().flush()
    record(
        actor,
        "shipments.file_received",
        subject="shipment_import",
        subject_id=run.id,
        location_id=None,
        summary=run.file_name,
        after={"sha256": run.sha256, "bytes": run.bytes, "source": source},
    )
    after_commit(JOB, lambda: wake(JOB))
    return run


def receive_file(
    settings: Settings, actor: Actor | None, *, name: str, content: BinaryIO, source: str
) -> ImportRun:
    """Store a file and open a run for it at once, where nobody else waits for the database."""
    stored = store(settings, content)
    return open_run(actor, name=name, stored=stored, source=source)


def process_waiting(settings: Settings) -> int:
    """Take in every file that waits or whose worker has died; returns how many were finished.

    One that cannot be read just now, because too many are, goes on waiting for the next round.
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
    query = select(ImportRun.id).where(_free(), ImportRun.id.not_in(put_off))
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
        raise Conflict(_("This file is being taken in by another process."))
    if run.attempts > MOST_ATTEMPTS:
        return _finish(run_id, owner, problem=_("Reading this file failed several times."))
    path = folder(settings) / run.stored_as
    try:
        with open_table(
            path,
            filename=run.file_name,
            recognise=header_test(COLUMNS),
            expected=[column.label for column in COLUMNS],
        ) as table:
            problem = _take_table(settings, run, owner, table, progress)
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
    progress: Callable[[ImportRun], None] | None,
) -> str:
    """Take in the rows of an opened file; returns what makes it unreadable, or nothing."""
    columns = shipment_columns(pin_prefix=settings.pin_prefix, epoch_1904=table.epoch_1904)
    bound = bind(columns, table.header)
    if bound.problems:
        return " ".join(bound.problems)
    today = clock.today(settings.time_zone)
    with unit_of_work(write=False) as current:
        placing, intake = Placing(), Intake(_actor(run))
        current.rollback()
    for batch in table.batches():
        parsed, errors = _parse(placing, bound, batch, today)
        placed, more = placing.place(parsed)
        errors += more
        last = batch[-1][0]
        if last <= run.last_row:
            continue  # taken in before the crash; it was placed to know what has been seen
        if _is_hopeless(run):
            return _hopeless(run)
        run = _take_batch(intake, run, owner, Batch(batch, placed, errors, list(bound.notes)))
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
        "Reading stopped after row %(row)s: %(failed)s of %(rows)s rows need correction. The good "
        "rows up to there are in. Check that each column holds what its name says, and send the "
        "corrected file again.",
        row=f"{run.last_row:,}",
        failed=f"{run.failed:,}",
        rows=f"{run.rows_done:,}",
    )


@dataclass(frozen=True)
class Batch:
    """Rows as they were read, those of them whose codes were found, and what is wrong so far."""

    rows: list[Row]
    placed: list[Placed]
    errors: list[tuple[int, CellError]]
    notes: list[str]


def _take_batch(intake: Intake, run: ImportRun, owner: str, batch: Batch) -> ImportRun:
    """Take in what of a batch comes after the last kept row, with the progress it makes."""

    def take() -> ImportRun:
        outcome = intake.take([one for one in batch.placed if one.number > run.last_row])
        outcome.errors += [error for error in batch.errors if error[0] > run.last_row]
        done = sum(1 for number, _cells in batch.rows if number > run.last_row)
        return _keep_progress(run, owner, outcome, done, batch.rows[-1][0], batch.notes)

    return db.run(take, write=True)


def _parse(
    placing: Placing, bound: BoundColumns, batch: list[Row], today: date
) -> tuple[list[Numbered], list[tuple[int, CellError]]]:
    rows: list[Numbered] = []
    errors: list[tuple[int, CellError]] = []
    for number, cells in batch:
        row, wrong = parse_shipment(bound, cells, today=today)
        if row is not None:
            rows.append(Numbered(number, row, bound.positions))
        else:
            wrong += placing.wrong_codes(codes_of(bound, cells), bound.positions)
        errors += [(number, error) for error in wrong]
    return rows, errors


def _keep_progress(
    before: ImportRun, owner: str, outcome: Outcome, done: int, last: int, notes: list[str]
) -> ImportRun:
    """Write a batch's result with the batch. Raises `LeaseLost`, which undoes the batch."""
    run_id = before.id
    kept = session().execute(
        update(ImportRun)
        .where(ImportRun.id == run_id, ImportRun.lease_owner == owner, ImportRun.last_row < last)
        .values(
            last_row=last,
            rows_done=ImportRun.rows_done + done,
            added=ImportRun.added + len(outcome.added),
            updated=ImportRun.updated + len(outcome.updated),
            unchanged=ImportRun.unchanged + len(outcome.unchanged),
            failed=ImportRun.failed + outcome.failed,
            lease_until=clock.now() + LEASE,
            notes=notes,
            attempts=1,
        )
    )
    if kept.rowcount != 1:  # type: ignore[attr-defined]
        raise LeaseLost
    part = outcome.part
    if part is not None:
        insert_rows(ImportPart, [{"run_id": run_id, "last_row": last, **part}])
    errors = outcome.first_errors(MOST_WRONG - before.failed)
    if errors:
        session().execute(
            insert(ImportError),
            [
                {
                    "run_id": run_id,
                    "row": number,
                    "column": error.column[:64],
                    "position": error.position,
                    "value": error.value[:120],
                    "message": error.message,
                }
                for number, error in errors
            ],
        )
    run = session().get_one(ImportRun, run_id)
    session().refresh(run)
    session().flush()
    session().expunge(run)
    return run


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
        record(
            _actor(run),
            "shipments.file_finished",
            subject="shipment_import",
            subject_id=run.id,
            location_id=None,
            summary=run.file_name,
            after={
                "added": run.added,
                "updated": run.updated,
                "unchanged": run.unchanged,
                "failed": run.failed,
                "state": run.state,
            },
        )
    return run


def _actor(run: ImportRun) -> Actor | None:
    """Whoever sent the file; None for the watched folder and the command line."""
    user = session().get(User, run.user_id) if run.user_id else None
    if user is None:
        return None
    return Actor(
        id=user.id,
        username=user.username,
        full_name=user.full_name,
        email=user.email,
        profile=Profile(user.profile),
    )
