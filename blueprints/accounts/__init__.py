"""`Account Management`: location managers and programme administrators look after accounts."""

from portal.access.profiles import Profile
from portal.i18n import _l
from portal.module import Capability, Module, Tab

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
