"""The e-mails about quarantine: to the managers of every location that the lot concerns."""

from collections.abc import Collection

from sqlalchemy import select

from blueprints.inventory.models import Quarantine, VaccineInventory
from portal.db import session
from portal.messages.services import NewMessage, queue_many
from portal.module import load
from portal.people.queries import list_managers
from portal.web.context import registry


def tell(
    quarantine: Quarantine, kind: str, *, besides: int, at: Collection[int] | None = None
) -> None:
    """Tell the managers, but not the user `besides`, who did it: of the locations `at`, else of
    every location that has, or ever had, the lot, or to which doses of it are on their way."""
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
                "reason": quarantine.reason,
                "note": quarantine.note,
                "release_note": quarantine.release_note,
            },
        )
        for location_id in sorted(_concerned(quarantine) if at is None else at)
        for user in list_managers(location_id)
        if user.id != besides
    )


def _concerned(quarantine: Quarantine) -> set[int]:
    if quarantine.location_id is not None:
        return {quarantine.location_id}
    places = select(VaccineInventory.location_id).where(
        VaccineInventory.product_id == quarantine.product_id,
        VaccineInventory.lot_key == quarantine.lot_key,
    )
    found = set(session().scalars(places.distinct()))
    for fill in registry().fills("quarantine.places"):
        found |= load(fill.function)(None, quarantine)["locations"]
    return found
