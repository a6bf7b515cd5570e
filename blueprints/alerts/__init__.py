"""What needs attention, by e-mail once a day; thresholds are a location's own (SPEC D8).

Other modules say their part through the slot `alerts.digest`: a function that gives
`{"lines": [...]}` for a location.
"""

from datetime import timedelta

from portal.access.profiles import MANAGERS
from portal.i18n import _l
from portal.module import Capability, Fill, Job, MessageKind, Module

module = Module(
    name="alerts",
    title="Alerts",
    requires=("inventory",),
    under="inventory",
    blueprint="blueprints.alerts.views:blueprint",
    models="blueprints.alerts.models",
    capabilities=(
        Capability(
            name="alerts.set",
            title=_l("Set the location's alert limits and your own daily e-mail"),
            profiles=MANAGERS,
        ),
    ),
    slots=("alerts.digest",),
    fills=(
        Fill(
            slot="inventory.menu",
            function="blueprints.alerts.contributions:list_actions",
            template="alerts/_actions.html",
            capability="alerts.set",
            order=85,
        ),
    ),
    jobs=(
        Job(
            name="alerts.daily",
            title=_l("Send the daily e-mail about what needs attention"),
            function="blueprints.alerts.jobs:send_daily",
            every=timedelta(minutes=1),
        ),
    ),
    messages=(MessageKind("daily_digest"),),
    words="blueprints.alerts.words:WORDS",
)
