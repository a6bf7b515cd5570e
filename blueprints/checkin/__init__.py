"""`Recipient Check In`: who is here today, and what became of them (SPEC G2, G14)."""

from portal.access.profiles import CLINIC, Profile
from portal.i18n import _l
from portal.module import Capability, Module

module = Module(
    name="checkin",
    title="Check-in",
    requires=("recipients", "appointments"),
    models="blueprints.checkin.models",
    capabilities=(
        Capability(
            name="checkin.view",
            title=_l("See who is expected and who is here today"),
            profiles=CLINIC,
        ),
        Capability(
            name="checkin.handle",
            title=_l("Check recipients in"),
            profiles=frozenset({Profile.PROVIDER, Profile.MANAGER}),
        ),
    ),
    slots=("arrival.next", "arrival.row", "today.cards", "today.sections"),
    words="blueprints.checkin.words:WORDS",
)
