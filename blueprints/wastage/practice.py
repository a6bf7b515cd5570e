"""Sample losses for practice mode: wastage when a clinic closes, and doses that go back."""

from collections.abc import Iterator
from functools import partial

from sqlalchemy import select

from blueprints.inventory.leaving.selection import Chosen
from blueprints.inventory.models import VaccineInventory
from blueprints.inventory.rules import DocumentKind
from blueprints.wastage.services import Loss, record_loss
from portal.access.scope import Scope
from portal.db import session
from portal.diary import DiaryEvent, Past

CLOSING = 17 * 60
# How many days back, what became of how many doses, and why.
LOSSES = (
    (71, DocumentKind.WASTAGE, 1, "broken"),
    (52, DocumentKind.WASTAGE, 2, "drawn"),
    (34, DocumentKind.WASTAGE, 5, "too_warm"),
    (20, DocumentKind.RETURN, 10, "recall"),
    (9, DocumentKind.WASTAGE, 1, "broken"),
)


def diary(past: Past) -> Iterator[DiaryEvent]:
    """Some losses at each location."""
    for shift, place in enumerate(past.places):
        for number, (back, kind, doses, reason) in enumerate(LOSSES):
            at = past.at(past.workday(back + shift, place), CLOSING + 7 * number, place)
            lose = partial(_lose, kind, doses, reason)
            yield DiaryEvent(at, lose, may="wastage.record", place=place.id)


def _lose(kind: DocumentKind, doses: int, reason: str, scope: Scope) -> None:
    """Take the doses out of the record that has the most."""
    record_id = session().scalar(
        select(VaccineInventory.id)
        .where(
            VaccineInventory.location_id == scope.location_id,
            VaccineInventory.doses_available >= doses,
        )
        .order_by(VaccineInventory.doses_available.desc(), VaccineInventory.id)
        .limit(1)
    )
    if record_id is not None:
        loss = Loss(
            kind=kind,
            lines=[Chosen(record_id, doses)],
            happened_on=scope.today(),
            reason=reason,
            vial="open" if reason == "drawn" else "closed",
            confirmed=True,
        )
        record_loss(scope, loss)
