"""Accounts of others: adding users, their profile and locations, deactivating (SPEC A5, H5, H6).

`Account Management` and the processing of onboarding files use these. Each function decides
by `portal.people.rules` whether the giver may, records the change with what was before and after,
and takes effect at the changed user's very next request.
"""

from sqlalchemy import delete, func, or_, select
from sqlalchemy.exc import IntegrityError

from portal import links, throttle
from portal.access.profiles import Profile
from portal.access.scope import Actor, Scope
from portal.accounts import safeguards
from portal.accounts import waiting_messages as waiting
from portal.accounts.new_users import Added, NewUser, become_colleague
from portal.audit.services import record
from portal.db import session
from portal.errors import Forbidden, Invalid, NotFound, TooMany
from portal.i18n import _
from portal.messages import services as messages
from portal.people import queries, rules, sessions
from portal.people.models import User, UserLocation
from portal.people.rules import Giver, Holder
from portal.places.models import Location
from portal.signing_in import recovery


def giver_of(scope: Scope) -> Giver:
    """What the signed-in user may give."""
    return Giver(
        profile=scope.user.profile,
        location_ids=frozenset(place.id for place in scope.locations),
        everywhere=scope.user.profile is Profile.ADMINISTRATOR,
    )


def add_user(actor: Actor | None, giver: Giver, new: NewUser) -> Added:
    """Add a user, mail the welcome with the link that completes the registration.

    A user who exists with this very username and e-mail address gets the locations added, and who
    only asked the help desk so far becomes a user of them. If only one of the two matches, the
    answer is the same sentence whoever the other user is. Raises
    `Invalid` on the field at fault, `Forbidden` for locations that are not the giver's.
    """
    username = rules.clean_username(new.username)
    email = rules.clean_email(new.email)
    first = rules.clean_name(new.first_name, field="first_name")
    last = rules.clean_name(new.last_name, field="last_name")
    rules.check_grant(giver, new.profile, new.location_ids)
    check_locations_exist(new.location_ids)
    found = session().scalar(
        select(User)
        .where(
            User.email == email,
            or_(User.username == username, User.profile == Profile.REQUESTER),
        )
        .with_for_update(key_share=True)
    )
    if found is not None:
        return Added(user=_add_to_existing(actor, giver, found, new, username), is_new=False)
    if queries.is_mixed_up(username=username, email=email):
        raise taken()
    user = User(
        username=username, first_name=first, last_name=last, email=email, profile=new.profile
    )
    user.current_location_id = min(new.location_ids, default=None)
    try:
        with session().begin_nested():
            session().add(user)
    except IntegrityError as error:
        raise taken() from error
    session().add_all(
        UserLocation(user_id=user.id, location_id=number) for number in sorted(new.location_ids)
    )
    session().flush()
    record_change(
        actor,
        "user.added",
        user,
        location_ids=new.location_ids,
        after={"profile": str(new.profile), "locations": sorted(new.location_ids)},
    )
    invite(user)
    return Added(user=user, is_new=True)


def taken(field: str = "username") -> Invalid:
    """The refusal of a username or address that is another account's, whoever that is."""
    return Invalid(
        _(
            "This username or e-mail address cannot be used: it belongs to an account with "
            "different details. Check both. If they are right, ask the help desk."
        ),
        field=field,
    )


def _add_to_existing(
    actor: Actor | None, giver: Giver, user: User, new: NewUser, username: str
) -> User:
    held = user.profile_at_locations or user.held_profile
    if held.is_staff or not user.active:
        raise taken()
    if held is Profile.REQUESTER:
        before: dict[str, object] = {"username": user.username, "profile": user.profile}
        if not become_colleague(user, new.profile, username):
            raise taken()
        after: dict[str, object] = {"username": username, "profile": str(new.profile)}
        nowhere: frozenset[int] = frozenset()
        record_change(
            actor, "user.profile_changed", user, location_ids=nowhere, before=before, after=after
        )
        add_locations(actor, giver, user, new.location_ids)
        return user
    if held is not new.profile:
        raise Invalid(
            _(
                "This person already has an account with a different profile. A user has the "
                "same profile at all locations. Choose that profile, or ask the help desk."
            ),
            field="profile",
        )
    added = new.location_ids - queries.location_ids_of(user.id)
    if not added:
        raise Invalid(_("This user already works at this location."), field="username")
    add_locations(actor, giver, user, added)
    return user


