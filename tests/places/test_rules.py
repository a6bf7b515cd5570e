"""What the data of organizations and locations must look like. Pure rules."""

import pytest

from portal.errors import Invalid
from portal.places import rules


@pytest.mark.parametrize(
    ("typed", "stored"),
    [("NCA650001", "NCA650001"), ("nca 650-001", "NCA650001"), ("650001", "NCA650001")],
)
def test_a_pin_is_the_prefix_and_six_digits(typed: str, stored: str) -> None:
    assert rules.clean_pin(typed, prefix="NCA") == stored


@pytest.mark.parametrize(
    "typed", ["", "NCA65000", "NCA6500011", "XYZ650001", "\uff16" * 6, "NCA65000x"]
)
def test_anything_else_is_no_pin(typed: str) -> None:
    with pytest.raises(Invalid) as caught:
        rules.clean_pin(typed, prefix="NCA")
    assert caught.value.field == "pin"
    assert "NCA650001" in caught.value.message


def test_the_prefix_is_the_installations_own() -> None:
    assert rules.clean_pin("650001", prefix="VT.") == "VT.650001"
    with pytest.raises(Invalid):
        rules.clean_pin("VTX650001", prefix="VT.")


@pytest.mark.parametrize("typed", ["27962", "27962-0123", ""])
def test_zip_codes(typed: str) -> None:
    assert rules.clean_zip_code(typed) == typed


@pytest.mark.parametrize("typed", ["2796", "279620", "2796a", "27962-", "27962-012"])
def test_what_is_no_zip_code(typed: str) -> None:
    with pytest.raises(Invalid):
        rules.clean_zip_code(typed)


def test_states_and_time_zones() -> None:
    assert rules.clean_state("nc") == "NC"
    assert rules.check_time_zone("America/New_York") == "America/New_York"
    for check, value in ((rules.clean_state, "N1"), (rules.check_time_zone, "Mars/Olympus")):
        with pytest.raises(Invalid):
            check(value)
