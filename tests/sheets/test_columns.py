"""Headers recognised, complained about once; rows parsed with all their errors at once."""

from dataclasses import replace
from datetime import date, datetime

import pytest

from portal.errors import Invalid
from portal.formats.codes import parse_date, parse_quantity, parse_text
from portal.sheets.columns import ADVICE, SheetColumn, bind, fold, header_test, parse_row, shown

COLUMNS = (
    SheetColumn("lot", "Lot Number", parse_text, ("Lot #", "Lot No.")),
    SheetColumn("quantity", "Quantity Shipped", parse_quantity, ("Qty",)),
    SheetColumn("day", "Date Shipped", parse_date, ("Ship Date",)),
    SheetColumn("note", "Note", parse_text, required=False),
)


@pytest.mark.parametrize(
    "name",
    ["Lot Number", "LOT-NUMBER", " lot_number * ", "Lot #", "lot", "Lot No.", "lót\nnumber:"],
)
def test_names_are_recognised_in_any_dress(name: str) -> None:
    bound = bind(COLUMNS, ["Date Shipped", "QTY", name])
    assert bound.positions == {"day": 0, "quantity": 1, "lot": 2}
    assert not bound.problems
    assert not bound.notes


def test_what_is_wrong_with_the_header_is_said_once() -> None:
    bound = bind(COLUMNS, ["Lot", "LOT #", "Colour", "", None, "Smell", "Note", ADVICE])
    missing, double = bound.problems
    assert missing.startswith("These columns are missing: Quantity Shipped, Date Shipped. Add them")
    assert double == "These columns appear more than once: Lot Number. Keep one of each."
    assert bound.notes == ("These columns are not known and were not read: Colour, Smell.",)


@pytest.mark.parametrize(
    ("cells", "known"),
    [
        (["Lot #", "Qty"], True),
        (["Ship date", "lot number", "x"], True),
        (["Lot #", "Lot number"], False),
        (["Qty"], False),
        (["Instructions: fill in the lot and the quantity"], False),
        ([None, 5, datetime(2021, 1, 1), True], False),
        ([], False),
    ],
)
def test_header_test(cells: list[object], known: bool) -> None:
    assert header_test(COLUMNS)(cells) is known


def test_two_columns_of_one_name_are_a_programming_error() -> None:
    with pytest.raises(ValueError, match="two columns"):
        bind([*COLUMNS, SheetColumn("other", "QTY", parse_text)], [])


def test_a_good_row() -> None:
    bound = bind(COLUMNS, ["Qty", "Lot", "Ship Date", "Note"])
    values, errors = parse_row(bound, ["5", "A1", datetime(2021, 6, 30)])
    assert not errors
    assert values == {"quantity": 5, "lot": "A1", "day": (date(2021, 6, 30), False), "note": None}


def test_all_errors_of_a_row_at_once() -> None:
    bound = bind(COLUMNS, ["Note", "Qty", "Lot", "Ship Date"])
    values, errors = parse_row(bound, ["\x07", "0", "  ", "31/12/2021"])
    assert values == {}
    assert [(error.column, error.position, error.value) for error in errors] == [
        ("Lot Number", 2, ""),
        ("Quantity Shipped", 1, "0"),
        ("Date Shipped", 3, "31/12/2021"),
        ("Note", 0, ""),
    ]
    assert errors[0].message == "Lot Number is blank. Fill it in."


def test_a_missing_optional_column_is_blank_whatever_stands_beyond_the_header() -> None:
    bound = bind(COLUMNS, ["Lot", "Qty", "Ship Date"])
    values, errors = parse_row(bound, ["A", "1", "6/30/2021", "a stray remark"])
    assert (values["note"], errors) == (None, [])
    for surplus in ("", None, "1Z999"):
        values, errors = parse_row(bound, ["A", "1", "6/30/2021", surplus])
        assert values == {}
        assert [error.message[:29] for error in errors] == ["The row has more values than "]
    assert parse_row(replace(bound, separated=False), ["A", "1", "6/30/2021", None])[1] == []


def test_refusals_follow_the_readers_language(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is remembered of parsed cells must not be a sentence in somebody else's language."""
    with pytest.raises(Invalid, match="Enter a whole number"):
        parse_quantity("none")
    monkeypatch.setattr("portal.formats.codes._", lambda message, **_params: "¡" + message)
    with pytest.raises(Invalid, match="¡Enter a whole number"):
        parse_quantity("none")


def test_shown_values_are_short_and_printable() -> None:
    assert shown("a" * 500) == "a" * 79 + "…"
    assert shown("a\x07b\nc") == "a b c"
    assert shown(datetime(2021, 6, 30)) == "06/30/2021"
    assert shown(10**5000) == "…"
    assert shown(None) == ""


def test_fold() -> None:
    assert fold("  Núm.-de_LOTE #") == "numdelote"
    assert fold(None) == fold("# - .") == ""
