"""Steps that the samples of several modules share on their tour."""

from typing import TYPE_CHECKING
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from playwright.sync_api import Page


def second_step(page: "Page", path: str) -> str:
    """Press `Next` on the first step of the wizard at `path`; the address of the second."""
    page.get_by_role("button", name="Next").click()
    page.wait_for_url(f"**{path}/*/*")
    return urlsplit(page.url).path
