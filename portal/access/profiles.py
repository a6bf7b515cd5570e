"""The profiles of SPEC A2, and that of people who only ask the help desk (H1). What each may do is
said by the modules' capabilities."""

from enum import StrEnum

from portal.i18n import _l


class Profile(StrEnum):
    """A user's profile; the value is what is stored, `label` what is shown."""

    PROVIDER = "provider"
    MANAGER = "manager"
    READ_ONLY = "read_only"
    AGENT = "agent"
    ADMINISTRATOR = "administrator"
    REQUESTER = "requester"

    @property
    def label(self) -> str:
        """The name the guides use."""
        return str(LABELS[self])

    @property
    def is_staff(self) -> bool:
        """Whether this is programme staff, who work for all locations."""
        return self in STAFF

    @property
    def has_locations(self) -> bool:
        """Whether such users work at locations that they were given, and nowhere without one."""
        return self in CLINIC


LABELS = {
    Profile.PROVIDER: _l("Healthcare Provider"),
    Profile.MANAGER: _l("Healthcare Location Manager"),
    Profile.READ_ONLY: _l("Healthcare Provider Read-Only"),
    Profile.AGENT: _l("Support Agent"),
    Profile.ADMINISTRATOR: _l("Programme Administrator"),
    Profile.REQUESTER: _l("Requester"),
}

STAFF = frozenset({Profile.AGENT, Profile.ADMINISTRATOR})
CLINIC = frozenset({Profile.PROVIDER, Profile.MANAGER, Profile.READ_ONLY})
MANAGERS = frozenset({Profile.MANAGER})
EVERYONE = frozenset(Profile)
