"""What the module's codes, records and actions are called."""

from collections.abc import Mapping

from blueprints.standby.rules import StandbyOutcome
from portal.i18n import Label, _l

OUTCOMES: Mapping[StandbyOutcome, Label] = {
    StandbyOutcome.OPEN: _l("Not called yet"),
    StandbyOutcome.COMING: _l("Coming"),
    StandbyOutcome.DECLINED: _l("Not coming"),
    StandbyOutcome.NO_ANSWER: _l("No answer"),
    StandbyOutcome.WRONG_NUMBER: _l("Wrong number"),
}

WORDS = {
    "standby": _l("Who could come"),
    "standby.called": _l("Recipient called about a dose that is left"),
}
