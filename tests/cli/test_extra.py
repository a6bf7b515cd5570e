"""bin/extra, in a copy of the tree whose environment has the packages already."""

import subprocess
from pathlib import Path

import pytest


def run(checkout: Path, command: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [checkout / "bin" / command, *arguments], capture_output=True, text=True, check=False
    )


@pytest.mark.thorough
@pytest.mark.slow("makes an environment")
def test_an_extra_is_installed_once_and_kept_up_to_date(checkout: Path) -> None:
    done = run(checkout, "extra", "photo")
    assert done.returncode == 0, done.stderr
    assert "Installing the packages of requirements-photo.txt" in done.stdout
    again = run(checkout, "extra", "photo")
    assert (again.returncode, again.stdout) == (0, "Installed. Restart the portal.\n")
    assert "Installing" not in run(checkout, "portal", "--help").stderr

    lock = checkout / "requirements-photo.txt"
    lock.write_text(f"{lock.read_text()}# as of a newer version\n")
    assert "requirements-photo.txt" in run(checkout, "portal", "--help").stderr
    assert "Installing" not in run(checkout, "portal", "--help").stderr

    lock.rename(checkout / "kept")
    assert run(checkout, "portal", "--help").returncode == 0, "the extra is gone in this version"
    (checkout / "kept").rename(lock)


@pytest.mark.parametrize("arguments", [[], ["nonesuch"], ["../evil"], ["dev"]])
def test_an_unknown_extra_is_refused_with_the_usage(checkout: Path, arguments: list[str]) -> None:
    done = run(checkout, "extra", *arguments)
    assert done.returncode == 2
    assert done.stderr.startswith("bin/extra: no such extra")
    assert "Usage: bin/extra NAME" in done.stderr
    assert not list((checkout / ".venv").glob(".installed-*nonesuch*"))
