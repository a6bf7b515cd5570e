"""Making organizations and locations, and correcting what is said of them."""

from dataclasses import dataclass
from typing import cast

from sqlalchemy import String, func, select
from sqlalchemy.exc import IntegrityError

from portal import settings
from portal.access.scope import Actor
from portal.audit.services import record
from portal.db import session
from portal.errors import Invalid, NotFound
from portal.i18n import _
from portal.places import rules
from portal.places.models import Location, Organization

CORRECTABLE = ("name", "pin", "street", "city", "state", "zip_code", "phone")


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
    values = _checked(
        {
            **{name: getattr(new, name) for name in CORRECTABLE},
            "time_zone": rules.check_time_zone(new.time_zone),
        }
    )
    location = Location(organization_id=organization.id, **values)
    _refuse_taken(values["name"], values["pin"])
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
        after={
            "name": location.name,
            "pin": location.pin,
            "organization": organization.name,
        },
    )
    return location


def load_for_change(location_id: int) -> Location:
    """The location, locked against other changes until the unit ends. Raises `NotFound`."""
    location = session().scalar(
        select(Location)
        .where(Location.id == location_id)
        .with_for_update(key_share=True)
        .execution_options(populate_existing=True)
    )
    if location is None:
        raise NotFound
    return location


def correct_location(actor: Actor | None, location: Location, changes: dict[str, str]) -> bool:
    """Set those of `CORRECTABLE` that `changes` names; whether one was different.

    Raises `Invalid` on the field that is malformed or taken. The time zone stays: what was booked
    and entered is read by it.
    """
    values = _checked(changes)
    before = {name: getattr(location, name) for name in values}
    changed = {name: value for name, value in values.items() if value != before[name]}
    if not changed:
        return False
    _refuse_taken(
        values.get("name", location.name), values.get("pin", location.pin), but=location.id
    )
    try:
        with session().begin_nested():
            for name, value in changed.items():
                setattr(location, name, value)
    except IntegrityError as error:
        raise Invalid(_("Another location already has this name or PIN."), field="name") from error
    record(
        actor,
        "location.corrected",
        subject="location",
        subject_id=location.id,
        location_id=location.id,
        before={name: before[name] for name in changed},
        after=changed,
    )
    return True


def _checked(typed: dict[str, str]) -> dict[str, str]:
    """What was typed, as it is stored."""
    values = {name: " ".join(text.split()) for name, text in typed.items()}
    checks = {
        "pin": lambda text: rules.clean_pin(text, prefix=settings.current().pin_prefix),
        "state": rules.clean_state,
        "zip_code": rules.clean_zip_code,
    }
    for name, value in values.items():
        values[name] = checks[name](value) if name in checks else value
        rules.check_length(name, value, _longest(name))
    if not values.get("name", "-"):
        raise Invalid(_("A location needs a name."), field="name")
    return values


def _longest(name: str) -> int:
    kind = cast(String, Location.__table__.c[name].type)
    assert kind.length is not None
    return kind.length


def _refuse_taken(name: str, pin: str, *, but: int | None = None) -> None:
    others = select(Location.id).where(Location.id != (but or 0))
    if session().scalar(others.where(func.lower(Location.name) == name.lower())) is not None:
        raise Invalid(_("Another location already has this name."), field="name")
    if session().scalar(others.where(Location.pin == pin)) is not None:
        raise Invalid(_("Another location already has this PIN."), field="pin")
