"""`Add` asks about a date and a number of doses that are unlikely, and takes what is meant (D2)."""

import pytest
from flask import Flask

from tests.client import Browser
from tests.effort import some
from tests.inventory import stock
from tests.inventory.test_add import manually, open_form, records
from tests.shipments.files import csv, row, take_in

PFIZER = "Pfizer-BioNTech COVID-19 Vaccine (purple cap; dilute)"
JANSSEN = "Janssen COVID-19 Vaccine"
MAX_15 = "Moderna COVID-19 Vaccine (max 15-dose vial, 7 mL)"


@pytest.mark.parametrize(
    ("came", "said"),
    some(
        [
            ("12/17/2020", "in use only since 12/18/2020"),
            ("01/05/2003", "in use only since 12/18/2020"),
            ("12/18/2020", "more than six months ago. Check the year."),
            (f"{stock.day(365):%m/%d/%Y}", "more than six months ago. Check the year."),
            (f"{stock.day(184):%m/%d/%Y}", "more than six months ago. Check the year."),
            (f"{stock.day(183):%m/%d/%Y}", ""),
            ("", ""),
        ],
        short=4,
    ),
)
def test_a_date_received_that_is_unlikely_must_be_meant(
    app: Flask, browser: Browser, came: str, said: str
) -> None:
    review = manually(app, browser, date_received=came)
    assert said in review.root.text
    assert bool(review.root.all("input", name="confirmed")) is bool(said)
    saved = browser.submit(review, button="Save", follow=True)
    assert saved.status == (422 if said else 200)
    if said:
        assert records(app) == []
        browser.submit(saved, {"confirmed": "y"}, button="Save", follow=True)
    assert [record.doses_total for record in records(app)] == [10]


@pytest.mark.parametrize(
    ("product", "doses", "size"),
    some(
        [
            ("", "141", 10),
            ("", "1", 10),
            ("", "143", 10),
            ("", "140", 0),
            (PFIZER, "10", 6),
            (PFIZER, "1,170", 0),
            (JANSSEN, "12", 5),
            (JANSSEN, "15", 0),
            (MAX_15, "15", 0),
            (MAX_15, "16", 14),
        ],
        short=4,
    ),
)
def test_doses_that_fill_no_whole_vials_must_be_meant(
    app: Flask, browser: Browser, product: str, doses: str, size: int
) -> None:
    chosen = {"product_text": product} if product else {}
    review = manually(app, browser, doses=doses, **chosen)
    number = "1 dose is" if doses == "1" else f"{doses} doses are"
    said = f"{number} not a whole number of vials: a vial of this product has {size}"
    assert (said in review.root.text) is bool(size)
    saved = browser.submit(review, button="Save", follow=True)
    assert saved.status == (422 if size else 200)
    if size:
        assert records(app) == []
        browser.submit(saved, {"confirmed": "y"}, button="Save", follow=True)
    assert [record.doses_total for record in records(app)] == [int(doses.replace(",", ""))]


@pytest.mark.parametrize(("doses", "asked"), [("299", False), ("141", True), ("140", False)])
def test_what_the_supplier_announced_is_not_asked_about(
    app: Flask, browser: Browser, doses: str, asked: bool
) -> None:
    take_in(app, csv(row(doses="299")))
    review = browser.submit(open_form(app, browser), {"doses": doses}, button="Next", follow=True)
    assert ("not a whole number of vials" in review.root.text) is asked
