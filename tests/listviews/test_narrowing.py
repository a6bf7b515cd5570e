"""Further views, and searches for dates and statuses: rows that are chosen by a column."""

from collections.abc import Sequence
from dataclasses import fields
from datetime import timedelta
from typing import Any

import pytest

from portal.access.scope import Scope
from portal.db import unit_of_work
from portal.listviews import queries
from portal.listviews.definition import ALL, DefinitionError, ListDefinition
from portal.listviews.paging import END, ListState
from portal.listviews.queries import read_page
from portal.searching.text import day_of, phrase_in, words
from tests.listviews.conftest import FIRST_DAY, Pack, scope_at
from tests.listviews.crates import CRATES, Crate
from tests.personas import Personas

pytestmark = pytest.mark.both_databases


def changed(**values: Any) -> ListDefinition:
    """The crates' list with other values."""
    known = {each.name: getattr(CRATES, each.name) for each in fields(CRATES)}
    return ListDefinition(**(known | values))


CHOOSING = changed(
    phrases=lambda _scope: {
        "Cold": (Crate.state == "cold",),
        "Too warm": (Crate.state == "warm",),
        "Warm": (Crate.litres > 3,),
    },
)


def found(scope: Scope, searched: str, view: str = ALL, sort: str = "label") -> list[str]:
    with unit_of_work(write=False):
        page = read_page(scope, CHOOSING, ListState(view, sort, q=searched))
        return [row.label for row in page.rows]


def test_a_day_is_found_however_it_is_typed_and_with_other_words(scope: Scope, pack: Pack) -> None:
    pack(1, label="First", packed_on=FIRST_DAY)
    pack(1, label="Second", packed_on=FIRST_DAY + timedelta(days=1))
    assert found(scope, "01/04/2021") == ["First"]
    assert found(scope, "1/4/2021") == ["First"]
    assert found(scope, " 1/04/2021  first ") == ["First"]
    assert found(scope, "1/4/2021 second") == []
    assert found(scope, "1/4/2021 1/5/2021") == []
    assert found(scope, "1/5/2021", view="warm") == []
    assert found(scope, "13/40/2021") == []
    assert found(scope, "1/4/0000") == []
    for written in ("1/4/21", "2021-01-04", "Jan 4 2021", "january 4, 2021", "4-Jan-2021"):
        assert found(scope, written) == ["First"], written


def test_a_month_is_all_of_its_days(scope: Scope, pack: Pack) -> None:
    pack(1, label="Before", packed_on=FIRST_DAY.replace(year=2020, month=12, day=31))
    pack(1, label="First", packed_on=FIRST_DAY.replace(day=1))
    pack(1, label="Last", packed_on=FIRST_DAY.replace(day=31))
    pack(1, label="After", packed_on=FIRST_DAY.replace(month=2, day=1))
    for written in ("01/2021", "1/2021", "January 2021", "jan. 2021"):
        assert found(scope, written) == ["First", "Last"], written
    assert found(scope, "2021-01") == [], "numbers of suppliers look like that"


def test_a_day_in_a_name_is_found_too(scope: Scope, pack: Pack) -> None:
    pack(1, label="Box of 01/04/21", packed_on=FIRST_DAY + timedelta(days=9))
    pack(1, label="Other", packed_on=FIRST_DAY)
    assert found(scope, "01/04/21") == ["Box of 01/04/21", "Other"]


def test_a_day_of_another_location_is_not_found(
    scope: Scope, personas: Personas, pack: Pack
) -> None:
    pack(1, at="B", label="Elsewhere", packed_on=FIRST_DAY)
    assert found(scope, "1/4/2021") == []
    assert found(scope_at(personas, "B"), "1/4/2021") == ["Elsewhere"]


def test_what_a_column_says_is_found_by_its_longest_words(scope: Scope, pack: Pack) -> None:
    pack(1, label="One", state="cold", litres=5)
    pack(1, label="Two", state="warm", litres=1)
    assert found(scope, "cold") == ["One"]
    assert found(scope, "TOO  Warm") == ["Two"]
    assert found(scope, "warm") == ["One"]
    assert found(scope, "too warm one") == []
    assert found(scope, "two too warm") == ["Two"]
    assert found(scope, "cold", view="warm") == []


@pytest.mark.parametrize(
    ("text", "phrase", "rest"),
    [
        ("Received", "received", ""),
        ("partly RECEIVED  x", "partly received", "x"),
        ("unreceived", "", "unreceived"),
        ("a received b received", "received", "a b received"),
        ("", "", ""),
    ],
)
def test_a_phrase_is_whole_words(text: str, phrase: str, rest: str) -> None:
    assert phrase_in(text, ("received", "partly received", "")) == (phrase, rest)


def test_words_of_a_day_are_as_lists_print_it() -> None:
    assert words("1/4/2021 x1/4/2021 31/12/2021") == ("01/04/2021", "x1/4/2021", "31/12/2021")
    assert day_of("01/04/2021") == FIRST_DAY
    assert day_of("01/04/21") is None, "names have such words in them"


def pages(scope: Scope, state: ListState) -> Sequence[str]:
    """The labels of all pages, going on from one to the next."""
    labels: list[str] = []
    following: ListState | None = state
    with unit_of_work(write=False):
        while following is not None:
            page = read_page(scope, CHOOSING, following)
            labels += [row.label for row in page.rows]
            following = page.next
    return labels


@pytest.mark.parametrize("sort", ["label", "-label", "state", "-litres"])
def test_many_rows_of_a_view_are_paged_though_they_are_far_off(
    scope: Scope, pack: Pack, monkeypatch: pytest.MonkeyPatch, sort: str
) -> None:
    monkeypatch.setattr(queries, "CAP", 40)
    monkeypatch.setattr(queries, "WALK", 10)
    pack(60, state="cold")
    pack(60, state="warm", seed=1)
    chosen = pages(scope, ListState("warm", sort))
    assert len(chosen) == 60
    assert sorted(chosen) == [f"Crate {number:04}" for number in range(60)]
    assert sorted(pages(scope, ListState(ALL, sort, q="too warm"))) == sorted(chosen)
    with unit_of_work(write=False):
        first = read_page(scope, CHOOSING, ListState("warm", sort))
        assert (first.count.number, first.count.more) == (40, True)
        last = read_page(scope, CHOOSING, ListState("warm", sort, before=END))
        assert last.next is None
        assert last.previous is not None


def test_few_rows_of_a_view_are_counted_exactly(scope: Scope, pack: Pack) -> None:
    pack(30, state="warm")
    pack(5)
    with unit_of_work(write=False):
        page = read_page(scope, CRATES, ListState("warm", "label"))
        assert (page.count.number, page.count.more) == (30, False)
        assert len(page.rows) == 25


def test_brief_names_columns(scope: Scope) -> None:
    assert changed(brief=("litres",)).brief == ("litres",)
    with pytest.raises(DefinitionError, match="brief"):
        changed(brief=("weight",))
