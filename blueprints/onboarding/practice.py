"""A sample case for practice mode: users by spreadsheet, of whom one row failed."""

import io
from collections.abc import Iterator
from functools import partial

from sqlalchemy import select

from blueprints.helpdesk.models import CaseFile
from blueprints.helpdesk.services import open_case
from blueprints.onboarding import services, telling
from blueprints.onboarding.importing import USERS
from blueprints.onboarding.sheets import COLUMNS
from portal.access.scope import Place, Scope
from portal.clock import now
from portal.db import session
from portal.diary import DiaryEvent, Past
from portal.files.services import Stored, keep, store
from portal.imports import running
from portal.places.models import Location
from portal.settings import current
from portal.sheets.writer import Layout, write_xlsx

NAME = "Washington County Health Department HCP 12-02-20.xlsx"
ABOVE = (
    ("Organization Name", "Washington County Health Department"),
    ("Preparer Name", "Rita Quist"),
    ("Preparer Email", "requester@example.org"),
    ("Preparer Title", "Vaccine Coordinator"),
    ("Preparer Phone", "252-555-0100"),
    (),
)


# So many minutes ago, so that nobody waits too long for an answer yet.
SENT, PROCESSED = 130, 45


def diary(past: Past) -> Iterator[DiaryEvent]:
    """A file of two users is sent, and processed by an agent; one comes back."""
    place = past.places[0]
    yield DiaryEvent(past.ago(SENT, place), partial(_send, past, place), who="requester")


def _send(past: Past, place: Place, scope: Scope) -> Iterator[DiaryEvent]:
    content = io.BytesIO()
    home = session().get_one(Location, place.id)
    where = ("Add", home.name, home.street or "1 Main Street", home.city, home.zip_code)
    write_xlsx(
        content,
        [column.label for column in COLUMNS],
        [
            ("Nina", "Novak", "nnovak", "nina.novak@example.org", "Healthcare Provider", *where),
            ("Omar", "Ortiz", "oortiz", "omar.ortiz@example.org", None, *where),
        ],
        layout=Layout(above=ABOVE, columns=COLUMNS),
    )
    attached, copy = (store(current(), content, folder) for folder in ("cases", USERS.name))
    case = open_case(
        scope,
        topic="onboarding",
        subject="HCP User Onboarding",
        description="Two new colleagues.",
        location_id=place.id,
        fields={"pin": place.pin},
        files=[keep(attached, name=NAME)],
    )
    process = partial(_process, case.id, copy)
    yield DiaryEvent(past.ago(PROCESSED, place), process, who="agent")


def _process(case_id: int, copy: Stored, scope: Scope) -> Iterator[DiaryEvent]:
    file_id = session().scalars(select(CaseFile.id).where(CaseFile.case_id == case_id)).one()
    run_id = services.process(scope, case_id, file_id, copy).run_id
    yield DiaryEvent(now(), partial(_take_in, run_id))


def _take_in(run_id: int) -> None:
    running.process(current(), run_id)
    telling.tell_results()
