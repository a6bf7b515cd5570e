"""What holds of arrivals, over plain values."""

from collections.abc import Iterable
from datetime import date, datetime, timedelta
from enum import StrEnum

FEWEST_IDENTIFIERS = 2
LONGEST_REASON = 200
LONGEST_OBSERVATION = 120
# A visit that began in the evening may end after midnight.
LONGEST_VISIT = timedelta(hours=6)


class ArrivalState(StrEnum):
    """Where somebody is who came: four of them at the location, the others not any more."""

    WAITING = "waiting"
    AT_CHAIR = "at_chair"
    OBSERVING = "observing"
    DONE = "done"
    LEFT = "left"
    UNDONE = "undone"


class Identifier(StrEnum):
    """What somebody is recognized by."""

    NAME = "name"
    BIRTH_DATE = "birth_date"
    ADDRESS = "address"
    PHONE = "phone"
    PHOTO_ID = "photo_id"


class Resemblance(StrEnum):
    """What two people of one day have in common."""

    LAST_NAME = "last_name"
    BIRTH_DATE = "birth_date"
    ADDRESS = "address"


class ArrivalStep(StrEnum):
    """What can be done with an arrival."""

    TO_CHAIR = "to_chair"
    BACK_TO_WAITING = "back_to_waiting"
    VACCINATE = "vaccinate"
    FINISH = "finish"
    LEAVE = "leave"
    UNDO = "undo"


HERE = (ArrivalState.WAITING, ArrivalState.AT_CHAIR, ArrivalState.OBSERVING)

# From where a step leads on.
_FROM: dict[ArrivalStep, tuple[ArrivalState, ...]] = {
    ArrivalStep.TO_CHAIR: (ArrivalState.WAITING,),
    ArrivalStep.BACK_TO_WAITING: (ArrivalState.AT_CHAIR, ArrivalState.LEFT),
    ArrivalStep.VACCINATE: (ArrivalState.WAITING, ArrivalState.AT_CHAIR),
    ArrivalStep.FINISH: (ArrivalState.OBSERVING,),
    ArrivalStep.LEAVE: (ArrivalState.WAITING, ArrivalState.AT_CHAIR),
    ArrivalStep.UNDO: (ArrivalState.WAITING, ArrivalState.AT_CHAIR),
}


def may(step: ArrivalStep, state: str) -> bool:
    """Whether `step` can be done with somebody who is in `state`."""
    return ArrivalState(state) in _FROM[step]


def is_same_visit(day: date, checked_in_at: datetime, *, today: date, at: datetime) -> bool:
    """Whether a check-in on `day` is still that of the visit of now."""
    return day == today or at - checked_in_at < LONGEST_VISIT


def identifiers(codes: Iterable[str]) -> tuple[Identifier, ...]:
    """The identifiers that `codes` name, each once and in their own order. Raises `ValueError` for
    others."""
    wanted = {Identifier(code) for code in codes}
    return tuple(one for one in Identifier if one in wanted)


def are_enough(found: Iterable[Identifier]) -> bool:
    """Whether somebody is known by so many identifiers as it takes."""
    return len(set(found)) >= FEWEST_IDENTIFIERS


class DayState(StrEnum):
    """Where somebody of the day's list is, in the order of who needs something first.

    `observed`: the time of observation is over. `no_show`: the time of the appointment is over so
    long that nobody counts on it, though whoever comes late is checked in like anybody else.
    """

    OBSERVED = "observed"
    WAITING = "waiting"
    AT_CHAIR = "at_chair"
    OBSERVING = "observing"
    EXPECTED = "expected"
    DONE = "done"
    LEFT = "left"
    NO_SHOW = "no_show"


# Those with whom something is still to be done today.
TO_DO = (
    DayState.OBSERVED,
    DayState.WAITING,
    DayState.AT_CHAIR,
    DayState.OBSERVING,
    DayState.EXPECTED,
)

# Those who are still to be given a dose.
WANT_DOSE = (DayState.WAITING, DayState.AT_CHAIR, DayState.EXPECTED)


def standing_of(state: str, observe_until: datetime | None, at: datetime) -> DayState:
    """The standing at a moment of somebody who came and whose check-in was not undone."""
    if state == ArrivalState.OBSERVING and observe_until is not None and observe_until <= at:
        return DayState.OBSERVED
    return DayState(state)


def standing_of_appointment(
    starts_at: datetime, at: datetime, *, closed: bool, patience: timedelta
) -> DayState:
    """The standing at a moment of somebody who has an appointment and is not checked in."""
    if closed:
        return DayState.DONE
    return DayState.NO_SHOW if starts_at + patience <= at else DayState.EXPECTED
