"""What the module's codes, records and actions are called."""

from collections.abc import Mapping

from blueprints.helpdesk.rules import CaseState
from portal.i18n import Label, _l
from portal.listviews.definition import Tone

STATES: Mapping[CaseState, Label] = {
    CaseState.NEW: _l("New"),
    CaseState.OPEN: _l("Open"),
    CaseState.WAITING: _l("Waiting for Requester"),
    CaseState.RESOLVED: _l("Resolved"),
    CaseState.CLOSED: _l("Closed"),
}
_TONES: Mapping[CaseState, Tone] = {
    CaseState.NEW: "info",
    CaseState.OPEN: "info",
    CaseState.WAITING: "warning",
    CaseState.RESOLVED: "success",
}

WORDS = {
    "case": _l("Case"),
    "cases": _l("Cases"),
    "helpdesk_registered": _l("Registration at the help desk"),
    "helpdesk_known": _l("Registration of someone who has an account"),
    "case_opened": _l("Case opened"),
    "case_news": _l("News of a case"),
    "case_resolved": _l("Case resolved"),
    "case_for_staff": _l("Case: news for staff"),
    "case_breach": _l("Case: time is over"),
    "case.opened": _l("Case opened"),
    "case.assigned": _l("Case assigned"),
    "case.moved": _l("Status of a case changed"),
    "case.resolved": _l("Case resolved"),
    "case.merged": _l("Case merged into another"),
    "case.remedied": _l("Remedy carried out from a case"),
    "user.registered_at_desk": _l("Registered at the help desk"),
}


def state_label(state: str) -> Label:
    """The word for where a case is."""
    return STATES[CaseState(state)]


def state_tone(state: str) -> Tone:
    """Its color."""
    return _TONES.get(CaseState(state), "neutral")
