"""Places that are held no more, although the rows of their slots still count them as taken.

They come from whoever fills the slot `schedule.lapsed`; mostly there are none. What is shown counts
them as free. A claim does not subtract them: that number would be older than the slot's row where
somebody else is freeing the very same places, and a place would be given twice. Whoever claims
frees them first, in the same transaction.
"""

from collections.abc import Collection

from sqlalchemy import ColumnElement, and_, case, or_

from blueprints.scheduling.models import Slot
from portal.module import current, load

LAPSED = "schedule.lapsed"

Lapsed = dict[int, int]


def lapsed_at(location_ids: Collection[int]) -> Lapsed:
    """How many places of which slots of these locations are held no more."""
    found: Lapsed = {}
    for fill in current().fills(LAPSED):
        for slot_id, count in load(fill.function)(None, location_ids)["rows"]:
            found[slot_id] = found.get(slot_id, 0) + count
    return found


def still_taken(lapsed: Lapsed) -> ColumnElement[int]:
    """The places of a slot that are taken, without those that are held no more."""
    if not lapsed:
        return Slot.taken.expression
    return Slot.taken - case(lapsed, value=Slot.id, else_=0)


def has_place(lapsed: Lapsed) -> ColumnElement[bool]:
    """Whether a slot has a free place. The index of free slots finds those that the rows know."""
    known = Slot.taken < Slot.places
    if not lapsed:
        return known
    return or_(known, and_(Slot.id.in_(lapsed), still_taken(lapsed) < Slot.places))
