"""What the module's records and actions are called."""

from portal.i18n import _l

WORDS = {
    "onboarding_run": _l("Onboarding file"),
    "onboarding_users.file_received": _l("Onboarding file sent for processing"),
    "onboarding_users.file_finished": _l("Onboarding file processed"),
    "onboarding_recipients.file_received": _l("File of recipients sent for processing"),
    "onboarding_recipients.file_finished": _l("File of recipients processed"),
    "onboarding.row_decided": _l("Row of a file of recipients decided"),
    "onboarding.row_staged": _l("Row of an onboarding file corrected by its sender"),
    "onboarding.row_mended": _l("Row of an onboarding file corrected"),
}
