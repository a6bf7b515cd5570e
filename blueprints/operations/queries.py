"""Whom and what the search of the audit trail offers: users and locations by name."""

from sqlalchemy import select

from portal.access.scope import Scope
from portal.audit.queries import CAPABILITY
from portal.db import session
from portal.people.models import User
from portal.places.models import Location


def people(scope: Scope) -> list[tuple[int, str]]:
    """Ids and usernames of all users, by username."""
    scope.require(CAPABILITY)
    query = select(User.id, User.username).order_by(User.username)
    return [(number, name) for number, name in session().execute(query)]


def places(scope: Scope) -> list[tuple[int, str]]:
    """Ids and names of all locations, by name."""
    scope.require(CAPABILITY)
    query = select(Location.id, Location.name).order_by(Location.name)
    return [(number, name) for number, name in session().execute(query)]
