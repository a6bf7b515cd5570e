"""Places that are held too long are freed: by the job, and before somebody claims at their time."""

from collections.abc import Collection
from typing import Any

from sqlalchemy import Select, bindparam, delete, select

from blueprints.appointments.models import Appointment
from blueprints.appointments.rules import State
from blueprints.scheduling.models import Slot
from blueprints.scheduling.services import give_back
from portal.clock import now
from portal.db import session

MOST_LET_GO = 500


def _held_too_long(slots: Select[Any]) -> Select[Any]:
    return (
        select(Appointment.id)
        .where(
            Appointment.slot_id.in_(slots),
            Appointment.state == State.HELD,
            Appointment.held_until <= bindparam("moment"),
        )
        .with_for_update(skip_locked=True)
    )


# Made once: everybody who claims asks for it.
_moment = select(Slot.location_id, Slot.starts_at).where(Slot.id == bindparam("slot_id")).subquery()
AT_ITS_TIME = _held_too_long(
    select(Slot.id).join(
        _moment,
        (Slot.location_id == _moment.c.location_id) & (Slot.starts_at == _moment.c.starts_at),
    )
)


def let_go(*, appointment_id: int) -> None:
    """Free a place that is only held; nothing happens if it is booked or gone."""
    slot_id = session().scalar(
        delete(Appointment)
        .where(Appointment.id == appointment_id, Appointment.state == State.HELD)
        .returning(Appointment.slot_id)
        .execution_options(synchronize_session=False)
    )
    if slot_id is not None:
        give_back(slot_id)


def let_go_of_old() -> int:
    """Free the places that were held too long, up to 500; how many that were."""
    old = (
        select(Appointment.id)
        .where(Appointment.state == State.HELD, Appointment.held_until <= now())
        .order_by(Appointment.held_until)
        .limit(MOST_LET_GO)
        .with_for_update(skip_locked=True)
    )
    return _let_go_where(list(session().scalars(old)))


def let_go_at(slot_id: int) -> None:
    """Free what is held too long at the time of this slot, before somebody claims it. Whoever has
    such a row locked frees or completes it; nobody waits for them here."""
    _let_go_where(list(session().scalars(AT_ITS_TIME, {"slot_id": slot_id, "moment": now()})))


def let_go_in(slots: Select[Any]) -> None:
    """As `let_go_at`, in the slots with these ids."""
    _let_go_where(list(session().scalars(_held_too_long(slots), {"moment": now()})))


def _let_go_where(ids: Collection[int]) -> int:
    if not ids:
        return 0
    slots = session().scalars(
        delete(Appointment)
        .where(
            Appointment.id.in_(ids),
            Appointment.state == State.HELD,
            Appointment.held_until <= now(),
        )
        .returning(Appointment.slot_id)
        .execution_options(synchronize_session=False)
    )
    freed = sorted(slots)
    for slot_id in freed:
        give_back(slot_id)
    return len(freed)
