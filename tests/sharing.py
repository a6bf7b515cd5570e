"""How a run shares its tests among its processes.

Tests go to whoever is free, but those of some folders and files stay together, because what they
share is made once a process: one Chromium with one server of the sample clinics, the house's
source, read once, a copy of the tree, the samples of all modules. (Groups of pytest-xdist by mark
need node ids that can be written to, which newer versions of pytest do not have.)
"""

import pytest
from xdist.remote import Producer
from xdist.scheduler import LoadScopeScheduling

TOGETHER = (
    "tests/browser/",
    "tests/house/",
    "tests/cli/",
    "tests/deploy/",
    "tests/access/",
    "tests/practice/test_diary.py",
)


class ByFolder(LoadScopeScheduling):
    """Each test for itself, but for the folders that stay together."""

    def _split_scope(self, nodeid: str) -> str:
        """What must stay with this test: its folder or file, or nothing else."""
        return next((place for place in TOGETHER if nodeid.startswith(place)), nodeid)


def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> ByFolder:
    """The scheduler of the run; pytest-xdist asks."""
    return ByFolder(config, log)
