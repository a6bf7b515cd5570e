"""`Recipient`: the people who get vaccinated, found by name and date of birth (SPEC F1, F2)."""

from datetime import timedelta

from portal.access.profiles import CLINIC, Profile
from portal.i18n import _l
from portal.module import Capability, Check, Fill, Job, Module, Tab

HANDLES = frozenset({Profile.PROVIDER, Profile.MANAGER})

module = Module(
    name="recipients",
    title="Recipients",
    blueprint="blueprints.recipients.routes:blueprint",
    models="blueprints.recipients.models",
    lists=("blueprints.recipients.lists:RECIPIENTS",),
    capabilities=(
        Capability(
            name="recipients.view",
            title=_l("See the recipients of the location, find others"),
            profiles=CLINIC | {Profile.AGENT, Profile.ADMINISTRATOR},
        ),
        Capability(
            name="recipients.handle",
            title=_l("Register recipients, change their records"),
            profiles=HANDLES,
        ),
        Capability(
            name="recipients.merge",
            title=_l("Merge two records of one recipient"),
            profiles=frozenset({Profile.AGENT, Profile.ADMINISTRATOR}),
        ),
    ),
    tabs=(
        Tab(
            label=_l("Recipient"),
            endpoint="recipients.index",
            capability="recipients.view",
            icon="person",
            order=12,
        ),
    ),
    slots=(
        "recipient.actions",
        "recipient.reached",
        "recipient.record",
        "recipient.related",
        "recipient.together",
    ),
    fills=(
        Fill(
            slot="case.record",
            function="blueprints.recipients.contributions:of_case",
            template="helpdesk/_record.html",
            capability="recipients.view",
        ),
        Fill(
            slot="helpdesk.topic",
            function="blueprints.recipients.cases:request_about",
            template="helpdesk/_filled.html",
            capability="recipients.view",
        ),
        Fill(
            slot="case.remedies",
            function="blueprints.recipients.cases:remedies",
            template="helpdesk/_remedies.html",
            capability="recipients.merge",
        ),
    ),
    jobs=(
        Job(
            name="recipients.unfinished",
            title=_l("Delete registrations that were not finished"),
            function="blueprints.recipients.jobs:forget",
            every=timedelta(hours=1),
        ),
    ),
    settings="blueprints.recipients.settings:RecipientSettings",
    checks=(
        Check(
            name="recipients.found",
            title="Recipients are listed and found under their present names",
            function="blueprints.recipients.checks:found",
        ),
    ),
    words="blueprints.recipients.words:WORDS",
    practice="blueprints.recipients.practice:diary",
)
