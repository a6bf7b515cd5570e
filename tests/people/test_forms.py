"""The base of all forms: what arrives is clean, and a bad value gets a clear sentence."""

from datetime import date

import pytest
from flask import Flask
from flask_babel import Babel
from wtforms import PasswordField, StringField, TextAreaField
from wtforms.validators import Length

from portal.errors import Conflict, Invalid
from portal.web.forms import DayField, Form, Required, WholeNumberField

AS_DAY = "Enter the date as MM/DD/YYYY, for example 06/30/2021."


class Sample(Form):
    line = StringField("Line", [Required()])
    short = StringField("Short", validators=[Length(max=3)])
    area = TextAreaField("Area")
    password = PasswordField("Password")
    day = DayField("Day", [Required()])
    number = WholeNumberField("Number", [Required()], least=1, most=5_000)


GOOD = {"line": "x", "day": "12/31/2021", "number": "10"}


@pytest.fixture
def web() -> Flask:
    """The least application that forms need."""
    app = Flask("forms")
    app.secret_key = "only for this test"
    Babel(app)
    return app


def sent(web: Flask, **values: str) -> Sample:
    with web.test_request_context("/", method="POST", data={**GOOD, **values}):
        form = Sample()
        form.validate()
        return form


def test_a_line_arrives_clean(web: Flask) -> None:
    form = sent(web, line=" \u00a0Ame\u0301lie \t van\r\n Dyke  ")
    assert form.line.data == "Amélie van Dyke"
    assert form.short.data == ""


def test_an_area_keeps_its_lines_and_a_password_everything(web: Flask) -> None:
    form = sent(web, area="  one\r\n\r\n  two\rthree\n ", password="  as typed  ")
    assert form.area.data == "one\n\n  two\nthree"
    assert form.password.data == "  as typed  "


@pytest.mark.parametrize("name", ["line", "area"])
@pytest.mark.parametrize("bad", ["a\x00b", "a\x1bb", "a\x7fb"])
def test_control_characters_are_refused(web: Flask, name: str, bad: str) -> None:
    assert sent(web, **{name: bad})[name].errors == [
        "This contains a character that cannot be used."
    ]


def test_lengths_are_limited(web: Flask) -> None:
    form = sent(web, line="x" * 201, short="abcd", area="x" * 10_001)
    assert form.line.errors == ["At most 200 characters."]
    assert form.area.errors == ["At most 10,000 characters."]
    assert len(form.short.errors) == 1
    assert sent(web, line="x" * 200, short="abc", area="x" * 10_000).errors == {}


@pytest.mark.parametrize(
    ("typed", "day"),
    [
        ("12/31/2021", date(2021, 12, 31)),
        ("1/2/2021", date(2021, 1, 2)),
        (" 2021-12-31 ", date(2021, 12, 31)),
        ("02/29/2024", date(2024, 2, 29)),
        ("12-31-2021", date(2021, 12, 31)),
        ("1/2/21", date(2021, 1, 2)),
        ("1-2-21", date(2021, 1, 2)),
        ("02/29/96", date(2096, 2, 29)),
    ],
)
def test_days_in_all_ways_of_writing(web: Flask, typed: str, day: date) -> None:
    form = sent(web, day=typed)
    assert (form.day.data, form.errors) == (day, {})


@pytest.mark.parametrize(
    ("typed", "sentence"),
    [
        ("", "Please fill in this field."),
        ("31/12/2021", f"There is no such day in the calendar. {AS_DAY}"),
        ("02/29/2023", f"There is no such day in the calendar. {AS_DAY}"),
        ("12/31/121", AS_DAY),
        ("12/31", AS_DAY),
        ("12/2021", f"The day is missing. {AS_DAY}"),
        ("yesterday", AS_DAY),
        *(
            (f"01/01/{year}", f"The year {year} is not accepted, only 2000 to 2100. {AS_DAY}")
            for year in ("0000", "0001", "0021", "0099", "1800", "1999", "2101", "9999")
        ),
    ],
)
def test_what_is_no_day_gets_one_sentence_and_stays(web: Flask, typed: str, sentence: str) -> None:
    form = sent(web, day=typed)
    assert form.day.errors == [sentence]
    assert form.day.data is None
    assert f'value="{typed}"' in str(form.day())


@pytest.mark.parametrize(
    ("typed", "number"),
    [
        ("10", 10),
        ("1,200", 1200),
        (" 5000 ", 5000),
        ("１２", 12),
        ("1,170\u00a0", 1170),
        ("'975", 975),
        ('="975"', 975),
    ],
)
def test_whole_numbers(web: Flask, typed: str, number: int) -> None:
    form = sent(web, number=typed)
    assert (form.number.data, form.errors) == (number, {})


@pytest.mark.parametrize(
    ("typed", "sentence"),
    [
        ("", "Please fill in this field."),
        ("ten", "Enter a whole number, for example 10."),
        ("1.5", "Enter a whole number, for example 10."),
        ("1e309", "Enter a whole number, for example 10."),
        ("1,20", "Enter a whole number, for example 10."),
        ("1,2,00", "Enter a whole number, for example 10."),
        ("1234,567", "Enter a whole number, for example 10."),
        ("975¹", "Enter a whole number, for example 10."),
        ("①", "Enter a whole number, for example 10."),
        ("10:30", "Enter a whole number, for example 10."),
        ("=5*2", "This is a formula. Enter the value itself."),
        (
            "1E+05",
            (
                "The spreadsheet shortened this number (as in 4.49E+14) and its digits are lost. "
                "Format the column as Text and enter the value again."
            ),
        ),
        ("\u0661\u0660", "Enter a whole number, for example 10."),
        ("9" * 40, "Enter a whole number, for example 10."),
        ("0", "Enter 1 or more."),
        ("-3", "Enter 1 or more."),
        ("5001", "Enter 5,000 or less."),
    ],
)
def test_what_is_no_whole_number_gets_one_sentence(web: Flask, typed: str, sentence: str) -> None:
    form = sent(web, number=typed)
    assert form.number.errors == [sentence]
    assert form.number.data is None


def test_a_refusal_goes_beside_its_field_or_over_the_form(web: Flask) -> None:
    form = sent(web)
    form.refuse(Invalid("Too many.", field="number"))
    form.refuse(Conflict("Meanwhile."))
    form.refuse(Invalid("Elsewhere.", field="no_such_field"))
    assert form.number.errors == ["Too many."]
    assert form.form_errors == ["Meanwhile.", "Elsewhere."]
    assert form.errors
