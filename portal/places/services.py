"""Making organizations and locations."""

from dataclasses import dataclass

from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError

from portal import settings
from portal.access.scope import Actor
from portal.audit.services import record
from portal.db import session
from portal.errors import Invalid
from portal.i18n import _
from portal.places import rules
from portal.places.models import Location, Organization


@dataclass(frozen=True, kw_only=True)
class NewLocation:
    """What a new location is made of, as it was typed."""

    name: str
    pin: str
    time_zone: str
    street: str = ""
    city: str = ""
    state: str = ""
    zip_code: str = ""
    phone: str = ""


def find_or_add_organization(actor: Actor | None, name: str) -> Organization:
    """The organization of that name (case ignored), made if there is none."""
    found = session().scalar(
        select(Organization).where(func.lower(Organization.name) == name.lower())
    )
    if found is not None:
        return found
    made = Organization(name=name)
    session().add(made)
    session().flush()
    record(
        actor,
        "organization.added",
        subject="organization",
        subject_id=made.id,
        location_id=None,
        after={"name": name},
    )
    return made


def add_location(actor: Actor | None, organization: Organization, new: NewLocation) -> Location:
    """A new location. Raises `Invalid` on the field that is malformed or taken."""
    pin = rules.clean_pin(new.pin, prefix=settings.current().pin_prefix)
    location = Location(
        organization_id=organization.id,
        name=new.name,
        pin=pin,
        time_zone=rules.check_time_zone(new.time_zone),
        street=new.street,
        city=new.city,
        state=rules.clean_state(new.state),
        zip_code=rules.clean_zip_code(new.zip_code),
        phone=new.phone,
    )
    _refuse_taken(new.name, pin)
    try:
        with session().begin_nested():
            session().add(location)
    except IntegrityError as error:
        raise Invalid(_("Another location already has this name or PIN."), field="name") from error
    record(
        actor,
        "location.added",
        subject="location",
        subject_id=location.id,
        location_id=location.id,
        after={"name": new.name, "pin": pin, "organization": organization.name},
    )
    return location


def _refuse_taken(name: str, pin: str) -> None:
    names = select(Location.id).where(func.lower(Location.name) == name.lower())
    if session().scalar(names) is not None:
        raise Invalid(_("Another location already has this name."), field="name")
    if session().scalar(select(Location.id).where(Location.pin == pin)) is not None:
        raise Invalid(_("Another location already has this PIN."), field="pin")
