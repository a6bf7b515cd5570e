"""The rules of doses and expiry, without application or database."""

from datetime import date

import pytest

from blueprints.inventory.rules import (
    EFFECTS,
    Expiry,
    Kind,
    changes,
    ensure_doses,
    ensure_not_in_future,
    ensure_shipment,
    expiry_of,
    first_negative_day,
    proposed_name,
    still_named,
    usable_on,
    why_unusable,
)
from portal.errors import Invalid

MONDAY, TUESDAY, WEDNESDAY = date(2021, 2, 1), date(2021, 2, 2), date(2021, 2, 3)

OUT = {"administered", "wasted", "returned", "transit", "transferred"}


@pytest.mark.parametrize("kind", list(Kind))
def test_every_kind_keeps_the_balance_equation(kind: Kind) -> None:
    moved = changes(kind, 7)
    into = moved.get("doses_total", 0)
    out = sum(moved[name] for name in moved if name.rpartition("_")[2] in OUT)
    assert moved.get("doses_available", 0) == into - out
    assert set(EFFECTS[kind].values()) <= {1, -1}


def test_a_lot_is_usable_through_the_printed_day() -> None:
    assert usable_on(TUESDAY, MONDAY)
    assert usable_on(TUESDAY, TUESDAY)
    assert not usable_on(TUESDAY, WEDNESDAY)


HELD = "“Fridge 2” is in quarantine; its doses cannot be used."
EXPIRED = (
    "“Fridge 2” expired on 02/02/2021; its doses cannot be used. Record them as wastage or return."
)


@pytest.mark.parametrize(
    ("quarantined", "day", "said"),
    [
        (False, TUESDAY, ""),
        (True, TUESDAY, HELD),
        (False, WEDNESDAY, EXPIRED),
        (True, WEDNESDAY, HELD),
    ],
)
def test_what_cannot_be_used_is_said_with_its_reason(
    quarantined: bool, day: date, said: str
) -> None:
    why = why_unusable("Fridge 2", quarantined=quarantined, expiration_date=TUESDAY, day=day)
    assert why == said


@pytest.mark.parametrize(
    ("expires", "said"),
    [
        (date(2021, 1, 31), Expiry.EXPIRED),
        (date(2021, 2, 1), Expiry.EXPIRING),
        (date(2021, 2, 14), Expiry.EXPIRING),
        (date(2021, 2, 15), Expiry.USABLE),
    ],
)
def test_expiry_today_tomorrow_and_later(expires: date, said: Expiry) -> None:
    assert expiry_of(expires, MONDAY, warn_days=14) is said


@pytest.mark.parametrize("doses", [0, -1, 1_000_001])
def test_impossible_numbers_of_doses_are_refused(doses: int) -> None:
    with pytest.raises(Invalid) as refusal:
        ensure_doses(doses)
    assert refusal.value.field == "doses"


def test_a_day_in_the_future_is_refused() -> None:
    ensure_not_in_future(MONDAY, MONDAY)
    with pytest.raises(Invalid):
        ensure_not_in_future(TUESDAY, MONDAY)


def test_the_first_negative_day_is_found_whatever_the_order() -> None:
    assert first_negative_day([(WEDNESDAY, -5), (MONDAY, 10), (TUESDAY, -5)]) is None
    assert first_negative_day([(WEDNESDAY, 10), (MONDAY, 5), (TUESDAY, -6)]) == (TUESDAY, -1)
    assert first_negative_day([]) is None


def test_doses_may_come_and_go_on_one_day_in_any_order() -> None:
    assert first_negative_day([(MONDAY, -5), (MONDAY, 5)]) is None


def test_the_proposed_name_has_the_lot_in_it() -> None:
    name = proposed_name("Moderna COVID-19 Vaccine (max 10/11-dose vial, 5 mL)", "011J20A")
    assert name.endswith("– 011J20A")
    assert name.startswith("Moderna")
    long = proposed_name("x" * 300, "LOT-OF-20-CHARACTERS")
    assert len(long) == 120
    assert long.endswith("x – LOT-OF-20-CHARACTERS")


def test_a_name_is_needed_and_bounded() -> None:
    assert still_named("  a   b ") == "a b"
    for bad in ("", "   ", "x" * 121):
        with pytest.raises(Invalid) as refusal:
            still_named(bad)
        assert refusal.value.field == "name"


def test_either_a_shipment_is_named_or_the_box_is_ticked() -> None:
    ensure_shipment(7, unable_to_locate=False)
    ensure_shipment(None, unable_to_locate=True)
    for shipment_id, ticked, field in (
        (None, False, "shipment"),
        (7, True, "unable_to_locate_shipment"),
    ):
        with pytest.raises(Invalid) as refusal:
            ensure_shipment(shipment_id, unable_to_locate=ticked)
        assert refusal.value.field == field
