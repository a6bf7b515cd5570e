"""A module that comes from elsewhere: the example of docs/modules.md."""

from datetime import timedelta

from portal.access.profiles import CLINIC
from portal.module import Capability, Fill, Job, Lookup, Module, Tab

module = Module(
    name="fridges",
    title="Fridges",
    blueprint="clinic_fridges.views:blueprint",
    capabilities=(Capability(name="fridges.view", title="See the fridges", profiles=CLINIC),),
    tabs=(
        Tab(
            label="Fridges",
            endpoint="fridges.index",
            capability="fridges.view",
            icon="vial",
            order=500,
        ),
    ),
    fills=(
        Fill(
            slot="home.cards",
            function="clinic_fridges.parts:card",
            template="fridges/_card.html",
            capability="fridges.view",
        ),
    ),
    lookups=(
        Lookup(
            name="fridges",
            function="clinic_fridges.parts:look_up",
            find="clinic_fridges.parts:find",
            capability="fridges.view",
        ),
    ),
    jobs=(
        Job(
            name="fridges.read",
            title="Read the thermometers",
            function="clinic_fridges.parts:read_thermometers",
            every=timedelta(minutes=5),
        ),
    ),
    commands="clinic_fridges.parts:fridges",
)
