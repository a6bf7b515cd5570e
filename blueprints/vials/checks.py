"""What `portal check` proves of open vials."""

from collections.abc import Iterator

from sqlalchemy import select

from blueprints.inventory.models import VaccineInventory
from blueprints.vials.models import OpenVial
from portal.db import session


def of_their_records() -> Iterator[str]:
    """Vials at another location than their record."""
    rows = session().execute(
        select(OpenVial.id, OpenVial.location_id, VaccineInventory.location_id)
        .join(VaccineInventory, VaccineInventory.id == OpenVial.inventory_id)
        .where(VaccineInventory.location_id != OpenVial.location_id)
        .order_by(OpenVial.id)
    )
    for number, said, of_record in rows:
        yield f"Open vial {number} is at location {said}, its record at location {of_record}."
