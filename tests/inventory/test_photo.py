"""A picture of the code fills in the form of a delivery, as the scanned code does (SPEC D10)."""

import io

import pytest
from flask import Flask
from zxingcpp import BarcodeFormat

from tests.client import Browser
from tests.inventory.photographs import CASE, CODE, photographed
from tests.inventory.test_scan import (
    FILLED,
    VIAL,
    choices,
    empty_form,
    form_of_shipment,
    shown,
    told,
)
from tests.pictures.builders import jpeg, png, sheet, symbol, taken
from tests.shipments.files import csv, row, take_in

# --- as a scanned code ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    "picture",
    [
        jpeg(sheet(symbol(CODE))),
        png(sheet(symbol(CODE), turned=33)),
        jpeg(taken(sheet(symbol(CODE)))),
        png(sheet(symbol(CODE, BarcodeFormat.QRCode))),
        png(sheet(symbol(CODE, CASE))),
    ],
    ids=["jpeg", "png", "dark", "qr", "gs1-128"],
)
def test_a_picture_fills_in_product_lot_and_expiration_date(
    browser: Browser, picture: bytes
) -> None:
    page = photographed(browser, empty_form(browser), picture, doses="many", name="kept")
    assert shown(page) == FILLED
    assert page.root.one("input", id="doses").attributes["value"] == "many"
    assert page.root.one("input", id="name").attributes["value"] == "kept"
    assert "Product, Lot #, Expiration Date, Serial Number" in told(page)
    assert page.root.all("input", aria_invalid="true") == []
    assert page.root.one("div", id="scan-told").attributes["data-focus"] == ""


def test_what_was_filled_in_is_saved(browser: Browser) -> None:
    page = photographed(browser, empty_form(browser), jpeg(sheet(symbol(CODE))))
    values = {"doses": "10", "unable_to_locate_shipment": "y"}
    review = browser.submit(page, values, button="Next", follow=True)
    assert "Picture" not in review.root.one("div", id="wizard").text
    record = browser.submit(review, button="Save", follow=True)
    assert "011J20A" in record.root.text


@pytest.mark.parametrize("button", ["Fill in", "Next"])
def test_any_way_forward_reads_a_picture_that_waits(browser: Browser, button: str) -> None:
    page = photographed(browser, empty_form(browser), jpeg(sheet(symbol(CODE))), button=button)
    assert shown(page) == FILLED


def test_htmx_gets_the_form_alone(browser: Browser) -> None:
    picture = (io.BytesIO(jpeg(sheet(symbol(CODE)))), "image.jpg")
    page = empty_form(browser)
    part = browser.submit(page, {"photo": picture}, button="Read picture", region="wizard")
    assert part.status == 422
    assert "<html" not in part.html
    assert shown(part) == FILLED


def test_a_code_that_says_its_separators_is_never_ambiguous(app: Flask, browser: Browser) -> None:
    code = f"(01){VIAL}(17)270630(10)021C21A"
    page = photographed(browser, empty_form(browser), png(sheet(symbol(code))))
    assert (shown(page)["lot"], shown(page)["serial_number"]) == ("021C21A", "")


def test_a_code_of_an_older_printer_is_asked_about_like_a_scan(
    app: Flask, browser: Browser
) -> None:
    take_in(app, csv(row(lot="021C21A")))
    code = f"01{VIAL}1727063010021C21A"
    picture = png(sheet(symbol(code, gs1=False)))
    page = photographed(browser, empty_form(browser), picture)
    assert shown(page)["scan"] == code
    offered = choices(page, "reading")
    first, answer = next(iter(offered.items()))
    assert first.endswith("likely, this lot was shipped to you")
    page = browser.submit(page, {"scan_reading": answer}, button="Fill in")
    assert shown(page)["lot"] == "021C21A"


def test_a_code_that_contradicts_the_form_is_asked_about(app: Flask, browser: Browser) -> None:
    form = form_of_shipment(app, browser)
    code = f"(01){VIAL}(17)270731(10)039K20A"
    page = photographed(browser, form, png(sheet(symbol(code))))
    assert "Lot #: 011J20A in the form, 039K20A in the code." in page.root.text
    assert shown(page)["scan"] == code
    answer = choices(page, "differs")["The code is right: change the form"]
    page = browser.submit(page, {"scan_differs": answer}, button="Fill in")
    assert (shown(page)["lot"], shown(page)["expiration_date"]) == ("039K20A", "07/31/2027")


def test_a_code_of_something_else_is_refused_like_a_scan(browser: Browser) -> None:
    picture = png(sheet(symbol("https://example.org/leaflet", BarcodeFormat.QRCode, gs1=False)))
    page = photographed(browser, empty_form(browser), picture, lot="LOT€")
    assert "This is not a GS1 code." in page.root.one("p", id="scan-error").text
    assert shown(page)["scan"] == "https://example.org/leaflet"
    assert shown(page)["lot"] == "LOT€"


