"""Checking recipients in, and what becomes of them."""

from collections.abc import Iterable
from datetime import timedelta

from sqlalchemy import bindparam, select

from blueprints.appointments.models import Appointment
from blueprints.appointments.rules import State as AppointmentState
from blueprints.checkin.models import Arrival
from blueprints.checkin.queries import (
    get_arrival,
    of_appointments,
    open_arrival,
    who_checked_in,
)
from blueprints.checkin.rules import (
    LONGEST_OBSERVATION,
    LONGEST_REASON,
    ArrivalState,
    ArrivalStep,
    Identifier,
    are_enough,
    identifiers,
    may,
)
from blueprints.checkin.words import STATES
from blueprints.recipients.queries import get_recipient
from blueprints.recipients.services import lock_recipient
from portal.access.scope import Scope
from portal.audit.services import record as audit
from portal.clock import now
from portal.db import lock, session
from portal.errors import Conflict, Invalid, NotFound
from portal.formats.shown import moment_in
from portal.i18n import _

# Made once: every step of a visit asks for it.
ONE = select(Arrival).where(Arrival.id == bindparam("arrival_id"))


def check_in(
    scope: Scope,
    *,
    recipient_id: int,
    appointment_id: int | None = None,
    identified_by: Iterable[str],
) -> Arrival:
    """Note that a recipient is here, who was recognized by two identifiers at least.

    Without an appointment it is a walk-in, unless one is booked here for today: then it is for
    that one. Raises `Invalid` without two identifiers, and `Conflict` if the recipient is checked
    in already, or the appointment is over.
    """
    scope.require("checkin.handle")
    known = _identified(identified_by)
    recipient = lock_recipient(get_recipient(scope, recipient_id).id)
    day = scope.today()
    there = open_arrival(recipient.id, scope.location_id, day)
    if there is not None:
        raise Conflict(_already(scope, there))
    appointment = _appointment(scope, recipient.id, appointment_id)
    arrival = Arrival(
        location_id=scope.location_id,
        recipient_id=recipient.id,
        appointment_id=appointment.id if appointment else None,
        day=day,
        state=ArrivalState.WAITING,
        identified_by=" ".join(known),
        checked_in_at=now(),
        checked_in_by_id=scope.user.id,
    )
    session().add(arrival)
    session().flush()
    _note(scope, "arrival.checked_in", arrival)
    return arrival


def undo(scope: Scope, arrival_id: int) -> Arrival:
    """Take a check-in back that was a mistake. Raises `Conflict` once a dose was given."""
    arrival = _at_step(scope, arrival_id, ArrivalStep.UNDO)
    _end(scope, arrival, ArrivalState.UNDONE)
    _note(scope, "arrival.undone", arrival)
    return arrival


def to_chair(scope: Scope, arrival_id: int) -> Arrival:
    """Note that the recipient sits where doses are given; twice changes nothing more."""
    if get_arrival(scope, arrival_id).state == ArrivalState.AT_CHAIR:
        return _at_step(scope, arrival_id, None)
    arrival = _at_step(scope, arrival_id, ArrivalStep.TO_CHAIR)
    arrival.at_chair_at = now()
    _change(arrival, ArrivalState.AT_CHAIR)
    _note(scope, "arrival.at_chair", arrival)
    return arrival


def back_to_waiting(scope: Scope, arrival_id: int) -> Arrival:
    """Note that the recipient waits again: came from the chair, or had left today.

    Raises `Conflict` if the recipient was checked in once more since.
    """
    seen = get_arrival(scope, arrival_id)
    lock_recipient(seen.recipient_id)
    arrival = _at_step(scope, arrival_id, ArrivalStep.BACK_TO_WAITING)
    if arrival.state == ArrivalState.LEFT:
        _may_return(scope, arrival)
    arrival.at_chair_at = arrival.done_at = arrival.done_by_id = None
    arrival.note = ""
    _change(arrival, ArrivalState.WAITING)
    _note(scope, "arrival.waiting", arrival)
    return arrival


def finish(scope: Scope, arrival_id: int) -> Arrival:
    """Note that the observation is over and the recipient may go."""
    arrival = _at_step(scope, arrival_id, ArrivalStep.FINISH)
    _end(scope, arrival, ArrivalState.DONE)
    _note(scope, "arrival.finished", arrival)
    return arrival


def leave_without_dose(scope: Scope, arrival_id: int, reason: str) -> Arrival:
    """Note that the recipient went away without a dose, and why. Raises `Invalid` without a
    reason. The appointment stays open."""
    reason = reason.strip()
    if not reason:
        raise Invalid(_("Enter why no dose was given."), field="reason")
    if len(reason) > LONGEST_REASON:
        raise Invalid(
            _("Shorten the reason to %(number)s characters.", number=LONGEST_REASON), field="reason"
        )
    arrival = _at_step(scope, arrival_id, ArrivalStep.LEAVE)
    arrival.note = reason
    _end(scope, arrival, ArrivalState.LEFT)
    _note(scope, "arrival.left", arrival)
    return arrival


