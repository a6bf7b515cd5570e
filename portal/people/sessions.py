"""Signed-in browsers, kept on the server: sign-out and deactivation end them at once (SPEC A1)."""

import hashlib
import logging
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import and_, bindparam, case, not_, or_, select, update

from portal import clock, settings, throttle
from portal.access.profiles import STAFF, Profile
from portal.access.scope import Actor, Place
from portal.db import session, unit_of_work
from portal.errors import NotFound
from portal.people import browsers
from portal.people.models import User, UserLocation, UserSession
from portal.places.models import Location
from portal.places.queries import PLACE

TOUCH_EVERY = timedelta(seconds=5)
# For how long a form that was sent too late is still kept: through a lunch, a shift, a night. A
# cookie that comes later than that may be anybody's by now.
LATE = timedelta(hours=12)
log = logging.getLogger("portal.sessions")
# The session of a token and its user, a row for each location: those where the user works; for
# programme staff the one that is chosen, as often as they are anywhere.
AT_LOCATION = and_(User.acts_at_location, User.location_profile.is_not(None))
AS_STAFF = and_(or_(*(User.profile == str(one) for one in sorted(STAFF))), not_(AT_LOCATION))
PLACE_NAMES = [column.key for column in PLACE]
LIVE = (
    select(
        UserSession.id,
        UserSession.started_at,
        UserSession.last_seen_at,
        UserSession.ended_at,
        User.id.label("user_id"),
        User.username,
        User.first_name,
        User.last_name,
        User.email,
        User.profile,
        User.location_profile,
        User.acts_at_location,
        User.language,
        User.active,
        User.must_change_password,
        User.current_location_id,
        *(column.label(f"place_{column.key}") for column in PLACE),
    )
    .join(User, User.id == UserSession.user_id)
    .outerjoin(UserLocation, UserLocation.user_id == User.id)
    .outerjoin(
        Location,
        Location.id
        == case(
            (AS_STAFF, User.current_location_id),
            else_=UserLocation.location_id,
        ),
    )
    .where(UserSession.token_hash == bindparam("token_hash"))
    .order_by(Location.name)
)


@dataclass(frozen=True, kw_only=True)
class Session:
    """A live session and its user, as one request needs them.

    The actor has the profile in which the user acts; `other_profile` is that of two in which the
    user does not.
    """

    id: int
    actor: Actor
    must_change_password: bool
    language: str
    location: Place | None
    locations: tuple[Place, ...]
    last_seen_at: datetime
    expires_at: datetime
    other_profile: Profile | None = None


def hashed(token: str) -> str:
    """What is stored of a random token: its SHA-256 in hex."""
    return hashlib.sha256(token.encode()).hexdigest()


def start(user_id: int, *, address: str = "", user_agent: str = "") -> str:
    """Begin a session for `user_id`; the returned token goes into the cookie, nowhere else.

    Of the client's address and its name for itself is kept what its user needs to know it again.
    """
    token = secrets.token_urlsafe(32)
    browser, system = browsers.in_words(user_agent)
    session().add(
        UserSession(
            token_hash=hashed(token),
            user_id=user_id,
            address=throttle.shortened(address),
            browser=browser,
            system=system,
        )
    )
    session().flush()
    return token


def find(token: str, *, idle: timedelta, longest: timedelta) -> Session | None:
    """The live session of `token`, or None if it was ended, idled out, grew too old, or its user
    was deactivated or lost every location."""
    found = _read(token, idle=idle, longest=longest)
    return found if found is not None and clock.now() < found.expires_at else None


def find_even_late(token: str) -> Session | None:
    """The session of `token`, even if it has timed out within the last twelve hours: a form sent
    too late is kept as a draft of its user. None for an ended session, and one whose user was
    deactivated or lost every location."""
    idle = timedelta(minutes=settings.current().idle_minutes)
    found = _read(token, idle=idle, longest=timedelta(hours=settings.current().session_hours))
    return found if found is not None and clock.now() < found.expires_at + LATE else None


