"""What the module's list is called in the audit trail."""

from flask_babel import lazy_gettext as _l

WORDS = {
    "accounts": _l("Account Management"),
}
