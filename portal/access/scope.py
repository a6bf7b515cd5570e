"""Who asks, and for which location: the first argument of every query (DESIGN 4)."""

from dataclasses import dataclass
from datetime import date

from portal import clock
from portal.access.profiles import Profile
from portal.errors import AtAnotherLocation, Forbidden, NoLocation, NotFound, OfOtherPeople


@dataclass(frozen=True, kw_only=True)
class Actor:
    """The user as far as rules, queries and pages need to know them."""

    id: int
    username: str
    full_name: str
    email: str
    profile: Profile


@dataclass(frozen=True, kw_only=True)
class Place:
    """A location as far as headers, rules and queries need to know it."""

    id: int
    name: str
    pin: str
    time_zone: str
    organization_id: int
    phone: str = ""


@dataclass(frozen=True, kw_only=True)
class Scope:
    """What a request may see: the actor, the location it works at, what the profile may do.

    `locations` are those the user may switch to; for programme staff (`everywhere`) any location.
    `location` is None only for programme staff who have not chosen one. `user` has the profile in
    which the user acts, on which all else depends; who holds two could act in `other_profile`.
    """

    user: Actor
    location: Place | None
    locations: tuple[Place, ...]
    capabilities: frozenset[str]
    language: str = "en"
    session_id: int | None = None
    other_profile: Profile | None = None

    @property
    def profiles(self) -> tuple[Profile, ...]:
        """The profile in which the user acts, and after it the other of two."""
        return (self.user.profile, *((self.other_profile,) if self.other_profile else ()))

    @property
    def everywhere(self) -> bool:
        """Whether the user works for all locations (programme staff)."""
        return self.user.profile.is_staff

    @property
    def location_id(self) -> int:
        """The id of the present location. Raises `NoLocation` where none is chosen."""
        return self.place.id

    @property
    def place(self) -> Place:
        """The present location. Raises `NoLocation` where none is chosen."""
        if self.location is None:
            raise NoLocation
        return self.location

    def today(self) -> date:
        """The day it is now at the present location. Raises `NoLocation` where none is chosen."""
        return clock.today(self.place.time_zone)

    def can(self, capability: str) -> bool:
        """Whether the profile holds `capability`."""
        return capability in self.capabilities

    def require(self, capability: str) -> None:
        """Raise `Forbidden` unless the profile holds `capability`."""
        if not self.can(capability):
            raise Forbidden("Your profile does not allow this.")

    def require_location(self, location_id: int | None) -> None:
        """Raise `NotFound` unless a record of `location_id` may be seen now.

        Another location of the same user raises `AtAnotherLocation`, so that the page can offer
        to switch there.
        """
        if location_id is None:
            raise NotFound
        if self.location is not None and location_id == self.location.id:
            return
        if any(place.id == location_id for place in self.locations):
            raise AtAnotherLocation(location_id)
        raise OfOtherPeople
