"""What `portal check` proves of recipients."""

from collections.abc import Iterator

from sqlalchemy import or_, select

from blueprints.recipients.models import Recipient, RecipientLocation, RecipientWord
from blueprints.recipients.services import LISTED, name_words
from portal.db import session

PAGE = 1_000


def found() -> Iterator[str]:
    """Recipients whose rows in lists or words in the search are not those of their record."""
    differs = or_(
        *(getattr(RecipientLocation, name) != getattr(Recipient, name) for name in LISTED)
    )
    wrong = (
        select(RecipientLocation.recipient_id)
        .join(Recipient, Recipient.id == RecipientLocation.recipient_id)
        .where(differs)
        .distinct()
        .order_by(RecipientLocation.recipient_id)
    )
    for number in session().scalars(wrong):
        yield f"Recipient {number} is listed with other values than the record has."
    for place in session().scalars(select(RecipientLocation.location_id).distinct()).all():
        yield from _words_at(place)


def _words_at(location_id: int) -> Iterator[str]:
    people = session().scalars(
        select(Recipient)
        .join(RecipientLocation, RecipientLocation.recipient_id == Recipient.id)
        .where(RecipientLocation.location_id == location_id)
        .execution_options(yield_per=PAGE)
    )
    expected = {(word, person.id) for person in people for word in name_words(person)}
    held = {
        (row.word, row.recipient_id)
        for row in session().execute(
            select(RecipientWord.word, RecipientWord.recipient_id).where(
                RecipientWord.location_id == location_id
            )
        )
    }
    for number in sorted({row[1] for row in expected ^ held}):
        yield f"Recipient {number} is found under other words than the name has."
