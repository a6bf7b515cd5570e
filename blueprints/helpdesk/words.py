"""What the module's codes, records and actions are called."""

from collections.abc import Mapping

from blueprints.helpdesk.rules import CaseState, MailOutcome
from portal.i18n import Label, _, _l
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

PROPOSALS: Mapping[str, tuple[Label, Tone]] = {
    "waiting": (_l("Waiting for confirmation"), "warning"),
    "confirmed": (_l("Confirmed"), "success"),
    "refused": (_l("Refused"), "danger"),
    "withdrawn": (_l("Withdrawn"), "neutral"),
}

OUTCOMES: Mapping[MailOutcome, Label] = {
    MailOutcome.UNMATCHED: _l("Belongs to no case"),
    MailOutcome.ASIDE: _l("Could not be read"),
    MailOutcome.AUTOMATIC: _l("Automatic"),
    MailOutcome.JOINED: _l("Added to its case"),
}
_MAIL_TONES: Mapping[MailOutcome, Tone] = {
    MailOutcome.UNMATCHED: "warning",
    MailOutcome.ASIDE: "danger",
    MailOutcome.JOINED: "success",
}
_REASONS: Mapping[str, Label] = {
    "no_case": _l("It was not sent to the address of a case, and answers none of our e-mails."),
    "not_theirs": _l("The sender is neither the requester of the case nor staff who work on it."),
    "too_many": _l("Too many e-mails came for the case, or from the sender."),
    "closed": _l("The case is closed. The sender was told to open a new one."),
    "own": _l("The portal itself sent it."),
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
    "case_closed": _l("Answer to a closed case"),
    "case_decide": _l("Case: a proposal waits for a decision"),
    "case_breach": _l("Case: time is over"),
    "case.opened": _l("Case opened"),
    "case.assigned": _l("Case assigned"),
    "case.moved": _l("Status of a case changed"),
    "case.resolved": _l("Case resolved"),
    "case.merged": _l("Case merged into another"),
    "case.remedied": _l("Remedy carried out from a case"),
    "case.remedy_proposed": _l("Remedy proposed from a case"),
    "case.remedy_confirmed": _l("Proposed remedy confirmed"),
    "case.remedy_refused": _l("Proposed remedy refused"),
    "case.remedy_withdrawn": _l("Proposed remedy withdrawn"),
    "mail": _l("E-mail to the help desk"),
    "case_mail.settled": _l("E-mail to the help desk settled"),
    "user.registered_at_desk": _l("Registered at the help desk"),
}


def state_label(state: str) -> Label:
    """The word for where a case is."""
    return STATES[CaseState(state)]


def state_tone(state: str) -> Tone:
    """Its color."""
    return _TONES.get(CaseState(state), "neutral")


def outcome_label(outcome: str) -> Label:
    """The words for what became of an e-mail."""
    return OUTCOMES[MailOutcome(outcome)]


def outcome_tone(outcome: str) -> Tone:
    """Its color."""
    return _MAIL_TONES.get(MailOutcome(outcome), "neutral")


def why(outcome: str, reason: str) -> Label:
    """Why it came to that: for what is automatic the name of the header that says so."""
    if reason in _REASONS or outcome != MailOutcome.AUTOMATIC:
        return _REASONS.get(reason, reason)
    return _(
        "A machine sent it, as its header %(name)s says. Such e-mails are not answered.",
        name=reason,
    )
