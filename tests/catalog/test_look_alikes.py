"""Lot numbers of which one may be a misreading of the other."""

import pytest

from portal.formats.codes import look_alike_key


@pytest.mark.parametrize(
    ("typed", "printed"),
    [
        ("O11J2OA", "011J20A"),
        ("o11j2oa", "011J20A"),
        ("Q11J2DA", "011J20A"),
        ("EI9262", "EL9262"),
        ("EL92GZ", "EL9262"),
        ("FAB1S8", "FA8158"),
        ("EL-92 62", "EL9262"),
    ],
)
def test_what_may_be_misread_has_one_key(typed: str, printed: str) -> None:
    assert look_alike_key(typed) == look_alike_key(printed)


@pytest.mark.parametrize(
    ("lot", "other"), [("EL9261", "EL9267"), ("011J20A", "021J20A"), ("011J20A", "011J20")]
)
def test_another_lot_of_the_maker_has_another(lot: str, other: str) -> None:
    assert look_alike_key(lot) != look_alike_key(other)
