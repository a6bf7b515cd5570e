"""`Account Management`: location managers and programme administrators look after accounts."""

from portal.access.profiles import STAFF, Profile
from portal.i18n import _l
from portal.module import Capability, Fill, Module, Tab

module = Module(
    name="accounts",
    title="Account Management",
    blueprint="blueprints.accounts.views:blueprint",
    lists=("blueprints.accounts.lists:USERS",),
    words="blueprints.accounts.words:WORDS",
    capabilities=(
        Capability(
            name="accounts.manage",
            title=_l("Account Management: add, change, deactivate users"),
            profiles=frozenset({Profile.MANAGER, Profile.ADMINISTRATOR}),
        ),
        Capability(
            name="accounts.unlock",
            title=_l("Forget failed attempts to sign in, from a case of the help desk"),
            profiles=STAFF,
        ),
    ),
    slots=("account.related",),
    fills=(
        Fill(
            slot="home.steps",
            function="blueprints.accounts.contributions:add_users_step",
            template="home/_step.html",
            capability="accounts.manage",
            order=10,
        ),
        Fill(
            slot="case.record",
            function="blueprints.accounts.contributions:of_case",
            template="helpdesk/_record.html",
            capability="portal.use",
        ),
        Fill(
            slot="helpdesk.topic",
            function="blueprints.accounts.cases:request_about",
            template="helpdesk/_filled.html",
            capability="portal.use",
        ),
        Fill(
            slot="case.remedies",
            function="blueprints.accounts.cases:remedies",
            template="helpdesk/_remedies.html",
            capability="accounts.unlock",
        ),
    ),
    tabs=(
        Tab(
            label=_l("Account Management"),
            endpoint="accounts.index",
            capability="accounts.manage",
            icon="person",
            order=700,
        ),
    ),
)
