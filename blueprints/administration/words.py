"""What the module's codes, records and actions are called."""

from collections.abc import Mapping

from blueprints.administration.rules import ConsentBy, Funding, Route, Site
from portal.catalog.screening import NO, UNSURE, YES
from portal.catalog.stops import StopCode
from portal.i18n import Label, _l

SITES: Mapping[Site, Label] = {
    Site.LEFT_ARM: _l("Left arm"),
    Site.RIGHT_ARM: _l("Right arm"),
    Site.LEFT_THIGH: _l("Left thigh"),
    Site.RIGHT_THIGH: _l("Right thigh"),
}
ROUTES: Mapping[Route, Label] = {
    Route.MUSCLE: _l("Into the muscle (IM)"),
    Route.SKIN: _l("Under the skin (SC)"),
}
FUNDING: Mapping[Funding, Label] = {
    Funding.PRIVATE: _l("Not VFC eligible"),
    Funding.MEDICAID: _l("VFC: Medicaid"),
    Funding.UNINSURED: _l("VFC: uninsured"),
    Funding.NATIVE: _l("VFC: American Indian or Alaska Native"),
    Funding.UNDERINSURED: _l("VFC: underinsured"),
    Funding.PUBLIC: _l("Other public funds"),
}
CONSENT: Mapping[ConsentBy, Label] = {
    ConsentBy.RECIPIENT: _l("The recipient"),
    ConsentBy.PARENT: _l("A parent"),
    ConsentBy.GUARDIAN: _l("A legal guardian"),
    ConsentBy.OTHER: _l("Someone else who may"),
}
ANSWERS: Mapping[str, Label] = {NO: _l("No"), YES: _l("Yes"), UNSURE: _l("Not sure")}
CAPS: Mapping[str, Label] = {
    "purple": _l("purple cap"),
    "gray": _l("gray cap"),
    "orange": _l("orange cap"),
    "maroon": _l("maroon cap"),
    "red": _l("red cap"),
}
CODES: Mapping[str, Label] = {
    StopCode.OTHER_PRODUCT: _l("Other product than before"),
    StopCode.TOO_EARLY: _l("Too early"),
    StopCode.TOO_YOUNG: _l("Too young"),
    StopCode.TOO_OLD: _l("Too old"),
    StopCode.CONTRAINDICATED: _l("Answer that speaks against it"),
    StopCode.COMPLETE: _l("All doses given already"),
    StopCode.PRECAUTION: _l("Question not asked"),
}

WORDS = {
    "administration": _l("Vaccination"),
    "administrations": _l("Vaccinations"),
    "vaccination_given": _l("Vaccination recorded"),
    "vaccination_removed": _l("Vaccination record removed"),
    "vaccination.given": _l("Dose given"),
    "vaccination.overridden": _l("Dose given against a rule"),
    "vaccination.authorized": _l("Dose against a rule authorized"),
    "vaccination.edited": _l("Details of a dose changed"),
    "vaccination.lot_changed": _l("Lot of a dose changed"),
    "vaccination.lot_corrected": _l("Lot number or expiration date of a dose corrected"),
    "vaccination.removed": _l("Record of a dose removed"),
    "vaccination.event_noted": _l("Adverse event noted"),
}
