"""What is scanned is a product's number, or comes into another field: never a wrong lot (D10)."""

import pytest
from flask import Flask

from tests.client import Browser, Page
from tests.effort import some
from tests.inventory.test_scan import (
    CODE,
    FILLED,
    GS,
    MODERNA,
    VIAL,
    empty_form,
    form_of_shipment,
    gtin,
    scanned,
    shown,
    told,
)

PFIZER = "Pfizer-BioNTech COVID-19 Vaccine (purple cap; dilute)"
BLANK = {"product": "", "lot": "", "expiration_date": "", "serial_number": ""}


@pytest.mark.parametrize("button", ["Fill in", "Next"])
@pytest.mark.parametrize(
    "code",
    some(
        [
            "59267-1000-1",
            "59267-1000-01",
            "5926710001",
            "59267100001",
            "59267 1000 01",
            "NDC 59267-1000-1",
            "NDC: 59267–1000–01",
        ],
        short=3,
    ),
)
def test_an_ndc_is_the_product(browser: Browser, code: str, button: str) -> None:
    page = scanned(browser, empty_form(browser), code, button=button)
    assert shown(page) == {**BLANK, "product": PFIZER, "scan": ""}
    assert told(page) == "Filled in from the code: Product. Please compare with the package."


@pytest.mark.parametrize(
    "code",
    some(
        [
            "59267-1000-9",
            "00310-1222-10",  # never authorized
            "1012345678",  # as elements: a lot of eight digits
            "10123456789",
            "2112345678",
            "1012-3456-78",
            "59267-1000",
            "80777-0273",
            "59267-1000-1-1",
            "555-1000-2117",
        ],
        short=4,
    ),
)
def test_what_may_be_an_ndc_of_no_product_is_refused_and_no_lot(
    browser: Browser, code: str
) -> None:
    page = scanned(browser, empty_form(browser), code)
    assert shown(page) == {**BLANK, "scan": code}
    sentence = page.root.one("p", id="scan-error").text
    refusals = ("no product has it", "This is not a GS1 code", "has no product, lot")
    assert any(refusal in sentence for refusal in refusals)


def test_an_ndc_of_another_product_is_asked_about(app: Flask, browser: Browser) -> None:
    page = scanned(browser, form_of_shipment(app, browser), "59267-1000-1")
    assert f"Product: {MODERNA} in the form, {PFIZER} in the code." in page.root.text
    assert shown(page)["product"] == MODERNA


@pytest.mark.parametrize("text", ["59267-1000-1", "5926710001", "59267 1000 1"])
def test_the_look_up_of_products_knows_an_ndc_however_it_is_written(
    browser: Browser, text: str
) -> None:
    browser.sign_in("manager_a")
    assert PFIZER in browser.get(f"/lookups/products?q={text}").html
    page = scanned(browser, empty_form(browser), "", button="Next", product_text=text)
    assert shown(page)["product"] == PFIZER


CODES = (CODE, CODE.replace(GS, "␝"), f"]d2{CODE}", f"(01){VIAL}(17)270630(10)011J20A(21)S123")
FIELDS = (
    *("product_text", "doses", "lot", "name", "serial_number", "expiration_date"),
    *("account_text", "date_received", "shipment_text"),
)


@pytest.mark.parametrize(
    ("field", "code"),
    some([(field, code) for field in FIELDS for code in CODES], short=12),
)
def test_a_code_scanned_into_any_field_is_recognized(
    browser: Browser, field: str, code: str
) -> None:
    form = empty_form(browser)
    page = scanned(browser, form, "", button="Next", **{field: code})
    assert shown(page) == FILLED
    assert "Product, Lot #, Expiration Date, Serial Number" in told(page)
    if field in {"doses", "name", "date_received"}:
        assert page.root.one("input", id=field).attributes.get("value", "") == ""
    assert page.root.all("input", aria_invalid="true") == []


@pytest.mark.parametrize(
    ("field", "before"), [("lot", "011J20A"), ("name", "Fridge 2"), ("doses", "100")]
)
def test_what_stood_in_the_field_before_stays(browser: Browser, field: str, before: str) -> None:
    page = scanned(browser, empty_form(browser), "", button="Next", **{field: before + CODE})
    assert page.root.one("input", id=field).attributes["value"] == before
    assert shown(page)["lot"] == "011J20A"


@pytest.mark.parametrize("code", ["1727063010EL9262", "1125010117270630" + "10EL9262"])
def test_a_code_with_lot_and_date_alone_is_no_lot(browser: Browser, code: str) -> None:
    page = scanned(browser, empty_form(browser), "", button="Next", lot=code)
    assert shown(page) == {
        **BLANK,
        "lot": "EL9262",
        "expiration_date": "06/30/2027",
        "scan": "",
    }


@pytest.mark.parametrize("code", ["59267-1000-01", "5926710001", gtin("59267-1000-1")])
@pytest.mark.parametrize("field", ["lot", "serial_number", "name"])
def test_the_number_of_a_known_product_is_not_taken_for_anything_else(
    browser: Browser, field: str, code: str
) -> None:
    page = scanned(browser, empty_form(browser), "", button="Next", **{field: code})
    assert shown(page) == {**BLANK, "product": PFIZER, "scan": ""}
    assert page.root.one("input", id=field).attributes.get("value", "") == ""


@pytest.mark.parametrize(
    "lot", ["10ABC123", "01234567", "1234567890", "21-0417", "17A270630", "EL9262", "FF(10)2"]
)
def test_lots_that_only_look_a_little_like_codes_are_lots(browser: Browser, lot: str) -> None:
    form = empty_form(browser)
    page = browser.submit(form, {"lot": lot}, button="Next")
    assert page.root.one("input", id="lot").attributes["value"] == lot
    assert page.root.all("p", id="lot-error") == []
    assert page.root.one("input", id="scan").attributes["value"] == ""


def test_a_lot_elsewhere_is_no_code(browser: Browser) -> None:
    browser.sign_in("admin")
    page = browser.get("/vaccine-inventory/quarantine/add")
    values = {"product_text": MODERNA, "lot": "1727063010EL9262", "reason": "recall"}
    refused = browser.submit(page, values, button="Quarantine at all locations")
    assert "This is the code of a package." in refused.root.one("p", id="lot-error").text


def failed(browser: Browser) -> Page:
    return scanned(browser, empty_form(browser), "HELLO")


def test_after_a_failed_scan_the_next_one_replaces_it(browser: Browser) -> None:
    page = failed(browser)
    field = page.root.one("input", id="scan")
    assert "autofocus" in field.attributes
    assert field.attributes["data-focus"] == "select"
    assert field.attributes["value"] == "HELLO"
    assert "autofocus" not in empty_form(browser).root.one("input", id="scan").attributes


@pytest.mark.parametrize("sent", [CODE + "HELLO", "HELLO" + CODE, CODE])
def test_without_script_the_next_scan_replaces_it_too(browser: Browser, sent: str) -> None:
    page = scanned(browser, failed(browser), sent)
    assert shown(page) == FILLED
