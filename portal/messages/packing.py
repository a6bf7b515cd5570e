"""What a template needs, as JSON can hold it."""

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any


def packed(context: Mapping[str, Any]) -> dict[str, Any]:
    """`context` as JSON can hold it: dates and moments become marked texts."""
    return {str(key): _pack(value) for key, value in context.items()}


def unpacked(context: Mapping[str, Any]) -> dict[str, Any]:
    """What `packed` made, as it was."""
    return {key: _unpack(value) for key, value in context.items()}


def _pack(value: Any) -> Any:
    if isinstance(value, str):
        return str(value).replace("\0", "")
    if value is None or isinstance(value, (bool, int, float)):
        return value
    if isinstance(value, datetime):
        if value.tzinfo is None:
            raise ValueError("a moment without time zone cannot be mailed")
        return {"$moment": value.isoformat()}
    if isinstance(value, date):
        return {"$date": value.isoformat()}
    if isinstance(value, Mapping):
        return packed(value)
    if isinstance(value, list | tuple):
        return [_pack(item) for item in value]
    raise TypeError(f"{type(value).__name__} cannot be kept with a message")


def _unpack(value: Any) -> Any:
    if isinstance(value, dict):
        if set(value) == {"$moment"}:
            return datetime.fromisoformat(value["$moment"])
        if set(value) == {"$date"}:
            return date.fromisoformat(value["$date"])
        return unpacked(value)
    if isinstance(value, list):
        return [_unpack(item) for item in value]
    return value
