"""One of everything at every location, so that each route can be asked for it."""

import shutil
import sqlite3
import tempfile
from collections.abc import Mapping
from contextlib import closing
from copy import deepcopy
from dataclasses import dataclass, field
from pathlib import Path

from flask import Flask

from portal import drafts
from portal.access.profiles import Profile
from portal.db import unit_of_work
from portal.drafts import WIZARD
from portal.people.models import User
from tests.inventory import stock
from tests.personas import Personas
from tests.samples import PLACE_OF, Begun, Making, Place, all_samples, together

SQLITE = "sqlite:///"
MISSING = 2**31 - 7
OTHER = {"A": "B", "B": "A", "": "B"}
MANAGERS = {"A": "manager_a", "B": "manager_b"}


@dataclass
class Made:
    """Ids by kind and location letter, and for each persona a draft of its own."""

    ids: Mapping[str, dict[str, int]]
    # By the endpoint of the wizard, then by persona; the first step of each; its own name.
    drafts: dict[str, dict[str, int]] = field(default_factory=dict)
    steps: dict[str, str] = field(default_factory=dict)
    wizards: dict[str, str] = field(default_factory=dict)

    def filled_in(self, address: str, letter: str) -> str:
        """The address with the ids of that location in it."""
        known = {kind: by.get(letter, by.get("", MISSING)) for kind, by in self.ids.items()}
        for endpoint, name in self.wizards.items():
            known[f"draft_{name.replace('.', '_')}"] = self.drafts[endpoint][MANAGERS[letter]]
        return address.format("{}", **known)


@dataclass
class Kept:
    """What samples made in an instance on SQLite: its files, the people, and what is where."""

    folder: Path
    users: dict[str, int]
    made: Made


KEPT: dict[tuple[str, str, frozenset[str]], Kept] = {}


def make_samples(app: Flask, personas: Personas, *, mark: str = "", at: str = "") -> Made:
    """Fill locations A and B; texts of the location `at` carry `mark`.

    On SQLite it is done once for all tests of a process that want the same, and copied.
    """
    settings = app.extensions["portal"].settings
    if not settings.database_url.startswith(SQLITE):
        return _make(app, personas, mark=mark, at=at)
    database = Path(settings.database_url.removeprefix(SQLITE))
    key = (mark, at, frozenset(module.name for module in app.extensions["portal"].registry))
    if key not in KEPT:
        made = _make(app, personas, mark=mark, at=at)
        folder = Path(tempfile.mkdtemp(prefix="samples-", dir=settings.instance.parent.parent))
        _copy_database(database, folder / "database")
        _copy_files(settings.instance, folder / "instance")
        KEPT[key] = Kept(folder, dict(personas.users), made)
        return deepcopy(made)
    kept = KEPT[key]
    _copy_database(kept.folder / "database", database)
    _copy_files(kept.folder / "instance", settings.instance)
    personas.users.update(kept.users)
    return deepcopy(kept.made)


def _copy_database(source: Path, target: Path) -> None:
    with closing(sqlite3.connect(source)) as there, closing(sqlite3.connect(target)) as here:
        there.backup(here)


def _copy_files(source: Path, target: Path) -> None:
    """All that the portal put into an instance, without what all tests share."""
    shared = shutil.ignore_patterns("keys", "assets", "portal.sqlite*")
    shutil.copytree(source, target, ignore=shared, dirs_exist_ok=True)


def _make(app: Flask, personas: Personas, *, mark: str, at: str) -> Made:
    with app.app_context():
        _staff_at_a(personas)
        places = tuple(
            Place(letter, stock.scope_for(personas, who), mark if letter == at else "")
            for letter, who in MANAGERS.items()
        )
        making = Making(app, personas, places)
        for samples in all_samples():
            samples.make(making)
        made = Made(making.ids)
        begun = together(lambda samples: samples.access.drafts)
        for name, (wizard, endpoint) in app.extensions["portal.wizards"].items():
            made.wizards[endpoint] = name
            made.steps[endpoint] = wizard.steps[0].key
            made.drafts[endpoint] = {}
            for who in personas.users:
                letter = PLACE_OF[who] or "A"
                sign = mark if MANAGERS.get(at) == who else ""
                about = begun[name](making, letter, sign) if name in begun else Begun()
                made.drafts[endpoint][who] = _draft(
                    personas, who, name=name, step=wizard.steps[0].key, begun=about
                )
    return made


def _staff_at_a(personas: Personas) -> None:
    """Programme staff who have chosen location A to work at."""
    with unit_of_work() as session:
        for profile in (Profile.AGENT, Profile.ADMINISTRATOR):
            name = f"{'agent' if profile is Profile.AGENT else 'admin'}_at_a"
            user = User(
                username=name.replace("_", "."),
                first_name="Staff",
                last_name="At",
                email=f"{name}@example.org",
                profile=profile,
                current_location_id=personas.locations["A"],
            )
            session.add(user)
            session.flush()
            personas.users[name] = user.id


def _draft(personas: Personas, who: str, *, name: str, step: str, begun: Begun) -> int:
    letter = PLACE_OF[who]
    with unit_of_work():
        return drafts.start(
            user_id=personas.users[who],
            location_id=personas.locations[letter] if letter else None,
            kind=WIZARD,
            name=name,
            title=f"Form {name}",
            step=step,
            data={"args": dict(begun.args), "entered": dict(begun.entered)},
        ).id
