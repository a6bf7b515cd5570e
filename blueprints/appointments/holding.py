"""A place is held while details are looked at, and the hold becomes the booking (SPEC G3, G7).

Whoever holds, books, moves or cancels locks the recipient first, then appointments, then slots: no
two of them wait for each other.
"""

from dataclasses import dataclass
from datetime import date, timedelta

from sqlalchemy import Executable, bindparam, select, update

from blueprints.appointments import numbers
from blueprints.appointments.letting_go import let_go, let_go_at
from blueprints.appointments.models import Appointment, BookingSeries
from blueprints.appointments.next_dose import NextDose, dose_to_book, open_booking
from blueprints.appointments.rules import HELD_FOR, CanceledThrough, State, kinds_for, status_of
from blueprints.appointments.telling import tell_booked
from blueprints.recipients.queries import series_of
from blueprints.recipients.services import link_to_location, lock_recipient, set_dose_status
from blueprints.scheduling.bounds import Promised
from blueprints.scheduling.models import Slot
from blueprints.scheduling.queries import Time, Why, Wish, times
from blueprints.scheduling.services import (
    NoDoses,
    SlotTaken,
    claim,
    give_back,
    lock_doses,
    overbook,
    require_dose,
)
from portal import clock
from portal.access.scope import Actor
from portal.audit.services import record as audit
from portal.clock import now
from portal.db import insert, lock, session
from portal.errors import Conflict, NotFound
from portal.i18n import _
from portal.made_once import made_once
from portal.places.models import Location
from portal.remembering import remembered

CAN_BE_OVERBOOKED = (Why.FULL, Why.DOSES)
# Made once: every booking asks for them.
ONE = select(Appointment).where(Appointment.id == bindparam("appointment_id"))
TO_COME = (
    select(Appointment)
    .where(Appointment.recipient_id == bindparam("recipient_id"), Appointment.state == State.NEW)
    .order_by(Appointment.starts_at)
)
MISSED = (
    select(Appointment.id, Appointment.day, Location.time_zone)
    .join(Location, Location.id == Appointment.location_id)
    .where(
        Appointment.recipient_id == bindparam("recipient_id"),
        Appointment.state == State.NEW,
        Appointment.starts_at < bindparam("moment"),
    )
)


class HoldOver(Conflict):
    """The place was held too long ago, and is free again."""


class NotOffered(SlotTaken):
    """This time cannot be chosen; the sentence says why."""


def hold(
    *, recipient_id: int, slot_id: int, actor: Actor | None, overbook_reason: str = ""
) -> Appointment:
    """Hold a place for the recipient's next dose for ten minutes.

    A recipient holds one place a dose: an earlier hold moves to the new time, unless it is over:
    then its place and dose are anybody's. `actor` is None for
    the recipient. With `overbook_reason` staff take a place beyond those there are. Raises
    `NotDue`, and `SlotTaken` if the time cannot be chosen (any more).
    """
    recipient = lock_recipient(recipient_id)
    _cancel_missed(recipient.id, actor)
    dose = dose_to_book(recipient)
    held = open_booking(recipient.id, dose.number)
    lock_doses([slot_id])
    if held is not None and is_over(held):
        let_go(appointment_id=held.id)
        held = None
    let_go_at(slot_id)
    slot, beyond = take_place(slot_id, dose, but=held, beyond=_beyond(actor, overbook_reason))
    until = now() + HELD_FOR
    if held is not None:
        left = held.slot_id
        put_into(held, slot, beyond)
        held.held_until = until
        session().flush()
        if left != slot.id:
            give_back(left)
        return held
    made = Appointment(
        recipient_id=recipient.id,
        slot_id=slot.id,
        location_id=slot.location_id,
        starts_at=slot.starts_at,
        day=slot.day,
        minute=slot.minute,
        dose_number=dose.number,
        product_id=dose.product_id,
        state=State.HELD,
        held_until=until,
        overbook_reason=beyond,
        booked_by_id=actor.id if actor else None,
    )
    session().add(made)
    session().flush()
    return made


@dataclass(frozen=True)
class Beyond:
    """Who books beyond the places there are, on purpose, and why."""

    actor: Actor
    reason: str


