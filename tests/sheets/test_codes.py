"""Codes and quantities: every way people and Excel write them."""

import contextlib
import string
from datetime import datetime, time, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal.errors import Invalid
from portal.formats.codes import (
    lot_key,
    ndc_candidates,
    normalise_lot,
    normalise_ndc,
    parse_date,
    parse_pin,
    parse_quantity,
    parse_text,
)

anything = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.text(max_size=40),
    st.datetimes(),
    st.dates(),
    st.times(),
    st.timedeltas(),
    st.binary(max_size=5),
    st.text("0123456789-/ .,E+JunNCA", max_size=14),
)


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("59267-1000-02", "59267-1000-02"),
        ("59267100002", "59267-1000-02"),
        (59267100002, "59267-1000-02"),
        (59267100002.0, "59267-1000-02"),
        (" 59267-1000-2 ", "59267-1000-02"),  # 5-4-1
        ("80777-273-99", "80777-0273-99"),  # 5-3-2
        ("0310-1222-15", "00310-1222-15"),  # 4-4-2
        ("NDC 59267-1000-02", "59267-1000-02"),
        ("NDC: 59267-1000-02", "59267-1000-02"),
        ("59267–1000–02", "59267-1000-02"),
        ("59267 1000 02", "59267-1000-02"),
        ("５９２６７-1000-02", "59267-1000-02"),
        ("00310122215", "00310-1222-15"),
    ],
)
def test_ndc(written: object, meant: str) -> None:
    assert normalise_ndc(written) == meant


def test_ten_digits_have_three_meanings() -> None:
    assert ndc_candidates("5926710002") == ("05926-7100-02", "59267-0100-02", "59267-1000-02")
    with pytest.raises(Invalid, match="hyphens"):
        normalise_ndc("5926710002")


@pytest.mark.parametrize("written", [310122215, "310122215", 310122215.0])
def test_zeros_dropped_from_an_ndc_by_a_spreadsheet(written: object) -> None:
    assert "00310-1222-15" in ndc_candidates(written)


def test_two_to_four_zeros_dropped_from_an_ndc() -> None:
    assert "00006-4047-20" in ndc_candidates(6404720)


@pytest.mark.parametrize(
    "written",
    [
        "",
        "59267",
        "59267-1000-002",
        "592671-000-02",
        "5926-100-02",
        "59267-10x0-02",
        "0" * 11 + "1",
        "5.93E+10",
        5.5,
        float("nan"),
        float("inf"),
        True,
        None,
        datetime(2021, 1, 1),
        "0000000000",
        "١٢٣٤٥-1000-02",
        " " * 5000,
        "-" * 50,
    ],
)
def test_no_ndc(written: object) -> None:
    with pytest.raises(Invalid):
        ndc_candidates(written)


@given(st.integers(1, 99999), st.integers(0, 9999), st.integers(0, 99))
def test_ndc_is_stable_and_found_again(labeller: int, product: int, package: int) -> None:
    code = f"{labeller:05}-{product:04}-{package:02}"
    assert normalise_ndc(code) == normalise_ndc(normalise_ndc(code)) == code
    assert normalise_ndc(code.replace("-", "")) == code
    for short in (
        f"{labeller:04}-{product:04}-{package:02}",
        f"{labeller:05}-{product:03}-{package:02}",
        f"{labeller:05}-{product:04}-{package:01}",
    ):
        if len(short) == 12:
            assert normalise_ndc(short) == code
            assert code in ndc_candidates(short.replace("-", ""))


@pytest.mark.parametrize(
    ("written", "shown"),
    [
        ("EL9262", "EL9262"),
        (" el  9262 ", "el 9262"),
        (1805018, "1805018"),
        (1805018.0, "1805018"),
        ("0012", "0012"),
        ("A/B-1.2_(x)", "A/B-1.2_(x)"),
        ("5E10", "5E10"),
        ("'=1+1", "=1+1"),
        ("EL9262\u200b", "EL9262"),
        ("EL\u00a09262", "EL 9262"),
    ],
)
def test_lot(written: object, shown: str) -> None:
    assert normalise_lot(written) == shown


def test_lots_are_compared_without_case_and_spaces() -> None:
    assert lot_key("el 9262") == lot_key("EL9262")
    assert lot_key("EL-9262") != lot_key("EL9262")


@pytest.mark.parametrize(
    "written",
    [
        "",
        None,
        "X" * 21,
        "LOT№\u0007",
        "A\tB\x00",
        "Ł9262",
        "A#1",
        "1.00E+05",
        "#N/A",
        "#REF!",
        datetime(2021, 3, 12),
        time(1),
        timedelta(1),
        10**15,
        1e20,
        "😀",
    ],
)
def test_no_lot(written: object) -> None:
    with pytest.raises(Invalid):
        normalise_lot(written)