# --- several codes -------------------------------------------------------------------------------


def test_codes_that_say_the_same_or_less_are_no_question(browser: Browser) -> None:
    for others in (
        [symbol(CODE)],
        [symbol(f"(01){VIAL}", CASE)],
        [symbol(VIAL[1:], BarcodeFormat.EAN13, gs1=False)],
        [symbol(f"01{VIAL}10011J20A", CASE, gs1=False)],
        [
            symbol("https://example.org", BarcodeFormat.QRCode, gs1=False),
            symbol("SHELF 7", CASE, gs1=False),
        ],
    ):
        page = photographed(browser, empty_form(browser), png(sheet(symbol(CODE), *others)))
        assert shown(page) == FILLED


def two_lots() -> bytes:
    return png(sheet(symbol(CODE), symbol(f"(01){VIAL}(17)270731(10)039K20A")))


def test_of_two_lots_it_is_asked_which(app: Flask, browser: Browser) -> None:
    take_in(app, csv(row()))
    page = photographed(browser, empty_form(browser), two_lots(), doses="40")
    assert set(shown(page).values()) == {""}
    assert "There are several codes in the picture. Which one is it?" in page.root.text
    offered = choices(page, "found")
    likely = "Lot #: 011J20A, Expiration Date: 06/30/2027, Serial Number: S123"
    assert sorted(offered) == [
        f"{likely} – likely, this lot was shipped to you",
        "Lot #: 039K20A, Expiration Date: 07/31/2027, Serial Number: –",
    ]
    assert not any("checked" in each.attributes for each in page.root.all("input", type="radio"))
    again = browser.submit(page, button="Fill in")
    assert choices(again, "found") == offered, "unanswered, it stays"
    answer = next(value for label, value in offered.items() if "039K20A" in label)
    page = browser.submit(again, {"scan_found": answer}, button="Fill in")
    assert (shown(page)["lot"], shown(page)["serial_number"]) == ("039K20A", "")
    assert page.root.one("input", id="doses").attributes["value"] == "40"
    assert not choices(page, "found")


def test_an_answer_that_contradicts_the_form_is_asked_about_in_turn(
    app: Flask, browser: Browser
) -> None:
    page = photographed(browser, form_of_shipment(app, browser), two_lots())
    answer = next(value for label, value in choices(page, "found").items() if "039" in label)
    page = browser.submit(page, {"scan_found": answer}, button="Fill in")
    assert not choices(page, "found")
    answer = choices(page, "differs")["The code is right: change the form"]
    page = browser.submit(page, {"scan_differs": answer}, button="Fill in")
    assert shown(page)["lot"] == "039K20A"


def test_what_is_typed_or_taken_next_goes_before_the_question(browser: Browser) -> None:
    page = photographed(browser, empty_form(browser), two_lots())
    answer = next(value for label, value in choices(page, "found").items() if "039" in label)
    typed = browser.submit(page, {"scan": CODE, "scan_found": answer}, button="Fill in")
    assert shown(typed)["lot"] == "011J20A"
    third = png(sheet(symbol(f"(01){VIAL}(10)047E9B")))
    taken_next = photographed(browser, page, third, scan_found=answer)
    assert shown(taken_next)["lot"] == "047E9B"
    onward = browser.submit(page, button="Next")
    assert not choices(onward, "found"), "nobody is kept from typing"
    assert "Please fill in this field." in onward.root.text


def test_codes_that_complete_each_other_can_be_taken_together(browser: Browser) -> None:
    picture = png(sheet(symbol(f"(01){VIAL}(17)270630", CASE), symbol("(10)011J20A(21)S123", CASE)))
    page = photographed(browser, empty_form(browser), picture)
    offered = choices(page, "found")
    assert list(offered)[0] == "All of them together"
    assert len(offered) == 3
    answer = {"scan_found": offered["All of them together"]}
    page = browser.submit(page, answer, button="Fill in")
    assert shown(page) == FILLED


def test_a_forged_answer_is_no_more_than_a_typed_code(browser: Browser) -> None:
    page = photographed(browser, empty_form(browser), two_lots())
    for forged in ("<b>", "\x00", "9" * 5000, "(10)" + "€" * 30):
        answer = browser.submit(page, {"scan_found": forged}, button="Fill in")
        assert answer.status == 422
        assert answer.root.one("p", id="scan-error")
        answer = browser.submit(page, {"scan_found_again": f"{forged}\r\nB\n"}, button="Fill in")
        assert answer.status == 422
