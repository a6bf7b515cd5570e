"""Running the portal's commands as an operator would: as processes."""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest

from tests.house.source import ROOT

Portal = Callable[..., subprocess.CompletedProcess[str]]
PARTS = ("bin", "portal", "blueprints", "templates", "static", "migrations", "wsgi.py")


def clean_environment(**more: str) -> dict[str, str]:
    """The environment without what the developer may have set for the portal."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("PORTAL_")}
    return {**kept, **more}


def run_portal(
    instance: Path, *arguments: str, **environment: str
) -> subprocess.CompletedProcess[str]:
    """`portal --instance … arguments` in a process of its own."""
    return subprocess.run(
        [sys.executable, "-m", "portal", "--instance", str(instance), *arguments],
        cwd=ROOT,
        env=clean_environment(**environment),
        capture_output=True,
        text=True,
        check=False,
        timeout=100,
    )


@pytest.fixture
def portal(tmp_path: Path) -> Portal:
    """`portal("check", "--json")` in an instance of this test's own."""
    return partial(run_portal, tmp_path / "own")


@pytest.fixture(scope="session")
def new_instance(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An instance that was just migrated, to be copied."""
    folder = tmp_path_factory.mktemp("new") / "instance"
    done = run_portal(folder, "migrate")
    assert done.returncode == 0, done.stderr
    return folder


@pytest.fixture(scope="session")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the tree whose environment is the one that runs the tests."""
    folder = tmp_path_factory.mktemp("checkout")
    for part in PARTS:
        source = ROOT / part
        if source.is_dir():
            shutil.copytree(source, folder / part, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(source, folder / part)
    venv = folder / ".venv"
    venv.mkdir()
    for name in ("bin", "lib", "pyvenv.cfg"):
        (venv / name).symlink_to(Path(sys.prefix) / name)
    for lock in ("requirements.txt", "requirements-dev.txt"):
        shutil.copy(ROOT / lock, folder / lock)
        stamp = subprocess.run(
            ["sha256sum"], stdin=(ROOT / lock).open("rb"), capture_output=True, check=True
        ).stdout
        (venv / f".installed-{lock}").write_bytes(stamp)
    shutil.copy(ROOT / "requirements-photo.txt", folder)
    return folder
