"""Fields that share the rules of files: what a file refuses, `Add` refuses, too."""

from datetime import date

import pytest
from flask import Flask

from blueprints.inventory.forms import ExpirationField, LotField
from portal.web.forms import Form


class Printed(Form):
    """The fields of `Add` that are copied from a package or a list."""

    lot = LotField("Lot #")
    expires = ExpirationField("Expiration Date")


def filled(app: Flask, **typed: str) -> Printed:
    with app.test_request_context("/", method="POST", data=typed):
        form = Printed()
        form.validate()
        return form


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("EL9262", "EL9262"),
        ("EN 6201", "EN 6201"),
        ("'007012", "007012"),
        ('="007012"', "007012"),
        ("ＥＬ９２６２", "EL9262"),
        ("LOT7-A/B", "LOT7-A/B"),
    ],
)
def test_a_lot_is_kept_as_printed(app: Flask, typed: str, kept: str) -> None:
    form = filled(app, lot=typed)
    assert (form.lot.data, form.errors) == (kept, {})


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ("EL9262²", "footnote mark"),
        ("EL9262*", "footnote mark"),
        ("N/A", "no number"),
        ("-", "no number"),
        ("TBD", "no number"),
        ("EL9262; EL9263", "more than one lot"),
        ("EL9262 EN6201", "more than one lot"),
        ("Lot: EL9262", "lot number alone"),
        ("5-Mar", "date or time"),
        ("05/31/2021", "date or time"),
        ("10:30", "date or time"),
        ("1.00E+05", "digits are lost"),
        ("=A1", "formula"),
    ],
)
def test_what_is_no_lot_is_refused_with_what_to_do(app: Flask, typed: str, said: str) -> None:
    (error,) = filled(app, lot=typed).lot.errors
    assert said in error


@pytest.mark.parametrize(
    "typed", ["31-May", "May 31", "05/31", "31/08/2021", "0５/31/202¹", "10:30"]
)
def test_what_is_no_date_is_refused(app: Flask, typed: str) -> None:
    form = filled(app, expires=typed)
    assert form.expires.data is None
    assert form.expires.errors


def test_a_date_may_be_guarded(app: Flask) -> None:
    assert filled(app, expires="'05/31/2021").expires.data == date(2021, 5, 31)
