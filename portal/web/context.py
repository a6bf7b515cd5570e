"""The request's scope: who is signed in and where (set once per request by `requests.py`)."""

from typing import cast

from flask import g

from portal import module, settings
from portal.access.scope import Scope
from portal.access.visitor import Visitor
from portal.module import Registry


def set_scope(scope: Scope | None) -> None:
    """Put the scope of this request in place."""
    g.scope = scope


def find_scope() -> Scope | None:
    """The scope, or None when nobody is signed in."""
    return cast("Scope | None", g.get("scope"))


def set_visitor(visitor: Visitor | None) -> None:
    """Put in place who holds the link that this request came by."""
    g.visitor = visitor


def find_visitor() -> Visitor | None:
    """Who holds the link that this request came by, or None if it came by none."""
    return cast("Visitor | None", g.get("visitor"))


def scope() -> Scope:
    """The scope of a request that is known to be signed in."""
    found = find_scope()
    assert found is not None, "this view is not for the public"
    return found


def time_zone() -> str:
    """The zone in which this request's moments are shown: the present location's, or that of the
    installation where none is chosen. For a visitor, that of the record's location."""
    visitor = find_visitor()
    if visitor is not None and visitor.place is not None:
        return visitor.place.time_zone
    found = find_scope()
    if found is not None and found.location is not None:
        return found.location.time_zone
    return settings.current().time_zone


def registry() -> Registry:
    """The modules of the running application."""
    return module.current()
