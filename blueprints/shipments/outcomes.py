"""What a corrected row changed: kept as JSON, and said in words as the file writes it."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import Any

from sqlalchemy import select

from blueprints.shipments.rules import LABELS, ShipmentDetails
from portal.db import session
from portal.imports.outcomes import Change
from portal.places.models import Location

# Printed as one: a date of which perhaps only the month was given.
EXPIRATION = ("expiration_date", "expiration_month_only")


def changes(
    before: ShipmentDetails, after: ShipmentDetails, names: Iterable[str]
) -> dict[str, Any]:
    """The details of these names, old and new, as they are kept."""
    wanted = set(names)
    if wanted.intersection(EXPIRATION):
        wanted.update(EXPIRATION)
    old, new = as_json(before), as_json(after)
    return {name: [old[name], new[name]] for name in LABELS if name in wanted}


def as_json(details: ShipmentDetails) -> dict[str, object]:
    """The details as JSON knows them."""
    return {
        name: value.isoformat() if isinstance(value, date) else value
        for name, value in vars(details).items()
    }


def in_words(changed: Sequence[Mapping[str, Any]]) -> list[tuple[Change, ...]]:
    """What rows changed; the Provider PINs are looked up for all of them at once."""
    ids = {number for one in changed for number in one.get("location_id", ())}
    wanted = select(Location.id, Location.pin).where(Location.id.in_(ids))
    pins = {row.id: row.pin for row in session().execute(wanted)} if ids else {}
    return [_in_words(one, pins) for one in changed]


def _in_words(changed: Mapping[str, Any], pins: dict[int, str]) -> tuple[Change, ...]:
    made = []
    for name, (old, new) in changed.items():
        if name == "expiration_month_only":
            continue
        if name == "expiration_date":
            old, new = (
                _day(value, month_only)
                for value, month_only in zip(
                    (old, new), changed["expiration_month_only"], strict=True
                )
            )
        elif name == "location_id":
            old, new = pins.get(old, ""), pins.get(new, "")
        elif name == "date_shipped":
            old, new = _day(old), _day(new)
        elif name == "doses_shipped":
            old, new = f"{old:,}", f"{new:,}"
        made.append(Change(LABELS[name], old, new))
    return tuple(made)


def _day(text: str, month_only: bool = False) -> str:
    day = date.fromisoformat(text)
    return day.strftime("%m/%Y" if month_only else "%m/%d/%Y")
