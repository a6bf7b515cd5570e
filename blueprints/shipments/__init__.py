"""`Shipments`: what suppliers announce, by file or by form."""

from datetime import timedelta

from portal.access.profiles import MANAGERS, Profile
from portal.i18n import _l
from portal.module import Capability, Fill, Job, Lookup, MessageKind, Module, Tab

SEES = MANAGERS | {Profile.AGENT, Profile.ADMINISTRATOR}
IMPORTS = frozenset({Profile.ADMINISTRATOR})

module = Module(
    name="shipments",
    title="Shipments",
    blueprint="blueprints.shipments.routes:blueprint",
    models="blueprints.shipments.models",
    lists=("blueprints.shipments.lists:SHIPMENTS",),
    imports=("blueprints.shipments.importing:IMPORT",),
    capabilities=(
        Capability(name="shipments.view", title=_l("See orders and shipments"), profiles=SEES),
        Capability(
            name="shipments.import",
            title=_l("Enter orders and shipments by file or form"),
            profiles=IMPORTS,
        ),
        Capability(
            name="shipments.close", title=_l("Close and reopen shipments"), profiles=MANAGERS
        ),
    ),
    tabs=(
        Tab(
            label=_l("Shipments"),
            endpoint="shipments.index",
            capability="shipments.view",
            icon="truck",
            order=20,
        ),
    ),
    slots=("shipment.actions", "shipment.record", "shipment.related"),
    fills=(
        Fill(
            slot="home.steps",
            function="blueprints.shipments.contributions:first_shipment_step",
            template="home/_step.html",
            capability="shipments.import",
            order=20,
        ),
        Fill(
            slot="home.cards",
            function="blueprints.shipments.contributions:to_be_received_card",
            template="shipments/_to_be_received_card.html",
            capability="shipments.view",
            order=20,
        ),
        Fill(
            slot="home.cards",
            function="blueprints.shipments.contributions:files_card",
            template="imports/_home_card.html",
            capability="shipments.import",
            order=9,
        ),
        Fill(
            slot="alerts.digest",
            function="blueprints.shipments.contributions:digest",
            template="",
            capability="shipments.view",
            order=20,
        ),
        Fill(
            slot="shipment.actions",
            function="blueprints.shipments.contributions:closing_action",
            template="shipments/_closing_action.html",
            capability="shipments.close",
            order=900,
        ),
    ),
    lookups=(
        Lookup(
            name="shipments",
            function="blueprints.shipments.queries:look_up_shipments",
            find="blueprints.shipments.queries:find_shipment_choice",
            capability="shipments.view",
        ),
    ),
    jobs=(
        Job(
            name="shipments.watch_folder",
            title=_l("Look for files in the watched folder"),
            function="blueprints.shipments.jobs:watch_folder",
            every=timedelta(minutes=1),
        ),
    ),
    settings="blueprints.shipments.settings:ShipmentSettings",
    messages=(
        MessageKind("shipment_announced"),
        MessageKind("shipment_corrected"),
        MessageKind("shipment_withdrawn"),
    ),
    words="blueprints.shipments.words:WORDS",
    commands="blueprints.shipments.commands:shipments",
    practice="blueprints.shipments.practice:diary",
)
