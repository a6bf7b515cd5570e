"""`Help Desk`: people ask, agents answer and carry out remedies (SPEC H1 to H3, H8).

The module knows no other: a case carries a record of any kind, and the module that owns it says
what it is (`case.record`), what can be done (`case.remedies`) and what a request about it says
(`helpdesk.topic`).
"""

from portal.access.profiles import EVERYONE, STAFF
from portal.i18n import _l
from portal.module import Capability, MessageKind, Module

module = Module(
    name="helpdesk",
    title="Help Desk",
    models="blueprints.helpdesk.models",
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
    ),
    slots=("case.record", "case.remedies", "case.attachments", "helpdesk.topic"),
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
    ),
)
