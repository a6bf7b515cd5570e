"""Reading import runs: for whoever may send such files."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import TypeVar

from sqlalchemy import or_, select

from portal.access.scope import Scope
from portal.clock import now
from portal.db import session
from portal.errors import NotFound
from portal.files.models import StoredFile
from portal.imports.definition import ImportDefinition
from portal.imports.models import ImportError, ImportRun
from portal.searching.newest import newest_first
from portal.sheets.columns import CellError, CellMended
from portal.sheets.doubts import days_asked

T = TypeVar("T", CellError, CellMended)

# Of how many files it is remembered what was asked.
EARLIER = 20
# For so long a file that did not go in whole is spoken of on `Home`.
LATELY = timedelta(days=7)


def get_run(definition: ImportDefinition, scope: Scope, run_id: int) -> ImportRun:
    """The import run. Raises `NotFound`; only whoever may import sees runs."""
    scope.require(definition.capability)
    run = session().get(ImportRun, run_id)
    if run is None or run.kind != definition.name:
        raise NotFound
    if definition.of_location:
        scope.require_location(run.location_id)
    return run


def list_runs(
    definition: ImportDefinition,
    scope: Scope,
    *,
    since: datetime | None = None,
    until: datetime | None = None,
    before: int | None = None,
    limit: int = 25,
) -> list[ImportRun]:
    """The import runs sent from `since` on and before `until`, newest first, those with an id below
    `before`."""
    scope.require(definition.capability)
    query = select(ImportRun).where(ImportRun.kind == definition.name)
    if definition.of_location:
        query = query.where(ImportRun.location_id == scope.location_id)
    query = newest_first(
        query, ImportRun.created_at, ImportRun.id, since=since, until=until, below=before
    )
    return list(session().scalars(query.limit(limit)))


def list_unfinished(
    definitions: Sequence[ImportDefinition], scope: Scope, *, most: int
) -> list[ImportRun]:
    """The newest runs of the last days that somebody should look at: not read, with rows that did
    not go in, or with rows that wait for a decision. Of imports that are not of a location."""
    for definition in definitions:
        scope.require(definition.capability)
    query = select(ImportRun).where(
        ImportRun.kind.in_([definition.name for definition in definitions]),
        or_(ImportRun.state == "failed", ImportRun.failed > 0, ImportRun.undecided > 0),
    )
    query = newest_first(query, ImportRun.created_at, ImportRun.id, since=now() - LATELY)
    return list(session().scalars(query.limit(most)))


def days_asked_about(run: ImportRun, *, days: int) -> dict[str, frozenset[date]]:
    """By label of a column, the days, month first, that files of the same kind and location were
    asked about in the `days` before this one.

    Whoever sends such a file again, with what showed its order corrected and nothing that tells
    where it comes from, is asked again.
    """
    earlier = select(ImportRun.id).where(
        ImportRun.kind == run.kind,
        ImportRun.location_id.is_not_distinct_from(run.location_id),
        ImportRun.id < run.id,
        ImportRun.created_at >= run.created_at - timedelta(days=days),
        ImportRun.failed > 0,
    )
    said = session().execute(
        select(ImportError.column, ImportError.message)
        .where(
            ImportError.run_id.in_(earlier.order_by(ImportRun.id.desc()).limit(EARLIER)),
            ImportError.mended.is_(False),
            ImportError.message.contains("“"),
        )
        .distinct()
    )
    found: dict[str, frozenset[date]] = {}
    for label, message in said:
        if asked := days_asked(message):
            found[label] = found.get(label, frozenset()) | asked
    return found


@dataclass(frozen=True)
class RowProblem:
    """What is wrong with a row or several rows of a file, said once."""

    rows: tuple[int, ...]
    more_rows: int
    column: str
    value: str
    message: str


def list_problems(run: ImportRun) -> list[RowProblem]:
    """The problems of a run, the same one of many rows as one line, in order of rows."""
    grouped: dict[tuple[str, str, str], list[int]] = {}
    rows = session().execute(
        select(ImportError.row, ImportError.column, ImportError.value, ImportError.message)
        .where(ImportError.run_id == run.id, ImportError.mended.is_(False))
        .order_by(ImportError.row, ImportError.id)
    )
    # No more than `MOST_WRONG` rows are kept, each with as many errors as it has columns.
    for row, column, value, message in rows:
        grouped.setdefault((column, value, message), []).append(row)
    return [
        RowProblem(tuple(numbers[:10]), max(len(numbers) - 10, 0), column, value, message)
        for (column, value, message), numbers in grouped.items()
    ]


def errors_by_row(run: ImportRun, *, most: int) -> dict[int, list[CellError]]:
    """Everything that is wrong with the first `most` wrong rows of a run's file, by row number."""
    return _remarks(run, most, CellError)


def mended_by_row(run: ImportRun, *, most: int) -> dict[int, list[CellMended]]:
    """What the portal corrected by itself in the first `most` wrong rows, by row number."""
    return _remarks(run, most, CellMended)


def _remarks(run: ImportRun, most: int, kind: type[T]) -> dict[int, list[T]]:
    of_run = ImportError.run_id == run.id
    wrong = (
        select(ImportError.row)
        .where(of_run, ImportError.mended.is_(False))
        .distinct()
        .order_by(ImportError.row)
        .limit(most)
        .subquery()
    )
    found: dict[int, list[T]] = {}
    for row, column, message, value, position in session().execute(
        select(
            ImportError.row,
            ImportError.column,
            ImportError.message,
            ImportError.value,
            ImportError.position,
        )
        .where(
            of_run,
            ImportError.mended.is_(kind is CellMended),
            ImportError.row.in_(select(wrong.c.row)),
        )
        .order_by(ImportError.row, ImportError.id)
    ):
        found.setdefault(row, []).append(kind(column, message, value, position))
    return found


def same_file_before(run: ImportRun) -> ImportRun | None:
    """The import of this kind, at this location, that brought the very same file before."""
    query = (
        select(ImportRun)
        .join(ImportRun.file)
        .where(
            StoredFile.sha256 == run.sha256,
            ImportRun.id < run.id,
            ImportRun.kind == run.kind,
            ImportRun.location_id.is_not_distinct_from(run.location_id),
        )
        .order_by(ImportRun.id.desc())
        .limit(1)
    )
    return session().scalar(query)
