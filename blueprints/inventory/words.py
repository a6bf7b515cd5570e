"""What the module's audited actions and kinds of records are called."""

from flask_babel import lazy_gettext as _l

WORDS = {
    "inventory": _l("Vaccine inventory"),
    "inventory.received": _l("Doses received into the inventory"),
    "inventory.renamed": _l("Vaccine inventory renamed"),
}
