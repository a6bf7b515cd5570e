"""Many claim the last places at once, and the schedule changes meanwhile (SPEC G7)."""

import random
from collections import Counter
from dataclasses import replace
from datetime import timedelta

import pytest
from flask import Flask

from blueprints.scheduling import services
from blueprints.scheduling.rules import Hours, Setup
from portal.access.scope import Scope
from portal.clock import today
from portal.db import run, unit_of_work
from tests.effort import amount, seed
from tests.inventory.careless import be_careless
from tests.inventory.stock import scope_for
from tests.personas import Personas
from tests.processes import together
from tests.scheduling import careless
from tests.scheduling.offering import SETUP, empty, offer, rows, save_anyway, set_places

pytestmark = pytest.mark.slow("lets several processes race")

PROCESSES = 4
NOON = Hours(12 * 60, 12 * 60 + 30)


def slots_tomorrow(scope: Scope) -> list[int]:
    tomorrow = today("America/New_York") + timedelta(days=1)
    return [row.id for row in rows(scope.location_id) if row.day == tomorrow]


def claim_often(index: int, ids: list[int], turns: int, number: int) -> list[int]:
    """The slots in which a process got a place, of so many tries in slots drawn by chance."""
    chance = random.Random(number + index)
    got = []
    for _turn in range(turns):
        slot_id = chance.choice(ids)
        try:
            run(lambda slot_id=slot_id: bool(services.claim(slot_id)), write=True, patience=60)  # type: ignore[misc]
            got.append(slot_id)
        except services.SlotTaken:
            pass
    return got


def race(app: Flask, scope: Scope, ids: list[int], turns: int, number: int = 1) -> list[str]:
    """What is wrong after all of the processes tried to claim."""
    got = together(app, PROCESSES, claim_often, ids, turns, number, timeout=110)
    won = Counter(slot_id for each in got for slot_id in each)
    return [
        f"slot {row.id}: {row.taken} taken, {won[row.id]} told so, {row.places} places"
        for row in rows(scope.location_id)
        if row.id in ids and not row.taken == won[row.id] == row.places
    ]


@pytest.mark.both_databases
def test_one_place_goes_to_one(app: Flask, personas: Personas) -> None:
    with app.app_context():
        scope = scope_for(personas, "manager_a")
        offer(scope, places=1, weekly=((NOON,),) * 7)
        for turn in range(amount(short=2, full=20)):
            ids = slots_tomorrow(scope)
            assert len(ids) == 1
            assert race(app, scope, ids, amount(short=10, full=50), seed(turn)) == []
            with unit_of_work():
                services.give_back(ids[0])


@pytest.mark.both_databases
def test_37_places_in_five_slots_go_to_37(app: Flask, personas: Personas) -> None:
    with app.app_context():
        scope = scope_for(personas, "manager_a")
        turns = amount(short=1, full=20)
        for turn in range(turns):
            # 7 or 8 places each; drawn often enough that all are gone at the end.
            offer(scope, places=8, weekly=((Hours(540, 690),),) * 7)
            ids = slots_tomorrow(scope)
            assert len(ids) == 5
            for number, slot_id in enumerate(ids):
                set_places(slot_id, 8 - (number < 3))
            assert race(app, scope, ids, 30, seed(turn)) == []
            assert sum(row.taken for row in rows(scope.location_id)) == 37
            empty(ids)


def test_looking_first_and_taking_then_would_be_caught(
    app: Flask, personas: Personas, monkeypatch: pytest.MonkeyPatch
) -> None:
    be_careless(monkeypatch, careless.CLAIMING)
    with app.app_context():
        scope = scope_for(personas, "manager_a")
        offer(scope, places=20, weekly=((NOON,),) * 7)
        ids = slots_tomorrow(scope)
        for turn in range(5):
            if race(app, scope, ids, 10, turn):
                return
            empty(ids)
    pytest.fail("nothing was found")


def claim_or_change(index: int, scope: Scope, ids: list[int], turns: int) -> int:
    """The first process changes the schedule to and fro, all others claim; how many places."""
    if index:
        return len(claim_often(index, ids, turns, 1))
    for turn in range(turns // 4):
        hours = (Hours(540, 600),) if turn % 2 else (Hours(540, 690),)
        wished = replace(SETUP, weekly=(hours,) * 7, places=30 - turn % 3, horizon_days=4)
        run(lambda wished=wished: change(scope, wished), write=True, patience=60)  # type: ignore[misc]
    return 0


def change(scope: Scope, wished: Setup) -> bool:
    save_anyway(scope, wished)
    return True


@pytest.mark.both_databases
def test_no_booking_is_lost_while_the_schedule_changes(app: Flask, personas: Personas) -> None:
    with app.app_context():
        scope = scope_for(personas, "manager_a")
        offer(scope, places=30, weekly=((Hours(540, 690),),) * 7, horizon_days=4)
        ids = slots_tomorrow(scope)
        claimed = together(
            app, PROCESSES, claim_or_change, scope, ids, amount(short=24, full=80), timeout=110
        )
        assert sum(claimed) == sum(row.taken for row in rows(scope.location_id)) > 0
