"""Files of cases: which are taken, under what names they lie, who gets them back and how."""

import io
import zipfile
from pathlib import Path

import pytest
from flask import Flask
from openpyxl import Workbook
from sqlalchemy import func, select

from blueprints.helpdesk import rules, services
from blueprints.helpdesk.models import CaseFile
from portal.access.scope import Scope
from portal.db import unit_of_work
from portal.files.models import StoredFile
from portal.files.services import keep, store
from portal.settings import current
from tests.client import Browser, Page
from tests.effort import some
from tests.helpdesk.test_cases import opened
from tests.personas import Personas

PDF = b"%PDF-1.4\n1 0 obj << >> endobj\ntrailer << >>\n%%EOF"


def workbook(*more: str) -> bytes:
    """A workbook, with further parts."""
    made, content = Workbook(), io.BytesIO()
    made.save(content)
    with zipfile.ZipFile(content, "a") as archive:
        for name in more:
            archive.writestr(name, "x")
    return content.getvalue()


def archive(*names: str) -> bytes:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as made:
        for name in names:
            made.writestr(name, "x")
    return content.getvalue()


@pytest.fixture
def requester(app: Flask, personas: Personas, asker: Scope) -> Browser:
    """The browser of who asks."""
    return Browser(app, personas).sign_in("requester")


def send(browser: Browser, number: int, *files: tuple[bytes, str]) -> Page:
    """Attach files to a case."""
    page = browser.get(f"/help-desk/cases/{number}")
    token = page.root.all("input", name="csrf_token")[0].attributes["value"]
    data = {
        "csrf_token": token,
        "files": [(io.BytesIO(content), name) for content, name in files],
    }
    return Page(
        browser.client.post(
            f"/help-desk/cases/{number}/attach", data=data, content_type="multipart/form-data"
        )
    )


def left(app: Flask) -> tuple[int, int]:
    """How many files there are: rows, and on the disk."""
    with app.app_context(), unit_of_work(write=False) as session:
        rows = session.scalar(select(func.count()).select_from(CaseFile)) or 0
        folder = current().uploads / "cases"
        return rows, len(list(folder.glob("*"))) if folder.is_dir() else 0


