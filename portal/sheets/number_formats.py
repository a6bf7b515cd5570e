"""What a cell shows of its value: numbers with zeros in front, dates without their year.

ECMA-376 part 1, 18.8.30 and 18.8.31. Used by the child that reads workbooks; imports nothing but
the standard library and openpyxl.
"""

import re
from collections.abc import Callable
from datetime import datetime
from functools import partial
from math import isfinite
from typing import Any, Literal, NamedTuple

# Excel allows 255 characters in the format of a number.
LONGEST_FORMAT = 255
# Text in quotes, after a backslash or in brackets is none of a format's letters.
_ASIDE = re.compile(r'"[^"]*"|\\.|\[[^]]*\]|_.|\*.')
_LITERAL = re.compile(r'"([^"]*)"|\\(.)|\[\$([^]-]*)[^]]*\]|_(.)|\*(.)|\[[^]]*\]')

DateKind = Literal["month", "no_year", "day"]


def date_kind(code: str) -> DateKind:
    """What a date's format shows: only month and year, a day or time without its year, or all."""
    letters = set(_ASIDE.sub("", code[:LONGEST_FORMAT]).lower())
    if not letters & set("yeb"):
        return "no_year"
    return "month" if "m" in letters and not letters & set("dhs") else "day"


def shown_without_year(value: datetime, code: str) -> str:
    """The day or time that such a format shows."""
    letters = set(_ASIDE.sub("", code[:LONGEST_FORMAT]).lower())
    if "d" in letters:
        return f"{value.day}-{value:%b}"
    return f"{value:%H:%M:%S}" if letters & set("hs") else f"{value:%b}"


class NumberFormat(NamedTuple):
    """A format that shows more or less than the digits of a number."""

    parts: tuple[str, ...]
    exponent: bool
    percent: bool
    odd: bool

    def shown(self, value: float) -> str | None:
        """The text in the cell; None where it cannot be told, or is another number."""
        if self.exponent:
            return f"{value:.2E}"
        if self.percent:
            return f"{value * 100:g}%"
        if self.odd or value != int(value) or abs(value) >= 10**15:
            return None
        digits = str(abs(int(value)))
        places = sum(part in "0#?" for part in self.parts if len(part) == 1)
        needed = sum(part == "0" for part in self.parts)
        digits = digits.zfill(needed)
        rest = digits[: max(len(digits) - places, 0)]
        digits = digits[len(rest) :].rjust(places)
        made, at = [], 0
        for part in self.parts:
            if part in ("0", "#", "?"):
                made.append(rest + digits[at].strip())
                rest, at = "", at + 1
            else:
                made.append(part[1:])
        return ("-" if value < 0 else "") + "".join(made)


def number_format(code: str) -> NumberFormat | None:
    """The format of a number, if a cell shows more or less in it than the number's digits."""
    section = _first_section(code[:LONGEST_FORMAT])
    plain = _ASIDE.sub("", section)
    usual = plain.strip().lower() in ("general", "@")
    if not code or (usual and '"' not in section and "\\" not in section):
        return None
    if usual or not re.search("[0#?]", plain):
        return _odd()  # letters beside any number, or no number at all
    conditional = bool(re.search(r"\[[<>=]", section))
    exponent = bool(re.search(r"[Ee][+-]", plain))
    percent = "%" in plain
    scaled = bool(re.search(r"[0#?],+(?![0#?,])", plain))
    fraction = "/" in plain and "?" in plain
    whole, _dot, decimals = plain.partition(".")
    parts = _parts(section)
    letters = any(len(part) > 1 and part[1:].strip(" .") for part in parts)
    odd = conditional or scaled or fraction or bool(decimals.strip("0#? ") and not letters)
    if not (exponent or percent or odd or letters or whole.count("0") > 1):
        return None
    if decimals and not (exponent or percent):
        # Digits behind the point are the number's own; only what stands around them is not.
        return None if not (letters or odd or whole.count("0") > 1) else _odd()
    return NumberFormat(parts, exponent, percent, odd)


def _odd() -> NumberFormat:
    return NumberFormat((), exponent=False, percent=False, odd=True)


def _first_section(code: str) -> str:
    """The part of a format that is for positive numbers."""
    for found in re.finditer(r'"[^"]*"|\\.|;', code):
        if found[0] == ";":
            return code[: found.start()]
    return code


def _parts(section: str) -> tuple[str, ...]:
    """Placeholders as they are; what is shown as it is, behind a sign that tells it from them."""
    parts: list[str] = []
    at = 0
    thousands = re.search(r"[0#?],(?=[0#?])", section) is not None
    while at < len(section):
        if found := _LITERAL.match(section, at):
            literal = next((text for text in found.groups()[:3] if text), "")
            parts.append("'" + literal)
            at = found.end()
            continue
        character = section[at]
        if character in "0#?":
            parts.append(character)
        elif not (character == "," and thousands):
            parts.append("'" + character)
        at += 1
    return tuple(part for part in parts if part != "'")


def shown_by_style(book: Any) -> dict[int, Callable[[Any], Any]]:
    """How the styles of cells show a value, where that is something else than the value itself.

    What was typed as a month is kept as its first day, and only shown as a month; a day without its
    year is kept in the year in which it was typed.
    """
    from openpyxl.styles.numbers import BUILTIN_FORMATS, BUILTIN_FORMATS_MAX_SIZE

    found: dict[int, Callable[[Any], Any]] = {}
    for style, one in enumerate(book._cell_styles):
        custom = one.numFmtId - BUILTIN_FORMATS_MAX_SIZE
        try:
            code = book._number_formats[custom] if custom >= 0 else BUILTIN_FORMATS[one.numFmtId]
        except (KeyError, IndexError):
            continue
        if style in book._date_formats:
            kind = date_kind(code)
            if kind == "month":
                found[style] = _as_month
            elif kind == "no_year":
                found[style] = partial(_without_year, code)
        elif (shape := number_format(code)) is not None:
            found[style] = partial(_as_shown, shape)
    return found


def _as_month(value: Any) -> Any:
    return value.strftime("%Y-%m") if isinstance(value, datetime) and value.day == 1 else value


def _without_year(code: str, value: Any) -> Any:
    return shown_without_year(value, code) if isinstance(value, datetime) else value


def _as_shown(shape: NumberFormat, value: Any) -> Any:
    if not isinstance(value, int | float) or isinstance(value, bool) or not isfinite(value):
        return value
    shown = shape.shown(value)
    return {"x": "format"} if shown is None else {"n": value, "s": shown}
