"""`Help Desk`: people ask, agents answer and carry out remedies (SPEC H1 to H3, H8).

The module knows no other: a case carries a record of any kind, and the module that owns it says
what it is (`case.record`), what can be done (`case.remedies`) and what a request about it says
(`helpdesk.topic`). What may answer a question before it is asked is offered through
`helpdesk.offers`, which is given the words typed so far.
"""

from datetime import timedelta

from portal.access.profiles import EVERYONE, MANAGERS, STAFF
from portal.i18n import _l
from portal.module import Capability, Check, Fill, Job, MessageKind, Module, Tab

module = Module(
    name="helpdesk",
    title="Help Desk",
    blueprint="blueprints.helpdesk.routes:blueprint",
    models="blueprints.helpdesk.models",
    lists=(
        "blueprints.helpdesk.lists:CASES",
        "blueprints.helpdesk.lists:OWN_CASES",
        "blueprints.helpdesk.lists:MAILS",
    ),
    tabs=(
        Tab(
            label=_l("Help Desk"),
            endpoint="helpdesk.index",
            capability="helpdesk.work",
            icon="help",
            order=800,
        ),
    ),
    capabilities=(
        Capability(
            name="helpdesk.ask",
            title=_l("Ask the help desk, and see one's own cases"),
            profiles=EVERYONE,
        ),
        Capability(
            name="helpdesk.work",
            title=_l("Work on the cases of the help desk"),
            profiles=STAFF,
        ),
        Capability(
            name="helpdesk.decide",
            title=_l("Confirm or refuse what another person proposed to do about a record"),
            profiles=STAFF | MANAGERS,
        ),
    ),
    slots=(
        "case.record",
        "case.remedies",
        "case.attachments",
        "helpdesk.topic",
        "helpdesk.offers",
        "helpdesk.form",
    ),
    fills=(
        Fill(
            slot="home.ask",
            function="blueprints.helpdesk.contributions:on_home",
            template="helpdesk/_groups.html",
            capability="helpdesk.ask",
        ),
        Fill(
            slot="home.cards",
            function="blueprints.helpdesk.contributions:work_card",
            template="helpdesk/_work_card.html",
            capability="helpdesk.work",
            order=7,
        ),
        Fill(
            slot="home.cards",
            function="blueprints.helpdesk.contributions:review_card",
            template="helpdesk/_review_card.html",
            capability="helpdesk.decide",
            order=8,
        ),
        Fill(
            slot="home.help",
            function="blueprints.helpdesk.contributions:on_help",
            template="helpdesk/_help.html",
            capability="helpdesk.ask",
        ),
        Fill(
            slot="account.related",
            function="blueprints.helpdesk.contributions:of_user",
            template="helpdesk/_cases_of_record.html",
            capability="helpdesk.ask",
        ),
        Fill(
            slot="records.page",
            function="blueprints.helpdesk.contributions:of_record",
            template="helpdesk/_cases_of_record.html",
            capability="helpdesk.ask",
        ),
    ),
    checks=(
        Check(
            name="helpdesk.cases",
            title="Cases, their entries and files, and the help desk's hours and topics",
            function="blueprints.helpdesk.checks:cases",
        ),
        Check(
            name="helpdesk.mail",
            title="The mailbox of the help desk",
            function="blueprints.helpdesk.checks:mails",
        ),
    ),
    practice="blueprints.helpdesk.practice:diary",
    jobs=(
        Job(
            name="helpdesk.clocks",
            title=_l("Tell the help desk of cases that wait too long"),
            function="blueprints.helpdesk.jobs:tell_breaches",
            every=timedelta(minutes=5),
        ),
        Job(
            name="helpdesk.close",
            title=_l("Close cases that were resolved some days ago"),
            function="blueprints.helpdesk.jobs:close_resolved",
            every=timedelta(hours=6),
        ),
        Job(
            name="helpdesk.mail",
            title=_l("Take in answers to the help desk by e-mail"),
            function="blueprints.helpdesk.mail.collecting:collect",
            every=timedelta(minutes=2),
        ),
    ),
    settings="blueprints.helpdesk.settings:HelpDeskSettings",
    words="blueprints.helpdesk.words:WORDS",
    messages=(
        MessageKind("helpdesk_registered"),
        MessageKind("helpdesk_known"),
        MessageKind("case_opened"),
        MessageKind("case_news"),
        MessageKind("case_resolved"),
        MessageKind("case_for_staff"),
        MessageKind("case_breach"),
        MessageKind("case_closed"),
        MessageKind("case_decide"),
    ),
)
