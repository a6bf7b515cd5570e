"""What the module's audited actions and kinds of records and messages are called."""

from portal.i18n import _l

WORDS = {
    "transfer": _l("Transfer"),
    "transfers": _l("Transfers"),
    "transfer_sent": _l("Transfer on its way"),
    "transfer_received": _l("Transfer received"),
    "transfer_refused": _l("Transfer refused"),
    "transfer_cancelled": _l("Transfer canceled"),
    "transfer.sent": _l("Transfer sent"),
    "transfer.received": _l("Transfer received"),
    "transfer.refused": _l("Transfer refused"),
    "transfer.cancelled": _l("Transfer canceled"),
}
