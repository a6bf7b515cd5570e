"""What the tests of the whole house must know of a module.

Each module brings it in its own folder, as `samples = Samples(...)` in `tests/<module>/samples.py`,
and is found by name: whoever writes a module edits no test outside its folder. The access matrix
and the canaries (`tests/access`), the tour of all pages (`tests/browser`) and the upgrade
(`tests/upgrade`) read it; what a module has none of, it leaves out.
"""

import functools
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

from flask import Flask

from portal.access.scope import Scope
from portal.discovery import discover
from tests.personas import Personas

if TYPE_CHECKING:
    from playwright.sync_api import Page
    from sqlalchemy import Select, Table

FOLDER = Path(__file__).parent
# Who asks in the access matrix, and from which location.
PLACE_OF = {
    "manager_a": "A",
    "provider_a": "A",
    "readonly_a": "A",
    "manager_b": "B",
    "manager_ab": "A",
    "agent_at_a": "A",
    "admin_at_a": "A",
    "both_as_manager": "A",
    "both_as_admin": "A",
    "agent": "",
    "admin": "",
    "requester": "",
}
EVERYBODY = tuple(PLACE_OF)
# One person with two profiles, asked in each: exactly what it gets who has that profile alone.
TWO_PROFILES = {"both_as_manager": "manager_a", "both_as_admin": "admin_at_a"}


@dataclass(frozen=True)
class Place:
    """A location that gets samples: its letter, the scope of its manager, and `sign`, which
    belongs into every text there (the canaries look for it; mostly it is empty)."""

    letter: str
    scope: Scope
    sign: str


@dataclass
class Making:
    """What samples are made with, and the ids of those that were made, by kind and letter."""

    app: Flask
    personas: Personas
    places: tuple[Place, ...]
    ids: dict[str, dict[str, int]] = field(default_factory=dict)

    def note(self, kind: str, letter: str, number: int) -> int:
        """Remember an id: of a record of the location of that letter, or ("") of none's."""
        self.ids.setdefault(kind, {})[letter] = number
        return number

    def sign(self, letter: str) -> str:
        """The sign of the location of that letter."""
        return next(place.sign for place in self.places if place.letter == letter)


@dataclass(frozen=True)
class Own:
    """An argument of an address that names a record of a location, of a kind that was noted."""

    kind: str


@dataclass(frozen=True)
class Theirs:
    """An argument that names something of one user alone, noted under the persona's name."""

    kind: str


@dataclass(frozen=True)
class Common:
    """An argument that names a record of no location, noted under the letter ""."""

    kind: str


@dataclass(frozen=True)
class Text:
    """An argument that is a word, and perhaps a word that leads nowhere."""

    value: str
    missing: str = ""


@dataclass(frozen=True)
class Begun:
    """What an unfinished form is about (`args`), and what was typed in, by step."""

    args: Mapping[str, str] = field(default_factory=dict)
    entered: Mapping[str, list[list[str]]] = field(default_factory=dict)


@dataclass(frozen=True)
class Links:
    """How visitors come to a kind of record: `of` is the kind of the samples that `make` notes, one
    at each location; `withdraw(id)` makes the links to one void, in a unit of work of its own.
    Their first page is `anonymous` if it shows no text that was typed in."""

    of: str
    withdraw: Callable[[int], None]
    anonymous: bool = False


@dataclass(frozen=True)
class Access:
    """For the matrix: every address × everybody × own, another location's and missing records.

    arguments: what stands in the addresses of the module's routes, by "argument",
        "blueprint:argument" or "endpoint:argument"; the last of them that is there counts.
        `draft_id` and `step` of wizards are known.
    everywhere: endpoints or arguments whose records some personas see of every location.
    leading: endpoints that only lead elsewhere, and how the address begins to which they do.
    public: what a public endpoint answers when it is asked without anything sensible.
    elsewhere: pages of records, as "/crates/{crate}": who works at the other location, too, is told
        so there and led to it.
    numbers: addresses that take an id beside their path, as "/crates/?before={}".
    visits: by the name of the kind of visit, how the matrix comes by its links.
    drafts: by wizard, what its samples are about, if it cannot begin from nothing;
        `begun(making, letter, sign)`.
    """

    arguments: Mapping[str, Own | Theirs | Common | Text] = field(default_factory=dict)
    everywhere: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    leading: Mapping[str, str] = field(default_factory=dict)
    public: Mapping[str, frozenset[int]] = field(default_factory=dict)
    elsewhere: tuple[str, ...] = ()
    numbers: tuple[str, ...] = ()
    visits: Mapping[str, Links] = field(default_factory=dict)
    drafts: Mapping[str, Callable[[Making, str, str], Begun]] = field(default_factory=dict)


