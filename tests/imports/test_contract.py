"""What an import may do beyond adding and updating rows, by a module that is the tests' own."""

import io
from collections.abc import Callable

import pytest
from flask import Flask
from openpyxl import Workbook, load_workbook
from openpyxl.worksheet.worksheet import Worksheet
from sqlalchemy import select

from portal.app import create_app
from portal.audit.models import AuditEntry
from portal.db import db, unit_of_work
from portal.errors import Conflict
from portal.imports import running
from portal.imports.decisions import decide
from portal.imports.models import ImportRun
from portal.imports.outcomes import Taken
from portal.settings import load_settings
from portal.sheets.columns import ADVICE
from portal.sheets.writer import CellFill, write_csv
from tests.client import Browser, Page
from tests.imports.volunteers import ACTIONS, Volunteer, drop, module

HEADER = ("Username", "Email", "Location Action")
ABOVE = (("Organization", "Washington County"), ("Phone", "555 0100"), ())
File = Callable[..., bytes]


def xlsx(*rows: tuple[object, ...], above: tuple[tuple[str, ...], ...] = ABOVE) -> bytes:
    """A workbook as somebody fills it in: the block, the header, the rows."""
    book = Workbook()
    sheet = book.active
    assert isinstance(sheet, Worksheet)
    for line in (*above, HEADER, *rows):
        sheet.append(line)
    made = io.BytesIO()
    book.save(made)
    return made.getvalue()


def csv(*rows: tuple[object, ...], above: tuple[tuple[str, ...], ...] = ABOVE) -> bytes:
    """The same as text."""
    first, *rest = [*above, HEADER]
    return b"".join(write_csv(first, [*rest, *rows]))


def send(
    app: Flask, browser: Browser, content: bytes, name: str = "volunteers.xlsx"
) -> tuple[str, ImportRun]:
    """Upload a file and take it in; the address of its run, and the run."""
    page = browser.get("/volunteers/imports")
    sent = browser.submit(page, {"file": (io.BytesIO(content), name)}, button="Import")
    assert sent.status == 303
    with app.app_context():
        assert running.process_waiting(app.extensions["portal"].settings) == 1
        with unit_of_work(write=False) as session:
            run = session.scalars(select(ImportRun).order_by(ImportRun.id.desc())).first()
            session.expunge_all()
    assert run is not None
    return sent.leads_to, run


def counts(run: ImportRun) -> dict[str, int]:
    kinds = ("added", "updated", "removed", "unchanged", "undecided", "failed", "mended")
    return {kind: getattr(run, kind) for kind in kinds if getattr(run, kind)}


def lines(page: Page) -> list[tuple[str, str, str, str]]:
    table = page.root.one("section", aria_labelledby="rows").one("tbody")
    found = []
    for line in table.all("tr"):
        happened, who, details = (cell.text for cell in line.all("td"))
        found.append((line.one("th").text, happened, who, details))
    return found


def usernames(app: Flask) -> list[str]:
    with app.app_context(), unit_of_work(write=False) as session:
        return list(session.scalars(select(Volunteer.username).order_by(Volunteer.username)))


@pytest.fixture
def manager(app: Flask, browser: Browser) -> Browser:
    """A manager of location A, who has sent two volunteers."""
    browser.sign_in("manager_a")
    send(app, browser, csv(("ann", "ann@x.org", ""), ("bob", "bob@x.org", "Add")), "a.csv")
    return browser


@pytest.mark.both_databases
def test_rows_are_added_changed_removed_or_wait_and_each_says_so(
    app: Flask, manager: Browser
) -> None:
    where, run = send(
        app,
        manager,
        xlsx(
            ("ann", "ann@new.org", "Add"),
            ("cid", "cid@x.org", "Add"),
            ("bob", "bob@x.org", ACTIONS[1]),
            ("annie", "annie@x.org", "Add"),
            ("cid", "cid@x.org", None),
            ("dora", "nonsense", "Add"),
            ("nobody", "no@x.org", ACTIONS[1]),
        ),
    )
    assert (run.state, run.problem) == ("finished", "")
    assert counts(run) == {
        "added": 1,
        "updated": 1,
        "removed": 1,
        "unchanged": 1,
        "undecided": 1,
        "failed": 2,
    }
    page = manager.get(where)
    assert lines(page) == [
        ("5", "Updated", "ann", "Email: ann@x.org → ann@new.org"),
        ("6", "Added", "cid", ""),
        ("7", "Removed", "", ""),
        ("8", "To decide", "annie", ""),
        ("9", "Unchanged", "cid", ""),
        ("10", "Not taken in", "", "Email: Enter an e-mail address, such as ann@example.org."),
        ("11", "Not taken in", "", "Username: Nobody has this username."),
    ]
    panel = page.root.one("dl", class_="hl").text
    assert "Removed 1" in panel
    assert "To decide 1" in panel
    assert [line[2] for line in lines(manager.get(f"{where}?rows=undecided"))] == ["annie"]
    assert usernames(app) == ["ann", "annie", "cid"]


