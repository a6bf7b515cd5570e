"""Cooler boxes that a location lends: a module that comes from elsewhere and is in no folder of the
portal."""

from portal.access.profiles import CLINIC, MANAGERS
from portal.i18n import _l
from portal.module import Capability, MessageKind, Module, Tab

module = Module(
    name="coolers",
    title="Coolers",
    blueprint="clinic_coolers.views:blueprint",
    models="clinic_coolers.models",
    capabilities=(
        Capability(name="coolers.view", title=_l("See coolers"), profiles=CLINIC),
        Capability(name="coolers.lend", title=_l("Lend coolers"), profiles=MANAGERS),
    ),
    tabs=(
        Tab(
            label=_l("Coolers"),
            endpoint="coolers.index",
            capability="coolers.view",
            icon="vial",
            order=500,
        ),
    ),
    lists=("clinic_coolers.views:COOLERS",),
    imports=("clinic_coolers.importing:IMPORT",),
    settings="clinic_coolers.settings:CoolerSettings",
    messages=(
        MessageKind("cooler_lent"),
        MessageKind(
            "cooler_due",
            channels=("email", "pager"),
            still_true="clinic_coolers.services:still_out",
        ),
    ),
    channels=("clinic_coolers.pager:PAGER",),
    words="clinic_coolers.settings:WORDS",
    practice="clinic_coolers.practice:diary",
)
