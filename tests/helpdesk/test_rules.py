"""How cases move, and how hours of the help line are counted."""

from datetime import UTC, datetime, timedelta
from itertools import product

import pytest

from blueprints.helpdesk.hours import after_hours, open_between, read_week
from blueprints.helpdesk.rules import (
    MOVES,
    CaseState,
    after_comment,
    check_kind,
    check_move,
    check_talking,
)
from portal.errors import Conflict, Invalid

WEEK = read_week(["mon-fri 7:00-19:00", "sat-sun 10:00-18:00"])
ZONE = "America/New_York"
ALLOWED = {
    ("new", "open"),
    ("new", "waiting"),
    ("new", "resolved"),
    ("new", "closed"),
    ("open", "waiting"),
    ("open", "resolved"),
    ("open", "closed"),
    ("waiting", "open"),
    ("waiting", "resolved"),
    ("waiting", "closed"),
    ("resolved", "open"),
    ("resolved", "closed"),
    ("closed", "open"),
}


@pytest.mark.parametrize(("before", "after"), list(product(CaseState, CaseState)))
def test_the_map_of_moves_is_this_one(before: CaseState, after: CaseState) -> None:
    assert set(MOVES) == set(CaseState)
    if (str(before), str(after)) in ALLOWED:
        check_move(before, after)
    else:
        with pytest.raises(Conflict):
            check_move(before, after)


@pytest.mark.parametrize(
    ("state", "staff", "asks", "after"),
    [
        ("new", True, False, "open"),
        ("new", True, True, "waiting"),
        ("waiting", True, False, "open"),
        ("resolved", True, True, "resolved"),
        ("closed", True, False, "closed"),
        ("new", False, False, "new"),
        ("waiting", False, False, "open"),
        ("resolved", False, False, "open"),
    ],
)
def test_a_comment_moves_the_case(state: str, staff: bool, asks: bool, after: str) -> None:
    assert after_comment(state, staff=staff, asks=asks) == after


def test_a_closed_case_takes_no_comment_of_its_requester() -> None:
    check_talking("closed", staff=True)
    with pytest.raises(Conflict, match="open a new case"):
        check_talking("closed", staff=False)


@pytest.mark.parametrize(
    ("start", "hours", "end"),
    [
        ("2021-02-24T15:00", 4, "2021-02-24T19:00"),  # Wednesday at ten
        ("2021-02-24T23:00", 4, "2021-02-25T15:00"),  # an hour before the end
        ("2021-02-25T03:00", 1, "2021-02-25T13:00"),  # at night
        ("2021-02-26T23:30", 2, "2021-02-27T16:30"),  # Friday: goes on Saturday at ten
        ("2021-03-13T21:00", 3, "2021-03-14T15:00"),  # the clocks change on Sunday
        ("2021-11-06T21:00", 2, "2021-11-07T16:00"),  # and back
    ],
)
def test_hours_count_while_somebody_is_there(start: str, hours: int, end: str) -> None:
    began = datetime.fromisoformat(start).replace(tzinfo=UTC)
    ends = datetime.fromisoformat(end).replace(tzinfo=UTC)
    assert after_hours(began, hours, week=WEEK, zone=ZONE) == ends
    assert open_between(began, ends, week=WEEK, zone=ZONE) == timedelta(hours=hours)


@pytest.mark.parametrize("line", ["", "mon 9-17", "fri-mon 9:00-17:00", "xxx 9:00-17:00"])
def test_hours_that_cannot_be_read_are_refused(line: str) -> None:
    with pytest.raises(ValueError, match="not like|ends before"):
        read_week([line])
    with pytest.raises(ValueError, match="at least one hour"):
        read_week([])


@pytest.mark.parametrize(
    ("kind", "name"),
    [
        ("application/pdf", "report.exe"),
        ("image/png", "page.html"),
        ("text/plain", "page.svg"),
        ("text/plain", "page.html"),
        ("application/x-executable", "setup.exe"),
        ("application/zip", "many.zip"),
        ("application/zip", "macro.xlsm"),
        ("application/x-ole-storage", "old.xls"),
        ("application/octet-stream", "what.pdf"),
        ("application/pdf", "nothing"),
    ],
)
def test_a_file_that_is_not_what_it_is_called_is_refused(kind: str, name: str) -> None:
    with pytest.raises(Invalid, match="cannot be attached"):
        check_kind(kind, name)
    check_kind("application/pdf", "Report.PDF")
