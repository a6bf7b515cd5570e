"""GS1 codes: as scanners send them, as people paste them, and whatever else may arrive."""

from collections.abc import Callable
from contextlib import suppress
from datetime import date
from random import Random
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal.catalog.gs1 import (
    LONGEST,
    MOST_READINGS,
    Reading,
    check_digit,
    expiration,
    in_brackets,
    ndc_of,
    read,
)
from portal.errors import Invalid
from portal.formats.codes import ParsedDate
from tests.work import Watch

TODAY = date(2026, 3, 1)
GS = "\x1d"
GTIN = "00359267100016"
JUNE_30 = ParsedDate(date(2027, 6, 30), False)
JUNE = ParsedDate(date(2027, 6, 30), True)
FULL = Reading(GTIN, "EL9262", JUNE_30, "1ABC")
VIAL = Reading(GTIN, "EL9262", JUNE_30)

SET_82 = "!\"%&'()*+,-./0123456789:;<=>?ABCDEFGHIJKLMNOPQRSTUVWXYZ_abcdefghijklmnopqrstuvwxyz"
texts = st.text(SET_82, min_size=1, max_size=20)
gtins = st.text("0123456789", min_size=13, max_size=13).map(lambda text: text + check_digit(text))
days = st.dates(date(1977, 1, 1), date(2076, 12, 31)).map(lambda day: ParsedDate(day, False))
months = st.tuples(st.integers(1977, 2076), st.integers(1, 12)).map(
    lambda pair: expiration(f"{pair[0] % 100:02}{pair[1]:02}00", today=TODAY)
)
packages = st.builds(
    Reading, gtins, texts | st.just(""), days | months | st.none(), texts | st.just("")
)


def day_of(reading: Reading) -> str:
    if reading.expires is None:
        return ""
    day, month_only = reading.expires
    return f"{day:%y%m}00" if month_only else f"{day:%y%m%d}"


def elements(reading: Reading) -> list[tuple[str, str]]:
    given_parts = (
        ("01", reading.gtin),
        ("10", reading.lot),
        ("17", day_of(reading)),
        ("21", reading.serial),
    )
    return [(ai, value) for ai, value in given_parts if value]


def as_sent(reading: Reading, order: Callable[[list[tuple[str, str]]], None], gs: str) -> str:
    """The element strings in an order, with a separator after each of variable length but the
    last."""
    parts = elements(reading)
    order(parts)
    sent = "".join(ai + value + (gs if ai in ("10", "21") else "") for ai, value in parts)
    return sent.removesuffix(gs)


def answer_to(text: str) -> tuple[Reading, ...] | str:
    """The readings, or the sentence of the refusal."""
    try:
        return read(text, today=TODAY)
    except Invalid as refusal:
        return refusal.message


@given(packages, st.randoms(), st.sampled_from([GS, "|", "␝", "^]", "{GS}", "[gs]", "~1", "↔"]))
def test_what_was_encoded_is_read_again(reading: Reading, chance: object, gs: str) -> None:
    shuffle = chance.shuffle  # type: ignore[attr-defined]
    # A separator at the end says nothing, but one inside says that the scanner sends them.
    sent = as_sent(reading, shuffle, gs)
    found = read(sent, today=TODAY) if gs in sent else read(f"99A{gs}{sent}", today=TODAY)
    assert found == (reading,)


@given(packages)
def test_what_was_written_in_brackets_is_read_again(reading: Reading) -> None:
    assert read(reading.bracketed(), today=TODAY) == (reading,)


@given(packages)
def test_what_was_written_as_an_address_is_read_again(reading: Reading) -> None:
    path = f"/01/{reading.gtin}"
    path += f"/10/{quote(reading.lot, safe='')}" if reading.lot else ""
    path += f"/21/{quote(reading.serial, safe='')}" if reading.serial else ""
    query = f"?17={day_of(reading)}&linkType=all" if reading.expires else ""
    assert read(f"https://id.gs1.org{path}{query}", today=TODAY) == (reading,)


@given(packages, st.randoms())
def test_without_separators_the_right_reading_is_among_those_offered(
    reading: Reading, chance: object
) -> None:
    sent = as_sent(reading, chance.shuffle, "")  # type: ignore[attr-defined]
    found = answer_to(sent)
    if not isinstance(found, str):
        assert reading in found
    else:
        assert "too many ways" in found


@given(
    st.text(max_size=320)
    | st.text("01237]dC()[]{}|~^\x1d\x00␝ 1021Aa/:?=&%htpsgw.", max_size=320)
    | st.text("0127", max_size=320)
    | st.lists(
        st.sampled_from(["01", GTIN, "17", "270630", "10", "21", "A", GS, "(", ")", "99"])
    ).map("".join)
)
def test_nothing_raises_anything_but_invalid(text: str) -> None:
    found = answer_to(text)
    assert found
    if not isinstance(found, str):
        assert len(found) <= MOST_READINGS
        assert all(one != Reading() for one in found)


