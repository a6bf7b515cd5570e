"""What comes of calls, and in which order people are called; over plain values."""

from datetime import date
from enum import StrEnum


class StandbyOutcome(StrEnum):
    """What came of a call."""

    OPEN = ""
    COMING = "coming"
    NO_ANSWER = "no_answer"
    DECLINED = "declined"
    WRONG_NUMBER = "wrong_number"


# After these somebody is still to call.
TO_CALL = (StandbyOutcome.OPEN, StandbyOutcome.NO_ANSWER)


def urgency(number: int, recommended: date | None) -> tuple[bool, date]:
    """What people are sorted by: later doses before first ones, those due longest in front."""
    return number == 1, recommended or date.max
