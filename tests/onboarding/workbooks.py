"""Onboarding files as people fill them in, and the way of one through a case."""

import io
from collections.abc import Sequence
from typing import Any

from flask import Flask
from openpyxl import Workbook, load_workbook
from openpyxl.worksheet.worksheet import Worksheet
from sqlalchemy import select

from blueprints.helpdesk.models import CaseEntry, CaseFile
from blueprints.helpdesk.services import open_case
from blueprints.onboarding import services, telling
from blueprints.onboarding.models import OnboardingUpload
from blueprints.onboarding.services import find_file
from portal.access.scope import Scope
from portal.db import session, unit_of_work
from portal.files.models import StoredFile
from portal.files.services import keep, path_of, store
from portal.imports import running
from portal.imports.models import ImportRun
from portal.messages.models import Message
from portal.people.models import User
from portal.people.queries import location_ids_of
from portal.settings import current
from portal.sheets.columns import ADVICE
from portal.sheets.writer import write_csv
from tests.client import Browser, Page
from tests.inventory.stock import scope_for

HEADER = (
    "First Name",
    "Last Name",
    "NCID Username",
    "Email",
    "Profile",
    "Location Action",
    "Location Name",
    "Street Address",
    "City",
    "Zip",
)
ABOVE = (
    ("Organization Name", "Washington County Health Department"),
    ("Preparer Name", "Pat Coordinator"),
    ("Preparer Email", "pat@example.org"),
    ("Preparer Title", "Vaccine Coordinator"),
    ("Preparer Phone", "252-555-0100"),
    (),
)
NAME = "Washington County Health Department HCP 12-02-20.xlsx"
CSV_NAME = NAME.replace(".xlsx", ".csv")
PROVIDER, MANAGER = "Healthcare Provider", "Healthcare Location Mgr."


def line(
    first: object = "Ann",
    last: object = "Brown",
    username: object = "abrown",
    *,
    email: object = None,
    profile: object = PROVIDER,
    action: object = "Add",
    location: object = "Clinic A",
    street: object = "1 Main Street",
    city: object = "Plymouth",
    zip_code: object = "27962",
) -> tuple[object, ...]:
    """A line of the table."""
    address = f"{username}@example.org" if email is None else email
    return (first, last, username, address, profile, action, location, street, city, zip_code)


def workbook(
    *rows: Sequence[Any],
    header: Sequence[Any] = HEADER,
    above: Sequence[Sequence[Any]] = ABOVE,
) -> bytes:
    """A workbook with these lines."""
    book = Workbook()
    sheet = book.active
    assert isinstance(sheet, Worksheet)
    for each in (*above, header, *rows):
        sheet.append(list(each))
    made = io.BytesIO()
    book.save(made)
    return made.getvalue()


def usual_name(content: bytes) -> str:
    """A name by the convention, with the ending of what the file is."""
    return NAME if content.startswith(b"PK") else CSV_NAME


def table(
    *rows: Sequence[Any],
    header: Sequence[Any] = HEADER,
    above: Sequence[Sequence[Any]] = ABOVE,
) -> bytes:
    """A CSV file with these lines: it is read at once, where a workbook takes a process."""
    first, *others = ([*each] for each in (*above, header, *rows))
    return b"".join(write_csv(first, others))


def send_request(
    browser: Browser,
    content: bytes,
    name: str = "",
    *,
    kind: str = "onboarding",
    pin: str = "NCA650001",
) -> Page:
    """Send the request of the guide; the page that comes."""
    page = browser.get("/get-help/bulk-upload/new")
    return browser.submit(
        page,
        {
            "topic": kind,
            "own_pin": pin,
            "files": (io.BytesIO(content), name or usual_name(content)),
        },
        button="Submit",
        follow=True,
    )


def open_request(
    browser: Browser,
    content: bytes,
    name: str = "",
    *,
    kind: str = "onboarding",
    pin: str = "NCA650001",
) -> int:
    """Send the request of the guide; the id of its case."""
    sent = send_request(browser, content, name, kind=kind, pin=pin)
    assert sent.status == 200
    return int(sent.response.request.path.rpartition("/")[2])


def attach(browser: Browser, case_id: int, content: bytes, name: str = "") -> None:
    """Attach a file to the case."""
    name = name or usual_name(content)
    page = browser.get(f"/help-desk/cases/{case_id}")
    sent = browser.submit(page, {"files": (io.BytesIO(content), name)}, button="Attach")
    assert sent.status == 303


def newest_file(app: Flask, case_id: int) -> int:
    """The id of the newest attachment of the case."""
    with app.app_context(), unit_of_work(write=False) as reading:
        return (
            reading.scalars(
                select(CaseFile.id).where(CaseFile.case_id == case_id).order_by(CaseFile.id.desc())
            ).first()
            or 0
        )


def process(app: Flask, agent: Browser, case_id: int) -> tuple[str, ImportRun]:
    """Press `Process` at the newest attachment, and let the jobs work; the address of its page."""
    page = agent.get(f"/help-desk/cases/{case_id}")
    file_id = newest_file(app, case_id)
    action = f"/onboarding/cases/{case_id}/files/{file_id}/process"
    sent = agent.submit(page, action=action)
    assert sent.status == 303
    work(app)
    with app.app_context(), unit_of_work(write=False) as reading:
        run = reading.scalars(select(ImportRun).order_by(ImportRun.id.desc())).first()
        reading.expunge_all()
    assert run is not None
    return sent.leads_to, run


