"""Why doses came or went, in words: the codes that ledger entries and documents carry."""

from collections.abc import Iterable, Mapping

from portal.errors import Invalid
from portal.i18n import _

OTHER = "other"
EXTRA_DOSE = "extra_dose"
NOTE_LENGTH = 1_000


def reason_labels() -> Mapping[str, str]:
    """All reasons by code.

    Source: the reasons of the CDC's vaccine tracking system (VTrckS) for wasted and returned
    vaccine; the receiving guide, key terms (discarded, lost, damaged or destroyed; spoiled).
    """
    return {
        "open_vial": _("Vial opened, not all doses given"),
        "broken": _("Broken vial or syringe"),
        "drawn": _("Drawn into the syringe but not given"),
        "expired": _("Expired"),
        "too_warm": _("Stored too warm"),
        "too_cold": _("Stored too cold"),
        "transit": _("Spoiled in transit"),
        "power": _("Power failure"),
        "equipment": _("Storage unit failure"),
        "recall": _("Recall"),
        "lost": _("Lost or unaccounted for"),
        "lost_transit": _("Lost in transit"),
        "damaged_transit": _("Damaged in transit"),
        "miscounted": _("Counted wrong by the sender"),
        EXTRA_DOSE: _("Extra dose in the vial"),
        "found": _("Found again"),
        "not_recorded": _("Wastage that had not been recorded"),
        "surplus": _("More than needed here"),
        "fit": _("The doses may still be used"),
        "unfit": _("The doses may not be used, or nobody is sure"),
        "short_there": _("Needed at the other location"),
        "expires_soon": _("Would expire here before it is used"),
        OTHER: _("Other"),
    }


WASTAGE = (
    "open_vial",
    "broken",
    "drawn",
    "expired",
    "too_warm",
    "too_cold",
    "transit",
    "recall",
    "lost",
    OTHER,
)
ADJUSTMENT = (EXTRA_DOSE, "found", OTHER)
QUARANTINE = ("recall", "too_warm", "too_cold", "power", "equipment", OTHER)
RETURN = ("expired", "too_warm", "too_cold", "transit", "power", "equipment", "recall", OTHER)


def vial_labels() -> Mapping[str, str]:
    """Whether wasted vials had been opened, by code."""
    return {"open": _("Open vial"), "closed": _("Closed vial")}


def reason_label(code: str) -> str:
    """The words for a reason; a code of a version that is gone is shown as it is."""
    return reason_labels().get(code, code)


def choices(codes: Iterable[str]) -> list[tuple[str, str]]:
    """The reasons of `codes` for a drop-down, with a blank on top."""
    labels = reason_labels()
    return [("", _("Choose a reason")), *((code, labels[code]) for code in codes)]


def ensure_explained(reason: str, note: str, known: Iterable[str]) -> None:
    """Raise `Invalid` for a reason not known here, or for `Other` without a note that says more."""
    if reason not in known:
        raise Invalid(_("Choose a reason from the list."), field="reason")
    if reason == OTHER and not note:
        raise Invalid(_("Say in a few words what happened."), field="note")
    if len(note) > NOTE_LENGTH:
        raise Invalid(_("A note has at most 1,000 characters."), field="note")
