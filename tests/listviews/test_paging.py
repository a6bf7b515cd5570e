"""Paging by key: every record once, in order, in both directions, whatever happens meanwhile."""

from collections.abc import Iterator
from datetime import date, timedelta

import pytest
from flask import Flask
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import delete, insert

from portal.access.scope import Scope
from portal.db import session, unit_of_work
from portal.listviews import queries
from portal.listviews.definition import ALL
from portal.listviews.paging import END, ListState, read_cursor, read_state, write_cursor
from portal.listviews.queries import read_page
from tests.listviews.conftest import FIRST_DAY, Pack
from tests.listviews.crates import CRATES, Crate
from tests.listviews.test_definitions import changed
from tests.personas import Personas

pytestmark = pytest.mark.both_databases


def walk(scope: Scope, state: ListState) -> Iterator[list[int]]:
    """The ids of page after page, in the direction `state` begins in."""
    following: ListState | None = state
    while following is not None:
        with unit_of_work(write=False):
            listing = read_page(scope, CRATES, following)
        yield [row.id for row in listing.rows]
        following = listing.previous if state.before else listing.next


def in_order(sort: str, location_id: int, searched: str = "") -> list[int]:
    """The ids of all crates of a location as the list should have them."""
    with unit_of_work(write=False):
        crates = session().query(Crate).filter_by(location_id=location_id).all()
        found = [crate for crate in crates if searched in crate.search]
        key = sort.removeprefix("-")
        found.sort(key=lambda crate: (getattr(crate, key), crate.id), reverse=sort.startswith("-"))
        return [crate.id for crate in found]


SORTS = st.sampled_from(
    [sign + key for key in ("label", "packed_on", "litres", "state") for sign in ("", "-")]
)
CRATE = st.fixed_dictionaries(
    {
        "label": st.sampled_from(["", "a", "A", "Z", "é", "z~1", "%", "😀", "\ufffd", "a b"]),
        "packed_on": st.integers(0, 3).map(lambda days: FIRST_DAY + timedelta(days=days)),
        "litres": st.integers(-2, 2),
        "state": st.sampled_from(["cold", "warm"]),
        "at": st.sampled_from("AAAB"),
    }
)


@settings(
    max_examples=40,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(
    rows=st.lists(CRATE, max_size=30),
    sort=SORTS,
    size=st.integers(1, 7),
    searched=st.booleans(),
    few=st.booleans(),
)
def test_all_pages_together_are_the_sorted_list(
    app: Flask,
    personas: Personas,
    scope: Scope,
    monkeypatch: pytest.MonkeyPatch,
    rows: list[dict[str, object]],
    sort: str,
    size: int,
    searched: bool,
    few: bool,
) -> None:
    # `searched` with a cap of 0: the walk along the index, cut short after three rows.
    monkeypatch.setattr(queries, "CAP", 1_000 if few else 0)
    monkeypatch.setattr(queries, "WALK", 3)
    with unit_of_work():
        session().execute(delete(Crate))
        for row in rows:
            values = {name: value for name, value in row.items() if name != "at"}
            place = personas.locations[str(row["at"])]
            text = "abcd" if row["litres"] != 0 else "other"
            session().execute(insert(Crate).values(location_id=place, search=text, **values))
    wanted = in_order(sort, scope.location_id, "abcd" if searched else "")
    state = ListState(ALL, sort, q="abcd" if searched else "", rows=size)

    forward = list(walk(scope, state))
    assert [number for page in forward for number in page] == wanted
    assert all(len(page) == size for page in forward[:-1])

    backward = list(walk(scope, state.page(before=END)))[::-1]
    assert [number for page in backward for number in page] == wanted
    if few or not searched:
        assert backward == forward


def test_a_page_goes_on_where_the_last_one_ended_although_records_came_and_went(
    scope: Scope, pack: Pack
) -> None:
    pack(10, packed_on=FIRST_DAY)
    state = ListState(ALL, "packed_on", rows=4)
    with unit_of_work(write=False):
        first = read_page(scope, CRATES, state)
    assert first.next is not None
    shown = [row.id for row in first.rows]
    with unit_of_work():
        session().execute(delete(Crate).where(Crate.id.in_([shown[-1], shown[0]])))
    newer = pack(1, packed_on=FIRST_DAY + timedelta(days=9))
    rest = [number for page in walk(scope, first.next) for number in page]
    assert len(rest) == 7
    assert rest[-1] == newer[0]
    assert not set(rest) & set(shown)


def test_a_cursor_behind_the_end_shows_the_last_page(scope: Scope, pack: Pack) -> None:
    ids = pack(7)
    state = ListState(ALL, "label", rows=5)
    with unit_of_work(write=False):
        listing = read_page(scope, CRATES, state.page(after=write_cursor("zzz", 99)))
    assert [row.id for row in listing.rows] == ids[5:]
    assert listing.next is None


@pytest.mark.parametrize(
    "cursor",
    ["", "~", "x", "x~y", "2021~1", "~99999999999999999999", "\0~1", "2021-01-01~1²", "end~"],
)
def test_a_cursor_that_cannot_be_read_shows_the_first_page(
    scope: Scope, pack: Pack, cursor: str
) -> None:
    pack(3)
    first = in_order("packed_on", scope.location_id)[:2]
    for direction in ("after", "before"):
        with unit_of_work(write=False):
            state = ListState(ALL, "packed_on", rows=2, **{direction: cursor})
            listing = read_page(scope, CRATES, state)
        assert [row.id for row in listing.rows] == first


def test_what_an_address_cannot_mean_falls_back_to_the_usual() -> None:
    state = read_state(
        CRATES,
        {"view": "nonsense", "sort": "-nonsense", "rows": "1000", "q": "\0 a "},
        default_view=ALL,
    )
    assert state == ListState(ALL, "-packed_on", q="a", rows=25)


@pytest.mark.parametrize(
    ("value", "kind"),
    [("a~b", str), ("", str), (date(2021, 3, 1), date), (-5, int), (True, bool)],
)
def test_a_cursor_reads_as_it_was_written(value: object, kind: type) -> None:
    assert read_cursor(write_cursor(value, 17), kind) == (value, 17)


def test_the_addresses_of_a_private_list_hold_nothing_but_ids(scope: Scope, pack: Pack) -> None:
    private = changed(private=True, search=False)
    pack(7, label="Person, A")
    ids = [*pack(4, label="Person, B"), *pack(1, label="Person, C", at="B")][:4]
    state = ListState(ALL, "-label", rows=2)
    seen: list[int] = []
    following: ListState | None = state
    while following is not None:
        with unit_of_work(write=False):
            listing = read_page(scope, private, following)
        seen += [row.id for row in listing.rows]
        following = listing.next
        assert following is None or following.after == f"~{seen[-1]}"
    assert seen[:4] == ids[::-1]
    assert len(seen) == 11
    with unit_of_work(write=False):
        gone = read_page(scope, private, state.page(after="~999999"))
        elsewhere = read_page(scope, private, state.page(after=f"~{ids[-1] + 1}"))
    assert len(gone.rows) == len(elsewhere.rows) == 2
