"""Many give at once, from the same few doses and to the same person: each dose once (SPEC E4)."""

import pytest
from flask import Flask
from sqlalchemy import update

from blueprints.administration.correcting import change_lot, remove
from blueprints.administration.services import Giving, give
from blueprints.inventory.leaving.selection import Chosen
from blueprints.inventory.ledger import entries as ledger
from blueprints.inventory.models import VaccineInventory
from blueprints.inventory.rules import DocumentKind, Kind, changes
from blueprints.transfers.services import Sending, send
from blueprints.wastage.services import Loss, record_loss
from portal.access.scope import Scope
from portal.db import run, session
from portal.errors import PortalError
from tests.administration import chair
from tests.appointments.booking import person
from tests.effort import amount
from tests.inventory import stock
from tests.personas import Personas
from tests.processes import results, start, together

pytestmark = pytest.mark.slow("lets several processes race")

DOSES = 3


def attempt(function: object) -> bool:
    """Whether it was done; what the portal refuses is no fault."""
    try:
        run(function, write=True, keep=lambda _made: True, patience=60)  # type: ignore[arg-type]
    except PortalError:
        return False
    return True


def inject(scope: Scope, wanted: Giving) -> str:
    """Give one dose; what left."""
    return "given" if attempt(lambda: give(scope, wanted)) else ""


def waste(scope: Scope, record: int) -> str:
    """Waste one dose; what left."""
    loss = Loss(
        kind=DocumentKind.WASTAGE,
        lines=[Chosen(record, 1)],
        happened_on=stock.day(),
        reason="broken",
        vial="closed",
    )
    return "wasted" if attempt(lambda: record_loss(scope, loss)) else ""


def ship(scope: Scope, record: int, to: int) -> str:
    """Send one dose; what left."""
    sending = Sending(
        lines=[Chosen(record, 1)], to_location_id=to, sent_on=stock.day(), reason="surplus"
    )
    return "sent" if attempt(lambda: send(scope, sending)) else ""


def race(app: Flask, manager: Scope, to: int, processes: int) -> tuple[list[str], int]:
    """So many want one of three doses, some of them to waste or send it."""
    record = chair.lot(manager, doses=DOSES)
    wanted = []
    for number in range(processes):
        arrival = chair.arrived(manager, person(manager, f"Racer{number}"))
        wanted.append(chair.giving(manager, arrival, record))
    children = [start(app, inject, manager, one) for one in wanted[2:]]
    children += [start(app, waste, manager, record), start(app, ship, manager, record, to)]
    return results(children, 120), record


@pytest.mark.both_databases
@pytest.mark.timeout(300)
def test_three_doses_are_three_doses(app: Flask, manager: Scope, personas: Personas) -> None:
    done, record = race(app, manager, personas.locations["B"], amount(short=8, full=50))
    assert len([one for one in done if one]) == DOSES
    found = stock.counters(record)
    assert found["doses_available"] == 0
    assert found["doses_administered"] == done.count("given")
    assert found["doses_wasted"] == done.count("wasted")
    assert found["doses_in_transit"] == done.count("sent")
    assert chair.wrong() == []


def write_back(inventory_id: int, kind: Kind, doses: int, **_used: object) -> int:
    """Take the doses off what the page showed when it was opened, as somebody careless would."""
    after = changes(kind, doses)
    after["doses_available"] += DOSES
    found = session().get_one(VaccineInventory, inventory_id)
    session().execute(
        update(VaccineInventory).where(VaccineInventory.id == inventory_id).values(after)
    )
    return found.location_id


def test_the_race_would_show_doses_that_are_written_back(
    app: Flask, manager: Scope, monkeypatch: pytest.MonkeyPatch
) -> None:
    record = chair.lot(manager, doses=DOSES)
    wanted = []
    for number in range(5):
        arrival = chair.arrived(manager, person(manager, f"Racer{number}"))
        wanted.append(chair.giving(manager, arrival, record))
    monkeypatch.setattr(ledger, "_move", write_back)
    monkeypatch.setattr(ledger, "ensure_never_short", lambda _leaving, _day: None)
    done = results([start(app, inject, manager, one) for one in wanted], 120)
    assert len([one for one in done if one]) > DOSES
    assert chair.wrong() != []


def same_chair(index: int, scope: Scope, wanted: list[Giving]) -> bool:
    """Everybody records the dose of one visit."""
    return attempt(lambda: give(scope, wanted[index % len(wanted)]))


@pytest.mark.both_databases
def test_one_visit_is_one_dose(app: Flask, manager: Scope) -> None:
    lots = [chair.lot(manager, "L1"), chair.lot(manager, "L2")]
    arrival = chair.arrived(manager, person(manager))
    wanted = [chair.giving(manager, arrival, record) for record in lots]
    assert sum(together(app, 4, same_chair, manager, wanted, timeout=110)) == 1
    assert sum(chair.left(record)[1] for record in lots) == 1
    assert chair.wrong() == []


def correct(index: int, scope: Scope, vaccination: int, other: int) -> bool:
    """Remove a record, or change its lot: whoever is first has done it."""
    if index % 2:
        return attempt(lambda: remove(scope, vaccination, reason="mistake", seen=1))
    return attempt(lambda: change_lot(scope, vaccination, other, why="wrong vial", seen=1))


@pytest.mark.both_databases
def test_one_correction_at_a_time(app: Flask, manager: Scope) -> None:
    one, other = chair.lot(manager, "L1"), chair.lot(manager, "L2")
    made = chair.gave(manager, chair.arrived(manager, person(manager)), one)
    assert sum(together(app, 4, correct, manager, made, other, timeout=110)) == 1
    assert len(chair.versions(made)) == 2
    assert chair.left(one) == (10, 0)
    assert chair.wrong() == []


def swap(index: int, scope: Scope, doses: list[int], lots: list[int]) -> int:
    """Change the lots of doses to and fro, in opposite orders; how many times it worked."""
    done = 0
    for turn in range(amount(short=2, full=4)):
        for number in doses[:: 1 if index % 2 else -1]:
            seen = len(chair.versions(number))
            to = lots[(index + turn) % 2]
            done += attempt(
                lambda number=number, to=to, seen=seen: change_lot(
                    scope, number, to, why="swap", seen=seen
                )
            )
    return done


@pytest.mark.both_databases
@pytest.mark.timeout(300)
def test_corrections_that_cross_do_not_wait_for_each_other(app: Flask, manager: Scope) -> None:
    lots = [chair.lot(manager, "L1"), chair.lot(manager, "L2")]
    doses = [
        chair.gave(manager, chair.arrived(manager, person(manager, f"P{number}")), lots[number % 2])
        for number in range(2)
    ]
    done = together(app, 4, swap, manager, doses, lots, timeout=110)
    assert sum(done) >= 1
    assert sum(chair.left(record)[1] for record in lots) == 2
    assert chair.wrong() == []
