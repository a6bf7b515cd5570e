"""Cursors, pins and ids that no row has and no column can hold."""

import pytest
from flask import Flask
from sqlalchemy import BigInteger, Integer, SmallInteger

from blueprints.shipments.lists import SHIPMENTS
from portal.catalog.queries import find_product_choice
from portal.db import unit_of_work
from portal.formats.numbers import LARGEST_ID
from portal.listviews.paging import LARGEST_BIG, largest_of, read_cursor
from portal.lookups.fields import row_id
from portal.submissions import new_operation_id
from tests.client import Browser
from tests.inventory import stock
from tests.personas import Personas

pytestmark = pytest.mark.both_databases

LISTS = ("/shipments/", "/vaccine-inventory/", "/accounts")


@pytest.mark.parametrize("number", [2**31, 2**63 - 1, 2**63, 10**30])
@pytest.mark.parametrize("page", LISTS)
def test_a_cursor_behind_every_possible_row_gives_a_page(
    browser: Browser, page: str, number: int
) -> None:
    browser.sign_in("manager_a")
    for cursor in (f"a~{number}", f"{number}~5", f"-{number}~5", f"{number}~{number}"):
        for way in ("after", "before"):
            assert browser.get(f"{page}?view=all&{way}={cursor}").status == 200


@pytest.mark.parametrize("column", [column.key for column in SHIPMENTS.columns])
def test_each_column_survives_a_value_it_cannot_hold(browser: Browser, column: str) -> None:
    browser.sign_in("manager_a")
    for value in ("9999999999", "-9999999999", "0001-01-01", "99991231T235959.000000", "x"):
        page = browser.get(f"/shipments/?view=all&sort={column}&after={value}~5")
        assert page.status == 200, (column, value)


def test_a_cursor_is_bounded_by_what_its_column_holds() -> None:
    assert (largest_of(Integer()), largest_of(BigInteger())) == (LARGEST_ID, LARGEST_BIG)
    assert largest_of(BigInteger().with_variant(Integer(), "sqlite")) == LARGEST_BIG
    assert read_cursor(f"{LARGEST_ID}~{LARGEST_ID}", int) == (LARGEST_ID, LARGEST_ID)
    assert read_cursor(f"{LARGEST_ID + 1}~1", int) is None
    assert read_cursor(f"1~{LARGEST_ID + 1}", int) is None
    assert read_cursor(f"{LARGEST_ID + 1}~1", int, largest=LARGEST_BIG) == (LARGEST_ID + 1, 1)


@pytest.mark.parametrize("pin", ["0", "1"])
def test_a_view_that_does_not_exist_is_neither_pinned_nor_unpinned(
    browser: Browser, pin: str
) -> None:
    browser.sign_in("manager_a")
    page = browser.get("/vaccine-inventory/add")
    token = page.root.all("input", name="csrf_token")[0].attributes["value"]
    for view in ("x" * 900, "", "a\0b"):
        sent = {"csrf_token": token, "operation_id": new_operation_id(), "view": view, "pin": pin}
        assert browser.client.post("/lists/shipments/pin", data=sent).status_code == 422


def test_an_id_of_a_form_is_one_that_both_databases_can_hold(
    app: Flask, personas: Personas
) -> None:
    assert row_id(str(LARGEST_ID)) == LARGEST_ID
    for text in (str(LARGEST_ID + 1), "1" * 30, "٣", "-1", "", "1.0"):
        with pytest.raises(ValueError, match="no id"):
            row_id(text)
    with app.test_request_context():
        scope = stock.scope_for(personas, "manager_a")
        known = stock.product_id()
        with unit_of_work(write=False):
            assert find_product_choice(scope, str(known)) is not None
            for text in (str(10**30), str(LARGEST_ID + 1), "٣", "x"):
                assert find_product_choice(scope, text) is None


def test_small_columns_are_bounded_too() -> None:
    assert largest_of(SmallInteger()) < LARGEST_ID
