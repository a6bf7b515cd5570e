"""Vials of the sample clinics' past: what is left in them is gone before the location closes."""

from collections.abc import Iterator
from functools import partial
from random import Random

from blueprints.inventory.ledger import entries as ledger
from blueprints.inventory.rules import Kind
from blueprints.vials.queries import open_vials
from blueprints.vials.rules import VialState
from blueprints.vials.services import waste
from portal.access.scope import Scope
from portal.db import session
from portal.diary import DAYS, FRIDAY, DiaryEvent, Past

LAST_CALL = 16 * 60 + 40


def diary(past: Past) -> Iterator[DiaryEvent]:
    """At the end of each past workday no vial stays open."""
    random = Random(650_041)
    for place in past.places:
        for back in range(DAYS, 0, -1):
            day = past.day(back, place)
            if day.weekday() <= FRIDAY:
                at = past.at(day, LAST_CALL + random.randrange(15), place)
                use_up = partial(_use_up, random)
                yield DiaryEvent(at, use_up, may="wastage.record", place=place.id)


def _use_up(random: Random, scope: Scope) -> None:
    """Give what is left in each vial to those who are still there; hardly a dose is wasted."""
    for opened in open_vials(scope):
        vial, wasted = opened.vial, min(random.choice((0, 0, 1, 2)), opened.doses_left)
        given = opened.doses_left - wasted
        if given:
            doses = ledger.Movement(kind=Kind.ADMINISTERED, doses=given, happened_on=scope.today())
            ledger.post(scope.user, vial.inventory_id, doses)
            vial.taken += given
            if vial.taken == vial.doses:
                vial.state = VialState.USED_UP
            session().flush()
        if wasted:
            waste(scope, vial.id, doses=wasted, reason="open_vial", confirmed=True)
