"""Reading locations for their account page."""

from sqlalchemy import select
from sqlalchemy.orm import joinedload

from portal.access.scope import Scope
from portal.db import session
from portal.errors import NotFound
from portal.places.models import Location


def get_location(scope: Scope, location_id: int) -> Location:
    """The location and its organization, if it is the present one. Raises `NotFound`."""
    scope.require("locations.view")
    location = session().scalar(
        select(Location)
        .where(Location.id == location_id)
        .options(joinedload(Location.organization))
    )
    if location is None:
        raise NotFound
    scope.require_location(location.id)
    return location
