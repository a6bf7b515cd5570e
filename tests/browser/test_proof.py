"""The proof of vaccination on a desktop and a phone, for staff, recipients and who checks it."""

import re

import pytest
from flask import Flask
from playwright.sync_api import expect

from tests.browser.conftest import Visit
from tests.browser.test_pages import DESKTOP, PHONE, too_wide, violations
from tests.inventory.stock import scope_for
from tests.personas import Personas
from tests.proof.people import person, reported
from tests.proof.test_proof import own_link, told

ENGLISH = re.compile(r"\b(the|and|proof|dose|where|date|issued|open|code|reported)\b", re.I)


@pytest.fixture
def link(app: Flask, personas: Personas) -> str:
    """The link of somebody with two doses and a long name."""
    with app.app_context():
        scope = scope_for(personas, "manager_a")
        number = person(
            scope,
            "Łucja Zoë",
            "Nguyễn-O’Sampleton",
            email="lucja@example.org",
            contact_by="email",
        )
        reported(scope, number)
        assert told(number)
        return own_link(number)


def test_staff_see_the_proof_and_send_it(visit: Visit, link: str) -> None:
    page = visit("provider_a", viewport=DESKTOP)
    page.goto("/recipients/1")
    page.get_by_role("link", name="Proof of Vaccination").click()
    expect(page.get_by_role("img", name="QR code")).to_be_visible()
    assert too_wide(page) == []
    assert violations(page) == []
    page.get_by_role("button", name="Send Link").click()
    expect(page.get_by_text("The link is on its way.")).to_be_visible()


def test_the_recipient_sees_it_on_a_phone_in_spanish_and_others_check_it(
    visit: Visit, link: str
) -> None:
    page = visit(None, viewport=PHONE, locale="es-MX")
    page.goto(link)
    expect(page.get_by_role("heading", level=1)).to_have_text("Comprobante de vacunación")
    said = page.locator("main").inner_text().replace("multi-dose", "")
    assert ENGLISH.findall(re.sub(r"http\S+", "", said)) == [], said
    assert too_wide(page) == []
    assert violations(page) == []
    assert page.request.get(
        page.get_by_role("link", name="Abrir como PDF").get_attribute("href") or ""
    ).ok
    check = page.get_by_role("link", name="/check/").get_attribute("href") or ""
    page.goto(re.sub(r"^http://[^/]+", "", check))
    expect(page.get_by_text("Ł. N.")).to_be_visible()
    assert too_wide(page) == []
    assert violations(page) == []
