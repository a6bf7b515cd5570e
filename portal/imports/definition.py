"""What a module says of an import, and what it is given to take a file in."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, NamedTuple, Protocol, TypeVar

from portal.access.scope import Actor, Scope
from portal.i18n import Label
from portal.imports.models import ImportRun
from portal.imports.outcomes import KINDS, Change, Judged, Kind, Outcome
from portal.settings import Settings
from portal.sheets.columns import BoundColumns, SheetColumn
from portal.sheets.table import Row


class Numbered(Protocol):
    """A row that may be taken in: what else it holds is the module's business."""

    @property
    def number(self) -> int:
        """The row's number, as its sender sees it."""


T = TypeVar("T", bound=Numbered)


@dataclass(frozen=True)
class Beginning:
    """What is known when a file has been opened.

    bound: the columns as the file has them. preamble: what is above the table, by key.
    actor: who sent it, None for the portal itself. today: the day where the portal is.
    """

    run: ImportRun
    settings: Settings
    actor: Actor | None
    bound: BoundColumns
    preamble: Mapping[str, Any]
    today: date


class Intake(Protocol[T]):
    """One file's way in. Made in a unit of work that only reads; it may know all rows so far."""

    def read(self, rows: Sequence[Row]) -> Judged[T]:
        """Judge the next rows of the file, ahead of the transaction and without the database.

        Asked for every batch from the first one, also when a run goes on after a crash: what has
        been seen before must be known again.
        """

    def take_in(self, rows: Sequence[T]) -> Outcome:
        """Write good rows within the running unit of work, each once: a row that is in already is
        unchanged. May be run again after it was undone."""


class RecordLink(NamedTuple):
    """The record that a row led to: its name, and its address ("" if it has no page)."""

    label: str
    href: str


def plainly(changes: Sequence[Mapping[str, Any]]) -> list[tuple[Change, ...]]:
    """The changes of each row in words, where they are kept as `{label: [old, new]}`."""
    return [
        tuple(Change(label, str(old), str(new)) for label, (old, new) in one.items())
        for one in changes
    ]


@dataclass(frozen=True, kw_only=True)
class ImportDefinition:
    """An import. Texts may be lazily translated.

    name: unique over all modules: the kind of its runs, the folder of its files, and the beginning
        of its audited actions, `<name>.file_received` and `<name>.file_finished`.
    title, choose: the heading of its page, and what is said if no file was chosen.
    capability: who may send files and see the runs.
    columns: what the table has: `columns(settings, epoch_1904)`.
    begin: makes the `Intake` of an opened file.
    record_label, link: what the column of records is called, and for records of these ids what it
        shows, where those may be seen; `link(scope, ids)`.
    kinds: what can become of a row.
    preamble: fields of a block above the table.
    instructions: lines of the template's second sheet.
    changes: what was changed in updated rows, in words.
    of_location: whether a run belongs to the location where it was sent, and is seen only there.
    keep_days: how long the file, and what became of its rows, are kept after the end.
    finished: called in the transaction that ends a run.
    subject: what a run is called in the audit trail.
    """

    name: str
    title: Label
    choose: Label
    capability: str
    columns: Callable[[Settings, bool], tuple[SheetColumn, ...]]
    begin: Callable[[Beginning], Intake[Any]]
    record_label: Label
    link: Callable[[Scope, set[int]], Mapping[int, RecordLink]]
    kinds: tuple[Kind, ...] = KINDS
    preamble: tuple[SheetColumn, ...] = ()
    instructions: tuple[Label, ...] = ()
    changes: Callable[[Sequence[Mapping[str, Any]]], list[tuple[Change, ...]]] = plainly
    of_location: bool = False
    keep_days: Callable[[], int] = lambda: 30
    finished: Callable[[ImportRun], None] | None = None
    subject: str = "import_run"
