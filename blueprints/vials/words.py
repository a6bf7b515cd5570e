"""What the module's audited actions and kinds of records are called."""

from portal.i18n import _l

WORDS = {
    "vial": _l("Open vial"),
    "vial.not_opened": _l("Vial was not opened after all"),
}
