"""Searching: text is folded the same way when it is stored and when it is looked for.

A searched table has a column `search`, filled here in Python; the database only compares
characters, so both databases agree. Every word of the search must occur somewhere in it.
"""

import re
import unicodedata
from collections.abc import Iterable, Mapping
from datetime import date, datetime
from typing import Any

from sqlalchemy import Text, event
from sqlalchemy.orm import Mapped, mapped_column

from portal.db import Base
from portal.normal_form import normalize

# Joins the fields. It cannot be searched for, so no hit reaches from one field into the next.
SEPARATOR = "\x1f"
LONGEST = 200
MOST_WORDS = 8

_SEARCHED: dict[type[Base], tuple[str, ...]] = {}
_DROPPED = re.compile("[\x00-\x08\x0e-\x1f\x7f-\x9f\ud800-\udfff\ue000-\uf8ff\u200b-\u200d\ufeff]")
DAY = re.compile(r"(\d{1,2})/(\d{1,2})/([12]\d{3})", re.ASCII)
# Letters without a Unicode decomposition, and what telephones type instead of ' " -.
_LIKE = str.maketrans(
    {"ø": "o", "ł": "l", "đ": "d", "æ": "ae", "œ": "oe", "ı": "i", "ð": "d", "þ": "th"}
    | dict.fromkeys("‘’ʼ′", "'")
    | dict.fromkeys("“”″", '"')
    | dict.fromkeys("‐‑‒–—−", "-")
)


def fold(text: str) -> str:
    """`text` without case, accents, odd quotes and control characters; white space is one space."""
    lower = text.lower() if text.isascii() else _plain(_plain(text).casefold()).translate(_LIKE)
    return " ".join(_DROPPED.sub("", lower).split())


def _plain(text: str) -> str:
    return "".join(
        character for character in normalize("NFKD", text) if not unicodedata.combining(character)
    )


def words(text: str) -> tuple[str, ...]:
    """The folded words of a search, doubles left out: at most eight, of 200 characters in all.

    A day is looked for as lists print it, 2/1/2021 as 02/01/2021.
    """
    found = (_as_printed(word) for word in fold(text[: LONGEST * 2])[:LONGEST].split())
    return tuple(dict.fromkeys(found))[:MOST_WORDS]


def day_of(word: str) -> date | None:
    """The day that a word names as MM/DD/YYYY; None if it names none."""
    found = DAY.fullmatch(word)
    if found is None:
        return None
    month, day, year = map(int, found.groups())
    try:
        return date(year, month, day)
    except ValueError:
        return None


def _as_printed(word: str) -> str:
    day = day_of(word)
    return word if day is None else day.strftime("%m/%d/%Y")


def phrase_in(text: str, phrases: Iterable[str]) -> tuple[str, str]:
    """The longest of `phrases` that occurs in `text`, however it is written; and what is left of
    `text` without it. Nothing and `text` if none does."""
    folded = f" {fold(text)} "
    for phrase in sorted(phrases, key=len, reverse=True):
        sought = f" {fold(phrase)} "
        if sought.strip() and sought in folded:
            return phrase, folded.replace(sought, " ", 1).strip()
    return "", text


def typed(text: str) -> str:
    """What was typed into a search, as it is shown and kept."""
    return text.replace("\0", "").strip()[:LONGEST]


def pattern(word: str) -> str:
    r"""`word` as a LIKE pattern for "contains", every character literal (escape character `\`)."""
    return "%" + re.sub(r"([\\%_])", r"\\\1", word) + "%"


def search_text() -> Mapped[str]:
    """The column `search` of a searched model: `search: Mapped[str] = search_text()`."""
    return mapped_column(Text, default="")


def searchable(model: type[Base], *attributes: str) -> None:
    """Keep `model.search` filled from these attributes whenever the ORM writes a record.

    For statements that go past the ORM's unit of work (bulk inserts) use `search_of`.
    """
    _SEARCHED[model] = attributes

    @event.listens_for(model, "before_insert")
    @event.listens_for(model, "before_update")
    def _fill(_mapper: object, _connection: object, record: Any) -> None:
        record.search = join(getattr(record, name) for name in attributes)


def search_of(model: type[Base], values: Mapping[str, Any]) -> str:
    """The search text of a record of `model` that is written as plain `values`."""
    return join(values.get(name) for name in _SEARCHED[model])


def join(values: Any) -> str:
    """The folded texts of `values`, joined; dates as MM/DD/YYYY, nothing for None."""
    return SEPARATOR.join(filter(None, (fold(_text(value)) for value in values)))


def _text(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, datetime):
        return ""
    if isinstance(value, date):
        return value.strftime("%m/%d/%Y")
    return str(value)