@given(st.text(string.ascii_letters + string.digits + "-./_ ", min_size=1, max_size=20))
def test_lot_is_stable(text: str) -> None:
    with contextlib.suppress(Invalid):  # N/A, dates, nothing but signs
        once = normalise_lot(text)
        assert normalise_lot(once) == once
        assert lot_key(once) == lot_key(text.lower())


@pytest.mark.parametrize(
    ("written", "shown"),
    [
        ("  a   b ", "a b"),
        ("007", "007"),
        (449044304137821, "449044304137821"),
        (449044304137821.0, "449044304137821"),
        (1.5, "1.5"),
        (True, "TRUE"),
        (None, ""),
        ("ＵＰＳ", "UPS"),
        ("\ufeffSHP-1", "SHP-1"),
        ("'+1 919", "+1 919"),
        ("'quoted'", "'quoted'"),
        ("O'Neill", "O'Neill"),
        (-5, "-5"),
        ("1E5", "1E5"),
        ("E+5", "E+5"),
    ],
)
def test_text(written: object, shown: str) -> None:
    assert parse_text(written) == shown


@pytest.mark.parametrize(
    ("written", "word"),
    [
        ("4.49E+14", "digits are lost"),
        ("4,49E+14", "digits are lost"),
        (4490443041378211, "15 digits"),
        (4.490443041378211e15, "15 digits"),
        (10**400, "15 digits"),
        (1e-7, "digits are lost"),
        (float("inf"), "digits are lost"),
        (float("nan"), "digits are lost"),
        ("x" * 65, "at most 64"),
        ("a\x07b", "control"),
        ("a\u202eb", "control"),
        (datetime(2021, 1, 1), "date"),
        ("#N/A", "error #N/A"),
        ("#####", "error"),
    ],
)
def test_damaged_text_is_reported(written: object, word: str) -> None:
    with pytest.raises(Invalid, match=word):
        parse_text(written)


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("975", 975),
        (975, 975),
        (975.0, 975),
        ("975.0", 975),
        ("1,000", 1000),
        (" 12 ", 12),
        ("1,000,000", 1_000_000),
        ("0012", 12),
        ("１２", 12),
    ],
)
def test_quantity(written: object, meant: int) -> None:
    assert parse_quantity(written) == meant


@pytest.mark.parametrize(
    "written",
    [
        0,
        -1,
        "0",
        "-5",
        1.5,
        "1.5",
        "1e3",
        "1.000",
        "1,00",
        "1,0000",
        ",100",
        "10 000",
        1e309,
        "1e309",
        1_000_001,
        "1,000,001",
        "9" * 500,
        10**400,
        float("nan"),
        True,
        None,
        "",
        "ten",
        "٣",
        datetime(2021, 1, 1),
        "=5",
    ],
)
def test_no_quantity(written: object) -> None:
    with pytest.raises(Invalid):
        parse_quantity(written)


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("NCA650001", "NCA650001"),
        ("nca650001", "NCA650001"),
        ("NCA 650001", "NCA650001"),
        ("NCA-650001", "NCA650001"),
        ("650001", "NCA650001"),
        (650001, "NCA650001"),
        (650001.0, "NCA650001"),
        ("001234", "NCA001234"),
        (1234, "NCA001234"),
        ("NCA000001", "NCA000001"),
    ],
)
def test_pin(written: object, meant: str) -> None:
    assert parse_pin(written) == meant


@pytest.mark.parametrize(
    "written",
    [
        "",
        None,
        "NCA65000",
        "NCA6500011",
        "1234",
        1234567,
        0,
        -1,
        1.5,
        True,
        "XYZ650001",
        "NCA65OO01",
        float("inf"),
        "NCA" * 500,
        10**400,
        "٦50001",
    ],
)
def test_no_pin(written: object) -> None:
    with pytest.raises(Invalid, match="six digits"):
        parse_pin(written)


def test_pin_of_another_programme() -> None:
    assert parse_pin("650001", prefix="XY") == "XY650001"
    with pytest.raises(Invalid, match="XY650001"):
        parse_pin("NCA650001", prefix="XY")


@given(anything)
def test_nothing_raises_anything_but_invalid(value: object) -> None:
    for function in (
        parse_text,
        normalise_ndc,
        ndc_candidates,
        normalise_lot,
        parse_date,
        parse_quantity,
        parse_pin,
    ):
        with contextlib.suppress(Invalid):
            function(value)
