"""The e-mails about quarantine: to the managers of every location that the lot concerns.

They are about a lot at a place: what has not left yet and is no longer true there is taken back, so
that "may be used again" never arrives after a newer hold, nor "do not use" after a release.
"""

from collections.abc import Collection

from sqlalchemy import select

from blueprints.inventory.models import Quarantine, VaccineInventory
from portal.db import session
from portal.i18n import _
from portal.messages.services import NewMessage, cancel_about, queue_many
from portal.module import load
from portal.people.queries import list_managers
from portal.web.context import registry


def tell_held(quarantine: Quarantine, *, besides: int) -> None:
    """Tell that a lot is held, at every location that has, or ever had, the lot, or to which doses
    of it are on their way: the managers, but not the user `besides`, who did it."""
    at = concerned(quarantine)
    reason = _("The lot is in quarantine again.")
    _take_back(quarantine, "quarantine_released", at, reason)
    _tell(quarantine, "quarantine_placed", at, besides)


def tell_released(quarantine: Quarantine, *, besides: int, at: Collection[int]) -> None:
    """Tell the managers of the locations `at`, where nothing holds the lot any more, that it may be
    used again; but not the user `besides`."""
    _take_back(quarantine, "quarantine_placed", at, _("The lot was released."))
    _tell(quarantine, "quarantine_released", at, besides)


def _about(quarantine: Quarantine, location_id: int) -> str:
    return f"lot:{quarantine.product_id}:{quarantine.lot_key}:{location_id}"


def _take_back(quarantine: Quarantine, kind: str, at: Collection[int], reason: str) -> None:
    for location_id in at:
        cancel_about(_about(quarantine, location_id), reason=reason, kinds=[kind])


def _tell(quarantine: Quarantine, kind: str, at: Collection[int], besides: int) -> None:
    queue_many(
        NewMessage(
            kind=kind,
            to=user.email,
            user_id=user.id,
            location_id=location_id,
            about=_about(quarantine, location_id),
            once=f"{kind}:{quarantine.id}:{location_id}:{user.id}",
            context={
                "vaccine": quarantine.product_name,
                "lot": quarantine.lot,
                "reason": quarantine.reason,
                "note": quarantine.note,
                "release_note": quarantine.release_note,
            },
        )
        for location_id in sorted(at)
        for user in list_managers(location_id)
        if user.id != besides
    )


def concerned(quarantine: Quarantine) -> set[int]:
    """The locations that have, or ever had, the lot, or to which doses of it are on their way; of
    a hold at one location, that one."""
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
