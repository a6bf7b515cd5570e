"""What the module's kinds of messages, audited actions and kinds of records are called."""

from portal.i18n import _l

WORDS = {
    "shipment_announced": _l("Shipment on its way"),
    "shipment_corrected": _l("Shipment corrected"),
    "shipment_withdrawn": _l("Shipment no longer on its way"),
    "shipment": _l("Shipment"),
    "shipments": _l("Shipments"),
    "shipment_import": _l("File of shipments"),
    "shipment.announced": _l("Shipment announced"),
    "shipment.corrected": _l("Shipment corrected"),
    "shipment.closed": _l("Shipment closed"),
    "shipment.reopened": _l("Shipment reopened"),
    "shipments.file_received": _l("Shipment file received"),
    "shipments.file_finished": _l("Shipment file imported"),
}