def note_vaccinated(scope: Scope, arrival_id: int, *, observe_minutes: int) -> Arrival:
    """Note that the recipient got the dose and is observed for so many minutes; with 0 the visit
    is over. Called within the transaction that records the dose."""
    if not 0 <= observe_minutes <= LONGEST_OBSERVATION:
        raise ValueError(f"nobody is observed for {observe_minutes} minutes")
    arrival = _at_step(scope, arrival_id, ArrivalStep.VACCINATE)
    at = now()
    arrival.vaccinated_at = at
    if observe_minutes:
        arrival.observe_until = at + timedelta(minutes=observe_minutes)
        _change(arrival, ArrivalState.OBSERVING)
    else:
        _end(scope, arrival, ArrivalState.DONE)
    return arrival


def note_dose_removed(arrival_id: int) -> Arrival:
    """Note that the recipient got no dose after all, within the transaction that removes it.

    Whoever is still observed waits again; whoever is gone left without a dose.
    """
    arrival = _locked(arrival_id)
    if arrival.vaccinated_at is None:
        return arrival
    arrival.vaccinated_at = arrival.observe_until = None
    if arrival.state == ArrivalState.OBSERVING:
        arrival.at_chair_at = None
        _change(arrival, ArrivalState.WAITING)
    else:
        arrival.note = _("The dose was removed")
        _change(arrival, ArrivalState.LEFT)
    return arrival


def note_changed(arrival_id: int) -> None:
    """Note that something else is said of this arrival now, so that open lists show it."""
    _locked(arrival_id).version += 1
    session().flush()


def _identified(codes: Iterable[str]) -> tuple[Identifier, ...]:
    try:
        known = identifiers(codes)
    except ValueError:
        known = ()
    if not are_enough(known):
        raise Invalid(
            _("Confirm two things that tell who this is, for example name and date of birth."),
            field="identified_by",
        )
    return known


def _appointment(scope: Scope, recipient_id: int, appointment_id: int | None) -> Appointment | None:
    """What the recipient came for, kept from others. Raises `NotFound`, and `Conflict` if it is
    over."""
    query = select(Appointment).where(
        Appointment.recipient_id == recipient_id, Appointment.location_id == scope.location_id
    )
    if appointment_id is None:
        query = query.where(
            Appointment.day == scope.today(), Appointment.state == AppointmentState.NEW
        )
    else:
        query = query.where(
            Appointment.id == appointment_id, Appointment.state != AppointmentState.HELD
        )
    found = session().scalar(
        query.order_by(Appointment.starts_at)
        .limit(1)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    if found is None:
        if appointment_id is not None:
            raise NotFound
        return None
    if found.state == AppointmentState.CANCELED:
        raise Conflict(
            _("This appointment is canceled. Nothing was changed. You can check in a walk-in.")
        )
    if found.state == AppointmentState.CLOSED:
        raise Conflict(_("This appointment is over already. Nothing was changed."))
    other = of_appointments(scope.location_id, [found.id]).get(found.id)
    if other is not None:
        raise Conflict(_already(scope, other))
    return found


def _already(scope: Scope, arrival: Arrival) -> str:
    return _(
        "Already checked in by %(user)s, %(moment)s (%(state)s). Nothing was changed.",
        user=who_checked_in(arrival),
        moment=moment_in(arrival.checked_in_at, scope.place.time_zone),
        state=STATES[ArrivalState(arrival.state)],
    )


def _may_return(scope: Scope, arrival: Arrival) -> None:
    if arrival.day != scope.today():
        raise Conflict(_("This was another day. Check the recipient in again."))
    there = open_arrival(arrival.recipient_id, arrival.location_id, arrival.day)
    if there is None and arrival.appointment_id is not None:
        there = of_appointments(arrival.location_id, [arrival.appointment_id]).get(
            arrival.appointment_id
        )
    if there is not None:
        raise Conflict(_already(scope, there))


def _locked(arrival_id: int) -> Arrival:
    lock(ONE, {"arrival_id": arrival_id})
    found = session().get(Arrival, arrival_id)
    if found is None:
        raise NotFound
    return found


def _at_step(scope: Scope, arrival_id: int, step: ArrivalStep | None) -> Arrival:
    """The arrival, kept from others. Raises `Conflict` if `step` cannot be done with it."""
    scope.require("checkin.handle")
    arrival = _locked(get_arrival(scope, arrival_id).id)
    if step is not None and not may(step, arrival.state):
        raise Conflict(
            _(
                "Someone else was faster. The recipient is now: %(state)s. Nothing was changed.",
                state=STATES[ArrivalState(arrival.state)],
            )
        )
    return arrival


def _change(arrival: Arrival, state: ArrivalState) -> None:
    arrival.state = state
    arrival.version += 1
    session().flush()


def _end(scope: Scope, arrival: Arrival, state: ArrivalState) -> None:
    arrival.done_at, arrival.done_by_id = now(), scope.user.id
    _change(arrival, state)


def _note(scope: Scope, action: str, arrival: Arrival) -> None:
    audit(
        scope.user,
        action,
        subject="arrival",
        subject_id=arrival.id,
        location_id=arrival.location_id,
        summary=arrival.note,
        after={"recipient": arrival.recipient_id},
    )