def _beyond(actor: Actor | None, reason: str) -> Beyond | None:
    return Beyond(actor, reason) if actor is not None and reason else None


def take_place(
    slot_id: int,
    dose: NextDose,
    *,
    but: Appointment | None = None,
    beyond: Beyond | None = None,
) -> tuple[Slot, str]:
    """Take a place of the slot, if this dose may be given then; also why one beyond the places was
    taken, blank if that was not needed. Raises `SlotTaken`.

    Nothing is taken if `but`, an appointment that moves, has a place in this very slot.
    """
    slot = session().get(Slot, slot_id)
    if slot is None:
        raise NotFound
    kinds = kinds_for(dose.number)
    if but is not None and but.slot_id == slot_id:
        return slot, but.overbook_reason
    wish = wish_for(dose, but)
    offered = times(slot.location_id, slot.day, kinds=kinds, not_before=dose.not_before, wish=wish)
    found = next((time for time in offered if time.starts_at == slot.starts_at), None)
    if found is None or slot.kind not in kinds:
        raise NotOffered(_("This time is not offered any more. Choose another time."))
    if beyond is not None and found.why in CAN_BE_OVERBOOKED:
        return overbook(slot_id, beyond.reason, beyond.actor), beyond.reason.strip()
    if found.reason and found.why is not Why.FULL:
        raise NotOffered(found.reason)
    chosen = slot_id if found.slot_id == slot_id else _with_places(slot_id, found.slot_id)
    return claim(chosen, wish), ""


def wish_for(dose: NextDose, moving: Appointment | None = None) -> Wish:
    """What the dose needs of a location's doses; the appointment that moves gives its own back, a
    hold that is over has none."""
    if moving is None or is_over(moving):
        return Wish(dose.product_id)
    own = Promised(moving.location_id, moving.day, moving.product_id)
    return Wish(dose.product_id, own)


def _with_places(wanted: int, other: int) -> int:
    """Of two slots of one moment the one that has a place, the wanted one first."""
    free = session().scalar(select(Slot.id).where(Slot.id == wanted, Slot.taken < Slot.places))
    return wanted if free else other


def put_into(appointment: Appointment, slot: Slot, overbook_reason: str) -> None:
    """Let the appointment be in this slot, whose place was taken for it."""
    appointment.overbook_reason = overbook_reason
    appointment.slot_id = slot.id
    appointment.location_id = slot.location_id
    appointment.starts_at = slot.starts_at
    appointment.day = slot.day
    appointment.minute = slot.minute


def complete(*, appointment_id: int, actor: Actor | None) -> Appointment:
    """Turn the held place into an appointment, and tell the recipient.

    Place and dose are theirs until somebody else got them, even after the ten minutes. Raises
    `HoldOver` once one of them is gone; completing twice gives the same appointment.
    """
    seen = session().get(Appointment, appointment_id)
    if seen is None:
        raise hold_over()
    lock_recipient(seen.recipient_id)
    # Before looking at the clock: whoever claims a dose meanwhile waits, and sees what came of it.
    lock_doses([seen.slot_id])
    found = locked(appointment_id)
    if found is None:
        raise hold_over()
    if found.state == State.NEW:
        return found
    if found.state != State.HELD:
        raise Conflict(_("This appointment was canceled. Schedule a new one."))
    if is_over(found) and not found.overbook_reason:
        _require_dose_again(found)
    found.series_id = _series_of(found)
    found.state, found.held_until = State.NEW, None
    found.booked_at, found.booked_by_id = now(), actor.id if actor else None
    session().flush()
    link_to_location(recipient_id=found.recipient_id, location_id=found.location_id, why="booked")
    follow_status(found.recipient_id)
    audit(
        actor,
        "appointment.booked",
        subject="appointment",
        subject_id=found.id,
        location_id=found.location_id,
        after={"dose": found.dose_number, "starts_at": found.starts_at.isoformat()},
    )
    tell_booked(found)
    return found


def _require_dose_again(found: Appointment) -> None:
    """Raise `HoldOver` if the dose of a hold that is over was promised to somebody else."""
    try:
        require_dose(found.slot_id, Wish(found.product_id))
    except NoDoses as error:
        raise hold_over() from error


