"""What the module's audited actions are called."""

from portal.i18n import _l

WORDS = {
    "location.contact_changed": _l("Contact of a location changed"),
}
