"""Every page, looked at by every profile: it fits, it is accessible, it says nothing wrong.

A page that looks the same for somebody else is not looked at again, but with --all.

`look` fails a test on any message on the console (a breach of the content policy is one) and on any
request that leaves the origin.
"""

import functools
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import pytest
from playwright.sync_api import Browser as Chromium
from playwright.sync_api import Page, expect

from tests.browser.conftest import Clinic, Look, Watch, sign_in
from tests.browser.pages import addresses
from tests.browser.ways import DESKTOP, PHONE
from tests.client import parse
from tests.effort import RUN, some

AXE = Path(__file__).parent / "axe" / "axe.min.js"
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
COLOURS = ["color-contrast", "link-in-text-block"]
WIDTHS = (360, 640, 768, 1024)
SCHEMES: tuple[Literal["light"], Literal["dark"]] = ("light", "dark")
# Together they see every page.
LOOKED_AT = ("manager.a", "admin", None)
OTHERS = ("provider.a", "manager.ab", "readonly.a", "agent")


@pytest.fixture(scope="session")
def paths(clinic: Clinic, chromium: Chromium) -> list[str]:
    """The addresses of all pages, with an import that has rows to correct and a paused form."""
    watch = Watch(chromium, clinic.address)
    pages = {}
    for who in ("admin", "manager.a", "agent"):
        page = pages[who] = watch.context().new_page()
        page.goto("/sign-in")
        sign_in(page, who)
    pages["admin"].goto("/switch-location?q=Clinic")
    pages["admin"].get_by_role("button", name="Clinic A").click()
    found = list(addresses(clinic.instance, pages.__getitem__))
    clinic.states |= {who: page.context.storage_state() for who, page in pages.items()}
    watch.close()
    return list(dict.fromkeys(found))


class Looked:
    """What was looked at already: parts of pages, and layouts."""

    def __init__(self) -> None:
        self.parts: set[str] = set()
        self.layouts: set[str] = set()
        self.kinds: set[str] = set()

    def is_new(self, html: str) -> bool:
        """Whether the frame of the page, or what is in it, was not there before for anybody. With
        --all everything is new."""
        plain = re.sub(r'value="[^"]{20,}"| aria-current="page"', "", html)
        before, _main, after = plain.partition("<main")
        main, _end, foot = after.partition("</main>")
        parts = {main, before.partition("<body")[2] + foot}
        found = not parts <= self.parts
        self.parts |= parts
        return found or RUN.everything

    def has_new_kinds(self, html: str) -> bool:
        """Whether what is in the page has an element of a kind, or within another kind, that none
        had. As `is_new_build`, of a page that is not shown."""
        kinds = {
            f"{one.parent.tag if one.parent else ''} {one.tag} {sorted(one.attributes)} "
            f"{one.attributes.get('class')} {one.attributes.get('type')}"
            for one in parse(html).all()
        }
        found = not self.kinds.issuperset(kinds)
        self.kinds |= kinds
        return found or RUN.everything

    def is_new_layout(self, page: Page) -> bool:
        """Whether no page was built like this one: one of each layout is looked at in every
        light. The style guide, which has every component, always is."""
        layout = page.evaluate(
            """() => [document.body, ...document.querySelectorAll("body > *, nav")].map(
                (one) => `${one.tagName} ${one.className} ${one.ariaLabel}`
            ).join()"""
        )
        found = layout not in self.layouts or "/styleguide" in page.url
        self.layouts.add(layout)
        return found or RUN.everything

    def is_new_build(self, page: Page) -> bool:
        """Whether the page has an element of a kind, or within another kind, that no page had,
        whatever it says."""
        build = page.evaluate(
            """() => [...document.querySelectorAll("main, main *")].map((one) => [
                one.parentElement.tagName, one.tagName, one.className, one.type ?? "",
                ...one.getAttributeNames().sort(),
            ].join(" "))"""
        )
        found = not self.kinds.issuperset(build)
        self.kinds.update(build)
        return found or RUN.everything


@pytest.fixture(scope="session")
def looked() -> Looked:
    return Looked()


@pytest.fixture(scope="session")
def touched() -> Looked:
    return Looked()


@dataclass(frozen=True)
class Answer:
    """What somebody gets at an address: where it led, and the page."""

    url: str
    status: int
    text: str