def _read(token: str, *, idle: timedelta, longest: timedelta) -> Session | None:
    rows = session().connection().execute(LIVE, {"token_hash": hashed(token)}).all()
    if not rows:
        return None
    row = rows[0]
    if row.ended_at is not None or not row.active:
        return None
    profile, other = Profile(row.profile), None
    if row.location_profile:
        other = Profile(row.location_profile)
        if row.acts_at_location:
            profile, other = other, profile
    places: dict[int, dict[str, Any]] = {
        each.place_id: dict(zip(PLACE_NAMES, each[-len(PLACE) :], strict=True))
        for each in rows
        if each.place_id is not None
    }
    locations = tuple(Place(**place) for place in places.values())
    if not locations and profile.has_locations:
        return None
    current = next((place for place in locations if place.id == row.current_location_id), None)
    if current is None and profile.has_locations:
        current = locations[0]
    return Session(
        id=row.id,
        actor=Actor(
            id=row.user_id,
            username=row.username,
            full_name=f"{row.first_name} {row.last_name}",
            email=row.email,
            profile=profile,
        ),
        must_change_password=row.must_change_password,
        language=row.language,
        location=current,
        locations=locations,
        last_seen_at=row.last_seen_at,
        expires_at=_expires_at(row.started_at, row.last_seen_at, idle=idle, longest=longest),
        other_profile=other,
    )


def _expires_at(
    started_at: datetime, last_seen_at: datetime, *, idle: timedelta, longest: timedelta
) -> datetime:
    """When the session ends: now, if a clock that ran ahead has noted when it was used, for then
    nobody knows how long ago that was."""
    moment = clock.now()
    if max(started_at, last_seen_at) > moment + clock.SKEW:
        return moment
    return min(last_seen_at + idle, started_at + longest)


def list_open(user_id: int, *, idle: timedelta, longest: timedelta) -> list[UserSession]:
    """The user's sessions that are neither ended nor timed out, the one used last first."""
    rows = session().scalars(
        select(UserSession)
        .where(UserSession.user_id == user_id, UserSession.ended_at.is_(None))
        .where(UserSession.last_seen_at > clock.now() - idle)
        .order_by(UserSession.last_seen_at.desc(), UserSession.id.desc())
    )
    return [
        row
        for row in rows
        if clock.now() < _expires_at(row.started_at, row.last_seen_at, idle=idle, longest=longest)
    ]


def end(session_id: int) -> None:
    """End one session."""
    session().execute(
        update(UserSession).where(UserSession.id == session_id).values(ended_at=clock.now())
    )


def end_one_of(user_id: int, session_id: int) -> bool:
    """End a session of this user; False if it had ended before. Raises `NotFound` for any other
    user's."""
    whose = select(UserSession.id).where(
        UserSession.id == session_id, UserSession.user_id == user_id
    )
    if session().scalar(whose) is None:
        raise NotFound
    ended = session().execute(
        update(UserSession)
        .where(UserSession.id == session_id, UserSession.ended_at.is_(None))
        .values(ended_at=clock.now())
        .returning(UserSession.id)
    )
    return ended.first() is not None


def end_all(user_id: int, *, but: int | None = None) -> None:
    """End every session of a user, except the session `but`."""
    statement = update(UserSession).where(
        UserSession.user_id == user_id, UserSession.ended_at.is_(None)
    )
    if but is not None:
        statement = statement.where(UserSession.id != but)
    session().execute(statement.values(ended_at=clock.now()))


def keep_alive(live: Session) -> None:
    """Note that the session was used; written at most every five seconds, in its own unit.

    This is the one write that follows a safe request by itself. A database that cannot take it
    just now does not spoil the answer: at worst the session times out a little early.
    """
    moment = clock.now()
    if live.last_seen_at >= moment - TOUCH_EVERY:
        return
    try:
        _touch(live.id, moment)
    except Exception as error:  # the answer is made, and what was sent is saved
        log.warning("a session could not be kept alive: %s", type(error).__name__)


def _touch(session_id: int, moment: datetime) -> None:
    with unit_of_work(patience=0) as current:
        current.execute(
            update(UserSession)
            .where(UserSession.id == session_id, UserSession.last_seen_at < moment - TOUCH_EVERY)
            .values(last_seen_at=moment)
        )
