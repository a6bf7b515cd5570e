"""Changing, canceling and closing appointments. `actor` is None for the recipient."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from sqlalchemy import ColumnElement, and_, or_, select

from blueprints.appointments.holding import (
    Beyond,
    complete,
    follow_status,
    hold,
    locked,
    put_into,
    take_place,
    to_come,
    wish_for,
)
from blueprints.appointments.letting_go import let_go, let_go_at, let_go_in
from blueprints.appointments.models import Appointment
from blueprints.appointments.next_dose import (
    NextDose,
    NotDue,
    is_later_dose,
    next_dose,
    open_booking,
)
from blueprints.appointments.rules import (
    LONGEST_REASON,
    MOST_AT_ONCE,
    AppointmentChange,
    CanceledThrough,
    State,
    ToldWay,
    kinds_for,
)
from blueprints.appointments.telling import take_back, tell_canceled, tell_changed, way_of
from blueprints.appointments.told import begin
from blueprints.recipients.models import Recipient
from blueprints.recipients.services import link_to_location, lock_recipient
from blueprints.scheduling.models import Slot
from blueprints.scheduling.queries import times
from blueprints.scheduling.services import give_back, lock_doses
from portal.access.scope import Actor
from portal.audit.services import record as audit
from portal.clock import now
from portal.db import session
from portal.errors import Conflict, Invalid, NotFound
from portal.formats.shown import day as day_text
from portal.i18n import _, ngettext, speaking

__all__ = [
    "cancel",
    "cancel_many",
    "cancel_unfitting",
    "close",
    "complete",
    "hold",
    "let_go",
    "move",
    "move_many",
    "reopen",
    "unfitting",
]


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
    let_go_at(slot_id)
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


@dataclass(frozen=True)
class Changed:
    """What came of a change to many: how many were changed, how many of their recipients get a
    message, which could not be changed, and the change's number in the list of who was told."""

    count: int
    told: int
    left: tuple[int, ...]
    round_id: int


def cancel_many(
    *,
    appointment_ids: Sequence[int],
    reason: str,
    actor: Actor,
    location_id: int,
    later_doses: bool = False,
) -> Changed:
    """Cancel up to 20 appointments, and note at the location who was told.

    All or none. Raises `Invalid` for more, and what `cancel` raises.
    """
    ids = sorted(set(appointment_ids))
    check_number(len(ids))
    since = now()
    rows = _lock_many(ids)
    told = []
    for number in rows:
        knows = cancel(appointment_id=number, reason=reason, actor=actor, later_doses=later_doses)
        found = session().get_one(Appointment, number)
        told.append((found, _way_to(found) if knows else ToldWay.NONE))
    made = begin(
        location_id=location_id,
        change=AppointmentChange.CANCELED,
        reason=reason,
        told=told,
        actor=actor,
        since=since,
    )
    return Changed(len(told), sum(way != ToldWay.NONE for _one, way in told), (), made.id)


def _lock_many(ids: Sequence[int], *others: ColumnElement[bool]) -> list[int]:
    """Lock the recipients of these appointments, then their slots and others; their ids in the
    order of the recipients."""
    people = select(Appointment.recipient_id, Appointment.id, Appointment.slot_id).where(
        Appointment.id.in_(ids)
    )
    rows = sorted(tuple(row) for row in session().execute(people))
    for recipient_id, _number, _slot in rows:
        lock_recipient(recipient_id)
    if others:
        lock_doses([slot for _person, _number, slot in rows])
        let_go_in(select(Slot.id).where(*others))
    session().execute(
        select(Slot.id)
        .where(or_(Slot.id.in_([slot for _person, _number, slot in rows]), *others))
        .order_by(Slot.id)
        .with_for_update()
    ).all()
    return [number for _person, number, _slot in rows]


