"""Registering recipients, changing their records, and who sees them."""

from collections.abc import Collection
from dataclasses import asdict
from datetime import date
from typing import Any

from sqlalchemy import Executable, bindparam, delete, select, update

from blueprints.recipients import names, rules
from blueprints.recipients.models import (
    NearWord,
    NotTheSame,
    Recipient,
    RecipientLocation,
    RecipientWord,
)
from blueprints.recipients.queries import find, get_recipient
from blueprints.recipients.rules import Details, DoseStatus, SeenBecause
from blueprints.recipients.telling import ADDRESSED, promise_anew
from portal.access.scope import Actor, Scope
from portal.audit.services import record as audit
from portal.clock import now
from portal.db import Base, insert, lock, session
from portal.errors import Conflict, NotFound
from portal.i18n import _
from portal.made_once import made_once

LISTED = ("last_name", "first_name", "birth_date", "dose_status")
NAMES = ("first_name", "middle_name", "last_name")
# Made once: every booking and every dose asks for them.
ONE = select(Recipient).where(Recipient.id == bindparam("recipient_id"))
IN_STEP = (
    update(RecipientLocation)
    .where(RecipientLocation.recipient_id == bindparam("person"))
    .values({name: bindparam(f"new_{name}") for name in LISTED})
    .returning(RecipientLocation.location_id)
    .execution_options(synchronize_session=False)
)


def checked(scope: Scope, details: Details) -> Details:
    """`details` as they would be stored today. Raises `Invalid` on the field that is wrong."""
    return rules.clean(details, today=scope.today())


def register(scope: Scope, details: Details, *, apart_from: Collection[int] = ()) -> Recipient:
    """A new recipient of the present location. Raises `Invalid` on a field.

    `apart_from` are ids of recipients who look alike and were found to be other people.
    """
    scope.require("recipients.handle")
    return register_at(
        scope.user, checked(scope, details), location_id=scope.location_id, apart_from=apart_from
    )


def register_at(
    actor: Actor, details: Details, *, location_id: int, apart_from: Collection[int] = ()
) -> Recipient:
    """A new recipient of a location, of details that were checked; who may is decided elsewhere."""
    recipient = Recipient(created_by_id=actor.id)
    put_details(recipient, details, by_id=actor.id)
    session().add(recipient)
    session().flush()
    link_to_location(recipient_id=recipient.id, location_id=location_id, why=SeenBecause.REGISTERED)
    audit(
        actor,
        "recipient.registered",
        subject="recipient",
        subject_id=recipient.id,
        location_id=location_id,
    )
    for other in apart_from:
        _keep_apart(actor, recipient.id, other, location_id)
    return recipient


def edit(scope: Scope, recipient_id: int, details: Details, *, seen: int) -> Recipient:
    """Change the record of a recipient. `seen` is the version that the form showed.

    Raises `Invalid` on a field, and `Conflict` if somebody else changed the record since.
    """
    scope.require("recipients.handle")
    recipient = lock_recipient(get_recipient(scope, recipient_id).id)
    if recipient.version != seen:
        raise Conflict(
            _(
                "Someone else changed this record. Your changes aren’t saved yet. Check them and "
                "save again."
            )
        )
    before = _stored(recipient)
    words = name_words(recipient)
    put_details(recipient, checked(scope, details), by_id=scope.user.id)
    changed = sorted(name for name, value in _stored(recipient).items() if value != before[name])
    if not changed:
        return recipient
    recipient.version += 1
    session().flush()
    keep_in_step(recipient, had=words)
    if ADDRESSED.intersection(changed):
        promise_anew(recipient)
    audit(
        scope.user,
        "recipient.changed",
        subject="recipient",
        subject_id=recipient.id,
        location_id=scope.location_id,
        after={"changed": changed},
    )
    return recipient


def lock_recipient(recipient_id: int) -> Recipient:
    """The recipient, kept from others until this transaction ends. Raises `NotFound`."""
    lock(ONE, {"recipient_id": recipient_id}, name=("recipient", recipient_id))
    recipient = session().get(Recipient, recipient_id)
    if recipient is None:
        raise NotFound
    return recipient


def link_to_location(*, recipient_id: int, location_id: int, why: str) -> bool:
    """Let the location see the recipient from now on; whether it did not before."""
    recipient = session().get_one(Recipient, recipient_id)
    link = {
        "recipient_id": recipient_id,
        "location_id": location_id,
        "since": now(),
        "why": str(SeenBecause(why)),
        **{name: getattr(recipient, name) for name in LISTED},
    }
    added = session().connection().scalar(_linked(), link)
    if added is not None:
        _write_words(recipient_id, [location_id], name_words(recipient))
    return added is not None


