"""Decisions about counts, over plain values."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from zlib import crc32

from blueprints.inventory.rules import Kind
from portal.i18n import _, ngettext


class CountState(StrEnum):
    """Whether a count can still be changed."""

    OPEN = "open"
    FINISHED = "finished"
    CANCELLED = "cancelled"

    @property
    def label(self) -> str:
        """The word for it on pages."""
        return {
            CountState.OPEN: _("Open"),
            CountState.FINISHED: _("Finished"),
            CountState.CANCELLED: _("Canceled"),
        }[self]

    @property
    def tone(self) -> str:
        """The colour of that word."""
        return {
            CountState.OPEN: "info",
            CountState.FINISHED: "success",
            CountState.CANCELLED: "neutral",
        }[self]


def part_label(storage_unit: str | None) -> str:
    """What a count is of: a storage unit, the records that are in none (""), or all (None)."""
    if storage_unit is None:
        return _("All storage units")
    return storage_unit or _("No storage unit")


# A page of the form: 150 fields. A sheet: what a browser prints at once without trouble.
LINES_A_PAGE = 50
LINES_A_SHEET = 500


@dataclass(frozen=True)
class Stretch:
    """The lines `first` to `last` of a count, which are its `number`-th page or sheet of `of`."""

    number: int
    of: int
    first: int
    last: int


def stretch(wanted: int, lines: int, size: int) -> Stretch:
    """The `wanted`-th piece of a count's lines, each of `size`; the nearest there is."""
    of = max(1, -(-lines // size))
    number = min(max(wanted, 1), of)
    return Stretch(number, of, (number - 1) * size + 1, min(number * size, lines))


def page_of(line: int) -> int:
    """On which page of the form a line is."""
    return (line - 1) // LINES_A_PAGE + 1


OTHER = "other"
FEWER = ("not_recorded", "lost", "broken", "open_vial", "drawn", OTHER)
MORE = ("found", "extra_dose", OTHER)
REASONS = tuple(dict.fromkeys((*FEWER[:-1], *MORE)))


@dataclass(frozen=True)
class EnteredLine:
    """What was entered in a line of a count, beside the `expected` doses it was compared with and
    the mark of the storage unit, the `place`, where they should be."""

    expected: int
    counted: int | None = None
    reason: str = ""
    not_counted: bool = False
    place: str = ""

    @property
    def done(self) -> bool:
        """Whether somebody has dealt with the line."""
        return self.not_counted or self.counted is not None

    @property
    def difference(self) -> int:
        """How many doses more than expected are there; negative for fewer, 0 if not counted."""
        if self.not_counted or self.counted is None:
            return 0
        return self.counted - self.expected

    @property
    def kind(self) -> Kind | None:
        """What is booked for the difference: fewer doses are wastage, more an adjustment."""
        if not self.difference:
            return None
        return Kind.WASTED if self.difference < 0 else Kind.ADJUSTED


def may_be_in_transit(difference: int, in_transit: int) -> bool:
    """Whether the doses found may be those that wait for the courier."""
    return 0 < difference <= in_transit


# So many lines are named in a sentence.
NAMED = 5


def boxes_moved(names: Sequence[str]) -> str:
    """Why nothing was recorded: these lines differ, and their boxes have been moved."""
    others = len(names) - NAMED
    listed = ", ".join(f"“{name}”" for name in names[:NAMED])
    if others > 0:
        more = ngettext("and %(num)s more record", "and %(num)s more records", others)
        listed = f"{listed} {more}"
    return ngettext(
        "%(names)s is in another storage unit now. Nothing was recorded. Count it again where "
        "it is now, or check “Not counted”.",
        "%(names)s are in other storage units now. Nothing was recorded. Count them again where "
        "they are now, or check “Not counted”.",
        len(names),
        names=listed,
    )


def merged(was: EnteredLine, now: EnteredLine, typed: EnteredLine) -> EnteredLine | None:
    """What a line holds once `typed` was sent from a page that showed `was`, and it holds `now`.

    What the sender left alone stays as others entered it. None if both changed it.
    """
    if typed in (was, now):
        return now
    return typed if now == was else None


def mark_of(text: str) -> str:
    """A short mark of a text, to tell whether it is still the one that was shown."""
    return f"{crc32(text.encode()):x}"


# What goes astray between two counts is a vial, and of more stock a few of them. More than one vial
# and a fifth of what is expected, or more than ten vials, a whole carton, is rather a number in
# another unit, of another lot, or with a digit too few.
FIFTH = 5
MOST_VIALS = 10


def is_unlikely(line: EnteredLine, per_vial: int | None) -> bool:
    """Whether so large a difference must be meant. `per_vial` is how many doses a vial has; where
    that is not known, a dose is taken for a vial."""
    apart, vial = abs(line.difference), per_vial or 1
    return apart > vial and (FIFTH * apart > line.expected or apart > MOST_VIALS * vial)


def doubt(name: str, line: EnteredLine, per_vial: int | None) -> str:
    """What to say of an unlikely difference; that vials were counted, if that would fit."""
    counted = line.counted or 0
    said = _(
        "Doses counted for %(name)s: %(counted)s. Expected: %(expected)s.",
        name=name,
        counted=f"{counted:,}",
        expected=f"{line.expected:,}",
    )
    if (
        per_vial
        and per_vial > 1
        and counted
        and abs(counted * per_vial - line.expected) <= per_vial
    ):
        asked = ngettext(
            "%(counted)s vial of %(size)s doses would be %(doses)s doses. Enter doses, not vials.",
            "%(counted)s vials of %(size)s doses would be %(doses)s doses. Enter doses, not vials.",
            counted,
            counted=f"{counted:,}",
            size=per_vial,
            doses=f"{counted * per_vial:,}",
        )
    else:
        asked = _("Count these doses again, or check the number.")
    return f"{said} {asked}"


def in_vials(doses: int, per_vial: int) -> str:
    """So many doses as vials: full ones, and what is left over."""
    full, left = divmod(doses, per_vial)
    vials = ngettext(
        "%(num)s vial of %(size)s doses", "%(num)s vials of %(size)s doses", full, size=per_vial
    )
    doses_left = ngettext("%(num)s dose", "%(num)s doses", left)
    if full and left:
        return _("%(vials)s and %(doses)s", vials=vials, doses=doses_left)
    return str(vials if full else doses_left)


@dataclass(frozen=True)
class Problem:
    """What keeps a count from being finished: a field of a line, of the whole count (no `line`),
    or neither, and a sentence."""

    line: int | None
    name: str
    sentence: str

    @property
    def field(self) -> str:
        """The name of the field in the form; empty for what concerns the whole."""
        return self.name if self.line is None else f"{self.name}_{self.line}"


def problem_of(line: EnteredLine) -> tuple[str, str] | None:
    """What keeps a line from being finished: the field it concerns, and a sentence; None if
    nothing does. Blank is not zero."""
    if line.not_counted and line.counted is not None:
        return "counted", _("Enter a number or check “Not counted”, not both.")
    if not line.done:
        return "counted", _("Enter a number (0 for none), or check “Not counted”.")
    if line.difference < 0 and line.reason not in FEWER:
        return "reason", _(
            "Doses missing: %(doses)s. Choose what happened to them.",
            doses=f"{-line.difference:,}",
        )
    if line.difference > 0 and line.reason not in MORE:
        return "reason", _(
            "Extra doses: %(doses)s. Choose where they came from.",
            doses=f"{line.difference:,}",
        )
    return None


def problems(lines: Iterable[tuple[int, EnteredLine]], note: str) -> list[Problem]:
    """All that keeps a count from being finished, in the order of its lines.

    `lines` are their numbers and what they hold.
    """
    held = list(lines)
    found = [
        Problem(number, *problem)
        for number, line in held
        if (problem := problem_of(line)) is not None
    ]
    if not note and any(line.difference and line.reason == OTHER for _number, line in held):
        found.append(Problem(None, "note", _("Say in a few words what happened.")))
    if not found and all(line.not_counted for _number, line in held):
        found.append(Problem(None, "", _("Nothing was counted. Cancel the count instead.")))
    return found
