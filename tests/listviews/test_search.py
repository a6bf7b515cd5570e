"""Searching: what was typed is found as it stands, whatever its accents, case and characters."""

import pytest
from sqlalchemy import delete, select, text, update

from portal.access.scope import Scope
from portal.db import is_sqlite, session, unit_of_work
from portal.listviews import queries
from portal.listviews.checks import searching
from portal.listviews.definition import ALL
from portal.listviews.paging import ListState
from portal.listviews.queries import read_page
from portal.searching.hits import contains as contains_words
from portal.searching.text import SEPARATOR, fold, join, words
from tests.listviews.conftest import FIRST_DAY, Pack, scope_at
from tests.listviews.crates import CRATES, Crate
from tests.personas import Personas

pytestmark = pytest.mark.both_databases


def found(scope: Scope, searched: str, **state: object) -> list[str]:
    """The labels the list shows for a search."""
    with unit_of_work(write=False):
        listing = read_page(scope, CRATES, ListState(ALL, "label", q=searched, **state))  # type: ignore[arg-type]
        assert listing.count.more or listing.count.number >= len(listing.rows)
        return [row.label for row in listing.rows]


@pytest.mark.parametrize(
    ("label", "searched"),
    [
        ("Crate Núñez", "nunez"),
        ("Crate Nunez", "NÚÑEZ"),
        ("Straße", "STRASSE"),
        ("Łódź øre", "lodz ORE"),
        ("O’Brien", "o'brien"),
        ("100% cold", "0% c"),
        ("a_b", "a_b"),
        ("back\\slash", "k\\s"),
        ('say "hi"', '"hi"'),
        ("it's", "it's"),
        ("a AND b OR NOT c*", "AND NOT c*"),
        ("search : near(x)", "search : near("),
        ("^start-end+", "^start -end+"),
        ("AB", "b"),
        ("zq rest", "zq"),
        ("日本語のラベル", "語のラ"),
        ("😀 smile", "😀"),
        ("ｆｕｌｌ", "full"),
    ],
)
def test_a_label_is_found_by(scope: Scope, pack: Pack, label: str, searched: str) -> None:
    pack(1, label=label)
    pack(1, label="other thing", seed=1)
    assert found(scope, searched) == [label]


@pytest.mark.parametrize(
    "searched", ["%", "_", "a%b", "a_b", "\\", '"', "'", "*", "abc*", "a b c zzz", "--", "a'; drop"]
)
def test_signs_of_the_database_mean_nothing(scope: Scope, pack: Pack, searched: str) -> None:
    pack(1, label="aXb abcd")
    assert found(scope, searched) == []


def test_every_word_must_occur_in_whatever_field_and_order(scope: Scope, pack: Pack) -> None:
    pack(1, label="Blue crate", remark="dented lid", packed_on=FIRST_DAY)
    pack(1, label="Blue box", remark="new")
    assert found(scope, "lid blue") == ["Blue crate"]
    assert found(scope, "01/04/2021 lid") == ["Blue crate"]
    assert found(scope, "blue new lid") == []
    assert found(scope, "blue") == ["Blue box", "Blue crate"]


def test_no_hit_reaches_from_one_field_into_the_next(scope: Scope, pack: Pack) -> None:
    pack(1, label="ends with abc", remark="def begins")
    assert found(scope, "abcdef") == []
    assert found(scope, f"abc{SEPARATOR}def") == []
    assert SEPARATOR not in "".join(words(f"abc{SEPARATOR}def"))


def test_a_search_that_is_nothing_shows_everything(scope: Scope, pack: Pack) -> None:
    pack(2)
    assert len(found(scope, "   ")) == 2
    assert len(found(scope, "\u200b")) == 2


def test_another_location_is_never_found(scope: Scope, personas: Personas, pack: Pack) -> None:
    pack(30, at="B", label="common word")
    pack(1, label="common here")
    assert found(scope, "common") == ["common here"]
    assert found(scope, "common word") == []
    assert len(found(scope_at(personas, "B"), "common")) == 25


