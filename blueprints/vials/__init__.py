"""`Open vials`: which doses of the inventory are in vials that have been punctured, and until when
they may be used (SPEC D13).

The ledger alone counts doses. A vial says where some of them are.
"""

from portal.access.profiles import CLINIC, Profile
from portal.i18n import _l
from portal.module import Capability, Check, Fill, Module

module = Module(
    name="vials",
    title="Open Vials",
    requires=("inventory", "wastage"),
    under="inventory",
    blueprint="blueprints.vials.views:blueprint",
    models="blueprints.vials.models",
    capabilities=(
        Capability(name="vials.view", title=_l("See open vials"), profiles=CLINIC),
        Capability(
            name="vials.handle",
            title=_l("Say that a vial was not opened"),
            profiles=frozenset({Profile.PROVIDER, Profile.MANAGER}),
        ),
    ),
    # `vials.soon` is a place below the open vials whose doses will be lost; they are its subject.
    # `vials.closing`: `function(scope)` gives for how many minutes more people come today, or None.
    slots=("vials.soon", "vials.closing"),
    fills=(
        Fill(
            slot="home.cards",
            function="blueprints.vials.contributions:card",
            template="vials/_card.html",
            capability="vials.view",
            order=20,
        ),
        Fill(
            slot="administration.lots",
            function="blueprints.vials.given:open_here",
            template="",
            capability="vials.view",
        ),
        Fill(
            slot="administration.vials",
            function="blueprints.vials.given:choices",
            template="",
            capability="vials.view",
        ),
        Fill(
            slot="today.sections",
            function="blueprints.vials.contributions:of_today",
            template="vials/_today.html",
            capability="vials.view",
            order=20,
        ),
        Fill(
            slot="administration.day_end",
            function="blueprints.vials.contributions:at_day_end",
            template="vials/_today.html",
            capability="vials.view",
        ),
        Fill(
            slot="administration.given",
            function="blueprints.vials.given:taken",
            template="",
            capability="vials.view",
        ),
        Fill(
            slot="administration.taken_back",
            function="blueprints.vials.given:put_back",
            template="",
            capability="vials.view",
        ),
    ),
    settings="blueprints.vials.settings:VialSettings",
    checks=(
        Check(
            name="vials.records",
            title="Open vials belong to records of their own location",
            function="blueprints.vials.checks:of_their_records",
        ),
    ),
    words="blueprints.vials.words:WORDS",
    practice="blueprints.vials.practice:diary",
)
