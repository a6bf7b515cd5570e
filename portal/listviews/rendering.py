"""A page of a list as the templates show it: cells as text, addresses, labels."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from markupsafe import Markup, escape

from portal.access.scope import Scope
from portal.i18n import _
from portal.listviews.definition import Action, Column, ListDefinition
from portal.listviews.paging import ListState, address
from portal.listviews.periods import fields_of
from portal.listviews.queries import Listing
from portal.searching.text import typed

Cell = Callable[[Any], Any]


@dataclass(frozen=True, slots=True)
class Heading:
    """The heading of a column, in the reader's language."""

    key: str
    label: str
    num: bool
    more: bool = False


# From this number of characters on, a cell may break into lines.
LONG_CELL = 24
# Between texts that are escaped at once. A text that holds it is escaped by itself.
APART = "\0"


def headings(definition: ListDefinition) -> list[Heading]:
    """The headings of the columns."""
    return [
        Heading(column.key, str(column.label), column.num, _is_more(definition, place))
        for place, column in enumerate(definition.columns)
    ]


def _is_more(definition: ListDefinition, place: int) -> bool:
    """Whether narrow screens leave the column out."""
    brief = definition.brief
    return bool(brief) and place > 0 and definition.columns[place].key not in brief


def sort_addresses(definition: ListDefinition, state: ListState) -> dict[str, str]:
    """Where each sortable column's heading leads."""
    return {key: address(definition, state.sorted_by(key)) for key in definition.sortable}


def body(
    definition: ListDefinition,
    listing: Listing,
    *,
    zone: str,
    link: tuple[str, str] | None,
    menus: Sequence[Sequence[Action]] = (),
    ticks: bool = False,
    leading: Mapping[str, tuple[str, str]] | None = None,
) -> Markup:
    """The rows of the table, as the macro list_table would write them, in a fifth of its time.

    link: the text before and after the id in a record's address; None: rows lead nowhere. menus:
    the links of the menu of each row. ticks: whether rows have a box. leading: by column, the text
    before and after the id in the address that its values lead to.
    """
    columns, long = [], []
    for place, column in enumerate(definition.columns, 2):
        values = [row[place] for row in listing.rows]
        shown, is_long = _cells(column, values, zone)
        long.append(is_long)
        if leading and column.key in leading:
            before, after = map(escape, leading[column.key])
            shown = [
                f'<a href="{before}{escape(value)}{after}">{cell}</a>'
                for value, cell in zip(values, shown, strict=True)
            ]
        columns.append(shown)
    opened, closed = _tags(definition, long)
    if link:
        before, after = map(escape, link)
        columns[0] = [
            f'<a href="{before}{row[-1]}{after}">{cell}</a>'
            for row, cell in zip(listing.rows, columns[0], strict=True)
        ]
    parts: list[str] = []
    for place, cells in enumerate(zip(*columns, strict=True)):
        row: Any = listing.rows[place]
        parts.append("<tr>")
        if ticks:
            parts.append(_tick(definition, row, row[2]))
        for start, cell, end in zip(opened, cells, closed, strict=True):
            parts += (start, cell, end)
        if menus:
            parts.append(_menu(menus[place], row[2]))
        parts.append("</tr>")
    return Markup("".join(parts))  # noqa: S704 - every cell was escaped


def _cells(column: Column, values: Sequence[Any], zone: str) -> tuple[list[str], bool]:
    """What the cells of a column show, as HTML, and whether one of them is long."""
    if column.kind == "status":
        pills = _Status(column)
        shown = [str(pills.show(value)) for value in values]
        return shown, any(map(_is_long, pills.labels))
    form = cell_format(column, zone)
    texts = [str(form(value)) for value in values]
    return _escaped(texts), any(map(_is_long, texts))


def _escaped(texts: list[str]) -> list[str]:
    """Each text as HTML. They are escaped at once: to do it one by one takes most of the time that
    a table does."""
    made = str(escape(APART.join(texts))).split(APART)
    return made if len(made) == len(texts) else [str(escape(text)) for text in texts]


def _tick(definition: ListDefinition, row: Any, name: Any) -> Markup:
    assert definition.ticks is not None
    if not definition.ticks.of(row):
        return Markup("<td></td>")
    return Markup(
        '<td class="tick"><input type="checkbox" name="tick" value="{}" aria-label="{}"></td>'
    ).format(row.id, _("Select %(name)s", name=name))


def _menu(links: Sequence[Action], name: Any) -> Markup:
    if not links:
        return Markup("<td></td>")
    items = Markup("").join(
        Markup('<li><a href="{}">{}</a></li>').format(link.href, link.label) for link in links
    )
    return Markup(
        '<td class="noprint"><details class="menu end"><summary class="btn quiet only" '
        'aria-label="{}">⋮</summary><ul>{}</ul></details></td>'
    ).format(_("Menu of %(name)s", name=name), items)


