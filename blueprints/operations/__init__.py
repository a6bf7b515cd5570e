"""`Operations`: messages, jobs and the audit trail, for programme administrators."""

from portal.i18n import _l
from portal.module import Capability, Fill, Module, Tab
from portal.people.profiles import Profile

module = Module(
    name="operations",
    title="Operations",
    blueprint="blueprints.operations.views:blueprint",
    capabilities=(
        Capability(
            name="operations.view",
            title=_l("Operations: messages, jobs, audit trail"),
            profiles=frozenset({Profile.ADMINISTRATOR}),
        ),
    ),
    tabs=(
        Tab(
            label=_l("Operations"),
            endpoint="operations.messages",
            capability="operations.view",
            icon="report",
            order=850,
        ),
    ),
    fills=(
        Fill(
            slot="home.cards",
            function="blueprints.operations.contributions:messages_card",
            template="operations/_messages_card.html",
            capability="messages.manage",
            order=20,
        ),
    ),
)