@pytest.mark.parametrize(
    ("content", "name"),
    [
        (PDF, "report.pdf"),
        (b"\x89PNG\r\n\x1a\n" + b"0" * 40, "photo.PNG"),
        (b"First Name,Last Name\n", "people.csv"),
        (workbook(), "County HCP (02-24-21).xlsx"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_offices_make_is_taken(
    app: Flask, requester: Browser, asker: Scope, content: bytes, name: str
) -> None:
    number = opened(asker)
    assert send(requester, number, (content, name)).status == 303
    page = requester.get(f"/help-desk/cases/{number}")
    (link,) = {
        one.attributes["href"]
        for one in page.root.all("a")
        if "/attachments/" in one.attributes["href"]
    }
    response = requester.client.get(link)
    assert response.data == content
    assert response.headers["Content-Disposition"].startswith("attachment; filename=")
    assert response.headers["X-Content-Type-Options"] == "nosniff"
    assert "default-src 'none'" in response.headers["Content-Security-Policy"] or (
        "script-src" in response.headers["Content-Security-Policy"]
    )


@pytest.mark.parametrize(
    ("content", "name"),
    some(
        [
            (b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>", "picture.svg"),
            (b"<html><script>alert(1)</script>", "page.html"),
            (b"<html><script>alert(1)</script>", "page.pdf"),
            (b"MZ\x90\0" + b"0" * 100, "setup.exe"),
            (b"MZ\x90\0" + b"0" * 100, "report.pdf"),
            (b"\x7fELF" + b"0" * 100, "report.txt"),
            (b"GIF89a" + archive("index.html"), "both.zip"),
            (archive("index.html"), "sheet.xlsx"),
            (archive("../../evil.xlsx", "xl/workbook.xml"), "sheet.xlsx"),
            (b"PK\x03\x04" + b"0" * 100, "sheet.xlsx"),
            (workbook("xl/vbaProject.bin"), "sheet.xlsx"),
            (workbook(), "sheet.xlsm"),
            (workbook(), "letter.docx"),
            (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"0" * 100, "encrypted.xlsx"),
            (PDF, "report.pdf.exe"),
            (PDF, "report.pdf\0.exe"),
            (b"", "empty.pdf"),
            (b"\0\1\2", "what.csv"),
        ],
        short=8,
    ),
    ids=lambda value: value.replace("\0", "0") if isinstance(value, str) else "",
)
def test_what_is_not_what_it_is_called_is_refused_and_not_kept(
    app: Flask, requester: Browser, asker: Scope, content: bytes, name: str
) -> None:
    number = opened(asker)
    page = send(requester, number, (PDF, "good.pdf"), (content, name))
    assert page.status == 422
    assert left(app) == (0, 0)


def test_size_and_number_are_bounded(
    app: Flask, requester: Browser, asker: Scope, monkeypatch: pytest.MonkeyPatch
) -> None:
    number = opened(asker)
    many = [(PDF, f"report{each}.pdf") for each in range(rules.MOST_FILES + 1)]
    page = send(requester, number, *many)
    assert (page.status, left(app)) == (422, (0, 0))
    assert "At most 5 files" in page.root.text
    large = PDF + b"0" * rules.LARGEST_FILE
    page = send(requester, number, (large, "large.pdf"))
    assert (page.status, left(app)) == (422, (0, 0))
    assert "The file is larger than 10 MB." in page.root.text
    assert send(requester, number, *many[:-1]).status == 303
    monkeypatch.setattr(rules, "MOST_FILES_A_CASE", 6)
    page = send(requester, number, *many[:2])
    assert (page.status, left(app)) == (422, (5, 5))


@pytest.mark.parametrize(
    "name",
    [
        "../../../etc/cron.d/evil.pdf",
        "C:\\Windows\\evil.pdf",
        "CON.pdf",
        'a"; filename="evil.exe".pdf',
        "line\r\nSet-Cookie: evil=1.pdf",
        "\u202efdp.evil.pdf",
        "x" * 300 + ".pdf",
        "<img src=x onerror=alert(1)>.pdf",
    ],
)
def test_a_name_leads_nowhere(app: Flask, requester: Browser, asker: Scope, name: str) -> None:
    number = opened(asker)
    answer = send(requester, number, (PDF, name))
    with app.app_context(), unit_of_work(write=False) as session:
        stored = session.scalars(select(StoredFile)).all()
        folder = Path(current().uploads)
        files = [path for path in folder.rglob("*") if path.is_file()]
        assert {path.parent.name for path in files} <= {"cases"}
        assert {path.name for path in files} == {one.stored_as for one in stored}
        assert all(len(one.stored_as) == 32 for one in stored)
    if answer.status == 422:
        assert stored == []
        return
    page = requester.get(f"/help-desk/cases/{number}")
    assert not page.root.all("img")
    link = next(
        one.attributes["href"]
        for one in page.root.all("a")
        if "/attachments/" in one.attributes["href"]
    )
    headers = requester.client.get(link).headers
    assert "Set-Cookie" not in headers or "evil" not in headers["Set-Cookie"]
    assert "\u202e" not in headers["Content-Disposition"]
    assert "/" not in headers["Content-Disposition"]


def test_a_file_is_had_by_who_sees_its_entry_alone(
    app: Flask, personas: Personas, asker: Scope, agent: Scope, requester: Browser
) -> None:
    number = opened(asker)
    with app.app_context():
        files = {}
        for internal in (False, True):
            stored = store(current(), io.BytesIO(PDF), "cases")
            with unit_of_work() as session:
                say = services.note if internal else services.comment
                entry = say(agent, number, "See this", files=[keep(stored, name="list.pdf")])
                found = select(CaseFile.id).where(CaseFile.entry_id == entry.id)
                files[internal] = session.scalars(found).one()
    own, hidden = (f"/help-desk/cases/{number}/attachments/{files[one]}" for one in (False, True))
    other = opened(asker, "Another")
    elsewhere = f"/help-desk/cases/{other}/attachments/{files[False]}"
    expected = {
        "requester": (200, 404, 404),
        "manager_a": (404, 404, 404),
        "agent": (200, 200, 404),
    }
    for who, statuses in expected.items():
        client = Browser(app, personas).sign_in(who).client
        assert tuple(client.get(url).status_code for url in (own, hidden, elsewhere)) == statuses
    assert app.test_client().get(own).status_code == 303
    assert str(files[True]) not in [
        one.attributes["href"].rpartition("/")[2]
        for one in requester.get(f"/help-desk/cases/{number}").root.all("a")
    ]
