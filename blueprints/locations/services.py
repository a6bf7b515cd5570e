"""Use cases that change a location."""

from portal.access.scope import Scope
from portal.audit.services import record as audit
from portal.db import session
from portal.places.models import Location

CONTACTS = (
    "coordinator_name",
    "coordinator_email",
    "coordinator_phone",
    "backup_name",
    "backup_email",
    "backup_phone",
)


def change_contact(scope: Scope, location: Location, field: str, value: str) -> None:
    """Set one of the location's contacts; the coordinators are told of every shipment (SPEC C4).

    The trail says which contact changed, not to whom.
    """
    scope.require("locations.edit")
    scope.require_location(location.id)
    assert field in CONTACTS
    if getattr(location, field) == value:
        return
    setattr(location, field, value)
    session().flush()
    audit(
        scope.user,
        "location.contact_changed",
        subject="location",
        subject_id=location.id,
        location_id=location.id,
        summary=field,
    )
