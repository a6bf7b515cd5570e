"""What the module's records and actions are called."""

from portal.i18n import _l

WORDS = {
    "onboarding_run": _l("Onboarding file"),
    "onboarding_users.file_received": _l("Onboarding file sent for processing"),
    "onboarding_users.file_finished": _l("Onboarding file processed"),
    "onboarding.row_mended": _l("Row of an onboarding file corrected"),
}
