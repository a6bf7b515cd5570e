"""What the module's audited actions and kinds of messages are called."""

from portal.i18n import _l

WORDS = {
    "daily_digest": _l("Daily e-mail about what needs attention"),
    "alerts.changed": _l("Alert limits of a location changed"),
}