@pytest.mark.parametrize(
    "sent",
    [
        f"01{GTIN}17270630{GS}10EL9262{GS}211ABC",
        f"01{GTIN}1727063010EL9262{GS}211ABC",
        f"01{GTIN}211ABC{GS}1727063010EL9262",
        f"]d201{GTIN}211ABC{GS}1727063010EL9262",
        f"]C101{GTIN}211ABC{GS}1727063010EL9262",
        f"]Q301{GTIN}211ABC{GS}1727063010EL9262",
        f"]e001{GTIN}211ABC{GS}1727063010EL9262",
        f"{GS}01{GTIN}211ABC{GS}1727063010EL9262{GS}\r\n",
        f"]d2{GS}01{GTIN}211ABC{GS}1727063010EL9262",
        f"  01{GTIN}211ABC|1727063010EL9262  ",
        f"01{GTIN}211ABC␝1727063010EL9262",
        f"01{GTIN}211ABC^]1727063010EL9262",
        f"01{GTIN}211ABC{{GS}}1727063010EL9262",
        f"{{FNC1}}01{GTIN}211ABC{{FNC1}}1727063010EL9262",
        f"~101{GTIN}211ABC~11727063010EL9262",
        f"01{GTIN}211ABC\x1e1727063010EL9262",
        f"01{GTIN}211ABC 1727063010EL9262",
        f"01{GTIN}17270630 240PART{GS}10EL9262{GS}91INTERNAL{GS}211ABC",
        f"01{GTIN}112506303103000100{GS}17270630{GS}10EL9262{GS}211ABC",
        f"(01){GTIN}(17)270630(10)EL9262(21)1ABC",
        f"(01) {GTIN} (17) 270630\n(10) EL9262 (21) 1ABC",
        f"]d2(01){GTIN}(17)270630(10)EL9262(240)PART(21)1ABC",
        f"https://id.gs1.org/01/{GTIN}/10/EL9262/21/1ABC?17=270630",
        f"HTTP://example.org/some/where/01/{GTIN[2:]}/10/EL9262/21/1ABC?a=b&17=270630#top",
        f"\ufeff01{GTIN}211ABC{GS}1727063010EL9262\u200b",
    ],
)
def test_ways_in_which_one_package_arrives(sent: str) -> None:
    assert read(sent, today=TODAY) == (FULL,)


def test_a_vial_without_serial_number_needs_no_separator() -> None:
    assert read(f"01{GTIN}1727063010EL9262", today=TODAY) == (VIAL,)
    assert read(f"01{GTIN}1727060010EL9262", today=TODAY) == (Reading(GTIN, "EL9262", JUNE),)


@pytest.mark.parametrize("digits", ["359267100016", "0359267100016", GTIN])
def test_a_linear_barcode_names_the_product_alone(digits: str) -> None:
    assert read(digits, today=TODAY) == (Reading(GTIN),)


def test_a_lost_separator_is_not_guessed() -> None:
    assert set(read(f"01{GTIN}1727063010LOT21SERIAL", today=TODAY)) == {
        Reading(GTIN, "LOT21SERIAL", JUNE_30),
        Reading(GTIN, "LOT", JUNE_30, "SERIAL"),
    }
    assert set(read(f"01{GTIN}211231727063010EL9262", today=TODAY)) == {
        Reading(GTIN, "EL9262", JUNE_30, "123"),
        Reading(GTIN, "EL9262", None, "12317270630"),
        Reading(GTIN, "", None, "1231727063010EL9262"),
    }


def test_no_reading_says_one_thing_twice() -> None:
    july = ParsedDate(date(2027, 7, 31), False)
    assert set(read("10A1727063017270731", today=TODAY)) == {
        Reading("", "A1727063017270731"),
        Reading("", "A17270630", july),
    }


def test_a_lot_that_looks_like_two_elements_is_not_cut_where_separators_are_sent() -> None:
    lot = "021C21A"
    assert len(read(f"01{GTIN}1727063010{lot}", today=TODAY)) == 3
    assert read(f"01{GTIN}17270630{GS}10{lot}", today=TODAY) == (Reading(GTIN, lot, JUNE_30),)


def test_data_of_another_kind_hides_nothing_that_follows() -> None:
    assert set(read("99ABC10LOT", today=TODAY)) == {Reading("", "LOT")}


