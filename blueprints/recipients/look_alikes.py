"""Who looks like somebody who is about to be registered."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date

from sqlalchemy import and_, bindparam, select

from blueprints.recipients import names
from blueprints.recipients.models import Recipient, RecipientLocation
from blueprints.recipients.rules import Details, Likeness, look_alike
from blueprints.recipients.words import full_name, phone
from portal.access.scope import Scope
from portal.db import session
from portal.formats.shown import day
from portal.i18n import _

MOST = 10
# Made once: every booking without an account asks for them.
_known = (
    select(Recipient, RecipientLocation.id.label("linked"))
    .outerjoin(
        RecipientLocation,
        and_(
            RecipientLocation.recipient_id == Recipient.id,
            RecipientLocation.location_id == bindparam("place"),
        ),
    )
    .where(
        Recipient.merged_into_id.is_(None),
        Recipient.id.not_in(bindparam("apart_from", expanding=True)),
    )
    .order_by(Recipient.id)
)
OF_DAY = _known.where(Recipient.birth_date == bindparam("birth_date"))
AT_HOME = _known.where(
    RecipientLocation.last_name == bindparam("last_name"),
    RecipientLocation.first_name == bindparam("first_name"),
    RecipientLocation.location_id == bindparam("place"),
)


@dataclass(frozen=True, kw_only=True)
class Compared:
    """Somebody who looks like who was entered: rows of label, what was entered, what is there.

    `text` and `birth_date` are what this person is found by.
    """

    id: int
    name: str
    text: str
    birth_date: date
    rows: list[tuple[str, str, str]]


def look_alikes(
    scope: Scope, details: Details | Recipient, *, apart_from: Collection[int] = ()
) -> list[tuple[Recipient, bool]]:
    """The recipients who may be the person that `details` describe, each with whether the present
    location sees this person; at most 10, without those in `apart_from`."""
    place = scope.location.id if scope.location else None
    return look_alikes_at(place, details, apart_from=apart_from)


def look_alikes_at(
    place: int | None, details: Details | Recipient, *, apart_from: Collection[int] = ()
) -> list[tuple[Recipient, bool]]:
    """Those whom a location may know to look like this person; without a location, whom anybody
    may.

    People of other locations are among them only if birth date and last name are the same: those
    would be found by a search, too.
    """
    asked = {
        "place": place,
        "apart_from": list(apart_from),
        **{name: getattr(details, name) for name in ("birth_date", "first_name", "last_name")},
    }
    mine = likeness_of(details)
    found: dict[int, tuple[Recipient, bool]] = {}
    for part in (OF_DAY, AT_HOME):
        for recipient, link in session().execute(part, asked):
            here = place is None or bool(link)
            theirs = likeness_of(recipient)
            if not here and not is_found_elsewhere(details, recipient):
                continue
            if look_alike(mine, theirs, similar=are_similar(details, recipient)):
                found[recipient.id] = (recipient, here)
    return list(found.values())[:MOST]


def is_found_elsewhere(one: Details | Recipient, other: Recipient) -> bool:
    """Whether who knows the one finds the other by name and birth date, at whatever location."""
    same_name = names.joined(one.last_name) == names.joined(other.last_name)
    return same_name and one.birth_date == other.birth_date


def likeness_of(person: Details | Recipient) -> Likeness:
    """What a person is compared by."""
    return Likeness(
        first_name=names.joined(person.first_name),
        last_name=names.joined(person.last_name),
        birth_date=person.birth_date,
        zip_code=person.zip_code,
    )


def are_similar(one: Details | Recipient, other: Details | Recipient) -> bool:
    """Whether the names of two people are similar."""
    return names.similar((one.first_name, one.last_name), (other.first_name, other.last_name))


def compared(details: Details, other: Recipient, here: bool) -> Compared:
    """Who was entered beside who is registered; of somebody of other locations no more than what a
    search for name and birth date shows."""
    rows = [
        (_("First Name"), details.first_name, other.first_name),
        (_("Middle Name"), details.middle_name, other.middle_name),
        (_("Last Name"), details.last_name, other.last_name),
        (_("Suffix"), details.suffix, other.suffix),
        (_("Date of Birth"), day(details.birth_date), day(other.birth_date)),
    ]
    if here:
        rows += [
            (_("Street Address"), details.street, other.street),
            (_("City"), details.city, other.city),
            (_("Zip"), details.zip_code, other.zip_code),
            (_("Mobile Phone"), phone(details.mobile_phone), phone(other.mobile_phone)),
            (_("Email"), details.email, other.email),
        ]
    return Compared(
        id=other.id,
        name=full_name(other),
        text=other.last_name,
        birth_date=other.birth_date,
        rows=rows,
    )
