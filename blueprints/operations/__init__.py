"""`Operations`: messages, jobs, the audit trail and refusals, for programme administrators."""

from portal.access.profiles import Profile
from portal.i18n import _l
from portal.module import Capability, Fill, Module, Tab

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
            slot="home.steps",
            function="blueprints.operations.contributions:mail_server_step",
            template="home/_step.html",
            capability="messages.manage",
            order=30,
        ),
        Fill(
            slot="home.cards",
            function="blueprints.operations.contributions:messages_card",
            template="operations/_messages_card.html",
            capability="messages.manage",
            order=20,
        ),
        Fill(
            slot="home.cards",
            function="blueprints.operations.contributions:refusals_card",
            template="operations/_refusals_card.html",
            capability="refusals.read",
            order=6,
        ),
    ),
    lists=("blueprints.operations.lists:REFUSALS",),
)
