"""Sample transfers for practice mode: one received with doses missing, two on their way."""

from collections.abc import Iterator
from datetime import datetime
from functools import partial

from sqlalchemy import select

from blueprints.inventory.leaving.selection import Chosen
from blueprints.inventory.models import VaccineInventory
from blueprints.inventory.practice import put_away
from blueprints.transfers import services
from blueprints.transfers.services import Receipt, Sending
from portal.access.scope import Place, Scope
from portal.db import session
from portal.diary import DiaryEvent, Past

MAY = "transfers.handle"


def diary(past: Past) -> Iterator[DiaryEvent]:
    """The first two locations send each other doses."""
    if len(past.places) < 2:  # noqa: PLR2004
        return
    here, there = past.places[:2]
    came = past.at(past.workday(26, here), 10 * 60 + 25, here)
    for sender, receiver, back, minute, doses, reason, note, arrived in (
        (there, here, 29, 14 * 60 + 10, 10, "surplus", "", came),
        (here, there, 2, 13 * 60 + 5, 10, "short_there", "For the clinic on Saturday.", None),
        (there, here, 1, 15 * 60 + 40, 20, "expires_soon", "", None),
    ):
        sent = past.at(past.workday(back, sender), minute, sender)
        send = partial(_send, receiver, doses, reason, note, arrived)
        yield DiaryEvent(sent, send, may=MAY, place=sender.id)


def _send(
    to: Place, doses: int, reason: str, note: str, arrived: datetime | None, scope: Scope
) -> Iterator[DiaryEvent]:
    """Send doses of the fullest usable record; with `arrived` one vial of them breaks."""
    record_id = session().scalar(
        select(VaccineInventory.id)
        .where(
            VaccineInventory.location_id == scope.location_id,
            VaccineInventory.doses_available >= doses,
            VaccineInventory.expiration_date >= scope.today(),
        )
        .order_by(VaccineInventory.doses_available.desc(), VaccineInventory.id)
        .limit(1)
    )
    if record_id is None:
        return
    sending = Sending(
        lines=[Chosen(record_id, doses)],
        to_location_id=to.id,
        sent_on=scope.today(),
        reason=reason,
        note=note,
        confirmed=True,
    )
    line = services.send(scope, sending).lines[0].row
    if arrived is not None:
        yield DiaryEvent(arrived, partial(_receive, line.id), may=MAY, place=to.id)


def _receive(line_id: int, scope: Scope) -> None:
    receipt = Receipt(
        line_id=line_id,
        received_on=scope.today(),
        doses=9,
        reason="damaged_transit",
        note="One vial was broken.",
        confirmed=True,
    )
    put_away(scope, services.receive(scope, receipt))
