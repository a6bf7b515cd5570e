"""Decisions about wastage."""

from portal.errors import Invalid
from portal.i18n import _

OPENED = frozenset({"open_vial", "drawn"})


def ensure_vial(vial: str, reason: str) -> None:
    """Raise `Invalid` unless it is said whether the vials were open, or if the reason denies it."""
    if vial not in {"open", "closed"}:
        raise Invalid(_("Say whether the vials had been opened."), field="vial")
    if vial == "closed" and reason in OPENED:
        raise Invalid(_("This reason is only for vials that had been opened."), field="vial")
