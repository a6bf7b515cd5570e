"""One of everything at every location, so that each route can be asked for it."""

import io
from dataclasses import dataclass, field
from typing import Any

from flask import Flask

from blueprints.shipments import imports
from blueprints.shipments.models import Shipment
from portal.db import unit_of_work
from portal.people.models import User, UserLocation
from portal.people.profiles import Profile
from portal.settings import current
from portal.wizards import drafts
from portal.wizards.models import WIZARD
from tests.inventory import stock
from tests.personas import Personas
from tests.shipments.files import csv, row

MISSING = 2**31 - 7
PLACE_OF = {
    "manager_a": "A",
    "provider_a": "A",
    "readonly_a": "A",
    "manager_b": "B",
    "manager_ab": "A",
    "agent_at_a": "A",
    "admin_at_a": "A",
    "agent": "",
    "admin": "",
}
OTHER = {"A": "B", "B": "A", "": "B"}


@dataclass
class Samples:
    """Ids by location letter, and for each persona a draft of its own."""

    shipment: dict[str, int] = field(default_factory=dict)
    order: dict[str, int] = field(default_factory=dict)
    inventory: dict[str, int] = field(default_factory=dict)
    user: dict[str, int] = field(default_factory=dict)
    location: dict[str, int] = field(default_factory=dict)
    draft: dict[str, int] = field(default_factory=dict)
    run: int = 0


def make_samples(app: Flask, personas: Personas, *, mark: str = "", at: str = "") -> Samples:
    """Fill locations A and B; texts of the location `at` carry `mark`."""
    made = Samples(location=dict(personas.locations))
    with app.app_context():
        _staff_at_a(personas)
        made.run = _import(mark, at)
        with unit_of_work(write=False) as session:
            letters = {number: letter for letter, number in personas.locations.items()}
            for shipment in session.query(Shipment).all():
                letter = letters[shipment.location_id]
                made.shipment[letter] = shipment.id
                made.order[letter] = shipment.order_id
        for letter, who in (("A", "manager_a"), ("B", "manager_b")):
            scope = stock.scope_for(personas, who)
            sign = mark if letter == at else ""
            made.inventory[letter] = stock.add(
                scope,
                name=f"Fridge {letter} {sign}".strip(),
                lot=f"LOT{letter}{sign}"[:20],
                serial_number=f"SN{letter}{sign}",
                doses=5,
                shipment_id=made.shipment[letter],
            )
            made.user[letter] = _user(personas, letter, sign)
        for who in personas.users:
            made.draft[who] = _draft(personas, who, mark if who == f"manager_{at.lower()}" else "")
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


def _import(mark: str, at: str) -> int:
    def line(letter: str, pin: str) -> str:
        sign = mark if letter == at else ""
        return row(
            id=f"SHP-{letter}{sign}",
            order=f"EX-{letter}{sign}",
            pin=pin,
            maker=f"Moderna {sign}".strip(),
            lot=f"LOT{letter}{sign}"[:20],
            carrier=f"Carrier{sign}",
            tracking=f"TRACK{letter}{sign}",
        )

    content = csv(line("A", "NCA650001"), line("B", "NCA650002"), row(id="BAD", doses="x"))
    with unit_of_work():
        run_id = imports.receive_file(
            current(), None, name="sample.csv", content=io.BytesIO(content), source="command"
        ).id
    imports.process(current(), run_id)
    return run_id


def _user(personas: Personas, letter: str, mark: str) -> int:
    """Somebody to look after who is no persona."""
    with unit_of_work() as session:
        user = User(
            username=f"victim.{letter.lower()}{mark.lower()}",
            first_name=f"Victim{mark}",
            last_name=f"Of{letter}{mark}",
            email=f"victim.{letter.lower()}{mark.lower()}@example.org",
            profile=Profile.PROVIDER,
            current_location_id=personas.locations[letter],
        )
        session.add(user)
        session.flush()
        session.add(UserLocation(user_id=user.id, location_id=personas.locations[letter]))
        return user.id


def _draft(personas: Personas, who: str, mark: str) -> int:
    letter = PLACE_OF[who]
    entered: dict[str, Any] = {"details": [["name", f"Draft {mark}"]]} if mark else {}
    with unit_of_work():
        return drafts.start(
            user_id=personas.users[who],
            location_id=personas.locations[letter] if letter else None,
            kind=WIZARD,
            name="inventory.add",
            title="New Vaccine Inventory",
            step="details",
            data={"args": {}, "entered": entered},
        ).id