@made_once
def _linked() -> Executable:
    return (
        insert(RecipientLocation)
        .on_conflict_do_nothing(index_elements=["recipient_id", "location_id"])
        .returning(RecipientLocation.id)
    )


def open_found(scope: Scope, recipient_id: int, *, text: str, birth_date: date | None) -> Recipient:
    """Open the record of somebody who is found by this name and birth date.

    If the location did not see this person before, it does from now on, and the trail says so.
    Raises `NotFound` for whoever is not found so: an id alone opens nothing.
    """
    if recipient_id not in {one.recipient_id for one in find(scope, text, birth_date)}:
        raise NotFound
    recipient = session().get_one(Recipient, recipient_id)
    if link_to_location(
        recipient_id=recipient.id, location_id=scope.location_id, why=SeenBecause.OPENED
    ):
        audit(
            scope.user,
            "recipient.opened",
            subject="recipient",
            subject_id=recipient.id,
            location_id=scope.location_id,
        )
    return recipient


def set_dose_status(*, recipient_id: int, status: str) -> None:
    """Say how far the recipient is; lists follow."""
    recipient = lock_recipient(recipient_id)
    if recipient.dose_status != DoseStatus(status):
        recipient.dose_status = str(DoseStatus(status))
        session().flush()
        keep_in_step(recipient, had=name_words(recipient))


def keep_apart(scope: Scope, one: int, other: int) -> None:
    """Remember that two recipients who look alike are two people."""
    _keep_apart(scope.user, one, other, scope.location_id)


def _keep_apart(actor: Actor, one: int, other: int, location_id: int) -> None:
    lower, higher = sorted((one, other))
    session().execute(
        insert(NotTheSame)
        .values(lower_id=lower, higher_id=higher, decided_at=now(), decided_by_id=actor.id)
        .on_conflict_do_nothing(index_elements=["lower_id", "higher_id"])
    )
    audit(
        actor,
        "recipient.not_the_same",
        subject="recipient",
        subject_id=one,
        location_id=location_id,
        after={"other": other},
    )


def keep_in_step(recipient: Recipient, *, had: Collection[str]) -> None:
    """Bring the rows of lists and searches in line with the recipient, who was found under the
    words `had` until now."""
    listed = {f"new_{name}": getattr(recipient, name) for name in LISTED}
    links = session().scalars(IN_STEP, {"person": recipient.id, **listed}).all()
    has = name_words(recipient)
    gone = set(had) - has
    if gone and links:
        session().execute(
            delete(RecipientWord).where(
                RecipientWord.location_id.in_(links),
                RecipientWord.word.in_(gone),
                RecipientWord.recipient_id == recipient.id,
            )
        )
    _write_words(recipient.id, links, has - set(had))


def name_words(recipient: Recipient) -> frozenset[str]:
    """The words under which the recipient is found."""
    return names.words_of(recipient.first_name, recipient.middle_name, recipient.last_name)


def _write_words(recipient_id: int, links: Collection[int], words: Collection[str]) -> None:
    rows = [
        {"location_id": place, "word": word, "recipient_id": recipient_id}
        for place in links
        for word in sorted(words)
    ]
    if not rows:
        return
    session().connection().execute(_if_new(RecipientWord), rows)
    near = [
        {"rest": rest, "word": word} for word in sorted(words) for rest in sorted(names.rests(word))
    ]
    session().connection().execute(_if_new(NearWord), near)


@made_once
def _if_new(table: type[Base]) -> Executable:
    return insert(table).on_conflict_do_nothing()


def _stored(recipient: Recipient) -> dict[str, Any]:
    left_out = {"id", "version", "created_at", "created_by_id", "merged_into_id", "dose_status"}
    return {
        column.key: getattr(recipient, column.key)
        for column in Recipient.__table__.columns
        if column.key not in left_out
    }


def put_details(recipient: Recipient, details: Details, *, by_id: int | None) -> None:
    """Write checked details into a record; `by_id` is the user, None for the recipient."""
    values = asdict(details)
    agrees = values.pop("agrees_to_reminders")
    values["races"] = " ".join(values["races"])
    for name, value in values.items():
        setattr(recipient, name, value)
    if agrees and recipient.reminders_agreed_at is None:
        recipient.reminders_agreed_at = now()
        recipient.reminders_agreed_by_id = by_id
    elif not agrees:
        recipient.reminders_agreed_at = recipient.reminders_agreed_by_id = None