@pytest.mark.both_databases
@pytest.mark.parametrize("file", [csv, xlsx])
def test_the_same_file_again_changes_nothing(app: Flask, manager: Browser, file: File) -> None:
    content = file(("cid", "cid@x.org", "Add"), ("ann", "ann@x.org", ""))
    assert counts(send(app, manager, content)[1]) == {"added": 1, "unchanged": 1}
    where, run = send(app, manager, content)
    assert counts(run) == {"unchanged": 2}
    assert "same file was sent before" in manager.get(where).root.text


def test_what_the_portal_corrected_is_said_and_stands_yellow_in_the_copy(
    app: Flask, manager: Browser
) -> None:
    where, run = send(
        app,
        manager,
        xlsx(
            ("robert", "bob@x.org", "Add"),
            ("anna", "ann@x.org", ACTIONS[1]),
            ("ANN1", "ann@x.org", ACTIONS[1]),
            (None, "nonsense", None),
        ),
    )
    assert counts(run) == {"unchanged": 1, "removed": 1, "failed": 2, "mended": 3}
    page = manager.get(where)
    assert lines(page)[0] == (
        *("5", "Unchanged", "bob"),
        "Corrected by the portal: Username: Found by the e-mail address.",
    )
    assert "Corrected by the portal 3" in page.root.one("dl", class_="hl").text

    answer = manager.client.get(f"{where}/corrections.xlsx")
    assert "volunteers_ERROR.xlsx" in answer.headers["Content-Disposition"]
    sheet = load_workbook(io.BytesIO(answer.data)).worksheets[0]
    rows = [[cell.value for cell in row] for row in sheet.iter_rows()]
    assert rows[:3] == [
        ["Organization", "Washington County", None, None],
        ["Phone", "555 0100", None, None],
        [None] * 4,
    ], "the block stands where it stood"
    assert rows[3] == [*HEADER, ADVICE]
    said = "Username: Nobody has this username. Username: Found by the e-mail address."
    assert rows[4] == ["ann", "ann@x.org", ACTIONS[1], said], "what counts now"
    assert rows[5][:2] == [None, "nonsense"]
    assert len(rows) == 6, "only rows that did not go in"
    colours = {
        cell.coordinate: CellFill(str(cell.fill.start_color.rgb))
        for row in sheet.iter_rows()
        for cell in row
        if cell.fill.fill_type
    }
    assert colours == {"A5": CellFill.WRONG, "A6": CellFill.WRONG, "B6": CellFill.WRONG}
    assert sheet["B6"].comment is not None
    assert "such as ann@example.org" in sheet["B6"].comment.text
    assert str(sheet.data_validations.dataValidation[0].sqref).startswith("C5:")


def test_a_cell_that_was_corrected_is_yellow_beside_one_that_is_wrong(
    app: Flask, manager: Browser
) -> None:
    content = xlsx(("robert", "bob@x.org", "Add" * 400))
    where, run = send(app, manager, content)
    assert counts(run) == {"failed": 1, "mended": 1}
    answer = manager.client.get(f"{where}/corrections.xlsx")
    sheet = load_workbook(io.BytesIO(answer.data)).worksheets[0]
    assert (sheet["A5"].value, sheet["A5"].fill.start_color.rgb) == (
        "bob",
        CellFill.MENDED_BY_SYSTEM.value,
    )
    assert sheet["A5"].comment is not None
    assert sheet["A5"].comment.text == "Found by the e-mail address."
    assert sheet["C5"].fill.start_color.rgb == CellFill.WRONG.value
    assert "Found by the e-mail address." in str(sheet["D5"].value)
    sheet["C5"].value = "Add"
    made = io.BytesIO()
    sheet.parent.save(made)  # type: ignore[union-attr]
    assert counts(send(app, manager, made.getvalue())[1]) == {"unchanged": 1}


def test_a_file_without_what_stands_above_the_table_is_refused(
    app: Flask, manager: Browser
) -> None:
    for above in ((), (("Organization", ""),), (("Phone", "1"), ("Something", "else"))):
        run = send(app, manager, xlsx(("cid", "cid@x.org", "Add"), above=above))[1]
        assert (run.state, run.rows_done) == ("failed", 0)
        assert run.problem == "Organization is blank above the table. Fill it in."
    assert "cid" not in usernames(app)


