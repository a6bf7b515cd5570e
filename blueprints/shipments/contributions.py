"""What the shipments show on other modules' pages."""

from typing import Any

from flask import url_for

from blueprints.shipments.importing import IMPORT
from blueprints.shipments.models import Shipment
from blueprints.shipments.queries import count_to_be_received, is_none_announced
from portal.access.scope import Scope
from portal.i18n import _
from portal.imports.queries import list_unfinished

FILES_SHOWN = 3


def to_be_received_card(scope: Scope, _subject: object) -> dict[str, Any] | None:
    """How many shipments still wait to be added to the inventory; nothing if there are none."""
    if scope.location is None:
        return None
    count = count_to_be_received(scope)
    return {"count": count} if count.number else None


def files_card(scope: Scope, _subject: object) -> dict[str, Any] | None:
    """The files with shipments that did not go in whole lately; nothing if there are none."""
    runs = list_unfinished([IMPORT], scope, most=FILES_SHOWN + 1)
    if not runs:
        return None
    return {
        "name": "shipment-files",
        "title": _("Shipment files to check"),
        "runs": [
            (run, url_for("shipments.import_run", run_id=run.id)) for run in runs[:FILES_SHOWN]
        ],
        "more": len(runs) > FILES_SHOWN,
    }


def digest(scope: Scope, _subject: object) -> dict[str, Any]:
    """What the daily e-mail says of shipments."""
    count = count_to_be_received(scope)
    if not count.number:
        return {"lines": []}
    number = f"{count.number:,}" + ("+" if count.more else "")
    return {"lines": [_("Shipments to be received: %(number)s", number=number)]}


def closing_action(_scope: Scope, shipment: Shipment) -> dict[str, Any] | None:
    """`Close Shipment` as long as doses are expected, `Reopen Shipment` of a closed one."""
    if shipment.closed:
        return {"label": _("Reopen Shipment"), "endpoint": "shipments.reopen", "of": shipment}
    if shipment.doses_expected == 0:
        return None
    return {"label": _("Close Shipment"), "endpoint": "shipments.close", "of": shipment}


def first_shipment_step(_scope: Scope, _subject: object) -> dict[str, Any] | None:
    """To enter the first shipment, as long as the portal knows of none."""
    if not is_none_announced():
        return None
    return {
        "href": url_for("shipments.new"),
        "title": _("Enter the first shipment"),
        "why": _("Locations receive vaccine from shipments. A supplier's file works, too."),
    }
