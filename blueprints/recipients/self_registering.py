"""People who register themselves, without an account, before they book (SPEC F5).

Nothing here says whether somebody is known. What staff entered is not looked at; whoever comes
again with the same names, birth date and contact before they have booked goes on with the record
they made. Others get a record of their own, and its page shows staff whom it looks like. Who has
booked is told so by a message alone.
"""

from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import bindparam, delete, exists, select
from sqlalchemy.orm import aliased

from blueprints.recipients import names, rules
from blueprints.recipients.models import Recipient
from blueprints.recipients.rules import Details, DoseStatus
from blueprints.recipients.services import put_details
from portal import throttle
from portal.audit.services import record as audit
from portal.clock import now, today
from portal.db import Base, session
from portal.errors import Invalid
from portal.i18n import _
from portal.settings import current

A_DAY = timedelta(days=1)
USE_OF_CONTACT = "contact"
# Made once: every booking asks for it.
MADE_SO = (
    select(Recipient)
    .where(
        Recipient.birth_date == bindparam("birth_date"),
        Recipient.created_by_id.is_(None),
        Recipient.merged_into_id.is_(None),
        Recipient.email == bindparam("email"),
        Recipient.mobile_phone == bindparam("mobile_phone"),
    )
    .order_by(Recipient.id)
)


@dataclass(frozen=True)
class SelfRegistered:
    """The record of somebody who registered themselves, and the others that they made before, in
    the same way, and booked with."""

    recipient: Recipient
    others: list[Recipient]


def register_self(details: Details, *, people_a_day: int) -> SelfRegistered:
    """Register somebody who does it themselves; no location sees the record before they book.

    A contact is used for `people_a_day` at most. Raises `Invalid` on a field.
    """
    cleaned = rules.clean(details, today=today(current().time_zone))
    contacts = [each for each in (cleaned.email, cleaned.mobile_phone) if each]
    if not contacts:
        raise Invalid(_("Enter an e-mail address or a mobile phone number."), field="email")
    # Counting comes first: it lets people with the same contact pass one by one.
    waits = {
        contact: throttle.take(USE_OF_CONTACT, contact.casefold(), [(people_a_day, A_DAY)])
        for contact in sorted(contacts)
    }
    before = _made_by(cleaned)
    # The record that this person made before without booking is gone on with.
    known = next((each for each in before if each.dose_status == DoseStatus.REGISTERED), None)
    if known is not None:
        for contact, wait in waits.items():
            if not wait:
                throttle.take_back(USE_OF_CONTACT, contact.casefold())
        return SelfRegistered(known, [each for each in before if each is not known])
    for contact, wait in waits.items():
        if wait:
            field = "email" if contact == cleaned.email else "mobile_phone"
            raise Invalid(
                _("This was used for many people today. Use another one, or call us."), field=field
            )
    recipient = Recipient(created_by_id=None)
    put_details(recipient, cleaned, by_id=None)
    session().add(recipient)
    session().flush()
    audit(
        None,
        "recipient.registered",
        subject="recipient",
        subject_id=recipient.id,
        location_id=None,
    )
    return SelfRegistered(recipient, before)


def others_of(recipient: Recipient) -> list[Recipient]:
    """The other records that the person made before, in the same way, and booked with."""
    return [each for each in _made_by(recipient) if each.id != recipient.id]


def _made_by(person: Details | Recipient) -> list[Recipient]:
    asked = {name: getattr(person, name) for name in ("birth_date", "email", "mobile_phone")}
    rows = session().scalars(MADE_SO, asked)
    mine = _name_of(person)
    return [row for row in rows if _name_of(row) == mine]


def _name_of(person: Details | Recipient) -> tuple[str, str]:
    return names.joined(person.first_name), names.joined(person.last_name)


def forget_unfinished() -> int:
    """Delete the records of people who registered themselves a day ago and did not book, unless
    anything points to them; how many."""
    other = aliased(Recipient)
    pointed = [
        exists().where(key.parent == Recipient.id)
        for table in Base.metadata.sorted_tables
        for key in table.foreign_keys
        if key.column is Recipient.__table__.c.id and table is not Recipient.__table__
    ]
    result = session().execute(
        delete(Recipient)
        .where(
            Recipient.created_by_id.is_(None),
            Recipient.created_at < now() - A_DAY,
            Recipient.merged_into_id.is_(None),
            ~exists().where(other.merged_into_id == Recipient.id),
            *(~each for each in pointed),
        )
        .execution_options(synchronize_session=False)
    )
    return int(result.rowcount)  # type: ignore[attr-defined]
