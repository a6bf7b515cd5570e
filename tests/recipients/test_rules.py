"""What a record must look like, and who looks like somebody else."""

from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from blueprints.recipients import names
from blueprints.recipients.rules import Likeness, clean, clean_phone, look_alike
from portal.errors import Invalid
from portal.formats.birthdays import birthday_in, parse_birthday
from tests.recipients.people import BORN, details

TODAY = date(2026, 11, 30)


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("01/31/1950", BORN),
        ("1/31/1950", BORN),
        ("1-31-1950", BORN),
        ("1.31.1950", BORN),
        ("1950-01-31", BORN),
        ("01311950", BORN),
        ("19500131", BORN),
        ("January 31, 1950", BORN),
        ("31 jan 1950", BORN),
        ("Jan. 31st 1950", BORN),
        ("12/31/1900", date(1900, 12, 31)),
        ("02/29/2024", date(2024, 2, 29)),
    ],
)
def test_a_birthday_is_understood_in_the_usual_ways(text: str, day: date) -> None:
    assert parse_birthday(text) == day


@pytest.mark.parametrize(
    "text", ["1/31/50", "02/30/1950", "13/01/1950", "12/31/1899", "1950", "soon", "1/31-1950", ""]
)
def test_what_is_no_birthday_is_refused(text: str) -> None:
    with pytest.raises(Invalid):
        parse_birthday(text)


def test_a_birthday_is_found_among_names() -> None:
    assert birthday_in("Exampleton, Maria 1/31/1950") == (BORN, "Exampleton, Maria")
    assert birthday_in("1950-01-31 garcia") == (BORN, "garcia")
    assert birthday_in("maria garcia") == (None, "maria garcia")
    assert birthday_in("maria 13/45/1950")[0] is None


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"first_name": "-"}, "first_name"),
        ({"last_name": "12"}, "last_name"),
        ({"birth_date": date(2026, 12, 1)}, "birth_date"),
        ({"birth_date": date(1899, 12, 31)}, "birth_date"),
        ({"races": ("white", "not_said")}, "races"),
        ({"zip_code": "123"}, "zip_code"),
        ({"state": "N"}, "state"),
        ({"mobile_phone": "555-0100"}, "mobile_phone"),
        ({"email": "nobody"}, "email"),
        ({"contact_by": "email"}, "email"),
        ({"contact_by": "both", "email": "a@example.org"}, "mobile_phone"),
        ({"contact_by": "sms", "other_phone": "2525550100"}, "mobile_phone"),
        ({"agrees_to_reminders": True}, "contact_by"),
    ],
)
def test_what_cannot_be_is_refused_beside_its_field(change: dict[str, Any], field: str) -> None:
    with pytest.raises(Invalid) as refusal:
        clean(replace(details(), **change), today=TODAY)
    assert refusal.value.field == field


def test_only_names_and_birth_date_are_required() -> None:
    assert clean(details(), today=TODAY) == details()
    assert clean(details(birth_date=TODAY), today=TODAY).birth_date == TODAY


def test_phones_are_stored_in_one_way() -> None:
    for text in ("252-555-0100", "(252) 555 0100", "1 252.555.0100", "+12525550100"):
        assert clean_phone(text, "mobile_phone") == "+12525550100"
    assert clean_phone("+49 30 901820", "mobile_phone") == "+4930901820"


@pytest.mark.parametrize(
    ("one", "other", "near"),
    [
        ("smith", "smith", True),
        ("smith", "smyth", True),
        ("smith", "smit", True),
        ("smith", "smitth", True),
        ("smith", "msith", True),
        ("smith", "smiht", True),
        ("smith", "smyht", False),
        ("smith", "smythe", False),
        ("ann", "anna", True),
        ("ann", "amn", False),
        ("li", "lee", False),
        ("garcia", "gracia", True),
        ("garcia", "garica", True),
        ("abcd", "badc", False),
    ],
)
def test_one_typing_error_is_near(one: str, other: str, near: bool) -> None:
    assert names.near(one, other) is near
    assert names.near(other, one) is near
    if near:
        assert names.rests(one) & names.rests(other) or min(len(one), len(other)) < 4


def likeness(first: str = "maria", last: str = "exampleton", **more: Any) -> Likeness:
    return Likeness(first_name=first, last_name=last, **{"birth_date": BORN, **more})


def alike(one: Likeness, other: Likeness) -> bool:
    similar = names.similar((one.first_name, one.last_name), (other.first_name, other.last_name))
    return look_alike(one, other, similar=similar)


def test_who_looks_alike() -> None:
    mine = likeness(zip_code="27962")
    assert alike(mine, likeness())
    assert alike(mine, likeness("mary"))
    assert alike(mine, likeness("maira"))
    assert alike(mine, likeness("exampleton", "maria")), "fields swapped"
    assert alike(mine, likeness("maria", "samplewood-exampleton"))
    assert alike(mine, likeness("maria", "newname", zip_code="27962-0001")), "married"
    assert alike(mine, likeness(birth_date=date(1950, 1, 13), zip_code="27962"))
    assert not alike(mine, likeness(birth_date=date(1950, 1, 13)))
    assert not alike(mine, likeness("maria", "newname")), "blank ZIP codes are not equal"
    assert not alike(likeness(), likeness("maria", "newname"))
    assert not alike(mine, likeness("maira", "exampelton")), "two errors"


def test_twins_are_not_one_person() -> None:
    assert not alike(likeness("anna", zip_code="27962"), likeness("paula", zip_code="27962"))
