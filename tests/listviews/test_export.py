"""Files of what is listed."""

import csv
import io

import pytest
from openpyxl import load_workbook
from sqlalchemy import select

from portal.audit.models import AuditEntry
from portal.db import session, unit_of_work
from portal.listviews import export
from portal.listviews.export import MOST_ROWS
from tests.client import Browser
from tests.listviews.conftest import FIRST_DAY, Pack


@pytest.fixture
def manager(browser: Browser) -> Browser:
    """The manager of location A, signed in."""
    return browser.sign_in("manager_a")


def table(manager: Browser, query: str) -> list[list[str]]:
    """The rows of the CSV file, heading included."""
    answer = manager.client.get(f"/crates?{query}&export=csv")
    assert answer.status_code == 200
    assert answer.headers["Content-Disposition"].startswith('attachment; filename="crates-20')
    return list(csv.reader(io.StringIO(answer.data.decode("utf-8-sig"))))


def test_the_file_has_all_pages_of_what_is_listed(
    manager: Browser, pack: Pack, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(export, "PIECE", 7)
    pack(30, label="needle")
    pack(5, label="hay")
    pack(5, label="needle", at="B", remark="Elsewhere")
    rows = table(manager, "view=all&sort=litres&q=needle&after=3~4")
    assert rows[0] == ["Label", "Packed On", "Litres", "State", "Remark"]
    assert len(rows) == 31
    assert [int(row[2]) for row in rows[1:]] == sorted(int(row[2]) for row in rows[1:])
    assert {row[0] for row in rows[1:]} == {"needle"}
    assert not any("Elsewhere" in row for row in rows)
    assert rows[1][3] == "Cold"


@pytest.mark.both_databases
def test_every_view_can_be_taken_away(manager: Browser, pack: Pack) -> None:
    pack(3)
    (number,) = pack(1, label="Seen", state="warm", packed_on=FIRST_DAY)
    manager.get(f"/crates/{number}")
    assert table(manager, "view=recent")[1:] == [["Seen", "01/04/2021", "4", "Too warm", ""]]
    assert len(table(manager, "view=warm")) == 2
    assert len(table(manager, "view=all")) == 5


def test_nothing_in_the_file_runs(manager: Browser, pack: Pack) -> None:
    pack(1, label="=HYPERLINK(1)", remark="+1")
    rows = table(manager, "view=all")
    assert rows[1][0] == "'=HYPERLINK(1)"
    answer = manager.client.get("/crates?view=all&export=xlsx")
    sheet = load_workbook(io.BytesIO(answer.data)).active
    assert sheet is not None
    assert (sheet["A2"].value, sheet["A2"].data_type) == ("=HYPERLINK(1)", "s")
    assert sheet["B2"].number_format == "MM/DD/YYYY"


def test_a_file_of_more_rows_than_allowed_says_so(
    manager: Browser, pack: Pack, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(MOST_ROWS, "csv", 12)
    monkeypatch.setattr(export, "PIECE", 5)
    pack(13)
    page = manager.get("/crates?view=all")
    assert page.root.with_text("a", "CSV, rows: only the first 12")
    assert page.root.with_text("a", "Excel (xlsx)")
    assert len(table(manager, "view=all")) == 13


def test_who_took_a_file_is_in_the_audit_trail(manager: Browser, pack: Pack) -> None:
    pack(3)
    table(manager, "view=all&q=crate")
    with unit_of_work(write=False):
        entry = (
            session()
            .scalars(select(AuditEntry).where(AuditEntry.action == "crates.exported"))
            .one()
        )
        assert entry.summary == "csv, all, 3 rows"
        assert entry.actor_username == "manager.a"
        assert "crate" not in str(entry.after)


def test_only_who_may_see_the_list_may_take_it_away(browser: Browser, pack: Pack) -> None:
    pack(1)
    agent = browser.sign_in("agent").client
    assert agent.get("/crates?view=all&export=csv").status_code == 403
    browser.client.delete_cookie("portal")
    assert browser.client.get("/crates?view=all&export=csv").status_code == 303
