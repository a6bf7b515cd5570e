"""What a list must be, said by its definition; the rules every list of the portal keeps."""

from dataclasses import fields
from typing import Any
from urllib.parse import parse_qsl

import pytest
from flask import Flask, get_template_attribute
from markupsafe import Markup, escape
from sqlalchemy import inspect

from portal.access.scope import Scope
from portal.db import db
from portal.listviews.counts import RowTotal
from portal.listviews.definition import ALL, Column, DefinitionError, ListDefinition
from portal.listviews.paging import ListState, address, read_state
from portal.listviews.queries import Listing, read_page
from portal.listviews.rendering import LONG_CELL, body, cell_format
from tests.listviews.conftest import Pack
from tests.listviews.crates import CRATES, Crate


def lists(app: Flask) -> list[ListDefinition]:
    """Every list view of the application."""
    return list(app.extensions["portal"].registry.lists.values())


def changed(**values: Any) -> ListDefinition:
    """The crates' list with other values."""
    known = {each.name: getattr(CRATES, each.name) for each in fields(CRATES)}
    return ListDefinition(**(known | values))


@pytest.mark.parametrize(
    ("values", "complaint"),
    [
        ({"default_sort": "-remark"}, "default_sort"),
        ({"columns": CRATES.columns[:1] * 2}, "keys of their own"),
        ({"columns": ()}, "keys of their own"),
        ({"columns": (*CRATES.columns, Column(key="x", label="", attribute=Crate.remark))}, "NULL"),
        (
            {"columns": (*CRATES.columns, Column(key="x", label="", attribute=Crate.id + 1))},
            "no column",
        ),
        ({"where": lambda _scope: ()}, "cannot follow"),
    ],
)
def test_a_definition_that_cannot_work_is_refused(values: dict[str, Any], complaint: str) -> None:
    with pytest.raises(DefinitionError, match=complaint):
        changed(**values)


def test_long_lists_have_an_index_for_every_sort(app: Flask) -> None:
    for definition in lists(app):
        if definition.count != "counter":
            continue
        assert definition.scope_column is not None
        indexes = inspect(db.engine).get_indexes(definition.table.name)
        present = [tuple(index["column_names"]) for index in indexes]
        for column in definition.sortable.values():
            wanted = (definition.scope_column.key, column.sorted_by.key, "id")
            assert wanted in present, f"{definition.name} is slow to sort by {column.key}"


def test_long_lists_have_an_index_for_every_date_one_can_search_for(app: Flask) -> None:
    for definition in lists(app):
        if definition.count != "counter":
            continue
        assert definition.scope_column is not None
        indexes = inspect(db.engine).get_indexes(definition.table.name)
        present = [tuple(index["column_names"]) for index in indexes]
        for column in definition.dated.values():
            wanted = (definition.scope_column.key, column.sorted_by.key, "id")
            assert wanted in present, f"{definition.name} is slow to find by {column.key}"


def test_text_one_can_sort_by_is_sorted_by_code_point(app: Flask) -> None:
    if db.engine.dialect.name != "postgresql":
        pytest.skip("SQLite knows no other order")
    for definition in lists(app):
        if definition.count != "counter":
            continue
        columns = {
            each["name"]: each for each in inspect(db.engine).get_columns(definition.table.name)
        }
        for column in definition.sortable.values():
            kind = columns[column.sorted_by.key]["type"]
            if hasattr(kind, "collation"):
                assert kind.collation == "C", f"{definition.name}: {column.key}"


def test_every_list_is_reached_and_its_records_are(app: Flask) -> None:
    rules = {rule.endpoint: rule for rule in app.url_map.iter_rules()}
    known = app.extensions["portal"].registry.capabilities
    for definition in lists(app):
        assert not rules[definition.endpoint].arguments
        assert definition.capability in known
        if definition.record_endpoint:
            assert len(rules[definition.record_endpoint].arguments) == 1


@pytest.mark.parametrize("sort", ["label", "-label", "-packed_on", "state"])
@pytest.mark.parametrize("rows", [25, 50])
def test_an_address_reads_as_it_was_written(sort: str, rows: int) -> None:
    state = ListState("warm", sort, q="a & b=c+é?#%", rows=rows, after="x~y/z~12")
    query = address(CRATES, state)
    assert read_state(CRATES, dict(parse_qsl(query[1:])), default_view=ALL) == state


def test_a_phone_is_spared_the_columns_that_are_not_brief(scope: Scope, pack: Pack) -> None:
    pack(1)
    listing = read_page(scope, CRATES, ListState(ALL, "label"))
    short = changed(brief=("state", "packed_on"))
    written = body(short, listing, zone="UTC", link=None)
    assert written.count('class="num more"') == 1, "litres"
    assert written.count('class="more"') == 1, "remark"
    assert "more" not in body(CRATES, listing, zone="UTC", link=None)


def test_rows_are_written_as_the_macro_would_write_them(
    app: Flask, scope: Scope, pack: Pack
) -> None:
    pack(3)
    pack(1, label="<i>" + "x" * (LONG_CELL + 1), remark="& " * 20, state="warm")
    with app.test_request_context():
        listing = read_page(scope, CRATES, ListState(ALL, "label"))
        forms = [cell_format(column, "UTC") for column in CRATES.columns]
        rows = [
            {
                "href": f"/crates/{row.id}",
                "cells": [form(value) for form, value in zip(forms, row[2:-1], strict=True)],
            }
            for row in listing.rows
        ]
        table = get_template_attribute("components/list_table.html", "list_table")
        wanted = str(table(CRATES.columns, rows))
        written = body(CRATES, listing, zone="UTC", link=("/crates/", ""))
        assert isinstance(written, Markup)
        assert f">{written}</tbody>" in wanted
        assert written.count("<tr>") == 4
        assert 'class="wide"' in written


def test_a_cell_stays_in_its_place_whatever_is_in_it() -> None:
    """Cells are escaped together."""
    texts = ["a", "b\0c", "", "\0", "<&>", "d"]
    column = Column(key="label", label="Label", attribute=Crate.label)
    definition = changed(columns=(column,), facts=(), default_sort="label")
    rows = [(number, text, text, number) for number, text in enumerate(texts)]
    listing = Listing(ListState(ALL, "label"), rows, RowTotal(6), None, None)  # type: ignore[arg-type]
    written = body(definition, listing, zone="UTC", link=None)
    cells = [f'<tr><th scope="row">{escape(text)}</th></tr>' for text in texts]
    assert written == "".join(cells)
