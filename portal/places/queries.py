"""Reading locations."""

from typing import Any

from sqlalchemy import Select, func, or_, select

from portal.access.scope import Place, Scope
from portal.db import session
from portal.places.models import Location

PLACE = (
    Location.id,
    Location.name,
    Location.pin,
    Location.time_zone,
    Location.organization_id,
    Location.phone,
)
SHORTEST_SEARCH = 3
MOST_FOUND = 20


def get_place(scope: Scope, location_id: int) -> Place | None:
    """The location if `scope` may work there: one of the user's own, for programme staff any."""
    if not scope.everywhere:
        return next((place for place in scope.locations if place.id == location_id), None)
    row = session().execute(select(*PLACE).where(Location.id == location_id)).one_or_none()
    return Place(**row._mapping) if row is not None else None


def find_locations(scope: Scope, text: str) -> list[Place]:
    """Up to 20 locations with `text` in name, PIN, city or ZIP code, among those of `scope`.

    No text finds the first ones by name. One or two characters find nothing, nor does what no text
    in the database can hold.
    """
    if 0 < len(text) < SHORTEST_SEARCH or "\0" in text:
        return []
    searched = (Location.name, Location.pin, Location.city, Location.zip_code)
    query = (
        _of(scope)
        .where(or_(*(column.icontains(text, autoescape=True) for column in searched)))
        .with_only_columns(*PLACE)
        .order_by(Location.name, Location.id)
        .limit(MOST_FOUND)
    )
    return [Place(**row._mapping) for row in session().execute(query)]


def number_of(name: str) -> int | None:
    """The location of that name (case ignored) or PIN, whoever asks: for the command line."""
    called = (func.lower(Location.name) == name.lower()) | (Location.pin == name.upper())
    return session().scalar(select(Location.id).where(called))


def count_locations(scope: Scope) -> int:
    """How many locations `scope` may switch to."""
    return session().scalar(_of(scope).with_only_columns(func.count(Location.id))) or 0


def _of(scope: Scope) -> Select[Any]:
    query = select(Location.id)
    if scope.everywhere:
        return query
    return query.where(Location.id.in_([place.id for place in scope.locations]))
