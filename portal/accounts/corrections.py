"""Correcting a mistyped name or e-mail address (SPEC A5)."""

from dataclasses import dataclass

from sqlalchemy.exc import IntegrityError

from portal import links
from portal.access.profiles import Profile
from portal.access.scope import Actor
from portal.accounts import waiting_messages as waiting
from portal.accounts.services import invite, record_change, taken
from portal.db import session
from portal.messages import services as messages
from portal.people import queries, rules
from portal.people.models import User
from portal.people.rules import Giver, Holder
from portal.signing_in import recovery


@dataclass(frozen=True, kw_only=True)
class Correction:
    """Name and address as they should have been, as typed."""

    first_name: str
    last_name: str
    email: str


def correct(actor: Actor | None, giver: Giver, user: User, right: Correction) -> frozenset[str]:
    """Correct the user's name and e-mail address; returns the fields that were wrong.

    Who was invited to another address is invited to the right one, and the older link no longer
    works; a registered user is told at the older address. The trail says what was corrected, not
    to what. Raises `Invalid` on the field at fault and for the own account, `Forbidden` as
    `accounts.change_profile`, `TooMany` for an address that was mailed several times lately.
    """
    new = {
        "first_name": rules.clean_name(right.first_name, field="first_name"),
        "last_name": rules.clean_name(right.last_name, field="last_name"),
        "email": rules.clean_email(right.email),
    }
    corrected = [name for name, value in new.items() if getattr(user, name) != value]
    if not corrected:
        return frozenset()
    rules.check_another(actor.id if actor else None, user.id)
    location_ids = queries.location_ids_of(user.id)
    rules.check_whole_account(
        giver, Holder(profile=Profile(user.profile), location_ids=location_ids)
    )
    older, registered = user.email, recovery.is_registered(user)
    if "email" in corrected:
        rules.check_email_may_change(giver, registered=registered)
        if queries.is_mixed_up(username=user.username, email=new["email"], but=user.id):
            raise taken("email")
    _store(user, new)
    record_change(
        actor, "user.corrected", user, location_ids=location_ids, after={"corrected": corrected}
    )
    if "email" in corrected:
        _mail_elsewhere(user, older, registered=registered)
    return frozenset(corrected)


def _mail_elsewhere(user: User, older: str, *, registered: bool) -> None:
    """End what was mailed to the older address; tell whoever reads there, or invite again."""
    links.withdraw(user.id)
    waiting.address_corrected(user, older)
    if registered:
        _tell(user, older)
    elif user.active:
        invite(user)


def _store(user: User, new: dict[str, str]) -> None:
    try:
        with session().begin_nested():
            for name, value in new.items():
                setattr(user, name, value)
    except IntegrityError as error:
        raise taken("email") from error


def _tell(user: User, older: str) -> None:
    messages.queue(
        "email_changed",
        older,
        context={"name": user.full_name, "username": user.username},
        user_id=user.id,
        about=f"user:{user.id}",
    )
