"""`Scan`: the code on a vial or carton fills in the form of a delivery (SPEC D10)."""

import random

import pytest
from flask import Flask

from portal.catalog.gs1 import check_digit
from tests.client import Browser, Page
from tests.effort import amount
from tests.inventory.stock import shipment_id
from tests.shipments.files import csv, row, take_in

GS = "\x1d"
MODERNA = "Moderna COVID-19 Vaccine (max 10/11-dose vial, 5 mL)"


def gtin(ndc: str, indicator: str = "0") -> str:
    """The GTIN made of an NDC of ten digits."""
    digits = f"{indicator}03{ndc.replace('-', '')}"
    return digits + check_digit(digits)


VIAL = gtin("80777-273-10")
CARTON = gtin("80777-273-99", "5")
FOREIGN = "09521234543213"
CODE = f"01{VIAL}17270630{GS}10011J20A{GS}21S123"


def scanned(browser: Browser, page: Page, code: str, button: str = "Fill in", **more: str) -> Page:
    """Scan a code into the form and press a button."""
    answer = browser.submit(page, {"scan": code, **more}, button=button)
    assert answer.status == 422
    return answer


def empty_form(browser: Browser) -> Page:
    browser.sign_in("manager_a")
    return browser.get("/vaccine-inventory/add")


def form_of_shipment(app: Flask, browser: Browser) -> Page:
    take_in(app, csv(row()))
    browser.sign_in("manager_a")
    return browser.get(f"/vaccine-inventory/add?shipment={shipment_id(app)}")


def shown(page: Page) -> dict[str, str]:
    """What the fields say that a code can fill in."""
    ids = ("product", "lot", "expiration_date", "serial_number", "scan")
    return {name: page.root.one("input", id=name).attributes["value"] for name in ids}


def choices(page: Page, name: str) -> dict[str, str]:
    """The radio buttons of a question: values by label."""
    return {
        radio.parent.text: radio.attributes["value"]
        for radio in page.root.all("input", type="radio", name=f"scan_{name}")
        if radio.parent
    }


def told(page: Page) -> str:
    return page.root.one("div", id="scan-told").text


FILLED = {
    "product": MODERNA,
    "lot": "011J20A",
    "expiration_date": "06/30/2027",
    "serial_number": "S123",
    "scan": "",
}


@pytest.mark.parametrize(
    "code",
    [
        CODE,
        CODE.replace(GS, "␝"),
        f"]d2{CODE}\r\n",
        f"(01){VIAL}(17)270630(10)011J20A(21)S123",
        f"01{CARTON}17270630|10011J20A|21S123",
        f"https://id.gs1.org/01/{VIAL}/10/011J20A/21/S123?17=270630",
    ],
)
def test_a_code_fills_in_product_lot_and_expiration_date(browser: Browser, code: str) -> None:
    page = scanned(browser, empty_form(browser), code, doses="many", name="kept")
    assert shown(page) == FILLED
    assert page.root.one("input", id="doses").attributes["value"] == "many"
    assert page.root.one("input", id="name").attributes["value"] == "kept"
    assert "Product, Lot #, Expiration Date, Serial Number" in told(page)
    assert page.root.all("input", aria_invalid="true") == []


def test_what_was_filled_in_is_saved(browser: Browser) -> None:
    page = scanned(browser, empty_form(browser), f"01{VIAL}1727060010EL9262")
    assert shown(page)["expiration_date"] == "06/2027"
    values = {"doses": "10", "unable_to_locate_shipment": "y"}
    review = browser.submit(page, values, button="Next", follow=True)
    assert "06/30/2027" in review.root.text
    assert "Scan" not in review.root.one("div", id="wizard").text
    record = browser.submit(review, button="Save", follow=True)
    assert "EL9262" in record.root.text


def test_next_fills_in_a_waiting_code_before_it_goes_on(browser: Browser) -> None:
    """As a scanner's Enter does without script."""
    page = scanned(browser, empty_form(browser), CODE, button="Next")
    assert shown(page) == FILLED
    assert page.root.all("input", aria_invalid="true") == []


def test_a_paused_form_keeps_what_was_scanned(app: Flask, browser: Browser) -> None:
    page = empty_form(browser)
    browser.submit(page, {"scan": CODE, "lot": "X"}, button="Pause")
    drafts = browser.get("/drafts")
    link = next(a for a in drafts.root.all("a") if "/drafts/" in a.attributes["href"])
    waiting = browser.get(link.attributes["href"])
    assert "Scan" not in [term.text for term in waiting.root.all("dt")]
    again = browser.get(waiting.root.with_text("a", "Continue").attributes["href"])
    assert again.root.one("input", id="scan").attributes["value"] == CODE.replace(GS, "␝")


