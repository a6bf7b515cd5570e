"""`Vaccine Administration`: giving a dose, and what is known of it (SPEC G9, G10).

Other modules take part in the transaction through two slots, whose fills are called with the scope
and the version: `administration.given`, also with the vial that was chosen, when a dose has left a
record of the inventory, and `administration.taken_back` when it is back there. Fills of
`administration.vials` are called with the scope and ids of records and say which vials can be
chosen: `[(value, label, record_id or None)]`, no `record_id` for what goes with any. Fills of
`administration.lots` are called with the scope and say by record what is to be known of a lot
before it is chosen: `{record_id: text}`.
`administration.day_end` is a place on the sheet of the day end; its subject is the day.
"""

from portal.access.profiles import CLINIC, MANAGERS, Profile
from portal.i18n import _l
from portal.module import Capability, Check, Fill, MessageKind, Module, Tab

GIVES = frozenset({Profile.PROVIDER, Profile.MANAGER})

module = Module(
    name="administration",
    title="Vaccine Administration",
    requires=("recipients", "appointments", "scheduling", "inventory", "checkin"),
    blueprint="blueprints.administration.routes:blueprint",
    models="blueprints.administration.models",
    lists=("blueprints.administration.lists:VACCINATIONS",),
    capabilities=(
        Capability(
            name="administration.view",
            title=_l("See vaccinations of the location"),
            profiles=CLINIC | {Profile.AGENT, Profile.ADMINISTRATOR},
        ),
        Capability(name="administration.give", title=_l("Record vaccinations"), profiles=GIVES),
        Capability(
            name="administration.correct",
            title=_l("Correct vaccinations: providers their own of today, managers all"),
            profiles=GIVES,
        ),
        Capability(
            name="administration.override",
            title=_l("Record a vaccination that a rule stops, with a reason"),
            profiles=MANAGERS,
        ),
    ),
    tabs=(
        Tab(
            label=_l("Vaccinations"),
            endpoint="administration.index",
            capability="administration.view",
            icon="vial",
            order=16,
        ),
    ),
    slots=(
        "administration.lots",
        "administration.vials",
        "administration.given",
        "administration.taken_back",
        "administration.saved",
        "administration.actions",
        "administration.record",
        "administration.related",
        "administration.day_end",
    ),
    fills=(
        Fill(
            slot="inventory.corrected",
            function="blueprints.administration.relabeling:relabel",
            template="",
            capability="inventory.correct_lot",
        ),
        Fill(
            slot="arrival.next",
            function="blueprints.administration.contributions:next_step",
            template="",
            capability="administration.give",
            order=10,
        ),
        Fill(
            slot="arrival.row",
            function="blueprints.administration.contributions:day_notes",
            template="",
            capability="administration.view",
        ),
        Fill(
            slot="today.sections",
            function="blueprints.administration.contributions:day_tally",
            template="administration/_day_tally.html",
            capability="administration.view",
            order=10,
        ),
        Fill(
            slot="recipient.related",
            function="blueprints.administration.contributions:of_recipient_page",
            template="administration/_of_recipient.html",
            capability="administration.view",
            order=5,
        ),
        Fill(
            slot="home.cards",
            function="blueprints.administration.contributions:today_card",
            template="administration/_today_card.html",
            capability="administration.give",
            order=14,
        ),
        Fill(
            slot="home.cards",
            function="blueprints.administration.contributions:overrides_card",
            template="administration/_overrides_card.html",
            capability="administration.override",
            order=28,
        ),
    ),
    messages=(
        MessageKind(
            "vaccination_given",
            channels=("email", "sms"),
            still_true="blueprints.administration.telling:still_true",
            still_reaches="blueprints.administration.telling:still_reaches",
        ),
        MessageKind(
            "vaccination_removed",
            channels=("email", "sms"),
            still_true="blueprints.administration.telling:still_removed",
            still_reaches="blueprints.administration.telling:still_reaches",
        ),
    ),
    checks=(
        Check(
            name="administration.doses",
            title="Each dose given here left exactly its lot, and each one removed is back",
            function="blueprints.administration.checks:doses",
        ),
        Check(
            name="administration.facts",
            title="Vaccinations say what their newest version says",
            function="blueprints.administration.checks:facts",
        ),
    ),
    words="blueprints.administration.words:WORDS",
    practice="blueprints.administration.practice:diary",
)