@pytest.mark.both_databases
def test_a_decision_moves_the_row_once(app: Flask, manager: Browser) -> None:
    rows = [(f"ann{letter}", f"ann{letter}@x.org", "Add") for letter in "abc"]
    where, run = send(app, manager, xlsx(*rows, ("zoe", "zoe@x.org", "Add")))
    assert counts(run) == {"undecided": 3, "added": 1}
    assert "need your decision" in manager.get(where).root.text
    ids = {line[2]: int(line[0]) for line in lines(manager.get(where))}
    with app.app_context():
        with unit_of_work() as session:
            found = {one.username: one.id for one in session.scalars(select(Volunteer))}
            drop(found["annb"])
            decide(
                run.id,
                [
                    Taken(ids["annb"], "unchanged", found["ann"], {}),
                    Taken(ids["annc"], "updated", found["annc"], {"Email": ["x", "y"]}),
                ],
            )
        for again in (ids["annb"], ids["zoe"], 999):
            with pytest.raises(Conflict, match="Someone else"), unit_of_work():
                decide(run.id, [Taken(again, "added", found["annb"], {})])
        with unit_of_work(write=False) as session:
            after = session.get_one(ImportRun, run.id)
            assert counts(after) == {"undecided": 1, "added": 1, "unchanged": 1, "updated": 1}
    assert lines(manager.get(where)) == [
        ("5", "To decide", "anna", ""),
        ("6", "Unchanged", "ann", ""),
        ("7", "Updated", "annc", "Email: x → y"),
        ("8", "Added", "zoe", ""),
    ]


def test_a_run_belongs_to_the_location_where_it_was_sent(app: Flask, manager: Browser) -> None:
    where, run = send(app, manager, csv(("cid", "cid@x.org", "")), "mine.csv")
    other = Browser(app, manager.personas).sign_in("manager_b")
    assert "mine.csv" in manager.get("/volunteers/imports").root.text
    assert "mine.csv" not in other.get("/volunteers/imports").root.text
    for page in ("", "/progress", "/corrections.xlsx"):
        assert other.client.get(f"{where}{page}").status_code == 404
    admin = Browser(app, manager.personas).sign_in("admin")
    assert admin.get(f"/shipments/imports/{run.id}").status == 404, "it is no run of shipments"


@pytest.mark.both_databases
def test_the_end_is_told_in_its_own_transaction(
    app: Flask, manager: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = send(app, manager, csv(("cid", "cid@x.org", "")))[1]
    with app.app_context(), unit_of_work(write=False) as session:
        told = session.scalars(
            select(AuditEntry).where(
                AuditEntry.action == "volunteers.told", AuditEntry.subject_id == run.id
            )
        ).one()
        assert (told.summary, told.location_id) == ("1 added", run.location_id)


def test_files_of_a_module_that_is_off_wait(app: Flask, manager: Browser) -> None:
    page = manager.get("/volunteers/imports")
    content = io.BytesIO(csv(("cid", "cid@x.org", "")))
    manager.submit(page, {"file": (content, "later.csv")}, button="Import")
    settings = app.extensions["portal"].settings
    off = create_app(
        load_settings(
            settings.instance,
            database_url=settings.database_url,
            jobs="off",
            modules_off=("volunteers",),
        ),
        extra_modules=[module],
    )
    with off.app_context():
        assert running.process_waiting(settings) == 0
        db.engine.dispose()
    with app.app_context():
        assert running.process_waiting(settings) == 1
    assert "cid" in usernames(app)


def test_the_template_can_be_filled_in_and_sent(app: Flask, manager: Browser) -> None:
    answer = manager.client.get("/volunteers/imports/template.xlsx")
    book = load_workbook(io.BytesIO(answer.data))
    assert book.sheetnames == ["Sheet1", "Instructions", "Lists"]
    assert book["Lists"].sheet_state == "hidden"
    assert [cell.value for cell in book["Lists"][1]] == list(ACTIONS)
    assert [cell.value for cell in book["Instructions"]["A"]] == [
        "How to fill this in",
        "One line for each person.",
    ]
    sheet = book["Sheet1"]
    (rule,) = sheet.data_validations.dataValidation
    assert (rule.type, rule.formula1) == ("list", "Lists!$A$1:$B$1")
    assert "C5" in rule.sqref
    assert "C4" not in rule.sqref
    assert sheet.column_dimensions["A"].number_format == "@"
    assert sheet.freeze_panes == "A5"
    sheet["B1"].value = "Washington County"
    for column, value in enumerate(("cid", "cid@x.org", "Add"), 1):
        sheet.cell(5, column).value = value
    made = io.BytesIO()
    book.save(made)
    assert counts(send(app, manager, made.getvalue())[1]) == {"added": 1}