def add_locations(
    actor: Actor | None, giver: Giver, user: User, location_ids: frozenset[int]
) -> None:
    """Let an active user work at further locations, and tell the user.

    Raises `Forbidden` for locations that are not the giver's.
    """
    if not giver.everywhere and not location_ids <= giver.location_ids:
        raise Forbidden(_("You can give access only to your own locations."))
    if user.profile_at_locations is None:
        raise Invalid(_("Users of this profile have no locations of their own."), field="locations")
    check_locations_exist(location_ids)
    before = queries.location_ids_of(user.id)
    for number in sorted(location_ids - before):
        session().add(UserLocation(user_id=user.id, location_id=number))
    if user.current_location_id is None and not user.location_profile:
        user.current_location_id = min(location_ids)
    session().flush()
    record_change(
        actor,
        "user.locations_changed",
        user,
        location_ids=location_ids,
        before={"locations": sorted(before)},
        after={"locations": sorted(before | location_ids)},
    )
    if not recovery.is_registered(user):
        invite(user)
        return
    messages.queue(
        "location_added",
        user.email,
        context={
            "name": user.full_name,
            "username": user.username,
            "locations": queries.names_of(location_ids),
        },
        user_id=user.id,
        about=f"user:{user.id}",
    )


def remove_locations(
    actor: Actor | None, giver: Giver, user: User, location_ids: frozenset[int]
) -> None:
    """Take locations away. With the last one the access is revoked, of programme staff only the
    profile there.

    Raises `Forbidden` for locations that are not the giver's, `Invalid` if a location would lose
    its last manager, and for the last location of one's own.
    """
    if not giver.everywhere and not location_ids <= giver.location_ids:
        raise Forbidden(_("You can change access only at your own locations."))
    before = queries.location_ids_of(user.id)
    gone = location_ids & before
    if not gone:
        return
    safeguards.check_managers_remain(actor, giver, user, gone)
    if gone == before:
        rules.check_another(actor.id if actor else None, user.id)
    had = user.location_profile
    session().execute(
        delete(UserLocation).where(
            UserLocation.user_id == user.id, UserLocation.location_id.in_(gone)
        )
    )
    left = before - gone
    if user.current_location_id in gone and not (had and not user.acts_at_location):
        user.current_location_id = min(left, default=None)
    if had and not left:
        user.location_profile, user.acts_at_location = None, False
    session().flush()
    if left or had:
        waiting.right_lost_at(user, gone)
    else:
        _revoke(user)
    there = [{"profile_there": one or ""} for one in (had, user.location_profile) if had] or [
        {},
        {},
    ]
    record_change(
        actor,
        "user.locations_changed",
        user,
        location_ids=gone,
        before={"locations": sorted(before), **there[0]},
        after={"locations": sorted(left), **there[1]},
    )


def change_profile(
    actor: Actor | None,
    giver: Giver,
    user: User,
    profile: Profile,
    *,
    at: frozenset[int] = frozenset(),
) -> None:
    """Give the user another profile, at all of the user's locations.

    Who becomes a clinic's user and has no location yet, as programme staff, gets those of `at`.
    Programme staff who stay such keep the profile at their locations, and nobody else a second one.
    Raises `Forbidden` if the giver may not, `Invalid` for the own account, and if a location would
    lose its last manager or the portal its last administrator.
    """
    held, location_ids = Profile(user.profile), queries.location_ids_of(user.id)
    if profile is held:
        return
    rules.check_another(actor.id if actor else None, user.id)
    rules.check_whole_account(giver, Holder(profile=held, location_ids=location_ids))
    stays = profile.is_staff and held.is_staff
    later = frozenset() if profile.is_staff else location_ids if user.profile_at_locations else at
    rules.check_grant(giver, profile, later)
    check_locations_exist(later)
    safeguards.check_right_remains(actor, giver, user, location_ids)
    user.profile = profile
    if stays:
        session().flush()
        later = location_ids
    else:
        user.location_profile, user.acts_at_location = None, False
        _set_locations(user, before=location_ids, later=later)
        waiting.right_lost_at(user, location_ids)
    record_change(
        actor,
        "user.profile_changed",
        user,
        location_ids=location_ids,
        before={"profile": str(held), "locations": sorted(location_ids)},
        after={"profile": str(profile), "locations": sorted(later)},
    )


