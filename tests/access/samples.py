"""One of everything at every location, so that each route can be asked for it."""

import io
from dataclasses import dataclass, field, replace
from typing import Any

from flask import Flask
from sqlalchemy import select

from blueprints.counts import services as counts
from blueprints.counts.queries import list_lines
from blueprints.counts.rules import mark_of
from blueprints.counts.starting import start as start_count
from blueprints.inventory import quarantine
from blueprints.inventory.models import DoseEntry
from blueprints.inventory.rules import DocumentKind
from blueprints.inventory.selection import Chosen
from blueprints.shipments import imports
from blueprints.shipments.models import Shipment
from blueprints.transfers.queries import Sent
from blueprints.transfers.services import Sending, send
from blueprints.wastage.services import Loss, record_loss
from portal.db import unit_of_work
from portal.people import sessions
from portal.people.models import User, UserLocation, UserSession
from portal.people.profiles import Profile
from portal.places.scope import Scope
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
    document: dict[str, int] = field(default_factory=dict)
    entry: dict[str, int] = field(default_factory=dict)
    quarantine: dict[str, int] = field(default_factory=dict)
    slip: dict[str, int] = field(default_factory=dict)
    outbound: dict[str, int] = field(default_factory=dict)
    inbound: dict[str, int] = field(default_factory=dict)
    count: dict[str, int] = field(default_factory=dict)
    # Another session of each persona.
    session: dict[str, int] = field(default_factory=dict)
    # By the endpoint of the wizard, then by persona; and the first step of each.
    drafts: dict[str, dict[str, int]] = field(default_factory=dict)
    steps: dict[str, str] = field(default_factory=dict)
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
                doses=50,
                shipment_id=made.shipment[letter],
            )
            made.user[letter] = _user(personas, letter, sign)
            _stock(made, scope, letter, sign)
        _transfers(made, personas, mark, at)
        made.session = {who: _session(number) for who, number in personas.users.items()}
        wizards = app.extensions["portal.wizards"]
        for name, (wizard, endpoint) in wizards.items():
            made.steps[endpoint] = wizard.steps[0].key
            made.drafts[endpoint] = {
                who: _draft(
                    personas,
                    who,
                    mark if who == f"manager_{at.lower()}" else "",
                    name=name,
                    step=wizard.steps[0].key,
                    record=made.inventory.get(PLACE_OF[who] or "A"),
                )
                for who in personas.users
            }
    return made


def _stock(made: Samples, scope: Scope, letter: str, sign: str) -> None:
    """Wastage with its document, a lot in quarantine, and an open count."""
    product = stock.product_id()
    with unit_of_work():
        document = record_loss(
            scope,
            Loss(
                kind=DocumentKind.WASTAGE,
                lines=[Chosen(made.inventory[letter], 1)],
                happened_on=stock.day(),
                reason="other",
                vial="open",
                note=f"Fell down {sign}",
            ),
        )
        made.document[letter] = document.id
        made.quarantine[letter] = quarantine.place(
            scope,
            quarantine.Hold(product_id=product, lot=f"HELD{letter}", reason="recall", note=sign),
        ).id
        made.count[letter] = _count(scope, sign)
    with unit_of_work(write=False) as session:
        newest = select(DoseEntry.id).where(DoseEntry.document_id == made.document[letter])
        made.entry[letter] = session.scalars(newest).one()


def _count(scope: Scope, sign: str) -> int:
    """All is there, as expected; the count could be finished."""
    count = start_count(scope)
    lines = [
        counts.Sent(line.number, line.entered, replace(line.entered, counted=line.available))
        for line in list_lines(count)
    ]
    counts.save(scope, count.row.id, lines, note=sign, note_mark=mark_of(""))
    return count.row.id


def _transfers(made: Samples, personas: Personas, mark: str, at: str) -> None:
    """A transfer from A and from B to C, and one from C to each."""
    there = stock.scope_at(personas, "manager_c", "C")
    del personas.users["manager_c"]  # no persona: nobody asks as this one
    source = stock.add(there, lot="LOTC", name="Fridge C")
    for letter, who in (("A", "manager_a"), ("B", "manager_b")):
        scope = stock.scope_for(personas, who)
        sign = mark if letter == at else ""
        sent = _send(scope, made.inventory[letter], there, sign)
        made.outbound[letter], made.slip[letter] = sent.transfer.id, sent.document.id
        made.inbound[letter] = _send(there, source, scope, sign).transfer.id


def _send(scope: Scope, record: int, to: Scope, sign: str) -> Sent:
    with unit_of_work():
        sending = Sending(
            lines=[Chosen(record, 1)],
            to_location_id=to.location_id,
            sent_on=stock.day(),
            reason="surplus",
            note=sign,
        )
        return send(scope, sending)


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


def _session(user_id: int) -> int:
    """A second browser in which the user is signed in."""
    with unit_of_work() as session:
        token = sessions.start(user_id)
        found = select(UserSession.id).where(UserSession.token_hash == sessions.hashed(token))
        return session.scalars(found).one()


def _draft(
    personas: Personas, who: str, mark: str, *, name: str, step: str, record: int | None
) -> int:
    letter = PLACE_OF[who]
    adding = name == "inventory.add"
    entered: dict[str, Any] = {"details": [["name", f"Draft {mark}"]]} if mark and adding else {}
    args = {"inventory_id": str(record)} if name == "inventory.adjust" else {}
    with unit_of_work():
        return drafts.start(
            user_id=personas.users[who],
            location_id=personas.locations[letter] if letter else None,
            kind=WIZARD,
            name=name,
            title=f"Form {name}",
            step=step,
            data={"args": args, "entered": entered},
        ).id
