"""Claiming as somebody careless would have written it: look whether a place is free, then take it.

The race tests run against it too, and must find it wanting.
"""

import time

from sqlalchemy import select, update

from blueprints.scheduling import services
from blueprints.scheduling.models import Slot
from blueprints.scheduling.services import SlotTaken
from portal import db
from portal.db import session
from tests.inventory.careless import Guards, begin_deferred

PAUSE = 0.005


def look_then_take(slot_id: int) -> Slot:
    """Read how many are taken, and write one more."""
    with db.db.engine.connect() as other:
        there = other.execute(select(Slot.taken, Slot.places).where(Slot.id == slot_id)).one()
    if there.taken >= there.places:
        raise SlotTaken("taken")
    time.sleep(PAUSE)
    session().execute(update(Slot).where(Slot.id == slot_id).values(taken=there.taken + 1))
    return session().get_one(Slot, slot_id)


CLAIMING: Guards = ((db, "begin", begin_deferred), (services, "claim", look_then_take))
