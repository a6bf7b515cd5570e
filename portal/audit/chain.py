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

FIELDS = (
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


def values_text(values: Mapping[str, Any] | None) -> str | None:
    """`values` as the one JSON text that stands for them: sorted, without blanks, ASCII only."""
    if values is None:
        return None
    return json.dumps(values, sort_keys=True, separators=(",", ":"), default=_plain)


def entry_hash(key: bytes, previous: str, entry: Mapping[str, Any]) -> str:
    """The hash of an entry that follows the one with the hash `previous`."""
    parts = [previous, *(entry[name] for name in FIELDS)]
    text = json.dumps(parts, separators=(",", ":"), default=_plain)
    return hmac.new(key, text.encode(), hashlib.sha256).hexdigest()


def head_mac(key: bytes, count: int, last: str) -> str:
    """The MAC of the chain's end."""
    return hmac.new(key, f"head:{count}:{last}".encode(), hashlib.sha256).hexdigest()


def first_break(
    key: bytes, start: str, entries: Iterable[Mapping[str, Any]]
) -> tuple[int, str, int | None]:
    """Follow the chain over `entries` in order of their numbers.

    Returns the number and hash of the last good entry, and the number where the chain breaks: the
    missing number for a gap, the entry's own for a wrong hash; None for an unbroken chain.
    """
    count, last = 0, start
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
