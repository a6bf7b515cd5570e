"""A nurse gives dose after dose, by keyboard alone: screens, keys and bytes for each person."""

from dataclasses import dataclass, field

import pytest
from flask import Flask
from playwright.sync_api import Page, Response, expect

from portal.access.scope import Scope
from portal.catalog.services import load_products
from portal.db import unit_of_work
from tests.administration import chair
from tests.appointments.booking import person
from tests.browser.conftest import Visit
from tests.effort import amount
from tests.inventory.stock import scope_for
from tests.personas import Personas

STEPS = ("Identity and screening", "Consent and fact sheet", "Vaccination details", "Review")
MOST_SCREENS, MOST_BYTES, MOST_TABS = 4, 12_000, 12
NAMES = (
    "Ada",
    "Ben",
    "Cleo",
    "Dan",
    "Eve",
    "Finn",
    "Gil",
    "Hana",
    "Ian",
    "Jo",
    "Kim",
    "Leo",
    "Mia",
    "Ned",
    "Ola",
    "Pia",
    "Quin",
    "Rex",
    "Sue",
    "Tom",
)


@dataclass
class Cost:
    """What one person took: screens up to `Saved`, bytes of the pages over the line."""

    screens: int = 0
    bytes: int = 0


@dataclass
class Nurse:
    """Somebody who uses keys only."""

    page: Page
    cost: Cost = field(default_factory=Cost)

    def __post_init__(self) -> None:
        self.page.on("response", self._count)

    def _count(self, answer: Response) -> None:
        # Nor what the list of the day asks for by itself while a slow machine takes its time.
        if "/static/" not in answer.url and "/checkin/now" not in answer.url:
            sizes = answer.request.sizes()
            self.cost.bytes += sizes["responseBodySize"]

    def tab_to(self, name: str) -> None:
        """Tab, a few times at most, to the control with this name."""
        passed = []
        for _step in range(MOST_TABS):
            self.page.keyboard.press("Tab")
            passed.append(
                self.page.evaluate(
                    "() => {const at = document.activeElement;"
                    "return at.ariaLabel || (at.labels?.[0] ?? at).innerText.trim()}"
                )
            )
            if passed[-1] == name or passed[-1].startswith((f"{name}:", f"{name} ", f"{name}\n")):
                return
        raise AssertionError(f"{name} is far: {passed}")

    def press(self, key: str, heading: str) -> None:
        """Press a key that leads to the page with this heading, or to the step of this name."""
        self.page.keyboard.press(key)
        step = heading in STEPS
        if step:
            heading = f"Step {STEPS.index(heading) + 1} of {len(STEPS)} : {heading}"
        self.page.get_by_role("heading", name=heading, exact=True).wait_for()
        self.page.wait_for_function("() => !document.querySelector('.htmx-request')")
        self.cost.screens += step

    def give(self, *, first: bool = False) -> Cost:
        """From the list to `Saved` and back to the list; the `first` time with the site."""
        self.cost = Cost()
        self.tab_to("Vaccinate")
        self.press("Enter", "Identity and screening")
        for _question in range(self.questions):
            self.tab_to("No")
            self.page.keyboard.press("Space")
        self.press("Enter", "Consent and fact sheet")
        self.tab_to("Next")
        self.press("Enter", "Vaccination details")
        self.tab_to("Lot EARLY" if first else "Lot MINE")
        self.page.keyboard.press("ArrowDown" if first else "Space")
        if first:
            self.tab_to("Left arm")
            self.page.keyboard.press("Space")
        self.press("Enter", "Review")
        self.tab_to("Save")
        self.press("Enter", "Saved")
        self.tab_to("Next recipient")
        self.press("Enter", "Home")
        return self.cost

    @property
    def questions(self) -> int:
        """How many questions the step asks."""
        return self.page.get_by_role("radiogroup").filter(has_text="Not sure").count()


@pytest.fixture
def scope(app: Flask, personas: Personas) -> Scope:
    """The scope of A's manager, two lots of the vaccine, and who waits."""
    with app.app_context():
        with unit_of_work():
            load_products()
        manager = scope_for(personas, "manager_a")
        chair.lot(manager, "EARLY", 30)
        chair.lot(manager, "MINE", 30)
        for name in NAMES[: amount(short=5, full=20)]:
            chair.arrived(manager, person(manager, name))
        return manager


def test_dose_after_dose_by_keyboard(app: Flask, scope: Scope, visit: Visit) -> None:
    page = visit("provider_a")
    page.goto("/#day-list")
    nurse = Nurse(page)
    nurse.give(first=True)
    costs = [nurse.give() for _name in NAMES[1 : amount(short=5, full=20)]]
    expect(page.get_by_role("link", name="Vaccinate")).to_have_count(0)
    assert max(one.screens for one in costs) <= MOST_SCREENS
    assert max(one.bytes for one in costs) <= MOST_BYTES
    with app.app_context():
        given = [chair.versions(number + 1)[0] for number in range(len(costs) + 1)]
        assert {one.site for one in given} == {"LD"}
        assert chair.left(2) == (30 - len(given), len(given))