class Fetched:
    """What the pages are, fetched once for all who look at them."""

    def __init__(self) -> None:
        self.known: dict[tuple[str | None, str], Answer] = {}

    def get(self, who: str | None, page: Page, path: str) -> Answer:
        """What this person gets there. Whoever is not signed in is led to the same page from most
        addresses: that one is not fetched each time."""
        if (who, path) not in self.known:
            got = page.context.request.get(path, max_redirects=0 if who is None else 20)
            led = got.headers.get("location", "")
            if who is None and got.status == 303 and led.startswith("/sign-in?next="):
                answer = self.get(who, page, "/sign-in")
            elif who is None and 300 <= got.status < 400:
                got = page.context.request.get(path)
                answer = Answer(got.url, got.status, got.text())
            else:
                answer = Answer(got.url, got.status, got.text())
            self.known[who, path] = answer
        return self.known[who, path]


@pytest.fixture(scope="session")
def fetched() -> Fetched:
    return Fetched()


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
    if not page.evaluate("() => 'axe' in window"):
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
@pytest.mark.slow("looks at every page")
@pytest.mark.parametrize("who", [*LOOKED_AT, *some(OTHERS, short=2)], ids=str)
def test_every_page_fits_and_axe_finds_nothing(
    look: Look, paths: list[str], looked: Looked, fetched: Fetched, who: str | None
) -> None:
    page = look(who, reduced_motion="reduce")
    wrong: dict[str, list[str]] = {}
    seen: set[str] = set()
    for path in paths:
        answer = fetched.get(who, page, path)
        place = answer.url if answer.status < 400 else f"error {answer.status}"
        place = place.partition("?next=")[0]
        if place in seen:
            continue
        seen.add(place)
        if not looked.is_new(answer.text):
            continue
        page.goto(path)
        lights = in_all_lights(page, looked) if who in LOOKED_AT else ()
        widths = WIDTHS if who in LOOKED_AT or RUN.everything else WIDTHS[::3]
        if found := [*left_out(page), *does_not_fit(page, widths), *lights]:
            wrong[path] = found
    assert len(seen) >= (4 if who is None else 20 if who in LOOKED_AT else 10)
    assert wrong == {}


def left_out(page: Page) -> list[str]:
    """The files for forms that the page needs and does not ask for."""
    found: list[str] = page.evaluate(
        """() => {
          const here = (selector) => document.querySelector(selector);
          const typed = ":is(input:not([type=hidden]), select, textarea)";
          const form = "form[method=post]:not([role=search], [data-again], :has([type=password]))";
          const styled = ".look, .cal, .hours, .steps, .wiz, .patient, .ask, .lots, .vial, .qr";
          const scripted = "[data-lookup], [data-scan], [data-propose], [data-calendar]";
          const left = [];
          if (here(styled) && !here("link[href*='/forms.']")) left.push("css/forms.css");
          if (here("script[src*='/htmx.']") && here(`${scripted}, ${form} ${typed}`)
            && !here("script[src*='/forms.']")) left.push("js/forms.js");
          return left;
        }"""
    )
    return found


def does_not_fit(page: Page, widths: tuple[int, ...]) -> Iterator[str]:
    """What stands out at each width; 640 is also what a window of 1280 shows at 200 %."""
    for width in widths:
        page.set_viewport_size({"width": width, "height": 800})
        yield from (f"{width} wide: {found}" for found in too_wide(page))


def in_all_lights(page: Page, looked: Looked) -> Iterator[str]:
    """What axe finds on a desktop in the light; of each layout on a phone and in the dark, too.
    A page of nothing but kinds of elements that were looked at is not looked at again."""
    everywhere = looked.is_new_layout(page)
    if not looked.is_new_build(page) and not everywhere:
        return
    for size in (DESKTOP, PHONE):
        page.set_viewport_size(size)
        for scheme in SCHEMES:
            if everywhere or (size, scheme) == (DESKTOP, "light"):
                page.emulate_media(color_scheme=scheme)
                found = violations(page)
                yield from (f"{size['width']} wide, {scheme}: {one}" for one in found)


@pytest.mark.timeout(300)
@pytest.mark.slow("looks at every page")
@pytest.mark.parametrize("who", some(LOOKED_AT, short=2), ids=str)
def test_for_fingers_too_no_page_is_wider_than_the_phone(
    look: Look, paths: list[str], touched: Looked, fetched: Fetched, who: str | None
) -> None:
    """In the short form each kind of element within another once: the test above has looked at
    every page of that width."""
    page = look(who, viewport=PHONE, has_touch=True, is_mobile=True)
    wrong = {}
    for path in paths:
        text = fetched.get(who, page, path).text
        if not touched.is_new(text) or not touched.has_new_kinds(text):
            continue
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
