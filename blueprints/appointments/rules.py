"""What holds of appointments, over plain values."""

from collections.abc import Collection
from datetime import timedelta
from enum import StrEnum

from blueprints.recipients.rules import DoseStatus
from blueprints.scheduling.rules import SlotKind

# How long a place is kept for somebody whose details are being looked at.
HELD_FOR = timedelta(minutes=10)
MOST_AT_ONCE = 20
SECOND = 2
LONGEST_REASON = 200


class State(StrEnum):
    """Where an appointment is: a place that is only kept, to come, done, or called off."""

    HELD = "held"
    NEW = "new"
    CLOSED = "closed"
    CANCELED = "canceled"


class CanceledThrough(StrEnum):
    """By whom an appointment was canceled."""

    STAFF = "staff"
    RECIPIENT = "recipient"
    MISSED = "missed"


class AppointmentChange(StrEnum):
    """What was done to several appointments at once."""

    CANCELED = "canceled"
    MOVED = "moved"


class ToldWay(StrEnum):
    """By which way a recipient is told of a change."""

    EMAIL = "email"
    SMS = "sms"
    BOTH = "both"
    NONE = "none"


class CallOutcome(StrEnum):
    """What came of a call."""

    OPEN = ""
    REACHED = "reached"
    NO_ANSWER = "no_answer"
    WRONG_NUMBER = "wrong_number"


# How long a line of a call list belongs to one caller, and when it is tried again.
CLAIMED_FOR = timedelta(minutes=10)
TRIED_AGAIN_AFTER = timedelta(minutes=30)

OPEN = (State.HELD, State.NEW)


def kinds_for(dose_number: int) -> tuple[SlotKind, ...]:
    """The kinds of slots a dose may be booked in, the one to take first in front."""
    return (SlotKind.GENERAL,) if dose_number < SECOND else (SlotKind.SECOND, SlotKind.GENERAL)


def status_of(given: Collection[int], booked: Collection[int]) -> DoseStatus:
    """The recipient's dose status: what was given, and whether the dose after it is booked."""
    last = min(max(given, default=0), SECOND)
    scheduled = {0: DoseStatus.DOSE_1_SCHEDULED, 1: DoseStatus.DOSE_2_SCHEDULED}
    if last in scheduled and last + 1 in booked:
        return scheduled[last]
    return (
        DoseStatus.REGISTERED,
        DoseStatus.DOSE_1_ADMINISTERED,
        DoseStatus.DOSE_2_ADMINISTERED,
    )[last]
