"""Storage units that were spelled in two ways become one by the upgrade, in open counts too."""

from collections.abc import Iterator

import pytest
from sqlalchemy import Engine, create_engine, text

from portal import migrations
from tests.upgrade.conftest import Empty
from tests.upgrade.filling import fill

pytestmark = pytest.mark.both_databases


@pytest.fixture
def before(empty: Empty) -> Iterator[Engine]:
    """Four records of two locations, in a schema in which spellings could differ."""
    engine = create_engine(empty())
    migrations.upgrade(engine, to="0022")
    fill(engine)
    fill(engine, first=4)
    spelled = {1: "Fridge 1", 2: "FRIDGE  1", 3: "fridge1", 4: "Über", 5: "über", 6: "Freezer"}
    with engine.begin() as connection:
        for number, unit in spelled.items():
            values = {"number": number, "unit": unit, "place": 2 if number == 3 else 1}
            for change in (
                "UPDATE vaccine_inventory SET storage_unit = :unit WHERE id = :number",
                "UPDATE vaccine_inventory SET location_id = :place WHERE id = :number",
                "UPDATE stock_count SET storage_unit = :unit WHERE id = :number",
                "UPDATE stock_count SET location_id = :place WHERE id = :number",
                "UPDATE stock_count SET without_unit = FALSE WHERE id = :number",
                "UPDATE stock_count_line SET storage_unit = :unit WHERE id = :number",
            ):
                used = {name: values[name] for name in values if f":{name}" in change}
                connection.execute(text(change), used)
        for number in (1, 2, 5):
            connection.execute(
                text(
                    "UPDATE stock_count SET state = 'open', closed_at = NULL, closed_by_id = NULL, "
                    "document_id = NULL WHERE id = :number"
                ),
                {"number": number},
            )
    yield engine
    engine.dispose()


def units(engine: Engine, table: str) -> list[str]:
    with engine.connect() as connection:
        return list(
            connection.scalars(text(f"SELECT storage_unit FROM {table} ORDER BY id"))  # noqa: S608
        )


def test_the_first_spelling_of_a_location_is_kept(before: Engine) -> None:
    migrations.upgrade(before)
    expected = ["Fridge 1", "Fridge 1", "fridge1", "Über", "Über", "Freezer"]
    assert units(before, "vaccine_inventory") == expected


def test_open_counts_follow_and_finished_ones_stay_as_they_were(before: Engine) -> None:
    migrations.upgrade(before)
    found = ["Fridge 1", "Fridge 1", "fridge1", "Über", "Über", "Freezer"]
    assert units(before, "stock_count_line") == found, "no box was moved"
    assert units(before, "stock_count")[1] == "FRIDGE  1", "two open counts of one unit are two"
    assert units(before, "stock_count")[4] == "Über"