def move_many(
    *, appointment_ids: Sequence[int], day: date, actor: Actor, location_id: int
) -> Changed:
    """Put up to 20 appointments of the location to another day, each to the free time nearest to
    its own, and note who was told. Those for which there is none are left as they are.

    Raises `Invalid` on `day` where none of them can be moved, and what `move` raises.
    """
    ids = sorted(set(appointment_ids))
    check_number(len(ids))
    since = now()
    on_day = and_(Slot.location_id == location_id, Slot.day == day)
    told: list[tuple[Appointment, ToldWay]] = []
    left = []
    for number in _lock_many(ids, on_day):
        found = _to_come(number)
        slot_id = _nearest_on(found, day) if found.location_id == location_id else None
        if slot_id is None:
            left.append(number)
            continue
        moved = move(appointment_id=number, slot_id=slot_id, actor=actor)
        told.append((moved, _way_to(moved)))
    if not told:
        raise Invalid(_("None of them has a free time on this day. Choose another."), field="day")
    made = begin(
        location_id=location_id,
        change=AppointmentChange.MOVED,
        reason="",
        told=told,
        actor=actor,
        since=since,
    )
    return Changed(len(told), sum(way != ToldWay.NONE for _one, way in told), tuple(left), made.id)


def _way_to(found: Appointment) -> ToldWay:
    return way_of(session().get_one(Recipient, found.recipient_id))


def _nearest_on(found: Appointment, day: date) -> int | None:
    """The slot on that day with a free place that is nearest to the appointment's time of day."""
    if found.day == day:
        return None
    dose = dose_of(found)
    free = [
        time
        for time in times(
            found.location_id,
            day,
            kinds=kinds_for(dose.number),
            not_before=dose.not_before,
            wish=wish_for(dose, found),
        )
        if time.free
    ]
    nearest = min(
        free, key=lambda time: (abs(time.minute - found.minute), time.minute), default=None
    )
    return nearest.slot_id if nearest else None


def check_number(count: int) -> None:
    """Raise `Invalid` unless so many may be canceled at once."""
    if not count:
        raise Invalid(_("Select the appointments first."))
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


def reopen(*, appointment_id: int, actor: Actor | None) -> bool:
    """Let an appointment be open again whose dose was recorded by mistake; whether it is.

    It stays closed if another one is open for the same dose. The caller holds the recipient.
    """
    found = locked(appointment_id)
    if found is None or found.state != State.CLOSED:
        return False
    if open_booking(found.recipient_id, found.dose_number) is not None:
        return False
    found.state = State.NEW
    found.version += 1
    session().flush()
    audit(
        actor,
        "appointment.reopened",
        subject="appointment",
        subject_id=found.id,
        location_id=found.location_id,
    )
    return True


def unfitting(recipient_id: int) -> list[tuple[Appointment, str]]:
    """The appointments to come that do not fit what the recipient was given, each with why: of a
    dose that is not due, or on a day that is too early for it. Nothing is read that others may
    change once the caller holds the recipient."""
    coming = [each for each in to_come(recipient_id) if each.starts_at > now()]
    if not coming:
        return []
    recipient = session().get_one(Recipient, recipient_id)
    try:
        dose = next_dose(recipient)
    except NotDue as refusal:
        return [(each, refusal.message) for each in coming]
    found = []
    for each in coming:
        if each.dose_number != dose.number:
            found.append((each, _("Dose %(number)s is due next.", number=dose.number)))
        elif dose.window is not None and each.day < dose.window.earliest:
            first = day_text(dose.window.earliest)
            found.append((each, _("The first possible day is %(day)s.", day=first)))
    return found


def cancel_unfitting(*, recipient_id: int, actor: Actor | None) -> list[Appointment]:
    """Cancel the appointments that do not fit what the recipient was given, and tell the recipient
    why, in the recipient's language. The caller holds the recipient."""
    with speaking(session().get_one(Recipient, recipient_id).language):
        found = unfitting(recipient_id)
    for each, why in found:
        cancel(appointment_id=each.id, reason=why, actor=actor, later_doses=True)
    return [each for each, _why in found]
