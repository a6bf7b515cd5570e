"""Files in which very much is wrong: few errors are kept, all are counted, and a file of nothing
but errors is given up."""

import pytest
from flask import Flask

from portal.imports import outcomes, running
from portal.imports.models import ImportError
from portal.sheets import csv_file
from tests.client import Browser
from tests.shipments.files import HEADER, csv, errors_of, row, take_in
from tests.shipments.taken import count, numbers, shipments


def test_a_file_of_nothing_but_errors_is_given_up(app: Flask, browser: Browser) -> None:
    """240 KB of it once made 800,000 rows of errors and a database of 70 MB."""
    content = (HEADER + "\n" + ",,x\n" * 60_000).encode()
    run = take_in(app, content)
    assert run.state == "failed"
    assert run.failed == run.rows_done == 1_500, "three batches: the third found it hopeless"
    assert (
        "Reading stopped after row 1,501. Rows that need correction: 1,500 of 1,500." in run.problem
    )
    kept = {number for number, _column, _message in errors_of(app, run)}
    assert kept == set(range(2, outcomes.MOST_WRONG + 2))
    assert count(app, ImportError) <= 12 * outcomes.MOST_WRONG
    browser.sign_in("admin")
    page = browser.get(f"/shipments/imports/{run.id}")
    assert "the first 1,000 of 1,500" in page.root.text
    assert run.problem in page.root.text


@pytest.mark.both_databases
def test_good_rows_go_in_beside_however_many_wrong_ones(
    app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(csv_file, "BATCH_ROWS", 5)
    monkeypatch.setattr(running, "MOST_WRONG", 3)
    rows = [row(id=f"S-{n}", doses="x" if n % 5 in (1, 3) else "300") for n in range(40)]
    run = take_in(app, csv(*rows))
    assert (run.state, run.problem) == ("finished", "")
    assert numbers(run) == (24, 0, 0, 16)
    assert len(shipments(app)) == 24
    assert [number for number, _column, _message in errors_of(app, run)] == [3, 5, 8]


def test_good_rows_up_to_where_a_file_is_given_up_stay_in(
    app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(csv_file, "BATCH_ROWS", 4)
    monkeypatch.setattr(running, "MOST_WRONG", 3)
    rows = [row(id="S-good"), *(row(id=f"S-{n}", doses="x", lot="") for n in range(20))]
    run = take_in(app, csv(*rows))
    assert (run.state, numbers(run)) == ("failed", (1, 0, 0, 7))
    assert "after row 9. Rows that need correction: 7 of 8" in run.problem
    assert len(shipments(app)) == 1
    wrong = errors_of(app, run)
    assert [number for number, *_rest in wrong] == [3, 3, 4, 4, 5, 5], "all of the first rows"
    mended = take_in(app, csv(row(id="S-good"), *(row(id=f"S-{n}") for n in range(20))))
    assert numbers(mended) == (20, 0, 1, 0)


def test_a_file_that_ends_hopeless_was_read_to_its_end(
    app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(running, "MOST_WRONG", 3)
    run = take_in(app, csv(*(row(id=f"S-{n}", doses="x") for n in range(20))))
    assert (run.state, run.problem, run.failed) == ("finished", "", 20)
