"""Locations near a ZIP code or address, nearest first."""

from dataclasses import replace
from pathlib import Path

import pytest
from flask import Flask

from blueprints.scheduling.finding import Offer, miles
from blueprints.scheduling.models import ZipPlace
from blueprints.scheduling.queries import near
from blueprints.scheduling.zips import load_zips
from portal.access.scope import Place, Scope
from portal.db import unit_of_work
from portal.errors import Invalid
from portal.places.models import Location
from tests.inventory.stock import scope_for
from tests.personas import Personas
from tests.scheduling.offering import offer, rows, take
from tests.statements import watched

SAMPLE = Path(__file__).with_name("zips.csv")
PLACES = {
    "A": ("Plymouth", "27962"),
    "B": ("Beaufort", "28516-1234"),
    "C": ("Roper", "27970"),
}


@pytest.fixture
def offering(scope: Scope, personas: Personas) -> dict[str, Scope]:
    """All three clinics give appointments, B's to the public."""
    scopes = {"A": scope, "B": scope_for(personas, "manager_b")}
    with unit_of_work() as session:
        for letter, (city, zip_code) in PLACES.items():
            location = session.get_one(Location, personas.locations[letter])
            location.city, location.zip_code = city, zip_code
            if letter == "C":
                here = Place(
                    id=location.id,
                    name=location.name,
                    pin=location.pin,
                    time_zone=location.time_zone,
                    organization_id=location.organization_id,
                )
                scopes["C"] = replace(scope, location=here)
    for letter, each in scopes.items():
        offer(each, public=letter == "B")
    return scopes


def found(text: str, **options: bool) -> list[Offer]:
    with unit_of_work(write=False):
        return near(text, **options)


def letters(text: str) -> str:
    return "".join(offer.name.removeprefix("Clinic ") for offer in found(text))


def load() -> int:
    with unit_of_work():
        return load_zips(SAMPLE)


def test_the_nearest_come_first_with_their_miles(offering: dict[str, Scope]) -> None:
    assert load() == 4
    at_roper = found("31 Main Street, Roper, NC 27970")
    assert [(each.name, each.miles) for each in at_roper] == [
        ("Clinic C", 0.0),
        ("Clinic A", 8.5),
        ("Clinic B", 73.9),
    ]
    assert all(each.next_free_day for each in at_roper)
    assert at_roper[1].address == "1 Main Street, Plymouth, NC 27962"
    assert letters("27601-0001") == "ACB"


@pytest.mark.both_databases
def test_a_managers_own_coordinates_count(offering: dict[str, Scope]) -> None:
    load()
    offer(offering["B"], public=True, latitude=35.77, longitude=-78.63)
    assert letters("27601") == "BAC"


@pytest.mark.parametrize(
    ("text", "order"),
    [
        ("27970", "CAB"),  # the same ZIP code, then its first three digits
        ("27999", "ACB"),
        ("28500", "BAC"),
        ("Front Street, Beaufort", "BAC"),
        ("roper nc", "CAB"),
        ("", "ABC"),
        ("nothing of the kind", "ABC"),
        ("x" * 5_000 + " 27970", "ABC"),
    ],
)
def test_without_a_table_of_zip_codes_addresses_are_compared(
    offering: dict[str, Scope], text: str, order: str
) -> None:
    assert letters(text) == order
    assert {each.miles for each in found(text)} == {None}


def test_the_public_sees_only_what_it_may_book(offering: dict[str, Scope]) -> None:
    assert [each.name for each in found("27970", public_only=True)] == ["Clinic B"]


def test_where_nothing_is_free_no_day_is_said(offering: dict[str, Scope]) -> None:
    place = offering["A"].location_id
    for row in rows(place):
        take(place, row.day, row.minute, row.places)
        if row.day > offering["A"].today():
            break
    assert all(each.next_free_day for each in found("27962"))
    offer(offering["A"], active=False)
    assert letters("27962") == "CB"


@pytest.mark.both_databases
def test_a_location_that_is_not_approved_is_not_found(offering: dict[str, Scope]) -> None:
    with unit_of_work() as session:
        session.get_one(Location, offering["A"].location_id).approved = False
    assert letters("27962") == "CB"


def test_it_takes_as_many_statements_for_one_location_as_for_three(
    app: Flask, offering: dict[str, Scope]
) -> None:
    with watched(app) as asked:
        found("27962")
    assert len([each for each in asked if each.startswith("SELECT")]) == 4


def test_a_great_circle() -> None:
    raleigh, plymouth = (35.7727, -78.6324), (35.8665, -76.7486)
    assert miles(raleigh, plymouth) == pytest.approx(105.8, abs=0.3)
    assert miles(raleigh, raleigh) == 0
    assert miles((0, 0), (0, 180)) == pytest.approx(12_437, abs=10)
    # Across the line where days change: near, not around the world.
    assert miles((52.0, 179.5), (52.0, -179.5)) < 50


@pytest.mark.both_databases
@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        ("zip,lat\n27962,35\n", "must name the columns"),
        ("zip,latitude,longitude\n27962,95,-76\n", "Line 2"),
        ("zip,latitude,longitude\n27962,35,-76\nabc,35,-76\n", "Line 3"),
        ("zip,latitude,longitude\n27962,nan,-76\n", "Line 2"),
        ("zip,latitude,longitude\n", "no ZIP codes"),
    ],
)
def test_a_file_that_is_no_such_list_changes_nothing(
    scope: Scope, tmp_path: Path, content: str, sentence: str
) -> None:
    load()
    file = tmp_path / "zips.csv"
    file.write_text(content, "utf-8")
    with pytest.raises(Invalid, match=sentence), unit_of_work():
        load_zips(file)
    with unit_of_work(write=False) as session:
        assert session.query(ZipPlace).count() == 4


def test_zeros_in_front_that_a_spreadsheet_took_away_come_back(
    scope: Scope, tmp_path: Path
) -> None:
    file = tmp_path / "zips.csv"
    file.write_text("ZIP, Latitude,Longitude\n2903,41.8,-71.4\n", "utf-8")
    with unit_of_work():
        assert load_zips(file) == 1
    with unit_of_work(write=False) as session:
        assert session.get(ZipPlace, "02903") is not None
