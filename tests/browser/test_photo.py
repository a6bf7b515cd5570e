"""A picture of the code in a real browser, chosen as from a telephone's camera."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask, request, request_started
from PIL import Image
from playwright.sync_api import Page, expect

from tests.browser.conftest import Visit
from tests.browser.test_pages import too_wide, violations
from tests.browser.test_scan import filled
from tests.browser.ways import PHONE, SCHEMES, SCRIPT_FIRST
from tests.inventory.test_scan import VIAL
from tests.pictures.builders import jpeg, png, sheet, symbol, taken

# What is shown here does not depend on the database.

CODE = f"(01){VIAL}(17)270630(10)011J20A(21)S123"
OTHER = f"(01){VIAL}(17)270731(10)039K20A"


def choose(page: Page, content: bytes, folder: Path) -> None:
    """Take a picture: the button of the field opens the chooser, which gives a file."""
    path = folder / "IMG_0001.jpg"
    path.write_bytes(content)
    with page.expect_file_chooser() as chooser:
        page.get_by_label("Picture of the code").click()
    chooser.value.set_files(path)


def photograph() -> bytes:
    """Twelve million pixels of a table, with a carton on it."""
    scene = Image.new("L", (4032, 3024), 150)
    scene.paste(sheet(symbol(CODE, scale=12), turned=20), (1500, 900))
    return jpeg(taken(scene), quality=85)


@SCRIPT_FIRST
def test_a_picture_fills_in_the_form_and_the_work_goes_on(
    visit: Visit, tmp_path: Path, script: bool
) -> None:
    page = visit("manager_a", script=script, viewport=PHONE, has_touch=True, is_mobile=True)
    page.goto("/vaccine-inventory/add")
    page.get_by_label("Total Doses").fill("10")
    page.get_by_label("Unable to locate shipment record").check()
    choose(page, jpeg(sheet(symbol(CODE))), tmp_path)
    page.get_by_role("button", name="Read picture").click()
    filled(page)
    expect(page.get_by_label("Total Doses")).to_have_value("10")
    if script:
        expect(page.locator("#scan-told")).to_be_focused()
    page.get_by_role("button", name="Next").click()
    expect(page.get_by_role("heading", name="Review")).to_be_visible()


@pytest.fixture
def arrived(app: Flask) -> Iterator[list[tuple[str, int]]]:
    """The forms that have reached the server: their kind and how long they are."""
    forms: list[tuple[str, int]] = []

    def note(_app: Flask, **_more: object) -> None:
        if request.method == "POST":
            forms.append((request.mimetype, request.content_length or 0))

    with request_started.connected_to(note, app):
        yield forms


@SCRIPT_FIRST
def test_a_large_photograph_is_made_smaller_before_it_is_sent(
    visit: Visit, tmp_path: Path, arrived: list[tuple[str, int]], script: bool
) -> None:
    content = photograph()
    page = visit("manager_a", script=script)
    page.goto("/vaccine-inventory/add")
    choose(page, content, tmp_path)
    if script:
        page.wait_for_function(
            "size => document.querySelector('#photo').files[0].size < size / 5", arg=len(content)
        )
    page.get_by_role("button", name="Read picture").click()
    filled(page)
    ((kind, length),) = arrived
    assert kind == "multipart/form-data"
    assert (length < len(content) / 5) is script


@SCRIPT_FIRST
def test_a_small_picture_and_one_that_is_none_are_sent_as_they_are(
    visit: Visit, tmp_path: Path, arrived: list[tuple[str, int]], script: bool
) -> None:
    page = visit("manager_a", script=script)
    page.goto("/vaccine-inventory/add")
    page.get_by_label("Lot #").fill("kept")
    choose(page, b"<svg xmlns='http://www.w3.org/2000/svg'/>", tmp_path)
    page.get_by_role("button", name="Read picture").click()
    expect(page.get_by_role("alert")).to_contain_text("This is not a JPEG or PNG picture.")
    expect(page.get_by_label("Picture of the code")).to_have_attribute("aria-invalid", "true")
    expect(page.locator("#lot")).to_have_value("kept")
    page.locator("#lot").clear()
    content = png(sheet(symbol(CODE)))
    choose(page, content, tmp_path)
    page.get_by_role("button", name="Read picture").click()
    filled(page)
    assert len(content) < arrived[-1][1] < len(content) + 10_000


@SCRIPT_FIRST
def test_next_with_a_picture_chosen_loses_nothing(
    visit: Visit, tmp_path: Path, script: bool
) -> None:
    page = visit("manager_a", script=script)
    page.goto("/vaccine-inventory/add")
    choose(page, jpeg(sheet(symbol(CODE))), tmp_path)
    page.get_by_role("button", name="Next").click()
    if script:
        filled(page)
    else:
        expect(page.get_by_role("alert")).to_contain_text("Choose it again")


def test_a_form_without_a_picture_is_not_sent_in_parts(
    visit: Visit, arrived: list[tuple[str, int]]
) -> None:
    """Parts cost some two kilobytes a form."""
    page = visit("manager_a")
    page.goto("/vaccine-inventory/add")
    page.get_by_label("Lot #").fill("A")
    page.get_by_role("button", name="Next").click()
    expect(page.get_by_role("alert")).to_be_visible()
    assert [kind for kind, _length in arrived] == ["application/x-www-form-urlencoded"]
    expect(page.locator("#photo-error")).to_have_count(0)


@SCRIPT_FIRST
def test_of_several_codes_one_is_chosen(visit: Visit, tmp_path: Path, script: bool) -> None:
    page = visit("manager_a", script=script, viewport=PHONE)
    page.goto("/vaccine-inventory/add")
    choose(page, png(sheet(symbol(CODE), symbol(OTHER))), tmp_path)
    page.get_by_role("button", name="Read picture").click()
    page.get_by_label("Lot #: 039K20A").check()
    page.get_by_role("button", name="Fill in").click()
    expect(page.locator("#lot")).to_have_value("039K20A")


@SCHEMES
def test_axe_finds_nothing_in_what_is_asked_and_refused(
    app: Flask, visit: Visit, tmp_path: Path, scheme: str
) -> None:
    page = visit("manager_a", viewport=PHONE, color_scheme=scheme, reduced_motion="reduce")
    page.goto("/vaccine-inventory/add")
    assert (violations(page), too_wide(page)) == ([], [])
    page.get_by_role("button", name="Read picture").click()
    expect(page.get_by_role("alert")).to_contain_text("Take a picture first")
    expect(page.get_by_role("alert")).to_be_focused()
    choose(page, jpeg(sheet(symbol(CODE)))[:3000], tmp_path)
    page.get_by_role("button", name="Read picture").click()
    expect(page.get_by_role("alert")).to_contain_text("The picture is damaged")
    assert (violations(page), too_wide(page)) == ([], [])
    choose(page, png(sheet(symbol(CODE), symbol(OTHER))), tmp_path)
    page.get_by_role("button", name="Read picture").click()
    expect(page.get_by_role("group", name="There are several codes")).to_be_focused()
    assert (violations(page), too_wide(page)) == ([], [])