def work(app: Flask) -> None:
    """What the jobs do."""
    with app.app_context():
        running.process_waiting(current())
        telling.tell_results()


def told(app: Flask, case_id: int) -> list[str]:
    """What the portal told in the case."""
    with app.app_context(), unit_of_work(write=False) as reading:
        return list(
            reading.scalars(
                select(CaseEntry.text)
                .where(CaseEntry.case_id == case_id, CaseEntry.kind == "event")
                .order_by(CaseEntry.id)
            )
        )


def error_file(app: Flask, case_id: int) -> tuple[str, bytes]:
    """The name and content of the newest file that the portal attached."""
    with app.app_context(), unit_of_work(write=False) as reading:
        file = reading.scalars(
            select(StoredFile)
            .join(CaseFile, CaseFile.file_id == StoredFile.id)
            .where(CaseFile.case_id == case_id, CaseFile.by_id.is_(None))
            .order_by(CaseFile.id.desc())
        ).first()
        assert file is not None
        return file.name, path_of(current(), file).read_bytes()


class Returned:
    """The workbook of failed rows."""

    def __init__(self, content: bytes) -> None:
        self.book = load_workbook(io.BytesIO(content))
        self.sheet = self.book.worksheets[0]
        lines = list(self.sheet.iter_rows())
        self.top = next(n for n, cells in enumerate(lines) if cells[0].value == HEADER[0])
        self.header = [cell.value for cell in lines[self.top]]
        self.rows = lines[self.top + 1 :]

    def cell(self, row: int, label: str) -> Any:
        """A cell by the number of its row from 0, and its column."""
        return self.rows[row][self.header.index(label)]

    def advice(self, row: int) -> str:
        """What the row's last column says."""
        return str(self.cell(row, ADVICE).value)

    def color(self, row: int, label: str) -> str:
        """The color of a cell, `red`, `yellow` or none."""
        names = {"FFFF0000": "red", "FFFFFF00": "yellow"}
        return names.get(self.cell(row, label).fill.start_color.rgb, "")

    def correct(self, row: int, label: str, value: object) -> None:
        """Type another value into a cell, and make it green as the guide asks."""
        from openpyxl.styles import PatternFill

        cell = self.cell(row, label)
        cell.value = value
        cell.fill = PatternFill("solid", start_color="FF00FF00")

    def saved(self) -> bytes:
        """The file as it is now."""
        made = io.BytesIO()
        self.book.save(made)
        return made.getvalue()


def uploads(app: Flask) -> int:
    """How many attachments were processed."""
    with app.app_context(), unit_of_work(write=False) as reading:
        return len(reading.scalars(select(OnboardingUpload.id)).all())


def places_of(app: Flask, username: str) -> frozenset[int]:
    """Where a user works."""
    with app.app_context(), unit_of_work(write=False) as reading:
        user = reading.scalars(select(User).where(User.username == username)).one()
        return location_ids_of(user.id)


def mails(app: Flask, kind: str) -> list[str]:
    """The addresses of messages of this kind."""
    with app.app_context(), unit_of_work(write=False) as reading:
        return list(
            reading.scalars(
                select(Message.address).where(Message.kind == kind).order_by(Message.id)
            )
        )


def sent_file(
    asker: Scope,
    content: bytes,
    name: str = "",
    *,
    topic: str = "onboarding",
    location_id: int | None = None,
) -> int:
    """A case with this file, inside the application; its id."""
    stored = store(current(), io.BytesIO(content), "cases")
    with unit_of_work():
        return open_case(
            asker,
            topic=topic,
            subject="Users",
            description="Please add them.",
            location_id=asker.location.id if asker.location else location_id,
            files=[keep(stored, name=name or usual_name(content))],
        ).id


def pressed(agent: Scope, case_id: int) -> int:
    """What `Process` does with the newest attachment; the id of its import."""
    with unit_of_work():
        file_id = (
            session()
            .scalars(
                select(CaseFile.id).where(CaseFile.case_id == case_id).order_by(CaseFile.id.desc())
            )
            .first()
        )
        assert file_id is not None
        file = find_file(agent, case_id, file_id)
        with path_of(current(), file).open("rb") as content:
            copy = store(current(), content, "onboarding")
        return services.process(agent, case_id, file_id, copy).run_id


def upload(
    app: Flask,
    agent: Browser,
    content: bytes,
    name: str = "",
    *,
    who: str = "requester",
    topic: str = "onboarding",
    location_id: int | None = None,
) -> tuple[str, ImportRun]:
    """Send a file in a case of `who` and have it processed; the address of its page, and its
    import."""
    name = name or usual_name(content)
    with app.app_context():
        asker = scope_for(agent.personas, who)
        case_id = sent_file(asker, content, name, topic=topic, location_id=location_id)
        run_id = pressed(scope_for(agent.personas, "agent"), case_id)
        running.process_waiting(current())
        telling.tell_results()
        with unit_of_work(write=False) as present:
            found = present.scalars(
                select(OnboardingUpload).where(OnboardingUpload.run_id == run_id)
            ).one()
            present.expunge_all()
    return f"/onboarding/uploads/{found.id}", found.run


def case_of(app: Flask, run: ImportRun) -> int:
    """The case of an import."""
    with app.app_context(), unit_of_work(write=False) as reading:
        query = select(OnboardingUpload.case_id).where(OnboardingUpload.run_id == run.id)
        return reading.scalars(query).one()
