"""What the module's audited actions are called."""

from flask_babel import lazy_gettext as _l

WORDS = {
    "location.contact_changed": _l("Contact of a location changed"),
}
