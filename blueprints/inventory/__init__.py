"""`Vaccine Inventory`: lots at a location and the ledger of their doses.

Fills of `inventory.corrected` are called with the scope and a record whose lot number or expiration
date is about to be corrected, before it is locked, so that they lock first what is locked before a
record. They give a function that brings in line what they know of the record, called with the
`LotCorrection` once it is made.
"""

from portal.access.profiles import MANAGERS, Profile
from portal.i18n import _l
from portal.module import Capability, Check, Fill, Lookup, MessageKind, Module, Tab

SEES = MANAGERS | {Profile.AGENT, Profile.ADMINISTRATOR}

module = Module(
    name="inventory",
    title="Vaccine Inventory",
    requires=("shipments",),
    blueprint="blueprints.inventory.views:blueprint",
    models="blueprints.inventory.models",
    lists=("blueprints.inventory.lists:INVENTORY", "blueprints.inventory.history.listing:HISTORY"),
    capabilities=(
        Capability(name="inventory.view", title=_l("See vaccine inventory"), profiles=SEES),
        Capability(
            name="inventory.add", title=_l("Add vaccine to the inventory"), profiles=MANAGERS
        ),
        Capability(
            name="inventory.rename",
            title=_l("Rename a vaccine inventory record, say where it is kept"),
            profiles=MANAGERS,
        ),
        Capability(
            name="inventory.adjust",
            title=_l("Add doses beyond what was received"),
            profiles=MANAGERS,
        ),
        Capability(
            name="inventory.reverse",
            title=_l("Reverse wastage and returns"),
            profiles=MANAGERS | {Profile.AGENT, Profile.ADMINISTRATOR},
        ),
        Capability(
            name="inventory.correct",
            title=_l("Reverse doses received and adjustments (the help desk)"),
            profiles=frozenset({Profile.AGENT, Profile.ADMINISTRATOR}),
        ),
        Capability(
            name="inventory.correct_lot",
            title=_l("Correct lot number and expiration date from a case (managers confirm)"),
            profiles=SEES,
        ),
        Capability(
            name="inventory.quarantine",
            title=_l("Put a lot of the location into quarantine, and release it"),
            profiles=MANAGERS | {Profile.ADMINISTRATOR},
        ),
        Capability(
            name="inventory.quarantine_everywhere",
            title=_l("Put a lot into quarantine at all locations, and release it"),
            profiles=frozenset({Profile.ADMINISTRATOR}),
        ),
    ),
    tabs=(
        Tab(
            label=_l("Vaccine Inventory"),
            endpoint="inventory.index",
            capability="inventory.view",
            icon="vial",
            order=30,
        ),
    ),
    slots=(
        "inventory.list",
        "inventory.menu",
        "inventory.actions",
        "inventory.panel",
        "inventory.record",
        "inventory.related",
        "inventory.counted",
        "inventory.corrected",
        "document.record",
        "quarantine.places",
    ),
    fills=(
        Fill(
            slot="home.steps",
            function="blueprints.inventory.contributions:receive_step",
            template="home/_step.html",
            capability="inventory.add",
            order=20,
        ),
        Fill(
            slot="case.record",
            function="blueprints.inventory.contributions:of_case",
            template="helpdesk/_record.html",
            capability="inventory.view",
        ),
        Fill(
            slot="helpdesk.topic",
            function="blueprints.inventory.cases:request_about",
            template="helpdesk/_filled.html",
            capability="inventory.view",
        ),
        Fill(
            slot="case.remedies",
            function="blueprints.inventory.cases:remedies",
            template="helpdesk/_remedies.html",
            capability="inventory.correct",
        ),
        Fill(
            slot="case.remedies",
            function="blueprints.inventory.cases:lot_remedies",
            template="helpdesk/_remedies.html",
            capability="inventory.correct_lot",
        ),
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
            slot="inventory.menu",
            function="blueprints.inventory.contributions:list_actions",
            template="inventory/_list_actions.html",
            capability="inventory.view",
            order=90,
        ),
        Fill(
            slot="inventory.menu",
            function="blueprints.inventory.contributions:quarantine_action",
            template="inventory/_quarantine_action.html",
            capability="inventory.quarantine_everywhere",
            order=80,
        ),
        Fill(
            slot="home.cards",
            function="blueprints.inventory.contributions:held_card",
            template="inventory/_held_card.html",
            capability="inventory.view",
            order=32,
        ),
        Fill(
            slot="home.cards",
            function="blueprints.inventory.contributions:low_stock_card",
            template="inventory/_low_stock_card.html",
            capability="inventory.view",
            order=35,
        ),
        Fill(
            slot="schedule.doses",
            function="blueprints.inventory.contributions:usable_doses",
            template="",
            capability="inventory.view",
        ),
        Fill(
            slot="alerts.digest",
            function="blueprints.inventory.contributions:digest",
            template="",
            capability="inventory.view",
            order=10,
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
    settings="blueprints.inventory.settings:InventorySettings",
    messages=(
        MessageKind("quarantine_placed"),
        MessageKind("quarantine_released"),
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
    practice="blueprints.inventory.practice:diary",
)
