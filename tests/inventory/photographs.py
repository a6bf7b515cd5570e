"""Sending the picture of a code with the form of a delivery."""

import io
from typing import Any

from zxingcpp import BarcodeFormat

from tests.client import Browser, Page
from tests.inventory.test_scan import (
    VIAL,
)

CODE = f"(01){VIAL}(17)270630(10)011J20A(21)S123"
CASE = BarcodeFormat.Code128


def photographed(browser: Browser, page: Page, *files: bytes, **more: str) -> Page:
    """Choose a picture and press a button (`Read picture`, if it is not named)."""
    button = more.pop("button", "Read picture")
    sent: dict[str, Any] = dict(more)
    if files:
        sent["photo"] = (io.BytesIO(files[0]), "IMG_0001.JPG")
    answer = browser.submit(page, sent, button=button)
    assert answer.status == 422
    return answer


def refused(page: Page) -> str:
    """What stands beside the picture; the summary says it, too."""
    (wrong,) = page.root.all("input", aria_invalid="true")
    assert wrong.attributes["id"] == "photo"
    sentence = page.root.one("p", id="photo-error").text
    assert sentence in page.root.one("div", role="alert").text
    return sentence
