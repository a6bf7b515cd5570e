"""Every page, looked at by every profile: it fits, it is accessible, it says nothing wrong.

`look` fails a test on any message on the console (a breach of the content policy is one) and on any
request that leaves the origin.
"""

import functools
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal

import pytest
from playwright.sync_api import Browser as Chromium
from playwright.sync_api import Page, ViewportSize, expect

from tests.browser.conftest import Clinic, Look, Watch, sign_in
from tests.browser.pages import addresses
from tests.shipments.files import csv, row

AXE = Path(__file__).parent / "axe" / "axe.min.js"
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
COLOURS = ["color-contrast", "link-in-text-block"]
PHONE: ViewportSize = {"width": 360, "height": 740}
DESKTOP: ViewportSize = {"width": 1280, "height": 800}
WIDTHS = (360, 640, 768, 1024)
SCHEMES: tuple[Literal["light"], Literal["dark"]] = ("light", "dark")
STAFF = ("admin", "agent")
CLINICIANS = ("manager.a", "manager.ab", "provider.a", "readonly.a")
# Together they see every page.
LOOKED_AT = ("manager.a", "admin", None)


@pytest.fixture(scope="session")
def paths(clinic: Clinic, chromium: Chromium) -> list[str]:
    """The addresses of all pages, with an import that has rows to correct and a paused form."""
    watch = Watch(chromium, clinic.address)
    for who in ("manager.a", "admin"):
        page = watch.context().new_page()
        page.goto("/sign-in")
        sign_in(page, who)
        if who == "admin":
            page.goto("/switch-location?q=Clinic")
            page.get_by_role("button", name="Clinic A").click()
            page.goto("/shipments/imports")
            page.get_by_label("File").set_input_files(
                {
                    "name": "one bad row.csv",
                    "mimeType": "text/csv",
                    "buffer": csv(row(pin="NCA999999", lot="?" * 80)),
                }
            )
            page.get_by_role("button", name="Import").click()
            expect(page.get_by_text("What to correct")).to_be_visible(timeout=30_000)
        else:
            found = list(addresses(clinic.instance, page))
        clinic.states[who] = page.context.storage_state()
    watch.close()
    return list(dict.fromkeys(found))


def too_wide(page: Page) -> list[str]:
    """What stands out on the right of the page, if the page is wider than its window."""
    found: list[str] = page.evaluate(
        """() => {
            const {scrollWidth, clientWidth} = document.documentElement;
            if (scrollWidth <= clientWidth) return [];
            return [...document.querySelectorAll("main *")]
                .filter((one) => one.getBoundingClientRect().right > clientWidth)
                .slice(0, 5)
                .map((one) => one.outerHTML.slice(0, 120))
                .concat(`${scrollWidth} > ${clientWidth}`);
        }"""
    )
    return found


@functools.cache
def axe_source() -> str:
    return AXE.read_text("utf-8")


def violations(page: Page) -> list[str]:
    """What axe finds, one line for each element. In the dark only the colours are others."""
    page.evaluate(axe_source())
    found: dict[str, Any] = page.evaluate(
        """([tags, colours]) => axe.run({
            runOnly: matchMedia("(prefers-color-scheme: dark)").matches
                ? {type: "rule", values: colours}
                : tags,
            resultTypes: ["violations"],
        })""",
        [RULES, COLOURS],
    )
    return [
        f"{rule['id']} ({rule['impact']}): {node['html'][:160]}"
        for rule in found["violations"]
        for node in rule["nodes"]
    ]


@pytest.mark.timeout(600)
@pytest.mark.parametrize("who", [*CLINICIANS, *STAFF, None], ids=str)
def test_every_page_fits_and_axe_finds_nothing(
    look: Look, paths: list[str], who: str | None
) -> None:
    page = look(who, reduced_motion="reduce")
    wrong: dict[str, list[str]] = {}
    seen: set[str] = set()
    for path in paths:
        answer = page.goto(path)
        place = page.url if answer and answer.status < 400 else f"error {answer and answer.status}"
        place = place.partition("?next=")[0]
        if place in seen:
            continue
        seen.add(place)
        if found := [*does_not_fit(page), *(in_all_lights(page) if who in LOOKED_AT else ())]:
            wrong[path] = found
    assert len(seen) >= (4 if who is None else 20 if who in LOOKED_AT else 10)
    assert wrong == {}


def does_not_fit(page: Page) -> Iterator[str]:
    """What stands out at each width; 640 is also what a window of 1280 shows at 200 %."""
    for width in WIDTHS:
        page.set_viewport_size({"width": width, "height": 800})
        yield from (f"{width} wide: {found}" for found in too_wide(page))


def in_all_lights(page: Page) -> Iterator[str]:
    """What axe finds on a phone and on a desktop, in the light and in the dark."""
    for size in (PHONE, DESKTOP):
        page.set_viewport_size(size)
        for scheme in SCHEMES:
            page.emulate_media(color_scheme=scheme)
            yield from (f"{size['width']} wide, {scheme}: {found}" for found in violations(page))


@pytest.mark.timeout(300)
@pytest.mark.parametrize("who", LOOKED_AT, ids=str)
def test_for_fingers_too_no_page_is_wider_than_the_phone(
    look: Look, paths: list[str], who: str | None
) -> None:
    page = look(who, viewport=PHONE, has_touch=True, is_mobile=True)
    wrong = {}
    for path in paths:
        page.goto(path)
        if found := too_wide(page):
            wrong[path] = found
    assert wrong == {}


def test_on_paper_a_record_has_no_navigation(look: Look, clinic: Clinic) -> None:
    page = look("manager.a", viewport=DESKTOP)
    page.goto("/vaccine-inventory/1")
    expect(page.get_by_role("navigation", name="Main")).to_be_visible()
    page.emulate_media(media="print")
    for gone in ("Main", "Record"):
        expect(page.get_by_role("navigation", name=gone)).to_be_hidden()
    expect(page.get_by_role("button", name="Sign Out")).to_be_hidden()
    expect(page.get_by_role("link", name="Refresh")).to_be_hidden()
    expect(page.get_by_role("heading", level=1)).to_be_visible()
    expect(page.locator("dl.hl")).to_be_visible()
    expect(page.get_by_text("Lot #", exact=True)).to_be_visible()
    background = page.evaluate("getComputedStyle(document.body).backgroundColor")
    assert background == "rgb(255, 255, 255)"


def test_on_paper_a_folded_section_is_open(look: Look, clinic: Clinic) -> None:
    page = look("manager.a", viewport=DESKTOP)
    page.goto("/vaccine-inventory/1")
    page.locator("#section-vaccine > summary").click()
    expect(page.get_by_text("Lot #", exact=True)).to_be_hidden()
    page.emulate_media(media="print")
    assert page.get_by_text("Lot #", exact=True).evaluate("one => one.getClientRects().length")
