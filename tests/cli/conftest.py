"""Running the portal's commands as an operator would: as processes."""

import functools
import logging
import os
import shutil
import subprocess
import sys
import tempfile
import warnings
from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy.orm import configure_mappers

from portal.app import create_app
from portal.cli import main
from portal.db import db
from portal.settings import load_settings
from tests.house.source import ROOT
from tests.processes import FORK

Portal = Callable[..., subprocess.CompletedProcess[str]]
PARTS = ("bin", "portal", "blueprints", "templates", "static", "migrations", "wsgi.py")


def clean_environment(**more: str) -> dict[str, str]:
    """The environment without what the developer may have set for the portal."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("PORTAL_")}
    return {**kept, **more}


def run_portal(
    instance: Path, *arguments: str, **environment: str
) -> subprocess.CompletedProcess[str]:
    """`portal --instance … arguments` in a process of its own.

    It is forked, so that the portal need not be loaded for every command; `run_program` starts it
    from nothing.
    """
    _load_portal()
    command = ["--instance", str(instance), *arguments]
    with tempfile.TemporaryFile("w+") as output, tempfile.TemporaryFile("w+") as errors:
        process = FORK.Process(
            target=_be_the_portal,
            args=(command, clean_environment(**environment), output.fileno(), errors.fileno()),
        )
        process.start()
        process.join(100)
        if process.is_alive():
            process.kill()
            raise subprocess.TimeoutExpired(command, 100)
        output.seek(0)
        errors.seek(0)
        assert process.exitcode is not None
        return subprocess.CompletedProcess(command, process.exitcode, output.read(), errors.read())


@functools.cache
def _load_portal() -> None:
    with tempfile.TemporaryDirectory() as folder:
        app = create_app(load_settings(Path(folder), jobs="off"))
        with app.app_context():
            configure_mappers()
            db.engine.dispose()


def _be_the_portal(
    command: list[str], environment: dict[str, str], output: int, errors: int
) -> None:
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    os.dup2(output, 1)
    os.dup2(errors, 2)
    sys.stdin = os.fdopen(0, closefd=False)
    sys.stdout = os.fdopen(1, "w", closefd=False)
    sys.stderr = os.fdopen(2, "w", closefd=False)
    sys.argv = ["portal", *command]
    os.chdir(ROOT)
    os.environ.clear()
    os.environ.update(environment)
    warnings.resetwarnings()
    warnings.simplefilter("ignore")
    logging.getLogger().handlers.clear()
    logging.lastResort = logging.StreamHandler()
    main()


def run_program(
    instance: Path, *arguments: str, **environment: str
) -> subprocess.CompletedProcess[str]:
    """`portal --instance … arguments`, started from nothing."""
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
    return functools.partial(run_portal, tmp_path / "own")


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
            shutil.copytree(source, folder / part)  # with what is compiled of it
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
