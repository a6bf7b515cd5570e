"""`Count`: what is in the fridges beside what the ledger says (SPEC D11)."""

from portal.access.profiles import MANAGERS, Profile
from portal.i18n import _l
from portal.module import Capability, Check, Fill, Module

SEES = MANAGERS | {Profile.AGENT, Profile.ADMINISTRATOR}

module = Module(
    name="counts",
    title="Counts",
    requires=("inventory",),
    under="inventory",
    blueprint="blueprints.counts.views:blueprint",
    models="blueprints.counts.models",
    capabilities=(
        Capability(name="counts.view", title=_l("See counts"), profiles=SEES),
        Capability(name="counts.handle", title=_l("Count the inventory"), profiles=MANAGERS),
    ),
    fills=(
        Fill(
            slot="inventory.menu",
            function="blueprints.counts.contributions:list_actions",
            template="counts/_actions.html",
            capability="counts.view",
            order=50,
        ),
        Fill(
            slot="document.record",
            function="blueprints.counts.contributions:of_document",
            template="counts/_of_document.html",
            capability="counts.view",
        ),
        Fill(
            slot="inventory.counted",
            function="blueprints.counts.contributions:counted",
            template="",
            capability="counts.view",
        ),
    ),
    slots=("counts.finish",),
    checks=(
        Check(
            name="counts.booked",
            title="What finished counts booked agrees with what was counted",
            function="blueprints.counts.checks:booked",
        ),
        Check(
            name="counts.expected",
            title="What counts expected is what the ledger said",
            function="blueprints.counts.checks:expected",
        ),
    ),
    practice="blueprints.counts.practice:diary",
    words="blueprints.counts.words:WORDS",
)