def test_many_hits_are_counted_up_to_a_thousand(scope: Scope, pack: Pack) -> None:
    pack(queries.CAP, label="needle")
    with unit_of_work(write=False):
        exact = read_page(scope, CRATES, ListState(ALL, "label", q="needle")).count
    assert (exact.number, exact.more) == (1_000, False)
    pack(1, label="needle")
    with unit_of_work(write=False):
        more = read_page(scope, CRATES, ListState(ALL, "label", q="needle")).count
    assert (more.number, more.more) == (1_000, True)


def test_hits_far_down_the_order_are_found_when_there_are_many(
    scope: Scope, pack: Pack, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(queries, "CAP", 3)
    monkeypatch.setattr(queries, "WALK", 5)
    pack(20, label="aaa")
    pack(10, label="zzz needle")
    assert found(scope, "needle", rows=25) == ["zzz needle"] * 10


def test_the_index_follows_every_kind_of_change(
    scope: Scope, personas: Personas, pack: Pack
) -> None:
    first, second = pack(2, label="oldname")
    with unit_of_work() as current:
        crate = current.get_one(Crate, first)
        crate.label = "Fresh Näme"
    assert found(scope, "fresh name") == ["Fresh Näme"]
    assert found(scope, "oldname") == ["oldname"]
    with unit_of_work() as current:
        current.execute(
            update(Crate).where(Crate.id == first).values(location_id=personas.locations["B"])
        )
    assert found(scope, "fresh") == []
    assert found(scope_at(personas, "B"), "fresh") == ["Fresh Näme"]
    with unit_of_work() as current:
        current.execute(delete(Crate).where(Crate.id == second))
    assert found(scope, "oldname") == []
    with unit_of_work():
        session().add(
            Crate(location_id=scope.location_id, label="By ORM", packed_on=FIRST_DAY, litres=1)
        )
    assert found(scope, "by orm") == ["By ORM"]


def test_the_check_finds_an_index_that_does_not_match(scope: Scope, pack: Pack) -> None:
    pack(3, label="needle")
    assert list(searching()) == []
    with unit_of_work():
        if is_sqlite():
            session().execute(text("DROP TRIGGER crate_search_take"))
            session().execute(delete(Crate))
            session().execute(
                text("CREATE TRIGGER crate_search_take AFTER DELETE ON crate BEGIN SELECT 1; END")
            )
        else:
            session().execute(text("DROP INDEX ix_crate_search"))
    sentences = list(searching())
    assert len(sentences) == 1
    assert "crate" in sentences[0]


def test_the_indexes_are_used(scope: Scope, pack: Pack) -> None:
    pack(5)
    with unit_of_work():  # a transaction, for SET LOCAL
        query = queries.Source(scope, CRATES, ListState(ALL, "label", q="needle"))._matches(
            Crate.id
        )
        if is_sqlite():
            session().execute(text("ANALYZE"))
            plan = session().execute(text("EXPLAIN QUERY PLAN " + _literal(query))).all()
            assert "SCAN crate_search VIRTUAL TABLE" in str(plan[0]), plan
            assert "SEARCH crate USING INTEGER PRIMARY KEY" in str(plan[-1]), plan
            return
        session().execute(text("SET LOCAL enable_seqscan = off"))
        contains = select(Crate.id).where(contains_words(Crate.search, ("needle",)))
        plan = session().execute(text("EXPLAIN " + _literal(contains))).all()
        assert any("ix_crate_search" in str(step) for step in plan), plan


def _literal(query: object) -> str:
    bound = query.compile(  # type: ignore[attr-defined]
        session().get_bind(), compile_kwargs={"literal_binds": True}
    )
    return str(bound).replace("%%", "%").replace(":", "\\:")


def test_folding_is_the_same_the_second_time() -> None:
    for given in ("ÅÉÎõü ß ﬁ İ ǅ Σίσυφος", "  a\tb\n c ", "‘x’ – “y”", "\x00\x1f\ue000é"):
        assert fold(fold(given)) == fold(given)
    assert join(["A", None, "", FIRST_DAY, 5]) == SEPARATOR.join(["a", "01/04/2021", "5"])


def test_a_very_long_search_is_answered(scope: Scope, pack: Pack) -> None:
    pack(1, label="short")
    assert found(scope, "x" * 100_000) == []
    assert found(scope, " ".join(map(str, range(10_000)))) == []
    assert session().scalars(select(Crate.label)).all() == ["short"]