def _tags(definition: ListDefinition, long: Sequence[bool]) -> tuple[list[str], list[str]]:
    """The tags before and after the cells of each column; `long`: which of them have long cells."""
    opened, closed = [], []
    for place, (column, is_long) in enumerate(zip(definition.columns, long, strict=True)):
        wide = "wide" if is_long else ""
        if place == 0:
            opened.append(f'<th scope="row"{_class(wide)}>')
            closed.append("</th>")
        else:
            more = "more" if _is_more(definition, place) else ""
            kind = _class("num" if column.num else wide, more)
            opened.append(f'<td{kind} data-label="{escape(str(column.label))}">')
            closed.append("</td>")
    return opened, closed


def _class(*names: str) -> str:
    given = " ".join(filter(None, names))
    return f' class="{given}"' if given else ""


def _is_long(text: str) -> bool:
    return len(text) > LONG_CELL


def cell_format(column: Column, zone: str) -> Cell:
    """The function that turns a value of `column` into what a cell shows."""
    if column.kind == "date":
        return _day
    if column.kind == "number":
        return _number
    if column.kind == "moment":
        place = ZoneInfo(zone)
        return lambda value: _moment(value, place)
    if column.kind == "status":
        return _Status(column).show
    if column.kind == "words":
        return lambda value: str(column.labels(value))
    return _text


def plain_values(definition: ListDefinition, row: Sequence[Any], zone: str) -> list[Any]:
    """The values of a row as a spreadsheet holds them: dates as dates, moments as local time."""
    place = ZoneInfo(zone)
    values: list[Any] = []
    for column, value in zip(definition.columns, row[2:], strict=False):
        if isinstance(value, datetime):
            value = value.astimezone(place)
        elif column.kind in ("status", "words"):
            value = str(column.labels(value))
        values.append(value)
    return values


def _text(value: Any) -> Any:
    return "" if value is None else value


def _day(value: date | None) -> str:
    return f"{value.month:02}/{value.day:02}/{value.year:04}" if value else ""


def _number(value: int | None) -> str:
    return "" if value is None else f"{value:,}"


def _moment(value: datetime | None, zone: ZoneInfo) -> str:
    return value.astimezone(zone).strftime("%m/%d/%Y %I:%M %p %Z") if value else ""


class _Status:
    """The few values of a status column, each made once a page."""

    def __init__(self, column: Column) -> None:
        self.column = column
        self.labels: list[str] = []
        self.made: dict[Any, Markup] = {}

    def show(self, value: Any) -> Markup:
        if value not in self.made:
            tone = self.column.tone(value) if self.column.tone else "neutral"
            label = str(self.column.labels(value))
            kind = "pill" if tone == "neutral" else f"pill {tone}"
            self.labels.append(label)
            self.made[value] = Markup(f'<span class="{kind}">{escape(label)}</span>')  # noqa: S704
        return self.made[value]


@dataclass(frozen=True, slots=True)
class FilterField:
    """A filter as its field shows it."""

    key: str
    label: str
    kind: str
    value: str
    choices: Sequence[tuple[str, str]]
    problem: str = ""


def filter_fields(
    definition: ListDefinition, state: ListState, scope: Scope, refused: Mapping[str, str]
) -> list[FilterField]:
    """The fields above the list, with what is in them and what is wrong with it."""
    values = dict(state.filters)
    made = []
    for each in fields_of(definition):
        usual = each.usual(scope) if each.usual and each.key not in values else ""
        choices = each.choices() if each.choices else {}
        made.append(
            FilterField(
                each.key,
                str(each.label),
                each.kind,
                values.get(each.key, usual),
                [(key, str(label)) for key, label in choices.items()],
                refused.get(each.key, ""),
            )
        )
    return made


# What is typed into several private fields is kept as one text.
BETWEEN = "\u241f"
LONGEST_PRIVATE = 90


def private_text(definition: ListDefinition, sent: Mapping[str, str]) -> str:
    """What was typed into the private filters, as one text to keep; empty for nothing."""
    values = [
        typed(sent.get(each.key, "")).replace(BETWEEN, "")[:LONGEST_PRIVATE]
        for each in fields_of(definition)
        if each.private
    ]
    return BETWEEN.join(values) if any(values) else ""


def private_values(definition: ListDefinition, text: str) -> list[tuple[str, str]]:
    """The values by key that `private_text` made one text of."""
    keys = [each.key for each in fields_of(definition) if each.private]
    return list(zip(keys, text.split(BETWEEN), strict=False)) if text else []
