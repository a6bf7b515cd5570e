"""What the module's messages, audited actions and kinds of records are called."""

from portal.i18n import _l

WORDS = {
    "proof": _l("Proof of vaccination"),
    "proof_check": _l("Check of a proof of vaccination"),
    "proof_ready": _l("Link to the proof of vaccination"),
    "proof.printed": _l("Proof of vaccination printed"),
    "proof.sent": _l("Link to the proof of vaccination sent"),
}
