"""What holds of arrivals, over plain values."""

from collections.abc import Iterable
from enum import StrEnum

FEWEST_IDENTIFIERS = 2
LONGEST_REASON = 200
LONGEST_OBSERVATION = 120


class State(StrEnum):
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


class Step(StrEnum):
    """What can be done with an arrival."""

    TO_CHAIR = "to_chair"
    BACK_TO_WAITING = "back_to_waiting"
    VACCINATE = "vaccinate"
    FINISH = "finish"
    LEAVE = "leave"
    UNDO = "undo"


HERE = (State.WAITING, State.AT_CHAIR, State.OBSERVING)

# From where a step leads on.
_FROM: dict[Step, tuple[State, ...]] = {
    Step.TO_CHAIR: (State.WAITING,),
    Step.BACK_TO_WAITING: (State.AT_CHAIR, State.LEFT),
    Step.VACCINATE: (State.WAITING, State.AT_CHAIR),
    Step.FINISH: (State.OBSERVING,),
    Step.LEAVE: (State.WAITING, State.AT_CHAIR),
    Step.UNDO: (State.WAITING, State.AT_CHAIR),
}


def may(step: Step, state: str) -> bool:
    """Whether `step` can be done with somebody who is in `state`."""
    return State(state) in _FROM[step]


def identifiers(codes: Iterable[str]) -> tuple[Identifier, ...]:
    """The identifiers that `codes` name, each once and in their own order. Raises `ValueError` for
    others."""
    wanted = {Identifier(code) for code in codes}
    return tuple(one for one in Identifier if one in wanted)


def are_enough(found: Iterable[Identifier]) -> bool:
    """Whether somebody is known by so many identifiers as it takes."""
    return len(set(found)) >= FEWEST_IDENTIFIERS
