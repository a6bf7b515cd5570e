"""A sample case for practice mode: users by spreadsheet, of whom one row failed."""

import io

from sqlalchemy import select

from blueprints.helpdesk.models import CaseFile
from blueprints.helpdesk.services import open_case
from blueprints.onboarding import services, telling
from blueprints.onboarding.importing import USERS
from blueprints.onboarding.sheets import COLUMNS
from portal.access.scope import Scope
from portal.db import session, unit_of_work
from portal.files.services import keep, store
from portal.imports.running import process
from portal.people.models import User
from portal.people.queries import actor_of
from portal.places.models import Location
from portal.settings import current
from portal.sheets.writer import Layout, write_xlsx
from portal.web.context import registry

NAME = "Washington County Health Department HCP 12-02-20.xlsx"
ABOVE = (
    ("Organization Name", "Washington County Health Department"),
    ("Preparer Name", "Rita Quist"),
    ("Preparer Email", "requester@example.org"),
    ("Preparer Title", "Vaccine Coordinator"),
    ("Preparer Phone", "252-555-0100"),
    (),
)


def fill() -> None:
    """A file of two users is sent, and processed by an agent; one comes back."""
    settings, content = current(), io.BytesIO()
    with unit_of_work(write=False):
        requester, agent = _scope("requester"), _scope("agent")
        place = session().scalars(select(Location).order_by(Location.id).limit(1)).one()
        place_id, pin = place.id, place.pin
        where = ("Add", place.name, place.street or "1 Main Street", place.city, place.zip_code)
    write_xlsx(
        content,
        [column.label for column in COLUMNS],
        [
            ("Nina", "Novak", "nnovak", "nina.novak@example.org", "Healthcare Provider", *where),
            ("Omar", "Ortiz", "oortiz", "omar.ortiz@example.org", None, *where),
        ],
        layout=Layout(above=ABOVE, columns=COLUMNS),
    )
    attached, copy = store(settings, content, "cases"), store(settings, content, USERS.name)
    with unit_of_work():
        case = open_case(
            requester,
            topic="onboarding",
            subject="HCP User Onboarding",
            description="Two new colleagues.",
            location_id=place_id,
            fields={"pin": pin},
            files=[keep(attached, name=NAME)],
        )
        file_id = session().scalars(select(CaseFile.id).where(CaseFile.case_id == case.id)).one()
        run_id = services.process(agent, case.id, file_id, copy).run_id
    process(settings, run_id)
    telling.tell_results()


def _scope(username: str) -> Scope:
    user = session().scalars(select(User).where(User.username == username)).one()
    return Scope(
        user=actor_of(user),
        location=None,
        locations=(),
        capabilities=registry().capabilities_of(user.held_profile),
    )