@dataclass(frozen=True)
class Canaries:
    """For the search for location B's sign in what those of A can fetch. Routes, lists, exports
    and look-ups are fetched anyway. "{kind}" stands for the id of a sample, "{draft_of_a_wizard}"
    for the manager's unfinished form.

    searches: what to search for, in lists and look-ups.
    more: further addresses to fetch, for the records of both locations.
    shown: addresses where B's own manager must see the sign.
    told: kinds of messages that tell one location about another.
    across: look-ups that name other locations because that is what they are for.
    of_all: patterns of addresses where programme staff work for all locations, B's too.
    offers: patterns of addresses that say where appointments are offered: B's street and city are
        shown there, and nothing else of B.
    """

    searches: tuple[str, ...] = ()
    more: tuple[str, ...] = ()
    shown: tuple[str, ...] = ()
    told: frozenset[str] = frozenset()
    across: frozenset[str] = frozenset()
    of_all: tuple[str, ...] = ()
    offers: tuple[str, ...] = ()


@dataclass(frozen=True)
class Tour:
    """For the browser's tour of the sample clinics.

    pages: by rule, variables written as <id> or by their name, the addresses to open; of a rule
        without variables further ones, as "?view=all".
    no_pages: patterns of addresses that are no pages, but files, parts, or only lead elsewhere.
    find: looks into the database of the sample clinics, in a unit of work that reads, and yields
        the rule and the address of records whose ids depend on the day they were made.
    begin: goes where only clicking leads, and yields the rule and the address of what it found;
        `begin(signed_in)`, where `signed_in("manager.a")` is a page of that person.
    """

    pages: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    no_pages: tuple[str, ...] = ()
    find: Callable[[], Iterator[tuple[str, str]]] | None = None
    begin: "Callable[[Callable[[str], Page]], Iterator[tuple[str, str]]] | None" = None


@dataclass(frozen=True)
class Upgrade:
    """For the rows that every table gets in the databases of earlier schemas.

    demanded: by table, values without which its own rules refuse a row.
    not_filled: tables that the database keeps itself, or that have one row from the beginning.
    never_written: by table, columns that a migration took away and no version ever wrote to.
    moved: by the name of a table that is no more, the query that finds its rows where they are
        now; it is given the tables by name.
    """

    demanded: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    not_filled: frozenset[str] = frozenset()
    never_written: Mapping[str, frozenset[str]] = field(default_factory=dict)
    moved: Mapping[str, "Callable[[Mapping[str, Table]], Select[Any]]"] = field(
        default_factory=dict
    )


@dataclass(frozen=True)
class Filled:
    """How a wizard is gone through to its end, for counting what it asks of the database.

    args: what its address says; `args(ids)` is given the ids of location A's samples by kind.
    values: what is typed, by field; else what the page proposes, or the first that it offers.
    last: at most so many statements when it is finished, the transaction's own ones included.
    whole: at most so many from its first page on.
    """

    args: Callable[[Mapping[str, int]], Mapping[str, str]] = lambda _ids: {}
    values: Mapping[str, str] = field(default_factory=dict)
    last: int = 30
    whole: int = 70


def nothing(_making: Making) -> None:
    """A module without records of its own."""


@dataclass(frozen=True)
class Samples:
    """`make(making)` makes one of everything at each of `making.places`, signed with its sign, and
    notes the ids. Those of the modules it requires are there already."""

    make: Callable[[Making], None] = nothing
    access: Access = Access()
    canaries: Canaries = Canaries()
    tour: Tour = Tour()
    upgrade: Upgrade = Upgrade()
    wizards: Mapping[str, Filled] = field(default_factory=dict)


@functools.cache
def all_samples() -> tuple[Samples, ...]:
    """The samples of the platform, then of the modules, each after those it requires."""
    order = [module.name for module in discover()]
    names = sorted(path.parent.name for path in FOLDER.glob("*/samples.py"))
    names.sort(key=lambda name: order.index(name) if name in order else -1)
    return tuple(import_module(f"tests.{name}.samples").samples for name in names)


def together(part: Callable[[Samples], Mapping[str, Any]]) -> dict[str, Any]:
    """A part of all samples in one; fails if two say something else of the same."""
    found: dict[str, Any] = {}
    for samples in all_samples():
        for name, value in part(samples).items():
            assert found.setdefault(name, value) == value, f"two samples.py speak of {name!r}"
    return found


def each(part: Callable[[Samples], tuple[str, ...] | frozenset[str]]) -> list[str]:
    """A part of all samples, one after the other."""
    return [one for samples in all_samples() for one in part(samples)]