def test_the_code_of_the_announced_shipment_changes_nothing(app: Flask, browser: Browser) -> None:
    form = form_of_shipment(app, browser)
    page = scanned(browser, form, f"01{VIAL}1727063010011j20a")
    assert told(page) == "The form already says what the code says."
    assert shown(page)["lot"] == "011J20A"


def test_a_code_that_contradicts_the_form_is_asked_about(app: Flask, browser: Browser) -> None:
    form = form_of_shipment(app, browser)
    code = f"01{VIAL}17270731{GS}10039K20A{GS}21S9"
    page = scanned(browser, form, code)
    assert shown(page) == {
        "product": MODERNA,
        "lot": "011J20A",
        "expiration_date": "06/30/2027",
        "serial_number": "",
        "scan": code.replace(GS, "␝"),
    }
    assert "Lot #: 011J20A in the form, 039K20A in the code." in page.root.text
    assert "Expiration Date: 06/30/2027 in the form, 07/31/2027 in the code." in page.root.text
    answers = choices(page, "differs")
    assert not any("checked" in each.attributes for each in page.root.all("input", type="radio"))

    left = scanned(
        browser, page, code, scan_differs=answers["The form is right: leave it as it is"]
    )
    assert shown(left) == {**shown(form), "scan": ""}
    assert told(left) == "The form was left as it is."

    changed = scanned(
        browser, page, code, scan_differs=answers["The code is right: change the form"]
    )
    assert shown(changed)["lot"] == "039K20A"
    assert shown(changed)["expiration_date"] == "07/31/2027"
    assert shown(changed)["serial_number"] == "S9"
    assert changed.root.one("input", id="name").attributes["value"].endswith("– 039K20A")


@pytest.mark.parametrize(
    "answer",
    ["The code is right: change the form", "The form is right: leave it as it is"],
)
def test_an_answer_is_for_one_code_only(app: Flask, browser: Browser, answer: str) -> None:
    form = form_of_shipment(app, browser)
    page = scanned(browser, form, f"01{VIAL}1727063010039K20A")
    given = choices(page, "differs")[answer]
    other = scanned(browser, page, f"01{VIAL}1727063010047E9B", scan_differs=given)
    assert shown(other)["lot"] == "011J20A"
    assert choices(other, "differs")


def test_another_product_than_announced_is_asked_about(app: Flask, browser: Browser) -> None:
    form = form_of_shipment(app, browser)
    janssen = gtin("59676-580-05")
    page = scanned(browser, form, f"01{janssen}1727063010011J20A")
    assert f"Product: {MODERNA} in the form, Janssen COVID-19 Vaccine in the code." in (
        page.root.text
    )
    assert shown(page)["product"] == MODERNA


def test_a_begun_search_for_the_same_product_is_no_contradiction(browser: Browser) -> None:
    page = scanned(browser, empty_form(browser), CODE, product_text="moderna 10/11")
    assert shown(page) == FILLED
    page = scanned(browser, empty_form(browser), CODE, product_text="janssen")
    assert "Product: janssen in the form" in page.root.text


def test_several_readings_are_offered_and_none_is_taken(app: Flask, browser: Browser) -> None:
    take_in(app, csv(row(lot="021C21A")))
    code = f"01{VIAL}1727063010021C21A"
    page = scanned(browser, empty_form(browser), code)
    assert shown(page) == {
        "product": "",
        "lot": "",
        "expiration_date": "",
        "serial_number": "",
        "scan": code,
    }
    offered = choices(page, "reading")
    assert list(offered) == [
        "Lot #: 021C21A, Serial Number: – – likely, this lot was shipped to you",
        "Lot #: 0, Serial Number: C21A",
        "Lot #: 021C, Serial Number: A",
    ]
    assert not any("checked" in each.attributes for each in page.root.all("input", type="radio"))
    again = scanned(browser, page, code)
    assert shown(again)["lot"] == ""
    forged = scanned(browser, page, code, scan_reading="(10)SOMETHING ELSE")
    assert shown(forged)["lot"] == ""
    page = scanned(browser, page, code, scan_reading=list(offered.values())[0])
    assert shown(page)["lot"] == "021C21A"
    assert shown(page)["serial_number"] == ""
    assert shown(page)["scan"] == ""


