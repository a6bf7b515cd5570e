"""`Wastage` and `Return`: doses that leave the inventory without being given (SPEC D5)."""

from portal.access.profiles import MANAGERS
from portal.i18n import _l
from portal.module import Capability, Fill, Module

module = Module(
    name="wastage",
    title="Wastage and Return",
    requires=("inventory",),
    under="inventory",
    blueprint="blueprints.wastage.views:blueprint",
    capabilities=(
        Capability(
            name="wastage.record", title=_l("Record wastage and returns"), profiles=MANAGERS
        ),
    ),
    lists=("blueprints.wastage.lists:LOSSES",),
    fills=(
        Fill(
            slot="inventory.menu",
            function="blueprints.wastage.contributions:list_menu",
            template="wastage/_menu.html",
            capability="inventory.view",
        ),
        Fill(
            slot="inventory.list",
            function="blueprints.wastage.contributions:list_actions",
            template="wastage/_actions.html",
            capability="wastage.record",
            order=10,
        ),
        Fill(
            slot="inventory.actions",
            function="blueprints.wastage.contributions:record_actions",
            template="wastage/_actions.html",
            capability="wastage.record",
            order=10,
        ),
    ),
    practice="blueprints.wastage.practice:diary",
)
