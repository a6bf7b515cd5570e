"""Changing, canceling and closing appointments. `actor` is None for the recipient."""

from collections.abc import Sequence

from sqlalchemy import select

from blueprints.appointments.holding import (
    Beyond,
    complete,
    follow_status,
    hold,
    let_go,
    locked,
    put_into,
    take_place,
)
from blueprints.appointments.models import Appointment
from blueprints.appointments.next_dose import NextDose, NotDue, is_later_dose, next_dose
from blueprints.appointments.rules import LONGEST_REASON, MOST_AT_ONCE, CanceledThrough, State
from blueprints.appointments.telling import take_back, tell_canceled, tell_changed
from blueprints.recipients.models import Recipient
from blueprints.recipients.services import link_to_location, lock_recipient
from blueprints.scheduling.models import Slot
from blueprints.scheduling.services import give_back, lock_doses
from portal.access.scope import Actor
from portal.audit.services import record as audit
from portal.clock import now
from portal.db import session
from portal.errors import Conflict, Invalid, NotFound
from portal.i18n import _, ngettext

__all__ = ["cancel", "cancel_many", "close", "complete", "hold", "let_go", "move"]


def move(
    *, appointment_id: int, slot_id: int, actor: Actor | None, overbook_reason: str = ""
) -> Appointment:
    """Put an appointment to another time, here or at another location, and tell the recipient.

    The new place is claimed first; if that fails the old one is kept. With `overbook_reason` staff
    take a place beyond those there are. Raises `SlotTaken`, and `Conflict` if the appointment is
    not to come any more.
    """
    found = _to_come(appointment_id)
    lock_doses([slot_id])
    session().execute(
        select(Slot.id)
        .where(Slot.id.in_([found.slot_id, slot_id]))
        .order_by(Slot.id)
        .with_for_update()
    ).all()
    if found.slot_id == slot_id:
        raise Conflict(_("This is the time it has already. Nothing was changed."))
    beyond = Beyond(actor, overbook_reason) if actor is not None and overbook_reason else None
    slot, why_beyond = take_place(slot_id, dose_of(found), but=found, beyond=beyond)
    before = {"starts_at": found.starts_at.isoformat(), "location": found.location_id}
    give_back(found.slot_id)
    put_into(found, slot, why_beyond)
    found.version += 1
    session().flush()
    link_to_location(recipient_id=found.recipient_id, location_id=found.location_id, why="booked")
    audit(
        actor,
        "appointment.changed",
        subject="appointment",
        subject_id=found.id,
        location_id=found.location_id,
        before=before,
        after={"starts_at": found.starts_at.isoformat(), "location": found.location_id},
    )
    tell_changed(found)
    return found


def dose_of(appointment: Appointment) -> NextDose:
    """The dose that an appointment to come is for, with its days."""
    recipient = session().get_one(Recipient, appointment.recipient_id)
    try:
        dose = next_dose(recipient)
    except NotDue:
        dose = None
    if dose is None or dose.number != appointment.dose_number:
        return NextDose(appointment.dose_number, None, appointment.product_id)
    return dose


def _to_come(appointment_id: int) -> Appointment:
    """The appointment and its recipient, kept from others. Raises `NotFound`, and `Conflict` unless
    it is to come."""
    seen = session().get(Appointment, appointment_id)
    if seen is None:
        raise NotFound
    lock_recipient(seen.recipient_id)
    found = locked(appointment_id)
    if found is None or found.state == State.HELD:
        raise NotFound
    if found.state == State.CANCELED:
        raise Conflict(_("This appointment is canceled already. Nothing was changed."))
    if found.state == State.CLOSED:
        raise Conflict(_("This appointment is over already. Nothing was changed."))
    return found


def cancel(
    *,
    appointment_id: int,
    reason: str,
    actor: Actor | None,
    later_doses: bool = False,
) -> bool:
    """Cancel an appointment that is to come, free its place and tell the recipient why; whether the
    recipient will be told.

    A second dose only with `later_doses`. Raises `Invalid` without a reason of staff, and
    `Conflict`.
    """
    reason = reason.strip()
    if actor is not None and not reason:
        raise Invalid(_("Enter the reason. The recipient sees it."), field="reason")
    if len(reason) > LONGEST_REASON:
        raise Invalid(
            _("Shorten the reason to %(number)s characters.", number=LONGEST_REASON), field="reason"
        )
    found = _to_come(appointment_id)
    if is_later_dose(found.dose_number) and not later_doses:
        raise Conflict(_("Second doses are canceled by the help desk. Nothing was changed."))
    found.state = State.CANCELED
    found.cancel_reason = reason
    found.canceled_at = now()
    found.canceled_by_id = actor.id if actor else None
    found.canceled_through = CanceledThrough.STAFF if actor else CanceledThrough.RECIPIENT
    found.version += 1
    session().flush()
    give_back(found.slot_id)
    follow_status(found.recipient_id)
    audit(
        actor,
        "appointment.canceled",
        subject="appointment",
        subject_id=found.id,
        location_id=found.location_id,
        summary=reason,
    )
    return tell_canceled(found)


def cancel_many(
    *, appointment_ids: Sequence[int], reason: str, actor: Actor, later_doses: bool = False
) -> tuple[int, int]:
    """Cancel up to 20 appointments; how many, and how many of the recipients will be told.

    All or none. Raises `Invalid` for more, and what `cancel` raises.
    """
    ids = sorted(set(appointment_ids))
    check_number(len(ids))
    people = select(Appointment.recipient_id, Appointment.id, Appointment.slot_id).where(
        Appointment.id.in_(ids)
    )
    rows = sorted(tuple(row) for row in session().execute(people))
    for recipient_id, _number, _slot in rows:
        lock_recipient(recipient_id)
    session().execute(
        select(Slot.id)
        .where(Slot.id.in_([slot for _person, _number, slot in rows]))
        .order_by(Slot.id)
        .with_for_update()
    ).all()
    told = [
        cancel(appointment_id=number, reason=reason, actor=actor, later_doses=later_doses)
        for _person, number, _slot in rows
    ]
    return len(told), sum(told)


def check_number(count: int) -> None:
    """Raise `Invalid` unless so many may be canceled at once."""
    if not count:
        raise Invalid(_("Select the appointments to cancel first."))
    if count > MOST_AT_ONCE:
        raise Invalid(
            ngettext(
                "You can cancel up to 20 appointments at a time. %(num)s is ticked.",
                "You can cancel up to 20 appointments at a time. %(num)s are ticked.",
                count,
            )
        )


def close(*, appointment_id: int, actor: Actor | None) -> Appointment:
    """Note that the recipient came and got the dose; reminders are taken back.

    The dose status follows from the vaccination, which is recorded by whoever calls this. Raises
    `Conflict` unless it is to come.
    """
    found = _to_come(appointment_id)
    found.state = State.CLOSED
    session().flush()
    take_back(found)
    audit(
        actor,
        "appointment.closed",
        subject="appointment",
        subject_id=found.id,
        location_id=found.location_id,
    )
    follow_status(found.recipient_id)
    return found