@pytest.mark.parametrize(
    ("sent", "said"),
    [
        ("", "not a GS1 code"),
        ("HELLO", "not a GS1 code"),
        ("LOT EL9262 EXP 06/2027", "not a GS1 code"),
        ("https://example.org/about", "not a GS1 code"),
        ("https://example.org/01", "not a GS1 code"),
        ("http://[", "not a GS1 code"),
        ("٠١٢٣٤٥٦٧٨٩٠١٢٣", "not a GS1 code"),
        (f"01{GTIN[:-1]}91727063010A", "check digit"),
        (f"(01){GTIN[:-2]}(10)A", "check digit"),
        (f"01{GTIN}17271330", "is not a date"),
        (f"01{GTIN}17270631", "is not a date"),
        (f"01{GTIN}1727", "not complete"),
        (f"01{GTIN}10", "not complete"),
        (f"01{GTIN[:9]}", "not complete"),
        (f"10{'A' * 21}", "at most 20"),
        ("10LOT€", "at most 20"),
        (f"01{GTIN}{GS}10A{GS}10B", "two different values"),
        ("00123456789012345675", "has no product"),
        ("(99)123", "has no product"),
        ("99" + "1021" * 60, "too many ways"),
        ("9" * 301, "longer than a code"),
    ],
)
def test_what_cannot_be_read_is_said(sent: str, said: str) -> None:
    with pytest.raises(Invalid) as refusal:
        read(sent, today=TODAY)
    assert said in refusal.value.message


@pytest.mark.parametrize(
    ("digits", "today", "meant"),
    [
        ("270630", TODAY, ParsedDate(date(2027, 6, 30), False)),
        ("280200", TODAY, ParsedDate(date(2028, 2, 29), True)),
        ("270200", TODAY, ParsedDate(date(2027, 2, 28), True)),
        ("760101", TODAY, ParsedDate(date(2076, 1, 1), False)),
        ("770101", TODAY, ParsedDate(date(1977, 1, 1), False)),
        ("010101", date(2090, 1, 1), ParsedDate(date(2101, 1, 1), False)),
        ("400101", date(2090, 1, 1), ParsedDate(date(2140, 1, 1), False)),
        ("410101", date(2090, 1, 1), ParsedDate(date(2041, 1, 1), False)),
    ],
)
def test_the_century_is_the_nearest(digits: str, today: date, meant: ParsedDate) -> None:
    assert expiration(digits, today=today) == meant


def test_the_ndc_in_a_gtin() -> None:
    assert ndc_of(GTIN) == "5926710001"
    assert ndc_of("50359267100011") == "5926710001"
    assert ndc_of("09521234543213") is None
    assert check_digit("0952123454321") == "3"  # of the General Specifications' own examples


@given(packages, st.randoms())
def test_a_code_that_lost_nothing_has_one_reading_in_brackets(
    package: Reading, chance: Random
) -> None:
    sent = as_sent(package, chance.shuffle, GS)
    assert read(in_brackets(sent), today=TODAY) == (package,)
    assert read(in_brackets(f"{sent}{GS}240A(10)B" if sent else sent), today=TODAY) == (package,)


@pytest.mark.parametrize(
    "text", ["", "HELLO", f"01{GTIN}{GS}1", "https://a/01/00359267100016", "0"]
)
def test_what_is_no_gs1_code_gets_no_brackets(text: str) -> None:
    assert in_brackets(text) == text


@given(packages, packages)
def test_readings_that_are_joined_say_what_both_say(one: Reading, other: Reading) -> None:
    whole = one.joined(other)
    pairs = zip(elements_of(one), elements_of(other), strict=True)
    assert (whole is None) is any(mine and theirs and mine != theirs for mine, theirs in pairs)
    if whole is not None:
        assert one.is_within(whole)
        assert other.is_within(whole)
        assert whole == other.joined(one)
        assert set(elements(whole)) == {*elements(one), *elements(other)}


def elements_of(reading: Reading) -> tuple[str, str, str, str]:
    return (reading.gtin, reading.lot, day_of(reading), reading.serial)


def test_parts_of_a_package_complete_each_other() -> None:
    front, side = Reading(GTIN, expires=JUNE_30), Reading(lot="EL9262", serial="1ABC")
    assert front.joined(side) == FULL
    assert VIAL.is_within(FULL)
    assert not FULL.is_within(VIAL)
    assert not Reading(GTIN, "EL9262", JUNE).is_within(FULL)
    assert VIAL.joined(Reading(lot="EL9263")) is None


@pytest.mark.parametrize(
    "piece", ["10", "102110", "21102110", "10211721", "17210101", "10A21B", "0110", "1021010"]
)
def test_no_code_is_tried_in_every_way_there_is(piece: str) -> None:
    """Cutting such a code anywhere once took a hundred times the work of one half as long."""
    text = ("91" + piece * 300)[:LONGEST]

    def look() -> None:
        with suppress(Invalid):
            read(text, today=TODAY)

    assert Watch().work_of(look).calls < 80_000
