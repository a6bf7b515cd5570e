"""Which proof of a person it is, and the initials."""

from dataclasses import replace
from datetime import date

import pytest

from blueprints.proof.rules import ProvenDose, initials, version_of

DOSE = ProvenDose(1, "Vaccine", "L1", date(2021, 3, 1), "Clinic A", False, "7 1")


def test_whatever_a_paper_says_makes_it_another_one() -> None:
    changes = {
        "number": 2,
        "source": "7 2",
        "lot": "L2",
        "given_on": date(2021, 3, 2),
        "reported": True,
    }
    others = [replace(DOSE, **{name: value}) for name, value in changes.items()]
    assert len({version_of([one.fact]) for one in (DOSE, *others)}) == 6
    renamed = replace(DOSE, product="Vaccine (gray cap)", place="Clinic A, Plymouth")
    assert version_of([renamed.fact]) == version_of([DOSE.fact])
    assert version_of(["ab", "c"]) != version_of(["a", "bc"])
    assert 0 <= version_of([DOSE.fact]) < 2**32


@pytest.mark.parametrize(
    ("first", "last", "said"),
    [("Maria", "Exampleton", "M. E."), ("łucja", "Żak", "Ł. Ż."), ("", "Cher", "C.")],
)
def test_initials(first: str, last: str, said: str) -> None:
    assert initials(first, last) == said
