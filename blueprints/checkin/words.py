"""What the module's codes, records and actions are called."""

from collections.abc import Mapping

from blueprints.checkin.rules import ArrivalState, DayState, Identifier, Resemblance
from portal.i18n import Label, _l

STATES: Mapping[ArrivalState, Label] = {
    ArrivalState.WAITING: _l("Waiting"),
    ArrivalState.AT_CHAIR: _l("At the chair"),
    ArrivalState.OBSERVING: _l("Observing"),
    ArrivalState.DONE: _l("Done"),
    ArrivalState.LEFT: _l("Left without a dose"),
    ArrivalState.UNDONE: _l("Check-in undone"),
}
STANDINGS: Mapping[DayState, Label] = {
    DayState.OBSERVED: _l("Observation over"),
    DayState.WAITING: _l("Waiting"),
    DayState.AT_CHAIR: _l("At the chair"),
    DayState.OBSERVING: _l("Observing"),
    DayState.EXPECTED: _l("Expected"),
    DayState.DONE: _l("Done"),
    DayState.LEFT: _l("Left without a dose"),
    DayState.NO_SHOW: _l("No-show"),
}
ALIKE: Mapping[Resemblance, Label] = {
    Resemblance.LAST_NAME: _l("same last name"),
    Resemblance.BIRTH_DATE: _l("same date of birth"),
    Resemblance.ADDRESS: _l("same address"),
}
IDENTIFIERS: Mapping[Identifier, Label] = {
    Identifier.NAME: _l("Full name"),
    Identifier.BIRTH_DATE: _l("Date of birth"),
    Identifier.ADDRESS: _l("Address"),
    Identifier.PHONE: _l("Phone number"),
    Identifier.PHOTO_ID: _l("Photo ID"),
}

WORDS = {
    "arrival": _l("Check-in"),
    "arrival.checked_in": _l("Recipient checked in"),
    "arrival.undone": _l("Check-in undone"),
    "arrival.at_chair": _l("Recipient called to the chair"),
    "arrival.waiting": _l("Recipient back to waiting"),
    "arrival.finished": _l("Recipient’s visit finished"),
    "arrival.left": _l("Recipient left without a dose"),
}
