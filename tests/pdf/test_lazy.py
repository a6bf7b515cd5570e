"""A portal that prints nothing does not load what prints."""

import subprocess
import sys
from pathlib import Path

from tests.house.source import ROOT


def test_the_library_is_not_loaded_when_the_portal_starts(own_instance: Path) -> None:
    start = (
        "import sys; from pathlib import Path; from portal.app import create_app;"
        "from portal.settings import load_settings;"
        f"create_app(load_settings(Path({str(own_instance)!r}), jobs='off'));"
        "print(*(name for name in sys.modules if name.split('.')[0] in ('reportlab', 'PIL')))"
    )
    found = subprocess.run(
        [sys.executable, "-c", start], capture_output=True, text=True, check=True, cwd=ROOT
    ).stdout.split()
    assert found == []
