"""Users, the locations they work at, their sessions, and the links that were mailed to them."""

from datetime import datetime

from sqlalchemy import ForeignKey, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from portal.access.profiles import Profile
from portal.clock import now
from portal.db import Base
from portal.places.models import Location
from portal.searching.text import search_text, searchable


class User(Base):
    """A member of staff. Holds one profile, at one or more locations.

    Programme staff work for all locations. One of them may hold a `location_profile` besides, for
    locations of their own: then they act in one of the two at a time, at a location if
    `acts_at_location`.
    """

    __tablename__ = "user_account"

    id: Mapped[int] = mapped_column(primary_key=True)
    username: Mapped[str] = mapped_column(String(64), unique=True)
    first_name: Mapped[str] = mapped_column(String(80))
    last_name: Mapped[str] = mapped_column(String(80))
    email: Mapped[str] = mapped_column(String(254), unique=True)
    profile: Mapped[str] = mapped_column(String(16))
    location_profile: Mapped[str | None] = mapped_column(String(16), default=None)
    acts_at_location: Mapped[bool] = mapped_column(default=False)
    language: Mapped[str] = mapped_column(String(8), default="en")
    password_hash: Mapped[str | None] = mapped_column(String(200), default=None)
    must_change_password: Mapped[bool] = mapped_column(default=False)
    active: Mapped[bool] = mapped_column(default=True)
    current_location_id: Mapped[int | None] = mapped_column(
        ForeignKey("location.id"), default=None, index=True
    )
    created_at: Mapped[datetime] = mapped_column(default=now)
    registered_at: Mapped[datetime | None] = mapped_column(default=None)
    search: Mapped[str] = search_text()

    memberships: Mapped[list["UserLocation"]] = relationship(
        back_populates="user", cascade="all, delete-orphan", lazy="raise_on_sql"
    )

    @property
    def full_name(self) -> str:
        """First and last name."""
        return f"{self.first_name} {self.last_name}"

    @property
    def held_profile(self) -> Profile:
        """The profile as a value of the enumeration; the staff one for who holds two."""
        return Profile(self.profile)

    @property
    def profile_at_locations(self) -> Profile | None:
        """The profile at the user's own locations; None for who has no such profile."""
        if self.held_profile.has_locations:
            return self.held_profile
        return Profile(self.location_profile) if self.location_profile else None

    @property
    def profiles(self) -> tuple[Profile, ...]:
        """All profiles of the user, the staff one first."""
        besides = (Profile(self.location_profile),) if self.location_profile else ()
        return (self.held_profile, *besides)

    @property
    def acting_profile(self) -> Profile:
        """The profile in which the user acts at present."""
        return self.profiles[-1] if self.acts_at_location else self.held_profile


searchable(User, "username", "first_name", "last_name", "email")


class UserLocation(Base):
    """That a user works at a location."""

    __tablename__ = "user_location"
    __table_args__ = (UniqueConstraint("user_id", "location_id"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("user_account.id"))
    location_id: Mapped[int] = mapped_column(ForeignKey("location.id"), index=True)
    created_at: Mapped[datetime] = mapped_column(default=now)

    user: Mapped[User] = relationship(back_populates="memberships")
    location: Mapped[Location] = relationship()


class UserSession(Base):
    """A signed-in browser. The cookie holds a random token, this row only its SHA-256.

    `address` is where it signed in, shortened; `browser` and `system` are names such as Chrome and
    Windows. Each is empty if it is not known.
    """

    __tablename__ = "user_session"

    id: Mapped[int] = mapped_column(primary_key=True)
    token_hash: Mapped[str] = mapped_column(String(64), unique=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("user_account.id"), index=True)
    started_at: Mapped[datetime] = mapped_column(default=now)
    last_seen_at: Mapped[datetime] = mapped_column(default=now, index=True)
    ended_at: Mapped[datetime | None] = mapped_column(default=None)
    address: Mapped[str] = mapped_column(String(45), default="")
    browser: Mapped[str] = mapped_column(String(20), default="")
    system: Mapped[str] = mapped_column(String(20), default="")

    user: Mapped[User] = relationship()
