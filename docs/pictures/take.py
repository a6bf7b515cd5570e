"""Take the pictures of README and guide again: python docs/pictures/take.py

A practice instance is made for it. Pictures are in light colours; of a page longer than the window
they show the beginning.
"""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent.parent))

from playwright.sync_api import Browser, Page, ViewportSize, sync_playwright

from bench.serving import CHROMIUM, chromium, practice_instance, serving
from bench.weight import enter

HERE = Path(__file__).resolve().parent
SIZES: dict[str, tuple[ViewportSize, int]] = {
    "phone": ({"width": 390, "height": 780}, 2),
    "desktop": ({"width": 1280, "height": 640}, 1),
}
PAGES = {
    "home": "/",
    "shipments": "/shipments/?view=all",
    "shipment": "/shipments/52",
    "add": "/vaccine-inventory/add?shipment=52",
    "review": "",
    "inventory": "/vaccine-inventory/1",
    "account": "/locations/1",
    "today": "/checkin/",
    "appointments": "/appointments/",
    "day-end": "/administration/day-end",
    "article": "/knowledge/give-a-dose",
}


def take(page: Page, name: str) -> None:
    """Save what the window shows."""
    page.evaluate("document.activeElement.blur()")
    target = HERE / f"{name}.png"
    page.screenshot(path=target)
    sys.stdout.write(f"{target.name} {target.stat().st_size / 1000:.0f} kB\n")


def walk(browser: Browser, address: str, size: str) -> None:
    """Take every picture in one size of window."""
    viewport, scale = SIZES[size]
    phone = size == "phone"
    page = browser.new_context(
        base_url=address,
        viewport=viewport,
        device_scale_factor=scale,
        is_mobile=phone,
        has_touch=phone,
        color_scheme="light",
        reduced_motion="reduce",
    ).new_page()
    page.goto("/sign-in")
    take(page, f"sign-in-{size}")
    enter(page)
    for name, path in PAGES.items():
        if path:
            page.goto(path)
        else:
            page.get_by_role("button", name="Next").click()
            page.get_by_role("heading", name="Review").wait_for()
        take(page, f"{name}-{size}")


def main() -> None:
    """Take all pictures."""
    with (
        practice_instance() as instance,
        serving(instance) as (address, _pid, _took),
        sync_playwright() as playwright,
    ):
        browser = playwright.chromium.launch(
            executable_path=chromium(), args=[*CHROMIUM, "--hide-scrollbars"]
        )
        for size in SIZES:
            walk(browser, address, size)
        browser.close()


if __name__ == "__main__":
    main()
