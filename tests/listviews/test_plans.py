"""What a list asks the database is put together once, whoever asks and wherever they are."""

from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select, text

from portal.access.scope import Scope
from portal.db import session, unit_of_work
from portal.listviews.definition import ALL
from portal.listviews.paging import END, ListState
from portal.listviews.queries import read_page
from portal.searching.among import one_of
from tests.listviews.conftest import FIRST_DAY, Pack, scope_at
from tests.listviews.crates import CRATES, Crate
from tests.listviews.test_narrowing import changed
from tests.personas import Personas
from tests.statements import put_together

pytestmark = pytest.mark.both_databases

BY_STATE = {
    "count": "exact",
    "parts": lambda _scope, _chosen: [{Crate.state: "cold"}, {Crate.state: "warm"}],
}
OF_THE_PRESENT = changed(count="exact", where=lambda scope: (Crate.litres == scope.user.id,))


@pytest.mark.parametrize("values", [{}, BY_STATE], ids=["whole", "parts"])
def test_a_page_is_asked_for_by_statements_that_exist(
    personas: Personas, pack: Pack, values: dict[str, Any]
) -> None:
    definition = changed(**values)  # which nobody has asked yet
    pack(60)
    pack(60, at="B")

    def pages(letter: str, sort: str) -> None:
        state = ListState(ALL, sort)
        with unit_of_work(write=False):
            first = read_page(scope_at(personas, letter), definition, state)
            assert first.next is not None
            assert first.count.number == 60
            read_page(scope_at(personas, letter), definition, first.next)
            read_page(scope_at(personas, letter), definition, state.page(before=END))

    pages("A", "-litres")
    assert put_together(lambda: pages("A", "label")), "another order, another statement"
    assert not put_together(lambda: pages("B", "label"))
    assert not put_together(lambda: pages("A", "-litres"))


def test_what_restricts_a_list_for_a_user_is_asked_anew(personas: Personas, pack: Pack) -> None:
    one, other = scope_at(personas, "A"), scope_at(personas, "B")
    pack(2, litres=one.user.id)
    pack(3, at="B", litres=one.user.id)
    pack(3, at="B", litres=one.user.id + 1)
    with unit_of_work(write=False):
        for scope, number in ((one, 2), (other, 3), (one, 2)):
            page = read_page(scope, OF_THE_PRESENT, ListState(ALL, "label"))
            assert (len(page.rows), page.count.number) == (number, number)


def test_parts_are_the_rows_with_their_values(scope: Scope, pack: Pack) -> None:
    empty = pack(2, remark=None)
    full = pack(3, remark="wet", state="warm")
    pack(4, remark="dry")

    def found(*parts: dict[Any, Any]) -> list[int]:
        definition = changed(count="exact", parts=lambda _scope, _chosen: parts)
        with unit_of_work(write=False):
            page = read_page(scope, definition, ListState(ALL, "label"))
            assert page.count.number == len(page.rows)
            return sorted(row.id for row in page.rows)

    assert found({Crate.remark: None}) == empty
    assert found({Crate.remark: "wet", Crate.state: "warm"}) == full
    assert found({Crate.remark: "wet", Crate.state: "cold"}) == []
    assert found({Crate.remark: "wet"}, {Crate.remark: None}) == sorted(full + empty)


def test_a_stretch_of_days_is_never_somebody_elses(scope: Scope, pack: Pack) -> None:
    for day in range(4):
        pack(day + 1, packed_on=FIRST_DAY + timedelta(days=day))
    with unit_of_work(write=False):
        for day in (3, 0, 2):
            at = f"{FIRST_DAY + timedelta(days=day):%m/%d/%Y}"
            state = ListState(ALL, "-packed_on", filters=(("from", at), ("to", at)))
            assert len(read_page(scope, CRATES, state).rows) == day + 1


def test_numbers_are_one_value_and_are_looked_up_by_the_key(
    app: Flask, pack: Pack, database_kind: str
) -> None:
    ids = pack(400)
    with unit_of_work(write=False) as current:
        for wanted in ([], ids[:1], ids[50:350], [*ids[:2], ids[-1] + 10]):
            found = current.scalars(select(Crate.id).where(one_of(Crate.id, wanted))).all()
            assert sorted(found) == sorted(set(wanted) & set(ids))
        query = select(Crate.litres).where(one_of(Crate.id, ids[:3]))
        dialect = current.connection().dialect
        literal = query.compile(dialect=dialect, compile_kwargs={"literal_binds": True})
        if database_kind == "sqlite":
            plan = str(session().execute(text(f"EXPLAIN QUERY PLAN {literal}")).all())
            assert "USING INTEGER PRIMARY KEY" in plan
