"""Finding people by name and birth date, in any usual way of writing them (SPEC F1)."""

from datetime import date

import pytest
from flask import Flask

from blueprints.recipients.finding import find
from blueprints.recipients.services import edit, link_to_location
from portal.access.scope import Scope
from portal.db import unit_of_work
from tests.effort import some
from tests.inventory import stock
from tests.personas import Personas
from tests.recipients.people import BORN, add, details

OTHER_DAY = date(1961, 7, 4)


def names_found(scope: Scope, text: str = "", day: date | None = None) -> list[str]:
    with unit_of_work(write=False):
        return [one.name for one in find(scope, text, day)]


@pytest.fixture
def scope(app: Flask, personas: Personas) -> Scope:
    with app.app_context():
        made = stock.scope_for(personas, "provider_a")
        for first, last, day in (
            ("María José", "García-Exampleton", BORN),
            ("William", "O’Sample", OTHER_DAY),
            ("Francisco", "de la Prueba", date(1971, 3, 5)),
            ("Maryann", "Müller", date(1980, 12, 24)),
            ("Zoë", "Testerman", date(1999, 2, 28)),
        ):
            add(made, first, last, birth_date=day)
        return made


MARIA, WILL, PACO = "María José García-Exampleton", "William O’Sample", "Francisco de la Prueba"


@pytest.mark.both_databases
@pytest.mark.parametrize(
    ("text", "whom"),
    some(
        [
            ("María José García-Exampleton", MARIA),
            ("garcia maria", MARIA),
            ("MARIA GARCIA EXAMPLETON", MARIA),
            ("garcia-exampleton, maria jose", MARIA),
            ("exampleton", MARIA),
            ("mariajose garcia", MARIA),
            ("gracia maria", MARIA),
            ("exampeton", MARIA),
            ("exampl", MARIA),
            ("mary exampleton", MARIA),
            ("bill osample", WILL),
            ("o'sample", WILL),
            ("will o sample", WILL),
            ("wiliam o’sample", WILL),
            ("paco delaprueba", PACO),
            ("pancho de la prueba", PACO),
            ("frank prueba", PACO),
            ("mary ann muller", "Maryann Müller"),
            ("zoe testermann", "Zoë Testerman"),
            ("01/31/1950", MARIA),
            ("garcia 1/31/1950", MARIA),
            ("1/31/1951 garcia", MARIA),
            ("July 4, 1961", WILL),
            ("prueba 5/3/1971", PACO),
        ],
        short=10,
    ),
)
def test_any_usual_way_of_writing_finds(app: Flask, scope: Scope, text: str, whom: str) -> None:
    with app.app_context():
        assert names_found(scope, text)[:1] == [whom]


@pytest.mark.parametrize(
    "text",
    ["maria testerman", "grcai", "07/04/1999", "garcia 07/04/1961", "", "%", "_", "ma", "\x00"],
)
def test_others_are_not_meant(app: Flask, scope: Scope, text: str) -> None:
    with app.app_context():
        assert names_found(scope, text) == []


def test_the_closest_come_first_and_only_25(app: Flask, scope: Scope) -> None:
    with app.app_context():
        for number in range(30):
            add(scope, f"Nora{'abcdefghijklmnopqrstuvwxyzabcd'[number]}x", "Similarson")
        add(scope, "Nora", "Similarsen")
        add(scope, "Nora", "Similarson")
        found = names_found(scope, "nora similarson")
        assert found[0] == "Nora Similarson"
        assert len(found) == 25
        assert names_found(scope, "nora similarsen")[0] == "Nora Similarsen"


@pytest.mark.both_databases
def test_others_are_found_by_last_name_and_birth_date_together(
    app: Flask, scope: Scope, personas: Personas
) -> None:
    with app.app_context():
        there = stock.scope_for(personas, "manager_b")
        for text, day in (
            ("garcia", None),
            ("maria garcia", None),
            ("", BORN),
            ("maria", BORN),
            ("gracia", BORN),
            ("garcia", date(1950, 1, 30)),
            ("paula garcia", BORN),
        ):
            assert names_found(there, text, day) == [], text
        with unit_of_work(write=False):
            (found,) = find(there, "garcia", BORN)
        assert (found.name, found.here) == (MARIA, False)
        with unit_of_work():
            link_to_location(
                recipient_id=found.recipient_id, location_id=there.location_id, why="opened"
            )
            link_to_location(
                recipient_id=found.recipient_id, location_id=there.location_id, why="booked"
            )
        assert names_found(there, "gracia") == [MARIA]


def test_staff_without_a_location_need_both(app: Flask, scope: Scope, personas: Personas) -> None:
    with app.app_context():
        agent = stock.scope_for(personas, "agent")
        assert names_found(agent, "garcia") == []
        assert names_found(agent, "garcia", BORN) == [MARIA]


@pytest.mark.both_databases
def test_a_changed_name_is_found_and_the_old_one_is_not(app: Flask, scope: Scope) -> None:
    with app.app_context():
        with unit_of_work():
            edit(scope, 1, details("Anna", "Newname", birth_date=OTHER_DAY), seen=1)
        assert names_found(scope, "garcia") == []
        assert names_found(scope, "newname") == ["Anna Newname"]
        assert names_found(scope, "", BORN) == []
