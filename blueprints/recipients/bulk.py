"""Recipients of a file: who is registered already, who may be somebody, who is new (SPEC F3)."""

from collections.abc import Sequence

from sqlalchemy import select

from blueprints.recipients import names
from blueprints.recipients.look_alikes import MOST, Compared, are_similar, compared, likeness_of
from blueprints.recipients.models import Recipient, RecipientLocation
from blueprints.recipients.rules import Details, SeenBecause, look_alike
from blueprints.recipients.services import link_to_location
from portal.access.scope import Actor
from portal.audit.services import record as audit
from portal.db import session


class Registered:
    """The recipients that some people may be, as one location may know them; asked once."""

    def __init__(self, location_id: int, people: Sequence[Details]) -> None:
        self._here: set[int] = set()
        self._known: dict[int, Recipient] = {}
        query = select(Recipient, RecipientLocation.id).outerjoin(
            RecipientLocation,
            (RecipientLocation.recipient_id == Recipient.id)
            & (RecipientLocation.location_id == location_id),
        )
        query = query.where(Recipient.merged_into_id.is_(None)).order_by(Recipient.id)
        days = {one.birth_date for one in people}
        at_home = query.where(
            RecipientLocation.location_id == location_id,
            RecipientLocation.last_name.in_({one.last_name for one in people}),
        )
        for part in (query.where(Recipient.birth_date.in_(days)), at_home):
            for recipient, link in session().execute(part) if people else ():
                self.note(recipient, here=link is not None)

    def note(self, recipient: Recipient, *, here: bool = True) -> None:
        """Know somebody who was registered just now, too."""
        self._known[recipient.id] = recipient
        if here:
            self._here.add(recipient.id)

    def same(self, details: Details) -> Recipient | None:
        """The recipient of the location of whom the file says what is known already."""
        mine = _identity(details)
        return next(
            (
                one
                for number, one in self._known.items()
                if number in self._here and _identity(one) == mine
            ),
            None,
        )

    def alike(self, details: Details) -> list[int]:
        """The ids of recipients who may be this person; at other locations of those only who have
        the same last name and birth date."""
        mine, found = likeness_of(details), []
        for number, one in self._known.items():
            theirs = likeness_of(one)
            near = mine.birth_date == theirs.birth_date or mine.last_name == theirs.last_name
            if not near or (number not in self._here and mine.last_name != theirs.last_name):
                continue
            if look_alike(mine, theirs, similar=are_similar(details, one)):
                found.append(number)
        return found[:MOST]


def _identity(person: Details | Recipient) -> tuple[object, ...]:
    return (
        names.joined(person.first_name),
        names.joined(person.middle_name),
        names.joined(person.last_name),
        person.suffix,
        person.birth_date,
        person.zip_code,
        person.email.casefold(),
        person.mobile_phone,
    )


def compared_with(details: Details, ids: Sequence[int], location_id: int) -> list[Compared]:
    """Who was entered beside those of these ids; of people whom the location does not see no more
    than what a search for name and birth date shows."""
    query = (
        select(Recipient, RecipientLocation.id)
        .outerjoin(
            RecipientLocation,
            (RecipientLocation.recipient_id == Recipient.id)
            & (RecipientLocation.location_id == location_id),
        )
        .where(Recipient.id.in_(ids))
        .order_by(Recipient.id)
    )
    return [
        compared(details, one, link is not None) for one, link in session().execute(query).all()
    ]


def take_as_known(actor: Actor, recipient_id: int, *, location_id: int) -> Recipient:
    """Let the location of a file see the recipient whom a row of it is about."""
    recipient = session().get_one(Recipient, recipient_id)
    if link_to_location(
        recipient_id=recipient.id, location_id=location_id, why=SeenBecause.REGISTERED
    ):
        audit(
            actor,
            "recipient.opened",
            subject="recipient",
            subject_id=recipient.id,
            location_id=location_id,
        )
    return recipient
