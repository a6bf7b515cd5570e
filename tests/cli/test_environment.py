"""The environment that every command makes for itself on a machine that has nothing yet."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.house.source import ROOT

NEEDED = ("bash", "dirname", "cut", "rm", "sed", "mkdir", "ln")
APT = """#!/bin/bash
echo "apt-get $*" >>{folder}/asked
case "$1" in install) [ ! -e {python} ] || ln -sf {python} {folder}/python3 ;; esac
"""


def bare(folder: Path, user: int, python: Path) -> Path:
    """A folder of programs without Python, for this user, where apt-get brings `python`."""
    for name in NEEDED:
        found = shutil.which(name)
        assert found is not None
        (folder / name).symlink_to(found)
    for name, text in {
        "id": f"#!/bin/bash\necho {user}\n",
        "apt-get": APT.format(folder=folder, python=python),
    }.items():
        (folder / name).write_text(text)
        (folder / name).chmod(0o755)
    return folder


def make(tmp_path: Path, user: int, python: Path) -> subprocess.CompletedProcess[str]:
    """The making of an environment in a copy of the code, with nothing but `bare` programs."""
    programs = tmp_path / "programs"
    programs.mkdir()
    (tmp_path / "code" / "bin").mkdir(parents=True)
    shutil.copy(ROOT / "bin" / "environment.sh", tmp_path / "code" / "bin")
    return subprocess.run(
        ["bash", "-c", f"set -euo pipefail; . {tmp_path}/code/bin/environment.sh; make_venv"],
        env={"PATH": str(bare(programs, user, python))},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.slow("makes an environment")
def test_root_gets_the_python_that_is_missing(tmp_path: Path) -> None:
    done = make(tmp_path, 0, Path(sys.base_prefix, "bin", "python3"))
    assert done.returncode == 0, done.stderr
    assert "python3 python3-venv" in (tmp_path / "programs" / "asked").read_text()
    assert (tmp_path / "code" / ".venv" / "bin" / "pip").exists()


def test_others_are_told_what_to_type(tmp_path: Path) -> None:
    done = make(tmp_path, 1000, Path(sys.base_prefix, "bin", "python3"))
    assert done.returncode == 1
    assert "sudo apt-get install python3 python3-venv" in done.stderr
    assert not (tmp_path / "programs" / "asked").exists()


def test_a_system_whose_python_is_too_old_is_named(tmp_path: Path) -> None:
    done = make(tmp_path, 0, tmp_path / "none")
    assert done.returncode == 1
    assert "needs Python 3.11 or newer" in done.stderr


def test_the_distribution_s_python_comes_first(tmp_path: Path) -> None:
    other = tmp_path / "python3"
    other.symlink_to(sys.executable)
    system = Path("/usr/bin/python3")
    suits = "import ensurepip, sys, venv; sys.exit(sys.version_info < (3, 11))"
    expected = system if system.exists() and subprocess.call([system, "-c", suits]) == 0 else other
    found = subprocess.run(
        ["bash", "-c", f"set -euo pipefail; . {ROOT}/bin/environment.sh; find_python"],
        env={"PATH": f"{tmp_path}:/usr/bin:/bin"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert found.stdout.strip() == str(expected)
