"""Single-use links that are mailed: registration (72 h) and password reset (60 min).

The database keeps the hash of a link's token. The token itself follows from the link's row and a
key outside the database, so that it need not wait in the outbox either: the mail template asks
`address_of` when the mail is written.
"""

import base64
import hashlib
import hmac
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ForeignKey, String, delete, select, update
from sqlalchemy.orm import Mapped, mapped_column

from portal import clock, settings
from portal.db import Base, session, unit_of_work
from portal.people.models import User
from portal.people.sessions import hashed

INVITATION = "invitation"
RESET = "reset"
PATHS = {INVITATION: "/register/", RESET: "/password/reset/"}
KEPT = timedelta(days=30)

Link = dict[str, str | int]


class MailedLink(Base):
    """A single-use link sent by mail (invitation, password reset); only its hash is kept."""

    __tablename__ = "mailed_link"

    id: Mapped[int] = mapped_column(primary_key=True)
    token_hash: Mapped[str] = mapped_column(String(64), unique=True)
    purpose: Mapped[str] = mapped_column(String(16))
    user_id: Mapped[int] = mapped_column(ForeignKey("user_account.id"), index=True)
    created_at: Mapped[datetime] = mapped_column(default=clock.now)
    expires_at: Mapped[datetime]
    used_at: Mapped[datetime | None] = mapped_column(default=None)


@dataclass(frozen=True, kw_only=True)
class Owner:
    """Whom a live link belongs to, as the page behind it needs to know."""

    user_id: int
    username: str
    full_name: str
    email: str


def create(user_id: int, purpose: str, *, lifetime: timedelta) -> Link:
    """Make a link for the user; the result goes into the mail's secrets, as `link`."""
    return create_many([user_id], purpose, lifetime=lifetime)[user_id]


def create_many(user_ids: Iterable[int], purpose: str, *, lifetime: timedelta) -> dict[int, Link]:
    """Make a link for each of the users, by the user's id."""
    moment = clock.now()
    made = [
        MailedLink(
            token_hash=hashed(f"{user_id}|{purpose}|{moment.isoformat()}"),
            purpose=purpose,
            user_id=user_id,
            created_at=moment,
            expires_at=moment + lifetime,
        )
        for user_id in user_ids
    ]
    session().add_all(made)
    session().flush()
    described: dict[int, Link] = {}
    for link in made:
        one: Link = {
            "id": link.id,
            "user": link.user_id,
            "purpose": purpose,
            "made": moment.isoformat(),
        }
        link.token_hash = hashed(_token(one))
        described[link.user_id] = one
    session().flush()
    return described


def _token(link: Link) -> str:
    text = "|".join(str(link[name]) for name in ("id", "user", "purpose", "made"))
    digest = hmac.new(settings.current().key("links"), text.encode(), hashlib.sha256).digest()
    return base64.urlsafe_b64encode(digest).decode().rstrip("=")


def address_of(link: Link | str) -> str:
    """The full address of a link, for a mail or the command line.

    A text is returned as it is: what a message shows in place of a link that is hidden.
    """
    if isinstance(link, str):
        return link
    return settings.current().base_url.rstrip("/") + path_of(link)


def path_of(link: Link) -> str:
    """The address of a link within the portal."""
    return PATHS[str(link["purpose"])] + _token(link)


def ends(link: Link, lifetime: timedelta) -> datetime:
    """When a link made with `lifetime` stops working."""
    return datetime.fromisoformat(str(link["made"])) + lifetime


def find(token: str, purpose: str) -> Owner | None:
    """Whose live link `token` is; None for one that is unknown, used, expired or of another
    purpose, or whose user was deactivated. Looking does not use the link up."""
    row = (
        session()
        .execute(
            select(User.id, User.username, User.first_name, User.last_name, User.email)
            .join(MailedLink, MailedLink.user_id == User.id)
            .where(
                MailedLink.token_hash == hashed(token),
                MailedLink.purpose == purpose,
                MailedLink.used_at.is_(None),
                MailedLink.expires_at > clock.now(),
                User.active,
            )
        )
        .one_or_none()
    )
    if row is None:
        return None
    return Owner(
        user_id=row.id,
        username=row.username,
        full_name=f"{row.first_name} {row.last_name}",
        email=row.email,
    )


def use(token: str, purpose: str) -> int | None:
    """Use the link up; the user's id, or None if there was nothing to use (any more)."""
    return session().scalar(
        update(MailedLink)
        .where(
            MailedLink.token_hash == hashed(token),
            MailedLink.purpose == purpose,
            MailedLink.used_at.is_(None),
            MailedLink.expires_at > clock.now(),
        )
        .values(used_at=clock.now())
        .returning(MailedLink.user_id)
    )


def withdraw(user_id: int, *purposes: str) -> None:
    """Make the user's unused links (of these purposes, else all) worthless."""
    statement = update(MailedLink).where(
        MailedLink.user_id == user_id, MailedLink.used_at.is_(None)
    )
    if purposes:
        statement = statement.where(MailedLink.purpose.in_(purposes))
    session().execute(statement.values(used_at=clock.now()))


def pending_invitation(user_id: int) -> datetime | None:
    """Until when the user's newest unused invitation is good; None if there is none."""
    return session().scalar(
        select(MailedLink.expires_at)
        .where(
            MailedLink.user_id == user_id,
            MailedLink.purpose == INVITATION,
            MailedLink.used_at.is_(None),
        )
        .order_by(MailedLink.id.desc())
        .limit(1)
    )


def forget_old() -> None:
    """Delete links that expired more than 30 days ago (a job of the platform)."""
    with unit_of_work() as current:
        current.execute(delete(MailedLink).where(MailedLink.expires_at < clock.now() - KEPT))
