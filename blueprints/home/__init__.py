"""`Home`, `Help & Information`, the style guide."""

from portal.access.profiles import EVERYONE
from portal.i18n import _l
from portal.module import Capability, Module, Tab

module = Module(
    name="home",
    title="Home",
    blueprint="blueprints.home.views:blueprint",
    capabilities=(
        Capability(name="home.view", title=_l("Home, Help & Information"), profiles=EVERYONE),
    ),
    tabs=(
        Tab(label=_l("Home"), endpoint="home.index", capability="home.view", icon="home", order=10),
        Tab(
            label=_l("Help & Information"),
            endpoint="home.help_information",
            capability="home.view",
            icon="help",
            order=900,
        ),
    ),
    slots=("home.steps", "home.cards", "home.ask", "home.help"),
)
