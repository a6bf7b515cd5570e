"""Searching: text is folded the same way when it is stored and when it is looked for.

A searched table has a column `search`, filled here in Python; the database only compares
characters, so both databases agree. Every word of the search must occur somewhere in it.
"""

import re
import unicodedata
from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

from sqlalchemy import Text, event
from sqlalchemy.orm import Mapped, mapped_column

from portal.db import Base

# Joins the fields. It cannot be searched for, so no hit reaches from one field into the next.
SEPARATOR = "\x1f"
LONGEST = 200
MOST_WORDS = 8

_SEARCHED: dict[type[Base], tuple[str, ...]] = {}
_DROPPED = re.compile("[\x00-\x08\x0e-\x1f\x7f-\x9f\ud800-\udfff\ue000-\uf8ff\u200b-\u200d\ufeff]")
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
        character
        for character in unicodedata.normalize("NFKD", text)
        if not unicodedata.combining(character)
    )


def words(text: str) -> tuple[str, ...]:
    """The folded words of a search, doubles left out: at most eight, of 200 characters in all."""
    return tuple(dict.fromkeys(fold(text[: LONGEST * 2])[:LONGEST].split()))[:MOST_WORDS]


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
