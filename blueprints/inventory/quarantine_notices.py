"""The e-mails about quarantine: to the managers of every location that has doses of the lot, or to
which such doses are on their way."""

from sqlalchemy import or_, select

from blueprints.inventory.models import Quarantine, VaccineInventory
from blueprints.inventory.reasons import reason_label
from portal.db import session
from portal.messages.services import NewMessage, queue_many
from portal.people.queries import list_managers


def tell(quarantine: Quarantine, kind: str, *, besides: int) -> None:
    """Tell the managers, but not the user `besides`, who did it."""
    record = VaccineInventory
    places = select(record.location_id).where(
        record.product_id == quarantine.product_id,
        record.lot_key == quarantine.lot_key,
        or_(record.doses_available > 0, record.doses_in_transit > 0),
    )
    if quarantine.location_id is not None:
        places = places.where(record.location_id == quarantine.location_id)
    queue_many(
        NewMessage(
            kind=kind,
            to=user.email,
            user_id=user.id,
            location_id=location_id,
            about=f"quarantine:{quarantine.id}",
            once=f"{kind}:{quarantine.id}:{location_id}:{user.id}",
            context={
                "vaccine": quarantine.product_name,
                "lot": quarantine.lot,
                "reason": reason_label(quarantine.reason),
                "note": quarantine.note,
                "release_note": quarantine.release_note,
            },
        )
        for location_id in session().scalars(places.distinct())
        for user in list_managers(location_id)
        if user.id != besides
    )
