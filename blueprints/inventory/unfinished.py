"""What unfinished `Add` forms are about, and what has become of their shipments meanwhile."""

from collections.abc import Mapping

from blueprints.inventory.queries import list_additions
from portal.i18n import _
from portal.places.scope import Scope
from portal.web.converters import record_number
from portal.wizards.definition import Begun


def about(begun: Begun) -> str:
    """The shipment and its lot as they were chosen, else the lot and the product as typed."""
    entered = begun.entered
    shipment, lot = entered.get("shipment_text", ""), entered.get("lot", "")
    if shipment and "unable_to_locate_shipment" not in entered:
        return shipment if lot in shipment else f"{shipment}, {lot}"
    return ", ".join(filter(None, (lot, entered.get("product_text", ""))))


def news(scope: Scope, begun: Mapping[int, Begun]) -> dict[int, str]:
    """Who has added doses of the same shipment since, and how many, by the id of the draft."""
    shipments = {
        draft_id: number
        for draft_id, one in begun.items()
        if (number := record_number(one.entered.get("shipment"))) is not None
    }
    if not shipments:
        return {}
    oldest = min(begun[draft_id].since for draft_id in shipments)
    additions = list_additions(scope, set(shipments.values()), since=oldest)
    told = {}
    for draft_id, shipment_id in shipments.items():
        since = [
            one
            for one in additions
            if one.shipment_id == shipment_id and one.recorded_at > begun[draft_id].since
        ]
        doses = sum(one.doses for one in since)
        if doses > 0:
            told[draft_id] = _(
                "%(doses)s of %(shipped)s doses were added since by %(users)s.",
                doses=f"{doses:,}",
                shipped=f"{since[0].doses_shipped:,}",
                users=", ".join(dict.fromkeys(one.actor for one in since if one.doses > 0)),
            )
    return told
