"""`Appointment Scheduling`: what a location offers, when, and how many places are left (SPEC G1).

Other modules read days and times, and claim places in them. Bookings are theirs: those that no
longer fit a changed schedule are shown through the slot `schedule.conflicts`, whose subject is a
list of `blueprints.scheduling.setups.Misfit`. `schedule.public` says where the public books; its
subject is the location's `Schedule`.

Three slots give facts, not parts of a page. Their functions are called without a scope and give
`{"rows": …}`. Those of `schedule.doses` and `schedule.promises` get a
`blueprints.scheduling.doses.DosesAsked`; they give tuples of location, product, last day and doses
that can be used through that day, without those in quarantine; tuples of location, day, product
(None for any) and number of appointments to come. That of `schedule.lapsed` gets ids of locations;
it gives tuples of slot and number, of places that are shown as free although the slot still counts
them as taken. Whoever fills it frees them in the transaction that claims one, before it claims.
"""

from datetime import timedelta

from portal.access.profiles import MANAGERS, Profile
from portal.i18n import _l
from portal.module import Capability, Check, Fill, Job, Module

SEES = MANAGERS | {Profile.AGENT, Profile.ADMINISTRATOR}

module = Module(
    name="scheduling",
    title="Scheduling",
    under="locations",
    blueprint="blueprints.scheduling.views:blueprint",
    models="blueprints.scheduling.models",
    capabilities=(
        Capability(
            name="scheduling.view",
            title=_l("See what appointments the location offers"),
            profiles=SEES,
        ),
        Capability(
            name="scheduling.handle",
            title=_l("Set up the location's appointment scheduling"),
            profiles=MANAGERS,
        ),
    ),
    slots=(
        "schedule.conflicts",
        "schedule.doses",
        "schedule.lapsed",
        "schedule.promises",
        "schedule.public",
    ),
    fills=(
        Fill(
            slot="location.record",
            function="blueprints.scheduling.contributions:of_location",
            template="scheduling/_of_location.html",
            capability="scheduling.view",
            order=60,
        ),
        Fill(
            slot="home.steps",
            function="blueprints.scheduling.contributions:turn_on_step",
            template="home/_step.html",
            capability="scheduling.handle",
            order=30,
        ),
        Fill(
            slot="home.cards",
            function="blueprints.scheduling.contributions:shortage_card",
            template="scheduling/_shortage_card.html",
            capability="scheduling.handle",
            order=33,
        ),
    ),
    jobs=(
        Job(
            name="scheduling.nightly",
            title=_l("Make the appointment times of the days ahead"),
            function="blueprints.scheduling.jobs:make_slots",
            every=timedelta(days=1),
        ),
    ),
    checks=(
        Check(
            name="scheduling.slots",
            title="Appointment times are those of the schedule",
            function="blueprints.scheduling.checks:slots_as_scheduled",
        ),
    ),
    commands="blueprints.scheduling.commands:scheduling",
    words="blueprints.scheduling.words:WORDS",
    practice="blueprints.scheduling.practice:diary",
)
