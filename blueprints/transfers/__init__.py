"""`Transfer` and `Inbound Transfer`: doses that go from one location to another (SPEC E)."""

from portal.access.profiles import MANAGERS, Profile
from portal.i18n import _l
from portal.module import Capability, Check, Fill, Lookup, MessageKind, Module

SEES = MANAGERS | {Profile.AGENT, Profile.ADMINISTRATOR}

module = Module(
    name="transfers",
    title="Transfers",
    requires=("inventory",),
    under="inventory",
    blueprint="blueprints.transfers.views:blueprint",
    models="blueprints.transfers.models",
    lists=("blueprints.transfers.lists:TRANSFERS",),
    capabilities=(
        Capability(name="transfers.view", title=_l("See transfers"), profiles=SEES),
        Capability(
            name="transfers.handle",
            title=_l("Send, receive, refuse and cancel transfers"),
            profiles=MANAGERS,
        ),
    ),
    fills=(
        Fill(
            slot="inventory.corrected",
            function="blueprints.transfers.contributions:follow_lot",
            template="",
            capability="inventory.correct_lot",
        ),
        Fill(
            slot="inventory.list",
            function="blueprints.transfers.contributions:list_actions",
            template="transfers/_actions.html",
            capability="transfers.handle",
            order=30,
        ),
        Fill(
            slot="inventory.actions",
            function="blueprints.transfers.contributions:record_actions",
            template="transfers/_actions.html",
            capability="transfers.handle",
            order=30,
        ),
        Fill(
            slot="inventory.related",
            function="blueprints.transfers.contributions:of_record",
            template="transfers/_of_record.html",
            capability="transfers.view",
        ),
        Fill(
            slot="location.record",
            function="blueprints.transfers.contributions:of_location",
            template="transfers/_of_location.html",
            capability="transfers.view",
        ),
        Fill(
            slot="home.cards",
            function="blueprints.transfers.contributions:home_card",
            template="transfers/_home_card.html",
            capability="transfers.view",
            order=25,
        ),
        Fill(
            slot="quarantine.places",
            function="blueprints.transfers.contributions:places_of_lot",
            template="",
            capability="transfers.view",
        ),
        Fill(
            slot="counts.finish",
            function="blueprints.transfers.contributions:on_the_way",
            template="transfers/_on_the_way.html",
            capability="transfers.view",
        ),
        Fill(
            slot="alerts.digest",
            function="blueprints.transfers.contributions:digest",
            template="",
            capability="transfers.view",
            order=30,
        ),
    ),
    lookups=(
        Lookup(
            name="receivers",
            function="blueprints.transfers.queries:look_up_receivers",
            find="blueprints.transfers.queries:find_receiver",
            capability="transfers.handle",
        ),
    ),
    messages=(
        MessageKind("transfer_sent"),
        MessageKind("transfer_received"),
        MessageKind("transfer_refused"),
        MessageKind("transfer_cancelled"),
    ),
    checks=(
        Check(
            name="transfers.conserved",
            title="Doses in transit equal what is under way between locations",
            function="blueprints.transfers.checks:conserved",
        ),
        Check(
            name="transfers.listed",
            title="Lists of transfers say what became of each, at both locations",
            function="blueprints.transfers.checks:listed",
        ),
    ),
    practice="blueprints.transfers.practice:diary",
    words="blueprints.transfers.words:WORDS",
)
