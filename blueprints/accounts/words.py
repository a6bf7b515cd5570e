"""What the module's list is called in the audit trail."""

from portal.i18n import _l

WORDS = {
    "accounts": _l("Account Management"),
    "user.unlocked": _l("Failed attempts to sign in forgotten"),
}
