"""What the module's codes, records and actions are called."""

from collections.abc import Mapping

from blueprints.checkin.rules import Alike, Identifier, Standing, State
from portal.i18n import Label, _l

STATES: Mapping[State, Label] = {
    State.WAITING: _l("Waiting"),
    State.AT_CHAIR: _l("At the chair"),
    State.OBSERVING: _l("Observing"),
    State.DONE: _l("Done"),
    State.LEFT: _l("Left without a dose"),
    State.UNDONE: _l("Check-in undone"),
}
STANDINGS: Mapping[Standing, Label] = {
    Standing.OBSERVED: _l("Observation over"),
    Standing.WAITING: _l("Waiting"),
    Standing.AT_CHAIR: _l("At the chair"),
    Standing.OBSERVING: _l("Observing"),
    Standing.EXPECTED: _l("Expected"),
    Standing.DONE: _l("Done"),
    Standing.LEFT: _l("Left without a dose"),
    Standing.NO_SHOW: _l("No-show"),
}
ALIKE: Mapping[Alike, Label] = {
    Alike.LAST_NAME: _l("same last name"),
    Alike.BIRTH_DATE: _l("same date of birth"),
    Alike.ADDRESS: _l("same address"),
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