def is_over(appointment: Appointment) -> bool:
    """Whether a place was held so long that it is anybody's by now."""
    return appointment.held_until is not None and appointment.held_until <= now()


def hold_over() -> HoldOver:
    """What is said when the held place is gone."""
    return HoldOver(
        _("The place was held for ten minutes and is free again. Choose a time once more.")
    )


def locked(appointment_id: int) -> Appointment | None:
    """The appointment, kept from others until this transaction ends; None if it is gone."""
    lock(ONE, {"appointment_id": appointment_id}, name=("appointment", appointment_id))
    return session().get(Appointment, appointment_id)


def follow_status(recipient_id: int) -> None:
    """Bring the recipient's dose status in line with what was given and what is booked."""
    given = [dose.dose_number for dose in series_of([recipient_id]).get(recipient_id, ())]
    booked = [each.dose_number for each in to_come(recipient_id)]
    set_dose_status(recipient_id=recipient_id, status=status_of(given, booked))


@remembered("appointment")
def to_come(recipient_id: int) -> list[Appointment]:
    """The recipient's appointments that are neither over nor canceled, by time."""
    return list(session().scalars(TO_COME, {"recipient_id": recipient_id}))


def _cancel_missed(recipient_id: int, actor: Actor | None) -> None:
    """Close what the recipient did not come to on a day that is over: it keeps nobody from a new
    appointment."""
    missed = session().execute(MISSED, {"recipient_id": recipient_id, "moment": now()})
    ids = [row.id for row in missed if row.day < clock.today(row.time_zone)]
    if not ids:
        return
    session().execute(
        update(Appointment)
        .where(Appointment.id.in_(ids), Appointment.state == State.NEW)
        .values(
            state=State.CANCELED,
            canceled_at=now(),
            canceled_by_id=actor.id if actor else None,
            canceled_through=CanceledThrough.MISSED,
            cancel_reason="",
        )
        .execution_options(synchronize_session="fetch")
    )


def _series_of(appointment: Appointment) -> int:
    """The series of the dose before this one, or a new one with a number of its own."""
    if appointment.dose_number > 1:
        known = session().scalar(
            select(Appointment.series_id)
            .where(
                Appointment.recipient_id == appointment.recipient_id,
                Appointment.series_id.is_not(None),
                Appointment.dose_number <= appointment.dose_number,
                Appointment.id != appointment.id,
            )
            .order_by(Appointment.state == State.CANCELED, Appointment.starts_at.desc())
            .limit(1)
        )
        if known is not None:
            return known
    made: BookingSeries | None = None
    while made is None:
        made = session().scalar(
            _numbered(), {"recipient_id": appointment.recipient_id, "number": numbers.new_number()}
        )
    return made.id


@made_once
def _numbered() -> Executable:
    """A series with a number, unless another one has it."""
    return (
        insert(BookingSeries)
        .on_conflict_do_nothing(index_elements=["number"])
        .returning(BookingSeries)
    )


def nearest_times(slot_id: int, dose: NextDose, *, count: int = 4) -> list[tuple[date, Time]]:
    """The times nearest to that of the slot which can be chosen, each with its day, in order."""
    slot = session().get(Slot, slot_id)
    if slot is None:
        return []
    found: list[tuple[date, Time]] = []
    for step in (0, 1, -1, 2, -2):
        day = slot.day + timedelta(days=step)
        offered = times(
            slot.location_id,
            day,
            kinds=kinds_for(dose.number),
            not_before=dose.not_before,
            wish=wish_for(dose),
        )
        found += [(day, time) for time in offered if time.free]
        if len(found) >= count and step >= 1:
            break
    nearest = sorted(found, key=lambda pair: abs(pair[1].starts_at - slot.starts_at))[:count]
    return sorted(nearest, key=lambda pair: pair[1].starts_at)


def place_of_slot(slot_id: int) -> Location:
    """The location of a slot. Raises `NotFound`."""
    found = session().scalar(
        select(Location).join(Slot, Slot.location_id == Location.id).where(Slot.id == slot_id)
    )
    if found is None:
        raise NotFound
    return found
