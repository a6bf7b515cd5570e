"""In which ways a browser test is run: with script and without, on a phone and in the dark."""

import pytest
from playwright.sync_api import ViewportSize

PHONE: ViewportSize = {"width": 360, "height": 740}
DESKTOP: ViewportSize = {"width": 1280, "height": 800}

IN_ALL = pytest.mark.thorough

# The walks of the guides, in every run.
BOTH = pytest.mark.parametrize("script", [True, False], ids=["script", "plain"])
# What a form without script does is posted by tests without a browser, too.
SCRIPT_FIRST = pytest.mark.parametrize(
    "script", [True, pytest.param(False, marks=IN_ALL)], ids=["script", "plain"]
)
SIZES = pytest.mark.parametrize(
    "size", [pytest.param(PHONE, marks=IN_ALL), DESKTOP], ids=["phone", "desktop"]
)
SCHEMES = pytest.mark.parametrize(
    "scheme", ["light", pytest.param("dark", marks=IN_ALL)], ids=["light", "dark"]
)
