"""What the module's audited actions and kinds of records are called."""

from portal.i18n import _l

WORDS = {
    "inventory": _l("Vaccine inventory"),
    "inventory.received": _l("Doses received into the inventory"),
    "inventory.renamed": _l("Vaccine inventory renamed"),
    "inventory.stored": _l("Storage unit of a vaccine inventory changed"),
    "inventory.wasted": _l("Doses wasted"),
    "inventory.returned": _l("Doses returned"),
    "inventory.adjusted": _l("Doses adjusted"),
    "inventory.lot_corrected": _l("Lot number or expiration date corrected"),
    "inventory.reversed": _l("Entry of the dose ledger reversed"),
    "inventory.quarantined": _l("Lot put into quarantine"),
    "inventory.left_out": _l("Lot like a recalled one left out of quarantine"),
    "inventory.released": _l("Lot released from quarantine"),
    "document": _l("Document of the dose ledger"),
    "quarantine": _l("Quarantine"),
    "quarantine_placed": _l("Lot put into quarantine"),
    "quarantine_released": _l("Lot released from quarantine"),
}
