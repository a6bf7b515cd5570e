"""What the module's codes, records and actions are called."""

from collections.abc import Mapping

from blueprints.appointments.rules import (
    AppointmentChange,
    CallOutcome,
    CanceledThrough,
    State,
    ToldWay,
)
from portal.i18n import Label, _l

STATES: Mapping[State, Label] = {
    State.HELD: _l("Held"),
    State.NEW: _l("New"),
    State.CLOSED: _l("Closed"),
    State.CANCELED: _l("Canceled"),
}
CANCELED_THROUGH: Mapping[CanceledThrough, Label] = {
    CanceledThrough.STAFF: _l("The location"),
    CanceledThrough.RECIPIENT: _l("The recipient"),
    CanceledThrough.MISSED: _l("The recipient did not come"),
}
CHANGES: Mapping[AppointmentChange, Label] = {
    AppointmentChange.CANCELED: _l("Canceled"),
    AppointmentChange.MOVED: _l("Moved"),
}
TOLD_BY: Mapping[ToldWay, Label] = {
    ToldWay.EMAIL: _l("Told by e-mail"),
    ToldWay.SMS: _l("Told by text"),
    ToldWay.BOTH: _l("Told by e-mail and text"),
}
WILL_BE_TOLD: Mapping[ToldWay, Label] = {
    ToldWay.EMAIL: _l("will be told by e-mail"),
    ToldWay.SMS: _l("will be told by text"),
    ToldWay.BOTH: _l("will be told by e-mail and text"),
    ToldWay.NONE: _l("gets no messages: please call"),
}
OUTCOMES: Mapping[CallOutcome, Label] = {
    CallOutcome.OPEN: _l("Not called yet"),
    CallOutcome.REACHED: _l("Reached"),
    CallOutcome.NO_ANSWER: _l("No answer"),
    CallOutcome.WRONG_NUMBER: _l("Wrong number"),
}
DOSES: Mapping[int, Label] = {1: _l("First dose"), 2: _l("Second dose"), 3: _l("Third dose")}

WORDS = {
    "appointment": _l("Appointment"),
    "appointments": _l("Appointments"),
    "registration": _l("Registration without an account"),
    "appointment_booked": _l("Appointment confirmation"),
    "appointment_changed": _l("Appointment changed"),
    "appointment_canceled": _l("Appointment canceled"),
    "appointment_reminder": _l("Appointment reminder"),
    "appointment_twice": _l("Question whether an appointment was booked twice"),
    "appointment_invitation": _l("Invitation to book"),
    "recipient.invited": _l("Recipient invited to book"),
    "appointment.booked": _l("Appointment scheduled"),
    "appointment.changed": _l("Appointment changed"),
    "appointment.canceled": _l("Appointment canceled"),
    "appointment.closed": _l("Appointment closed"),
    "appointment.reopened": _l("Appointment open again"),
    "appointment.called": _l("Recipient called about a change"),
}


def dose_label(number: int) -> Label:
    """Which dose it is, in words."""
    return DOSES.get(number) or _l("Dose %(number)s", number=number)
