"""A case of everybody's with a file that was processed, one row of which failed, and another file
that waits for somebody to process it."""

import io

from sqlalchemy import select

from blueprints.helpdesk import services as desk
from blueprints.helpdesk.models import CaseFile
from blueprints.onboarding import services
from blueprints.onboarding.digests import digest_of
from blueprints.onboarding.models import OnboardingRow
from portal.access.scope import Scope
from portal.clock import now
from portal.db import session, unit_of_work
from portal.files.services import Stored, keep, store
from portal.settings import current
from tests.inventory import stock
from tests.samples import PLACE_OF, Access, Canaries, Making, Samples, Text, Theirs, Tour, Upgrade

STAFF = ("agent", "agent_at_a", "admin", "admin_at_a")
FAILED = 8


def make(making: Making) -> None:
    """The file of B's manager carries B's sign."""
    agent = stock.scope_for(making.personas, "agent")
    for who in PLACE_OF:
        sign = making.sign("B") if who == "manager_b" else ""
        scope = stock.scope_for(making.personas, who)
        waiting, processed, copy = (_stored() for _each in range(3))
        with unit_of_work():
            _make(making, who, scope, agent, sign, waiting, processed, copy)


def _make(making: Making, who: str, scope: Scope, agent: Scope, sign: str, *files: Stored) -> None:
    waiting, processed, copy = files
    case = desk.open_case(
        scope,
        topic="onboarding",
        subject=f"Users {sign}".strip(),
        description="Please add them.",
        files=[
            keep(waiting, name=f"waiting{sign}.xlsx"),
            keep(processed, name=f"users{sign}.xlsx"),
        ],
    )
    first, second = session().scalars(
        select(CaseFile.id).where(CaseFile.case_id == case.id).order_by(CaseFile.id)
    )
    upload = services.process(agent, case.id, second, copy)
    upload.told_at = now()
    run = upload.run
    run.state, run.finished_at, run.rows_done, run.failed = "finished", now(), 2, 1
    cells = {"first_name": f"Ann{sign}", "last_name": "Brown", "action": "Add"}
    session().add(
        OnboardingRow(
            run_id=run.id,
            row=FAILED,
            state="failed",
            cells=cells,
            wrong=[["email", "Email is blank. Fill it in."]],
            alike=[],
            digest=digest_of(cells),
        )
    )
    session().flush()
    making.note("onboarding_case", who, case.id)
    making.note("onboarding_file", who, first)
    making.note("onboarding_upload", who, upload.id)


def _stored() -> Stored:
    return store(current(), io.BytesIO(b"PK\x03\x04 not looked at"), "cases")


samples = Samples(
    make=make,
    access=Access(
        arguments={
            "upload_id": Theirs("onboarding_upload"),
            "onboarding:row": Text(str(FAILED), missing="999"),
            "onboarding.process:case_id": Theirs("onboarding_case"),
            "onboarding.process:file_id": Theirs("onboarding_file"),
        },
        everywhere={"upload_id": STAFF, "onboarding.process": STAFF},
    ),
    canaries=Canaries(searches=("Users",), of_all=(r"/onboarding/uploads/",)),
    tour=Tour(
        pages={"/onboarding/uploads/<id>": ("/onboarding/uploads/1",)},
        no_pages=(
            r"/onboarding/template\.xlsx",
            r"/onboarding/recipients-template\.xlsx",
            r"/onboarding/uploads/<id>/progress",
        ),
    ),
    upgrade=Upgrade(demanded={"onboarding_row": {"state": "failed", "mended_at": None}}),
)
