"""A case of everybody's, with a file and a note that only staff see."""

import io
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from blueprints.helpdesk import services
from blueprints.helpdesk.models import CaseFile, CaseMail, CaseProposal
from blueprints.helpdesk.queries import entries_of
from portal.db import session, unit_of_work
from portal.files.services import keep, store
from portal.settings import current
from tests.inventory import stock
from tests.samples import (
    PLACE_OF,
    Access,
    Canaries,
    Making,
    Own,
    Samples,
    Text,
    Theirs,
    Tour,
    Upgrade,
)

STAFF = ("agent", "agent_at_a", "admin", "admin_at_a")

if TYPE_CHECKING:
    from playwright.sync_api import Page


def begin(signed_in: "Callable[[str], Page]") -> Iterator[tuple[str, str]]:
    """A manager asks about a record of which doses were given, an agent proposes to correct it."""
    page = signed_in("manager.a")
    page.goto("/vaccine-inventory/4")
    page.get_by_role("link", name="Ask the help desk about this record").click()
    page.get_by_role("textbox", name="Subject").fill("Wrong lot")
    page.get_by_role("textbox", name="Description").fill("The label says something else.")
    page.get_by_role("button", name="Submit").click()
    page.get_by_role("heading", name="CS-").wait_for()
    case = urlsplit(page.url).path
    page = signed_in("agent")
    page.goto(case)
    page.get_by_role("link", name="Correct Lot Number or Expiration Date").click()
    page.get_by_role("textbox", name="Lot #").fill("NEW-9")
    page.get_by_role("textbox", name="Reason").fill("Label read wrong")
    page.get_by_role("button", name="Correct Lot Number or Expiration Date").click()
    link = page.get_by_role("link", name="Withdraw Proposal").get_attribute("href")
    assert link
    proposal = link.removesuffix("/withdraw")
    yield "/help-desk/proposals/<id>", proposal
    for step in ("confirm", "refuse", "withdraw"):
        yield f"/help-desk/proposals/<id>/{step}", f"{proposal}/{step}"


def proposed(making: Making) -> None:
    """At each location somebody else must confirm that a lot is another one."""
    agent = stock.scope_for(making.personas, "agent")
    for place in making.places:
        with unit_of_work():
            case = services.open_case(
                place.scope,
                topic="inventory",
                subject=f"Lot {place.sign}".strip(),
                description=f"Wrong lot {place.sign}".strip(),
            )
            proposal = CaseProposal(
                case_id=case.id,
                remedy="fridges.move",
                location_id=place.scope.location_id,
                answers={"to": f"Shelf {place.sign}".strip()},
                based_on="",
                said=f"Lot {place.sign}".strip(),
                reason=f"Label {place.sign}".strip(),
                proposed_by_id=agent.user.id,
            )
            session().add(proposal)
            session().flush()
            making.note("proposal", place.letter, proposal.id)


def make(making: Making) -> None:
    """The case of B's manager carries B's sign."""
    proposed(making)
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
            "proposal_id": Own("proposal"),
            "helpdesk.file:file_id": Theirs("case_file"),
            "helpdesk:kind": Text("vaccine-provider", missing="nothing"),
            "helpdesk.remedy:name": Text("appointments.cancel_second"),
        },
        everywhere={"case_id": STAFF, "mail_id": STAFF, "proposal_id": STAFF},
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
        begin=begin,
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
            "help_proposal": {"state": "waiting", "decided_at": None, "decided_by_id": None},
            "help_mail": {"outcome": "unmatched", "settled_at": None},
        }
    ),
)
