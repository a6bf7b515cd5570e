"""The counters that triggers keep."""

import pytest
from sqlalchemy import delete, insert, text, update

from portal.db import begin, is_sqlite, rollback, session, unit_of_work
from portal.listviews.checks import counts
from portal.listviews.counts import counted
from tests.listviews.conftest import FIRST_DAY, Pack
from tests.listviews.crates import Crate
from tests.personas import Personas

pytestmark = pytest.mark.both_databases


def kept(personas: Personas) -> dict[str, int]:
    """What the counters say, by location."""
    with unit_of_work(write=False):
        assert list(counts()) == []
        return {
            letter: counted("crate", number).number for letter, number in personas.locations.items()
        }


def test_counters_follow_inserts_updates_and_deletes(personas: Personas, pack: Pack) -> None:
    assert kept(personas) == {"A": 0, "B": 0, "C": 0}
    first = pack(5)
    pack(3, at="B")
    assert kept(personas) == {"A": 5, "B": 3, "C": 0}
    with unit_of_work() as current:
        current.execute(
            update(Crate)
            .where(Crate.id.in_(first[:2]))
            .values(location_id=personas.locations["C"], litres=9)
        )
    assert kept(personas) == {"A": 3, "B": 3, "C": 2}
    with unit_of_work() as current:
        current.execute(update(Crate).values(litres=7))
        current.execute(delete(Crate).where(Crate.location_id == personas.locations["B"]))
    assert kept(personas) == {"A": 3, "B": 0, "C": 2}
    with unit_of_work() as current:
        current.execute(delete(Crate))
    assert kept(personas) == {"A": 0, "B": 0, "C": 0}


def test_one_statement_may_touch_several_locations(personas: Personas) -> None:
    rows = [
        {"location_id": place, "label": "x", "packed_on": FIRST_DAY, "litres": 1, "search": ""}
        for place in personas.locations.values()
        for _each in range(4)
    ]
    with unit_of_work() as current:
        current.execute(insert(Crate).values(rows))
    assert kept(personas) == {"A": 4, "B": 4, "C": 4}


def test_what_is_rolled_back_was_never_counted(personas: Personas, pack: Pack) -> None:
    pack(2)
    begin(write=True)
    session().execute(delete(Crate))
    rollback()
    assert kept(personas) == {"A": 2, "B": 0, "C": 0}


@pytest.mark.parametrize("rule", ["OR IGNORE", "OR REPLACE", "OR ROLLBACK", ""])
def test_the_conflict_rule_of_the_statement_changes_nothing(
    personas: Personas, pack: Pack, rule: str
) -> None:
    pack(2)
    place = personas.locations["A"]
    values = (
        "(location_id, label, packed_on, litres, state, search) "
        f"VALUES ({place}, 'x', '2021-01-01', 1, 'cold', '')"
    )
    with unit_of_work() as current:
        if is_sqlite():
            current.execute(text(f"INSERT {rule} INTO crate {values}"))
        else:
            current.execute(text(f"INSERT INTO crate {values} ON CONFLICT DO NOTHING"))
    assert kept(personas) == {"A": 3, "B": 0, "C": 0}


def test_emptying_the_table_empties_the_counters(personas: Personas, pack: Pack) -> None:
    pack(3)
    with unit_of_work() as current:
        current.execute(text("DELETE FROM crate" if is_sqlite() else "TRUNCATE crate"))
    assert kept(personas) == {"A": 0, "B": 0, "C": 0}


def test_the_check_finds_a_wrong_counter(personas: Personas, pack: Pack) -> None:
    pack(3)
    with unit_of_work() as current:
        current.execute(text("UPDATE row_count SET rows = 4 WHERE table_name = 'crate'"))
    with unit_of_work(write=False):
        (sentence,) = counts()
    assert "says 4 rows" in sentence
    assert "there are 3" in sentence
    session().rollback()
