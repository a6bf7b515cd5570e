"""`Vaccine Inventory`: lots at a location and the ledger of their doses."""

from portal.module import Capability, Check, Fill, Lookup, Module, Setting, Tab
from portal.people.profiles import MANAGERS, Profile

SEES = MANAGERS | {Profile.AGENT, Profile.ADMINISTRATOR}

module = Module(
    name="inventory",
    title="Vaccine Inventory",
    requires=("shipments",),
    blueprint="blueprints.inventory.views:blueprint",
    models="blueprints.inventory.models",
    lists=("blueprints.inventory.lists:INVENTORY",),
    capabilities=(
        Capability(name="inventory.view", title="See vaccine inventory", profiles=SEES),
        Capability(name="inventory.add", title="Add vaccine to the inventory", profiles=MANAGERS),
        Capability(
            name="inventory.rename", title="Rename a vaccine inventory record", profiles=MANAGERS
        ),
    ),
    tabs=(
        Tab(
            label="Vaccine Inventory",
            endpoint="inventory.index",
            capability="inventory.view",
            icon="vial",
            order=30,
        ),
    ),
    slots=("inventory.actions", "inventory.record", "inventory.related"),
    fills=(
        Fill(
            slot="shipment.actions",
            function="blueprints.inventory.contributions:shipment_actions",
            template="inventory/_shipment_actions.html",
            capability="inventory.add",
        ),
        Fill(
            slot="shipment.related",
            function="blueprints.inventory.contributions:shipment_records",
            template="inventory/_shipment_records.html",
            capability="inventory.view",
        ),
        Fill(
            slot="location.panel",
            function="blueprints.inventory.contributions:location_totals",
            template="inventory/_location_totals.html",
            capability="inventory.view",
        ),
        Fill(
            slot="location.record",
            function="blueprints.inventory.contributions:location_inventory",
            template="inventory/_location_inventory.html",
            capability="inventory.view",
        ),
        Fill(
            slot="home.cards",
            function="blueprints.inventory.contributions:expiry_card",
            template="inventory/_expiry_card.html",
            capability="inventory.view",
            order=30,
        ),
    ),
    lookups=(
        Lookup(
            name="accounts",
            function="blueprints.inventory.queries:look_up_accounts",
            find="blueprints.inventory.queries:find_account_choice",
            capability="inventory.add",
        ),
    ),
    settings=(
        Setting(
            name="expiry_warning_days",
            default=14,
            help="How many days ahead of its expiration date a lot is pointed out.",
        ),
    ),
    checks=(
        Check(
            name="inventory.ledger",
            title="Doses on every record equal the sum of its ledger",
            function="blueprints.inventory.checks:ledger_sums",
        ),
        Check(
            name="inventory.received",
            title="Doses received of every shipment equal what was added to the inventory",
            function="blueprints.inventory.checks:received_of_shipments",
        ),
    ),
    words="blueprints.inventory.words:WORDS",
    practice="blueprints.inventory.practice:fill",
)
