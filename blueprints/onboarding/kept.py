"""The rows of a file that did not go in, kept so that they can be corrected in the portal."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from blueprints.onboarding.digests import digest_of
from blueprints.onboarding.models import OnboardingRow
from blueprints.onboarding.sheets import cells_of
from portal.bulk import insert_rows
from portal.imports.outcomes import Outcome
from portal.sheets.columns import BoundColumns, CellError
from portal.sheets.table import Row


@dataclass(frozen=True)
class KnownRow:
    """A row that somebody corrected in the portal already, and the record it led to."""

    number: int
    record_id: int


def digest(bound: BoundColumns, cells: Sequence[Any]) -> str:
    """The digest of a row of a file."""
    return digest_of(cells_of(bound, cells))


class Rest:
    """The rows of a batch that do not go in, and why."""

    def __init__(self, bound: BoundColumns) -> None:
        self.bound = bound
        self._rows: dict[int, Sequence[Any]] = {}
        self._judged: list[tuple[int, CellError]] = []

    def begin(self, rows: Sequence[Row]) -> None:
        """The next batch."""
        self._rows = dict(rows)
        self._judged = []

    def failed(self, errors: Iterable[tuple[int, CellError]]) -> None:
        """What is wrong with rows that could not be read."""
        self._judged = list(errors)

    def write(
        self, run_id: int, outcome: Outcome, alike: dict[int, list[int]] | None = None
    ) -> None:
        """Keep what the batch leaves: rows with errors, and those that wait for a decision."""
        keys = {one.label: one.key for one in self.bound.columns}
        wrong: dict[int, list[list[str]]] = {number: [] for number, _id in outcome.undecided}
        for number, error in [*self._judged, *outcome.errors]:
            wrong.setdefault(number, []).append([keys.get(error.column, ""), error.message])
        undecided = {number for number, _id in outcome.undecided}
        right = {number: one.value for number, one in outcome.mended if number in wrong}
        insert_rows(
            OnboardingRow,
            [
                {
                    "run_id": run_id,
                    "row": number,
                    "state": "undecided" if number in undecided else "failed",
                    "cells": self._cells(number, right.get(number)),
                    "wrong": said,
                    "alike": (alike or {}).get(number, []),
                    "digest": digest(self.bound, self._rows[number]),
                }
                for number, said in sorted(wrong.items())
            ],
        )

    def _cells(self, number: int, username: str | None) -> dict[str, str]:
        cells = cells_of(self.bound, self._rows[number])
        return cells | {"username": username} if username else cells
