"""Invitations to book: staff send them by choice, to people who agreed to be written to and have
had no dose and no appointment yet (SPEC F3, F5).

An invitation says no more of a person than the first name. Its link leads to the public pages on
which the person books.
"""

from collections.abc import Collection, Iterator, Mapping
from datetime import timedelta
from typing import Any

from sqlalchemy import Select, select

from blueprints.appointments.booking_alone import KIND, is_offered_anywhere
from blueprints.recipients.merging import about
from blueprints.recipients.models import Recipient, RecipientLocation
from blueprints.recipients.queries import get_recipient
from blueprints.recipients.registered import Together
from blueprints.recipients.rules import DoseStatus
from blueprints.recipients.telling import is_reached, ways_to, ways_to_each
from portal import messages, settings
from portal.access.scope import Scope
from portal.audit.services import record
from portal.clock import now, today
from portal.db import session
from portal.errors import Conflict
from portal.formats.numbers import record_number
from portal.i18n import _
from portal.messages import NewMessage
from portal.visits import links

INVITATION = "appointment_invitation"
CAPABILITY = "appointments.invite"
GOOD_FOR = timedelta(days=30)
# Ids in one statement.
MOST_IDS = 500


def is_possible() -> bool:
    """Whether the public may book at all."""
    return settings.current().visitors and is_offered_anywhere()


def may_be_invited(recipient: Recipient) -> bool:
    """Whether the recipient agreed to be written to, can be, and has still to book the first
    dose."""
    return session().scalar(_willing([recipient.id])) is not None and bool(ways_to(recipient))


def _willing(ids: Collection[int]) -> Select[Any]:
    return (
        select(Recipient)
        .where(
            Recipient.id.in_(ids),
            Recipient.dose_status == DoseStatus.REGISTERED,
            Recipient.merged_into_id.is_(None),
            Recipient.contact_by != "none",
            Recipient.reminders_agreed_at.is_not(None),
        )
        .order_by(Recipient.id)
    )


def invite(scope: Scope, recipient_id: int) -> bool:
    """Send the recipient an invitation; False if one was sent today. Raises `NotFound`, and
    `Conflict` for somebody who may not be invited."""
    scope.require(CAPABILITY)
    recipient = get_recipient(scope, recipient_id)
    if not is_possible() or not may_be_invited(recipient):
        raise Conflict(
            _(
                "This person cannot be invited: an invitation needs an e-mail address or mobile "
                "phone, the person’s agreement, and no dose or appointment yet. Nothing was sent."
            )
        )
    location_id = scope.location.id if scope.location else None
    return _send(scope, [recipient], location_id) == 1


def together(scope: Scope, registered: Together) -> int:
    """How many of people who were registered together may be invited; with `act` they are, and it
    is how many invitations were sent."""
    if not is_possible():
        return 0
    count = 0
    for people in _of_location(registered):
        count += _send(scope, people, registered.location_id) if registered.act else len(people)
    return count


def _of_location(registered: Together) -> Iterator[list[Recipient]]:
    ids = sorted(registered.ids)
    for start in range(0, len(ids), MOST_IDS):
        query = _willing(ids[start : start + MOST_IDS]).join(
            RecipientLocation,
            (RecipientLocation.recipient_id == Recipient.id)
            & (RecipientLocation.location_id == registered.location_id),
        )
        people = list(session().scalars(query))
        ways = ways_to_each(people)
        yield [one for one in people if ways[one.id]]


def _send(scope: Scope, people: Collection[Recipient], location_id: int | None) -> int:
    day = today(settings.current().time_zone)
    until = now() + GOOD_FOR
    ways = ways_to_each(people)

    def written(one: Recipient, number: int) -> NewMessage:
        way = ways[one.id][number]
        return NewMessage(
            kind=INVITATION,
            to=way.address,
            channel=way.channel,
            context={"first_name": one.first_name},
            secret={"link": links.describe(KIND, one.id, 0, until=until)},
            about=about(one.id),
            once=":".join((INVITATION, f"{one.id}", f"{day}", *([way.channel] if number else []))),
            location_id=location_id,
            language=one.language,
            not_after=until,
        )

    # People are counted, not messages.
    count = messages.queue_many(written(one, 0) for one in people)
    messages.queue_many(written(one, 1) for one in people if len(ways[one.id]) > 1)
    if count:
        record(
            scope.user,
            "recipient.invited",
            subject="recipient",
            subject_id=next(iter(people)).id if len(people) == 1 else None,
            location_id=location_id,
            after={"sent": count} if len(people) > 1 else None,
        )
    return count


def still_wanted(subject: str | None, _context: Mapping[str, Any]) -> bool:
    """Whether the person may still be invited (asked at sending)."""
    recipient = session().scalar(_willing([_number(subject) or 0]))
    return recipient is not None and bool(ways_to(recipient))


def still_reaches(subject: str | None, channel: str, address: str) -> bool:
    """Whether an invitation to this address goes to the person it is for (asked at sending)."""
    return is_reached(_number(subject), channel, address)


def _number(subject: str | None) -> int | None:
    return record_number((subject or "").rpartition(":")[2])