def test_a_lot_of_another_location_is_not_called_likely(app: Flask, browser: Browser) -> None:
    take_in(app, csv(row(lot="021C21A", pin="NCA650002")))
    page = scanned(browser, empty_form(browser), f"01{VIAL}1727063010021C21A")
    assert choices(page, "reading")
    assert "likely" not in page.root.text


def test_an_unknown_product_number_leaves_the_product_to_the_user(
    app: Flask, browser: Browser
) -> None:
    code = f"01{FOREIGN}1727063010EL9262"
    page = scanned(browser, empty_form(browser), code)
    assert f"GTIN {FOREIGN} is not in the product list; choose the product by hand." in told(page)
    assert shown(page)["product"] == ""
    assert shown(page)["lot"] == "EL9262"
    alone = scanned(browser, empty_form(browser), f"01{FOREIGN}")
    assert "choose the product by hand" in told(alone)
    form = form_of_shipment(app, browser)
    assert "make sure that the product is right" in told(scanned(browser, form, f"01{FOREIGN}"))


def test_a_product_that_cannot_be_ordered_is_not_chosen(browser: Browser) -> None:
    page = scanned(browser, empty_form(browser), f"01{gtin('0310-1222-10')}10EL9262")
    assert shown(page)["product"] == ""
    assert "not in the product list" in told(page)


@pytest.mark.parametrize(
    ("code", "said"),
    [
        ("HELLO", "This is not a GS1 code."),
        (f"01{VIAL[:-1]}{(int(VIAL[-1]) + 1) % 10}10A", "check digit is wrong"),
        (f"01{VIAL}17271301", "is not a date"),
        ("", "Scan the code or paste it here"),
    ],
)
def test_what_cannot_be_read_is_said_and_nothing_is_lost(
    browser: Browser, code: str, said: str
) -> None:
    page = scanned(browser, empty_form(browser), code, lot="LOT€", expiration_date="June")
    assert said in page.root.one("p", id="scan-error").text
    assert shown(page)["scan"] == code
    assert shown(page)["lot"] == "LOT€"
    assert shown(page)["expiration_date"] == "June"
    (wrong,) = page.root.all("input", aria_invalid="true")
    assert wrong.attributes["id"] == "scan"


def test_a_code_that_cannot_be_read_can_be_left_out(browser: Browser) -> None:
    page = scanned(browser, empty_form(browser), "HELLO", button="Next")
    assert "Clear this field to continue without it." in page.root.text


def test_a_step_of_a_begun_form_can_be_filled_in_too(app: Flask, browser: Browser) -> None:
    form = form_of_shipment(app, browser)
    review = browser.submit(form, button="Next", follow=True)
    back = browser.submit(review, button="Previous", follow=True)
    page = scanned(browser, back, CODE)
    assert shown(page)["serial_number"] == "S123"
    fragment = browser.submit(back, {"scan": CODE}, button="Fill in", region="wizard")
    assert fragment.status == 422
    assert "<html" not in fragment.html
    assert shown(fragment)["serial_number"] == "S123"


def test_other_fields_still_refuse_control_characters(browser: Browser) -> None:
    page = browser.submit(empty_form(browser), {"serial_number": f"A{GS}B"}, button="Next")
    assert "a character that cannot be used" in page.root.text


def test_whatever_is_scanned_the_form_comes_back(app: Flask, browser: Browser) -> None:
    chance = random.Random(10)
    pieces = [
        "01",
        VIAL,
        FOREIGN,
        "17",
        "270630",
        "991231",
        "10",
        "21",
        "021C21A",
        GS,
        "\x00",
        "\x7f",
        "\ud7ff",
        "😀",
        "(01)",
        "(17)",
        "<b>",
        "\\",
        "%",
        "https://a/01/",
        "/",
        "]d2",
        "9" * 400,
    ]
    form = form_of_shipment(app, browser)
    for _turn in range(amount(short=40, full=150)):
        code = "".join(chance.choices(pieces, k=chance.randint(1, 7)))
        side = chance.choice(["form", "code"])
        more = {
            "scan_differs": f"{side} (01){VIAL}(10)021C21A",
            "scan_reading": chance.choice(["", "(10)0(21)C21A", "\x00", code]),
            "expiration_date": chance.choice(["", "06/30/2027", "\x00", "soon"]),
            "lot": chance.choice(["", "011J20A", "\x00", "€" * 300]),
            "product_text": chance.choice(["", MODERNA, "\x00x", "%%%"]),
        }
        page = browser.submit(
            form, {"scan": code, **more}, button=chance.choice(["Fill in", "Next"])
        )
        assert page.status == 422, repr(code)
        assert page.root.one("input", id="scan")
