"""`Who Could Come`: people who are due and can be called before doses in open vials are lost
(SPEC D13)."""

from portal.access.profiles import Profile
from portal.i18n import _l
from portal.module import Capability, Fill, Module

module = Module(
    name="standby",
    title="Who Could Come",
    requires=(
        "recipients",
        "appointments",
        "scheduling",
        "inventory",
        "checkin",
        "administration",
    ),
    under="appointments",
    blueprint="blueprints.standby.views:blueprint",
    models="blueprints.standby.models",
    capabilities=(
        Capability(
            name="standby.call",
            title=_l("Call people who could come for doses that would be lost"),
            profiles=frozenset({Profile.PROVIDER, Profile.MANAGER}),
        ),
    ),
    fills=(
        Fill(
            slot="vials.soon",
            function="blueprints.standby.contributions:offer",
            template="standby/_offer.html",
            capability="standby.call",
        ),
        Fill(
            slot="vials.closing",
            function="blueprints.standby.contributions:minutes_open",
            template="",
            capability="appointments.view",
        ),
        Fill(
            slot="today.sections",
            function="blueprints.standby.contributions:of_today",
            template="standby/_today.html",
            capability="standby.call",
            order=15,
        ),
    ),
    words="blueprints.standby.words:WORDS",
)
