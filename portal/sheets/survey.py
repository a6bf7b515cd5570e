"""What only a look at all rows of a file tells, before the first of them is read.

    with open_table(path, ...) as table:
        bound = bind(COLUMNS, table.header)
        found = survey(table, bound, recognise)
    with open_table(path, ...) as table:
        bound = found.told(bound)
        for number, cells in table:
            if number not in found.skipped: ...

Dates of which one shows that days come before months; commas at the end of every row; rows that are
none of the table's: totals, repeated headers, rows filled down with zeros.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace

from portal.formats.dates import order_of
from portal.i18n import _, ngettext
from portal.sheets.columns import BoundColumns, is_blank, shown
from portal.sheets.errors import SheetError
from portal.sheets.table import Cell, Recognise, Table

NAMED_ROWS = 10

_FOOTER = re.compile(
    r"\W*(?:(?:grand|sub|overall)?[ -]?totals?\b|sum\b|count\b|average\b|end of\b|page [0-9]"
    r"|printed\b|generated\b|exported\b|prepared by\b|report\b|notes?\b|remarks?\b|comments?\b"
    r"|legend\b|source\b|confidential|disclaimer|all rights)|[*†‡§¹²³©]",
    re.IGNORECASE,
)
_NOTHING = re.compile(r"[-–—$ ]*(?:0(?:[.,]0+)?)?%?|false", re.IGNORECASE)


@dataclass
class Survey:
    """What was found. Numbers are those of rows."""

    day_first: set[str] = field(default_factory=set)
    month_first: set[str] = field(default_factory=set)
    rows: int = 0
    fewest: int = 0
    remarks: list[tuple[int, str]] = field(default_factory=list)
    remarks_in_all: int = 0
    headers: list[int] = field(default_factory=list)
    footers: list[int] = field(default_factory=list)
    nothing: list[int] = field(default_factory=list)
    sheets: list[str] = field(default_factory=list)
    unread: list[tuple[str, str]] = field(default_factory=list)
    fields: int = 0
    separated: bool = False

    @property
    def skipped(self) -> frozenset[int]:
        """The rows that are none of the table's."""
        return frozenset((*self.headers, *self.footers, *self.nothing))

    def told(self, bound: BoundColumns) -> BoundColumns:
        """The columns with what the file as a whole tells about them.

        Days of a column are in doubt if one in it has the day first; or one in another column has,
        and none in it has the month first.
        """
        days = {column.key for column in bound.columns if column.holds == "day"}
        day_first = self.day_first | bound.day_first
        doubted = day_first | (days - self.month_first if day_first else set())
        return replace(
            bound,
            day_first=frozenset(doubted),
            fields=max(self.fields, self.fewest),
            separated=self.separated,
        )

    def notes(self, name: Callable[[int], str]) -> Iterator[str]:
        """What the sender should know of it, in sentences; `name` is what a row is called."""
        for sheet, reason in self.unread:
            yield _unread(sheet, reason, self.sheets)
        for number, text in self.remarks:
            yield _(
                "Row %(row)s: “%(text)s” stands right of the table and was not read.",
                row=name(number),
                text=text,
            )
        if more := self.remarks_in_all - len(self.remarks):
            yield ngettext(
                "In %(num)s more row something stands right of the table and was not read.",
                "In %(num)s more rows something stands right of the table and was not read.",
                more,
            )
        for numbers, sentence in (
            (self.headers, _("Rows that repeat the header were not read: %(rows)s.")),
            (self.footers, _("Rows with a total or a note were not read: %(rows)s.")),
            (self.nothing, _("Rows with nothing but zeros were not read: %(rows)s.")),
        ):
            if numbers:
                yield sentence % {"rows": _listed(numbers, name)}


def survey(table: Table, bound: BoundColumns, recognise: Recognise) -> Survey:
    """Look at all rows of a table. Where it turns out to be damaged, at those before: whoever
    reads it comes there, too. Raises `SheetError` if it cannot be read just now."""
    found = Survey(
        sheets=table.sheets,
        unread=table.unread,
        fields=table.fields,
        separated=table.kind == "csv",
    )
    look = _Look(found, bound, recognise)
    try:
        for number, cells in table:
            look.at(number, cells)
    except SheetError as error:
        if error.reason == "busy":
            raise
    return found


def survey_row(bound: BoundColumns, cells: Sequence[Cell]) -> BoundColumns:
    """The columns with what one row, such as a form brings, tells about its days."""
    found = Survey(fields=len(cells))
    _Look(found, bound, lambda _cells: False).at(1, cells)
    return found.told(bound)


class _Look:
    """At one row after the other."""

    def __init__(self, found: Survey, bound: BoundColumns, recognise: Recognise) -> None:
        self.found = found
        self.width = bound.width
        self.recognise = recognise
        places = bound.positions
        self.required = [
            places[one.key] for one in bound.columns if one.required and one.key in places
        ]
        self.days = [
            (one.key, places[one.key])
            for one in bound.columns
            if one.holds == "day" and one.key in places
        ]

    def at(self, number: int, cells: Sequence[Cell]) -> None:
        """Look at a row."""
        found = self.found
        length = len(cells)
        filled = sum(place < length and not is_blank(cells[place]) for place in self.required)
        if 2 * filled < len(self.required) and self._is_no_row(number, cells):
            return
        if filled == len(self.required) and self.recognise(cells):
            found.headers.append(number)
            return
        found.fewest = min(found.fewest, length) if found.rows else length
        found.rows += 1
        for key, place in self.days:
            if place < length and (order := order_of(cells[place])) not in (None, "either"):
                (found.day_first if order == "day_first" else found.month_first).add(key)
        if length > self.width:
            self._note_remark(number, cells[self.width :])

    def _is_no_row(self, number: int, cells: Sequence[Cell]) -> bool:
        """Whether a row with few cells is a total, a note, or nothing; it is noted then."""
        texts = [shown(cell) for cell in cells if not is_blank(cell)]
        if self.recognise(cells):
            self.found.headers.append(number)
        elif texts and all(map(_is_nothing, texts)):
            self.found.nothing.append(number)
        elif any(map(_FOOTER.match, texts)):
            self.found.footers.append(number)
        else:
            return False
        return True

    def _note_remark(self, number: int, right: Sequence[Cell]) -> None:
        text = " ".join(shown(cell) for cell in right if not is_blank(cell))
        if not text:
            return
        self.found.remarks_in_all += 1
        if len(self.found.remarks) < NAMED_ROWS:
            self.found.remarks.append((number, shown(text)))


def _is_nothing(text: str) -> bool:
    return bool(text) and _NOTHING.fullmatch(text) is not None


def _unread(sheet: str, reason: str, read: Sequence[str]) -> str:
    if reason == "hidden":
        return _("The sheet “%(sheet)s” was not read: it is hidden.", sheet=sheet)
    if reason == "columns":
        return _(
            "The sheet “%(sheet)s” was not read: its columns are not those of “%(first)s”. Send it "
            "as a file of its own.",
            sheet=sheet,
            first=read[0] if read else "",
        )
    if reason == "many":
        return _("The sheet “%(sheet)s” was not read: the file has too many sheets.", sheet=sheet)
    return _("The sheet “%(sheet)s” was not read: it has no header row.", sheet=sheet)


def _listed(numbers: Sequence[int], name: Callable[[int], str]) -> str:
    listed = ", ".join(name(number) for number in numbers[:NAMED_ROWS])
    if (more := len(numbers) - NAMED_ROWS) > 0:
        listed += " " + ngettext("and %(num)s more", "and %(num)s more", more)
    return listed
