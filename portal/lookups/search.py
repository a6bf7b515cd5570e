"""Asking a module's look-up, within what the user may see."""

from collections.abc import Sequence
from dataclasses import dataclass

from portal.access.scope import Scope
from portal.errors import NotFound
from portal.module import Lookup, ModuleError, Registry, load
from portal.searching.text import words

MINIMUM = 3
LIMIT = 20
LONGEST = 200


@dataclass(frozen=True)
class Choice:
    """Something one may pick. `label` is what the field shows afterwards, so it should tell
    it from others; `detail` is shown beside it in the list only."""

    id: int | str
    label: str
    detail: str = ""


def folded(text: str) -> str:
    """`text` as it is compared: case and white space do not matter."""
    return " ".join(text.split()).casefold()


def declared(registry: Registry, name: str, scope: Scope) -> Lookup:
    """The look-up `name`. Raises `NotFound` for an unknown one (or of a module that is switched
    off), `Forbidden` if the profile lacks its capability."""
    lookup = registry.lookups.get(name)
    if lookup is None:
        raise NotFound
    scope.require(lookup.capability)
    return lookup


def search(registry: Registry, name: str, scope: Scope, text: str) -> list[Choice]:
    """Up to 20 choices for `text`; none for fewer than three characters, or such as nobody sees."""
    lookup = declared(registry, name, scope)
    text = " ".join(text.split())[:LONGEST]
    if len(text) < MINIMUM or not words(text):
        return []
    found: Sequence[Choice] = load(lookup.function)(scope, text)
    return list(found[:LIMIT])


def find(registry: Registry, name: str, scope: Scope, identity: int | str) -> Choice | None:
    """The choice with this id, or None if there is none for this user."""
    lookup = declared(registry, name, scope)
    if not lookup.find:
        raise ModuleError(f"Look-up {name!r} has no `find`, so it cannot be used in a form.")
    try:
        found: Choice | None = load(lookup.find)(scope, identity)
    except NotFound:
        return None
    return found
