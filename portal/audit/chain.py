"""The keyed chain: each entry's hash covers the entry and the hash before it.

Whoever can write to the database but does not hold the key cannot make an entry that fits.
"""

import hashlib
import hmac
import json
from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from enum import Enum
from typing import Any

FIRST_FORM = (
    "number",
    "at",
    "actor_id",
    "actor_username",
    "action",
    "subject",
    "subject_id",
    "location_id",
    "summary",
    "before",
    "after",
)
# What entries of each form consist of. Entries keep the form in which they were written: their
# hashes stay valid when later ones say more.
SECOND_FORM = (*FIRST_FORM, "through", "seals")
FIELDS = {1: FIRST_FORM, 2: SECOND_FORM, 3: (*SECOND_FORM, "profile")}
FORM = max(FIELDS)
DIGEST_BYTES = 16


def values_text(values: Mapping[str, Any] | None) -> str | None:
    """`values` as the one JSON text that represents them: sorted, without blanks, ASCII only."""
    if values is None:
        return None
    return json.dumps(values, sort_keys=True, separators=(",", ":"), default=_plain)


def entry_hash(key: bytes, previous: str, entry: Mapping[str, Any]) -> str:
    """The hash of an entry that follows the one with the hash `previous`.

    Raises `ValueError` for an entry that holds what its form does not know.
    """
    form = entry["form"]
    if any(entry[name] for name in FIELDS[FORM] if name not in FIELDS[form]):
        raise ValueError("an entry of this form says nothing of these")
    parts = [previous, *(() if form == 1 else (form,)), *(entry[name] for name in FIELDS[form])]
    text = json.dumps(parts, separators=(",", ":"), default=_plain)
    return hmac.new(key, text.encode(), hashlib.sha256).hexdigest()


def row_text(table: str, values: Mapping[str, Any]) -> str:
    """The one text that represents a row. What is empty (None) is left out, so that a column that
    is added later leaves the texts of older rows as they are."""
    held = {
        name: int(value) if isinstance(value, bool) else value
        for name, value in values.items()
        if value is not None
    }
    return f"row:{table}:{values_text(held)}"


def row_digest(key: bytes, text: str) -> bytes:
    """The digest of a row, by its `row_text`."""
    return hmac.new(key, text.encode(), hashlib.sha256).digest()[:DIGEST_BYTES]


def head_mac(key: bytes, count: int, last: str) -> str:
    """The MAC of the chain's end."""
    return hmac.new(key, f"head:{count}:{last}".encode(), hashlib.sha256).hexdigest()


def anchor_mac(key: bytes, number: int, last: str, places: Iterable[str]) -> str:
    """The MAC of an anchor, and of the places that it was written to."""
    text = json.dumps(["anchor", number, last, list(places)], separators=(",", ":"))
    return hmac.new(key, f"anchor:{text}".encode(), hashlib.sha256).hexdigest()


def first_break(
    key: bytes, start: str, entries: Iterable[Mapping[str, Any]], *, after: int = 0
) -> tuple[int, str, int | None]:
    """Follow the chain over `entries` in order of their numbers, those behind the entry with the
    number `after` and the hash `start`.

    Returns the number and hash of the last good entry, and the number where the chain breaks: the
    missing number for a gap, the entry's own for a wrong hash; None for an unbroken chain.
    """
    count, last = after, start
    for entry in entries:
        if entry["number"] != count + 1:
            return count, last, min(entry["number"], count + 1)
        try:
            expected = entry_hash(key, last, entry)
        except (TypeError, KeyError, AttributeError, ValueError):
            return count, last, count + 1
        if not hmac.compare_digest(
            expected.encode(), str(entry["hash"]).encode("utf-8", "replace")
        ):
            return count, last, count + 1
        count, last = count + 1, expected
    return count, last, None


def _plain(value: object) -> object:
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat(timespec="microseconds")
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, Decimal):
        return str(value)
    if isinstance(value, timedelta):
        return value.total_seconds()
    if isinstance(value, set | frozenset):
        return sorted(value, key=str)
    raise TypeError(f"{type(value).__name__} cannot be kept in the audit trail")
