"""The days of a dose, by the products' facts (SPEC G4)."""

import csv
from dataclasses import dataclass
from datetime import date, timedelta

import pytest

from portal.catalog.services import PRODUCTS
from portal.catalog.windows import Window, window

GIVEN = date(2021, 3, 1)


@dataclass(frozen=True)
class Facts:
    """What a line of the product file says."""

    series_doses: int | None
    recommended_interval_days: str
    grace_days: int | None
    absolute_min_interval_days: str
    max_recommended_interval_days: str


def facts(key: str) -> Facts:
    with PRODUCTS.open(encoding="utf-8", newline="") as file:
        line = next(line for line in csv.DictReader(file) if line["product_key"] == key)
    return Facts(
        int(line["series_doses"]),
        line["recommended_interval_days"],
        int(line["grace_days"]) if line["grace_days"] else None,
        line["absolute_min_interval_days"],
        line["max_recommended_interval_days"],
    )


def days(found: Window | None) -> tuple[int | None, ...] | None:
    """A window as days after the dose before."""
    if found is None:
        return None
    moments = (found.minimum, found.earliest, found.recommended, found.latest)
    return tuple((day - GIVEN).days if day else None for day in moments)


@pytest.mark.parametrize(
    ("key", "dose", "expected"),
    [
        ("PFR-PURPLE-2021-01", 2, (17, 17, 21, 42)),
        ("MOD-RED-10", 2, (24, 24, 28, 42)),
        ("PFR-GRAY", 2, (17, 17, 21, 42)),
        ("NVX-10", 2, (17, 17, 21, None)),
        ("PFR-MAROON", 2, (17, 17, 21, None)),
        ("PFR-MAROON", 3, (52, 52, 56, None)),
        ("PFR-MAROON", 4, None),
        ("PFR-PURPLE-2021-01", 1, None),
        ("PFR-PURPLE-2021-01", 3, None),
        ("JSN-5", 2, None),
        ("ASZ-10", 2, None),
    ],
)
def test_windows_follow_from_the_product_file(
    key: str, dose: int, expected: tuple[int | None, ...] | None
) -> None:
    assert days(window(facts(key), dose, GIVEN)) == expected


@pytest.mark.parametrize(
    ("key", "after", "offered"),
    [
        ("PFR-PURPLE-2021-01", 16, False),
        ("PFR-PURPLE-2021-01", 17, True),
        ("PFR-PURPLE-2021-01", 20, True),
        ("PFR-PURPLE-2021-01", 21, True),
        ("MOD-RED-10", 21, False),
        ("MOD-RED-10", 23, False),
        ("MOD-RED-10", 24, True),
        ("MOD-RED-10", 28, True),
    ],
)
def test_the_edges_of_the_cdsi(key: str, after: int, offered: bool) -> None:
    found = window(facts(key), 2, GIVEN)
    assert found is not None
    assert (GIVEN + timedelta(days=after) >= found.earliest) is offered