def _set_locations(user: User, *, before: frozenset[int], later: frozenset[int]) -> None:
    if later != before:
        session().execute(delete(UserLocation).where(UserLocation.user_id == user.id))
        session().add_all(
            UserLocation(user_id=user.id, location_id=number) for number in sorted(later)
        )
    if later and user.current_location_id not in later:
        user.current_location_id = min(later)
    session().flush()


def deactivate(actor: Actor | None, giver: Giver, user: User) -> None:
    """End the user's access everywhere: sessions and links end at once. Nothing is deleted.

    Raises `Forbidden` or `Invalid` as `change_profile`.
    """
    location_ids = queries.location_ids_of(user.id)
    holder = Holder(profile=Profile(user.profile), location_ids=location_ids)
    rules.check_whole_account(giver, holder)
    if not user.active:
        return
    rules.check_another(actor.id if actor else None, user.id)
    safeguards.check_right_remains(actor, giver, user, location_ids)
    user.active = False
    session().flush()
    _revoke(user)
    record_change(
        actor,
        "user.deactivated",
        user,
        location_ids=location_ids,
        before={"active": True},
        after={"active": False},
    )


def reactivate(actor: Actor | None, giver: Giver, user: User) -> None:
    """Let a deactivated user in again, with the old password; who never registered is invited."""
    location_ids = queries.location_ids_of(user.id)
    holder = Holder(profile=Profile(user.profile), location_ids=location_ids)
    rules.check_whole_account(giver, holder)
    if user.active:
        return
    user.active = True
    session().flush()
    record_change(
        actor,
        "user.reactivated",
        user,
        location_ids=location_ids,
        before={"active": False},
        after={"active": True},
    )
    if not recovery.is_registered(user):
        invite(user)


def resend_invitation(actor: Actor | None, giver: Giver, user: User) -> None:
    """Mail the welcome again; the older link no longer works.

    Raises `Invalid` for a user who is registered or deactivated, `TooMany` for one who was
    invited several times lately.
    """
    location_ids = queries.location_ids_of(user.id)
    if not giver.everywhere and not location_ids & giver.location_ids:
        raise Forbidden(_("You can change access only at your own locations."))
    if recovery.is_registered(user) or not user.active:
        raise Invalid(_("This user has completed the registration, or is deactivated."))
    invite(user)
    record_change(actor, "user.invited", user, location_ids=location_ids)


def invite(user: User) -> None:
    """Mail the welcome, if the mailbox has not got too many lately. Raises `TooMany`."""
    wait = throttle.take("invitation", user.email, recovery.MAILS)
    if wait:
        raise TooMany(
            _(
                "This person has already been invited several times. Wait before you send "
                "another invitation: at most three in 15 minutes and ten a day."
            ),
            retry_after=wait,
        )
    recovery.invite(user)


def load_for_change(user_id: int) -> User:
    """The user, locked against other changes until the unit ends. Raises `NotFound`.

    What refers to a user (sessions, operation ids) need not wait: two managers who change each
    other would wait for one another.
    """
    user = session().scalar(
        select(User)
        .where(User.id == user_id)
        .with_for_update(key_share=True)
        .execution_options(populate_existing=True)
    )
    if user is None:
        raise NotFound
    return user


def _revoke(user: User) -> None:
    sessions.end_all(user.id)
    links.withdraw(user.id)
    waiting.access_ended(user)


def check_locations_exist(location_ids: frozenset[int]) -> None:
    """Raise `Invalid` on `locations` for ids of none."""
    query = select(func.count()).select_from(Location).where(Location.id.in_(location_ids))
    if location_ids and session().scalar(query) != len(location_ids):
        raise Invalid(_("Choose locations from the list."), field="locations")


def record_change(
    actor: Actor | None,
    action: str,
    user: User,
    *,
    location_ids: frozenset[int],
    before: dict[str, object] | None = None,
    after: dict[str, object] | None = None,
) -> None:
    """Note in the audit trail what was done to a user who works at these locations."""
    record(
        actor,
        action,
        subject="user",
        subject_id=user.id,
        location_id=next(iter(location_ids)) if len(location_ids) == 1 else None,
        summary=user.username,
        before=before,
        after=after,
    )
