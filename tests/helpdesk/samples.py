"""A case of everybody's, with a file and a note that only staff see."""

import io

from blueprints.helpdesk import services
from blueprints.helpdesk.models import CaseFile, CaseMail
from blueprints.helpdesk.queries import entries_of
from portal.db import session, unit_of_work
from portal.files.services import keep, store
from portal.settings import current
from tests.inventory import stock
from tests.samples import PLACE_OF, Access, Canaries, Making, Samples, Text, Theirs, Tour, Upgrade

STAFF = ("agent", "agent_at_a", "admin", "admin_at_a")


def make(making: Making) -> None:
    """The case of B's manager carries B's sign."""
    agent = stock.scope_for(making.personas, "agent")
    for who in PLACE_OF:
        sign = making.sign("B") if who == "manager_b" else ""
        scope = stock.scope_for(making.personas, who)
        stored = store(current(), io.BytesIO(f"list {sign}".encode()), "cases")
        with unit_of_work():
            case = services.open_case(
                scope,
                topic="question",
                subject=f"Question {sign}".strip(),
                description=f"Where is it? {sign}".strip(),
                files=[keep(stored, name=f"list{sign}.txt")],
            )
            if scope.user.id != agent.user.id:
                services.note(agent, case.id, f"Known {sign}".strip())
                services.comment(agent, case.id, f"In the fridge {sign}".strip())
            (first, *_rest) = entries_of(scope, case)
            file = session().get_one(CaseFile, first.files[0][0].id)
            making.note("case", who, case.id)
            mail = CaseMail(
                digest=f"{case.id:064}",
                outcome="unmatched",
                reason="no_case",
                sender="stranger@example.org",
                subject=f"Hello {sign}".strip(),
                text=f"Where is it? {sign}".strip(),
            )
            session().add(mail)
            session().flush()
            making.note("mail", who, mail.id)
            making.note("case_file", who, file.id)


samples = Samples(
    make=make,
    access=Access(
        arguments={
            "case_id": Theirs("case"),
            "mail_id": Theirs("mail"),
            "helpdesk.file:file_id": Theirs("case_file"),
            "helpdesk:kind": Text("vaccine-provider", missing="nothing"),
            "helpdesk.remedy:name": Text("appointments.cancel_second"),
        },
        everywhere={"case_id": STAFF, "mail_id": STAFF},
        public={
            "helpdesk.register": frozenset({200}),
            "helpdesk.registered": frozenset({200}),
        },
    ),
    canaries=Canaries(
        searches=("Question",),
        shown=("/my-cases",),
        of_all=(r"/help-desk/", r"/my-cases", r"/lists/(cases|case_mails)/search"),
    ),
    tour=Tour(
        pages={
            "/help-desk/": ("?state=",),
            "/help-desk/mails/": ("?outcome=",),
            "/help-desk/mails/<id>": ("/help-desk/mails/1",),
            "/help-desk/mails/<id>/add": ("/help-desk/mails/1/add",),
            "/help-desk/mails/<id>/settle": ("/help-desk/mails/1/settle",),
            "/help-desk/cases/<id>": ("/help-desk/cases/1", "/help-desk/cases/2"),
            "/help-desk/cases/<id>/resolve": ("/help-desk/cases/1/resolve",),
            "/help-desk/cases/<id>/merge": ("/help-desk/cases/1/merge",),
            "/get-help/<kind>": ("/get-help/vaccine-provider",),
            "/get-help/<kind>/new": (
                "/get-help/vaccine-provider/new",
                "/get-help/bulk-upload/new",
            ),
        },
        no_pages=(
            r"/help-desk/cases/<id>/attachments/<id>",
            r"/help-desk/cases/<id>/remedies/<name>",
        ),
    ),
    upgrade=Upgrade(
        demanded={
            "help_case": {
                "state": "new",
                "waiting_since": None,
                "closed_at": None,
                "merged_into_id": None,
                "about_kind": None,
                "about_id": None,
            },
            "help_case_entry": {"kind": "public"},
            "help_mail": {"outcome": "unmatched", "settled_at": None},
        }
    ),
)
