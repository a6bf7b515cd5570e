"""The account (location) page. The `Locations` tab of the site locator will live here too."""

from portal.access.profiles import MANAGERS, Profile
from portal.i18n import _l
from portal.module import Capability, Fill, Module

SEES = MANAGERS | {Profile.AGENT, Profile.ADMINISTRATOR}

module = Module(
    name="locations",
    title="Locations",
    blueprint="blueprints.locations.views:blueprint",
    capabilities=(
        Capability(
            name="locations.view", title=_l("See the account (location) page"), profiles=SEES
        ),
        Capability(
            name="locations.edit",
            title=_l("Change the contacts of the account (location)"),
            profiles=MANAGERS | {Profile.ADMINISTRATOR},
        ),
    ),
    words="blueprints.locations.words:WORDS",
    slots=("location.actions", "location.panel", "location.record"),
    fills=(
        Fill(
            slot="home.cards",
            function="blueprints.locations.contributions:account_card",
            template="locations/_account_card.html",
            capability="locations.view",
            order=90,
        ),
    ),
)
