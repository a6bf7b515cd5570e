"""One of everything at every location, so that each route can be asked for it."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from flask import Flask

from portal import drafts
from portal.access.profiles import Profile
from portal.db import unit_of_work
from portal.drafts import WIZARD
from portal.people.models import User, UserLocation
from tests.filled import filled
from tests.inventory import stock
from tests.personas import Personas
from tests.samples import (
    PLACE_OF,
    TWO_PROFILES,
    Begun,
    Making,
    Place,
    all_samples,
    together,
)

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


def make_samples(app: Flask, personas: Personas, *, mark: str = "", at: str = "") -> Made:
    """Fill locations A and B; texts of the location `at` carry `mark`."""

    def fill() -> tuple[Made, dict[str, int]]:
        return _make(app, personas, mark=mark, at=at), personas.users

    modules = frozenset(module.name for module in app.extensions["portal"].registry)
    made, users = filled(app, ("samples", mark, at, modules), fill)
    personas.users.update(users)
    return made


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
    """Programme staff who have chosen location A to work at, and one who is its manager, too."""
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
        both = User(
            username="both",
            first_name="Both",
            last_name="At",
            email="both@example.org",
            profile=Profile.ADMINISTRATOR,
            location_profile=Profile.MANAGER,
            current_location_id=personas.locations["A"],
        )
        session.add(both)
        session.flush()
        session.add(UserLocation(user_id=both.id, location_id=personas.locations["A"]))
        personas.users.update(dict.fromkeys(TWO_PROFILES, both.id))


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
