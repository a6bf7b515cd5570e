"""Adding many users at once, as the processing of an onboarding file does.

One by one a user costs some twenty statements, while others wait for the database. Whoever is not
plainly new is left for `services.add_user`, which says what is wrong.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import or_, select
from sqlalchemy.exc import IntegrityError

from portal import throttle
from portal.access.scope import Actor
from portal.accounts.new_users import NewUser
from portal.accounts.services import check_locations_exist, record_change
from portal.bulk import insert_rows
from portal.clock import now
from portal.db import session
from portal.people import rules
from portal.people.models import User, UserLocation
from portal.people.rules import Giver
from portal.signing_in import recovery


@dataclass(frozen=True)
class _Clean:
    """A user as stored."""

    user: User
    location_ids: frozenset[int]


def add_new_users(actor: Actor | None, giver: Giver, people: Sequence[NewUser]) -> dict[str, User]:
    """Add those of `people` of whom neither username nor e-mail address is known, and mail each the
    welcome; by username as given.

    Raises as `services.add_user` for what cannot be stored or given.
    """
    if not people:
        return {}
    check_locations_exist(frozenset().union(*(new.location_ids for new in people)))
    clean = {new.username: _clean(giver, new) for new in people}
    clean = _unknown(clean)
    free = throttle.take_unused(
        "invitation",
        [one.user.email for one in clean.values()],
        max(window for _most, window in recovery.MAILS),
    )
    clean = {name: one for name, one in clean.items() if one.user.email in free}
    try:
        with session().begin_nested():
            _store(actor, list(clean.values()))
    except IntegrityError:
        return {}  # somebody was added just now; one by one it is found out who
    return {name: one.user for name, one in clean.items()}


def _clean(giver: Giver, new: NewUser) -> _Clean:
    rules.check_grant(giver, new.profile, new.location_ids)
    user = User(
        username=rules.clean_username(new.username),
        first_name=rules.clean_name(new.first_name, field="first_name"),
        last_name=rules.clean_name(new.last_name, field="last_name"),
        email=rules.clean_email(new.email),
        profile=new.profile,
        current_location_id=min(new.location_ids, default=None),
    )
    return _Clean(user, new.location_ids)


def _unknown(clean: dict[str, _Clean]) -> dict[str, _Clean]:
    """Those whose names nobody has, neither as username nor as address, nor another of them."""
    names = [name for one in clean.values() for name in {one.user.username, one.user.email}]
    rows = session().execute(
        select(User.username, User.email).where(
            or_(User.username.in_(names), User.email.in_(names))
        )
    )
    taken = {name for row in rows for name in row}
    taken |= {name for name, count in Counter(names).items() if count > 1}
    return {
        name: one
        for name, one in clean.items()
        if one.user.username not in taken and one.user.email not in taken
    }


def _store(actor: Actor | None, people: Sequence[_Clean]) -> None:
    session().add_all([one.user for one in people])
    session().flush()
    insert_rows(
        UserLocation,
        [
            {"user_id": one.user.id, "location_id": number, "created_at": now()}
            for one in people
            for number in sorted(one.location_ids)
        ],
    )
    for one in people:
        record_change(
            actor,
            "user.added",
            one.user,
            location_ids=one.location_ids,
            after={"profile": str(one.user.profile), "locations": sorted(one.location_ids)},
        )
    recovery.invite_new([one.user for one in people])
