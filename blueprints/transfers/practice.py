"""Sample transfers for practice mode: one received with doses missing, one still on its way."""

from datetime import date, timedelta

from sqlalchemy import select

from blueprints.inventory.leaving.selection import Chosen
from blueprints.inventory.models import VaccineInventory
from blueprints.transfers import services
from blueprints.transfers.services import Receipt, Sending
from portal.access.scope import Scope
from portal.accounts.practice import manager_of
from portal.db import session, unit_of_work
from portal.places.models import Location

SENT_BEFORE = timedelta(days=3)


def fill() -> None:
    """The first two locations send each other doses."""
    with unit_of_work(write=False) as current:
        places = list(current.scalars(select(Location.id).order_by(Location.id).limit(2)))
    if len(places) < 2:
        return
    with unit_of_work():
        here, there = manager_of(places[0]), manager_of(places[1])
    if here is None or there is None:
        return
    line = _send(there, here, doses=10, reason="surplus", note="")
    if line is not None:
        with unit_of_work():
            services.receive(
                here,
                Receipt(
                    line_id=line,
                    received_on=_day(here),
                    doses=9,
                    reason="damaged_transit",
                    note="One vial was broken.",
                    confirmed=True,
                ),
            )
    _send(here, there, doses=10, reason="short_there", note="For the clinic on Saturday.")
    _send(there, here, doses=20, reason="expires_soon", note="")


def _send(scope: Scope, to: Scope, *, doses: int, reason: str, note: str) -> int | None:
    """Send doses of the fullest usable record; the line's id, or None if there are none."""
    with unit_of_work():
        record = session().scalar(
            select(VaccineInventory)
            .where(
                VaccineInventory.location_id == scope.location_id,
                VaccineInventory.doses_available >= doses,
                VaccineInventory.expiration_date >= _day(scope),
            )
            .order_by(VaccineInventory.doses_available.desc(), VaccineInventory.id)
            .limit(1)
        )
        if record is None:
            return None
        sent = services.send(
            scope,
            Sending(
                lines=[Chosen(record.id, doses)],
                to_location_id=to.location_id,
                sent_on=_day(scope) - SENT_BEFORE,
                reason=reason,
                note=note,
                # A sample count may have looked at the same record.
                confirmed=True,
            ),
        )
        return sent.lines[0].row.id


def _day(scope: Scope) -> date:
    return scope.today()
