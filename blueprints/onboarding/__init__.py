"""`HCP Onboarding & Recipient Bulk Upload`: users and recipients by spreadsheet
(SPEC F3, H4 to H6, H9).

A file comes as the attachment of a case; an agent has it processed, and its result is told in the
case, with the rows that failed as a workbook to correct.
"""

from datetime import timedelta

from portal.access.profiles import STAFF
from portal.i18n import _l
from portal.module import Capability, Fill, Job, Module

module = Module(
    name="onboarding",
    title="Onboarding",
    requires=("helpdesk", "accounts", "locations", "recipients"),
    under="helpdesk",
    blueprint="blueprints.onboarding.views:blueprint",
    models="blueprints.onboarding.models",
    imports=(
        "blueprints.onboarding.importing:USERS",
        "blueprints.onboarding.importing:RECIPIENTS",
    ),
    capabilities=(
        Capability(
            name="onboarding.process",
            title=_l("Process onboarding files of cases"),
            profiles=STAFF,
        ),
    ),
    fills=(
        Fill(
            slot="home.cards",
            function="blueprints.onboarding.contributions:files_card",
            template="imports/_home_card.html",
            capability="onboarding.process",
            order=9,
        ),
        Fill(
            slot="case.attachments",
            function="blueprints.onboarding.contributions:of_attachment",
            template="onboarding/_attachment.html",
            capability="helpdesk.ask",
        ),
        Fill(
            slot="helpdesk.form",
            function="blueprints.onboarding.contributions:of_form",
            template="onboarding/_templates.html",
            capability="helpdesk.ask",
        ),
    ),
    jobs=(
        Job(
            name="onboarding.tell",
            title=_l("Tell the results of onboarding files"),
            function="blueprints.onboarding.jobs:tell",
            every=timedelta(minutes=1),
        ),
        Job(
            name="onboarding.forget",
            title=_l("Delete old rows of onboarding files"),
            function="blueprints.onboarding.jobs:forget",
            every=timedelta(hours=24),
        ),
    ),
    practice="blueprints.onboarding.practice:diary",
    words="blueprints.onboarding.words:WORDS",
)
