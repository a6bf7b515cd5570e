"""bin/bundle: one file that installs and runs where there is no network."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.conftest import clean_environment
from tests.cli.releases import make_repository

pytestmark = pytest.mark.slow("makes environments")


def isolated(*command: object) -> subprocess.CompletedProcess[str]:
    """Run where pip knows of no place but those that it is told; as root, without any network."""
    environment = {
        name: value for name, value in clean_environment().items() if not name.startswith("PIP_")
    }
    environment |= {"PIP_CONFIG_FILE": "/dev/null", "https_proxy": "http://127.0.0.1:9"}
    alone = ["unshare", "--net"] if os.geteuid() == 0 and shutil.which("unshare") else []
    words = [*alone, *(str(word) for word in command)]
    return subprocess.run(words, capture_output=True, text=True, check=False, env=environment)


def test_with_wheels_beside_the_code_nothing_is_asked_of_a_network(
    checkout: Path, tmp_path: Path
) -> None:
    here = tmp_path / "portal"
    shutil.copytree(checkout, here, symlinks=True)
    (here / "wheels").mkdir()
    (here / ".venv" / ".installed-requirements.txt").write_text("of another version\n")
    (here / "requirements.txt").write_text(f"flask==9 --hash=sha256:{'0' * 64}\n")
    links = tmp_path / "elsewhere"
    links.mkdir()
    done = subprocess.run(
        [here / "bin" / "portal", "--version"],
        capture_output=True,
        text=True,
        check=False,
        env=clean_environment(PIP_FIND_LINKS=str(links), PIP_VERBOSE="1"),
    )
    assert done.returncode != 0
    assert "No matching distribution" in done.stderr
    assert str(links) not in done.stdout + done.stderr
    assert "index" not in done.stdout.lower()


@pytest.mark.thorough  # fetches all packages once
def test_a_bundle_installs_and_works_without_a_network(checkout: Path, tmp_path: Path) -> None:
    repository = make_repository(checkout, tmp_path / "repository")
    shutil.copytree(checkout / ".venv", repository / ".venv", symlinks=True)
    python = f"{sys.version_info.major}.{sys.version_info.minor}"
    file = tmp_path / "bundle.tar.gz"
    made = subprocess.run(
        [repository / "bin" / "bundle", "--python", python, file],
        capture_output=True,
        text=True,
        check=False,
    )
    assert made.returncode == 0, made.stderr
    proof = file.with_name("bundle.tar.gz.sha256")
    assert (
        subprocess.run(["sha256sum", "--check", proof], cwd=tmp_path, check=False).returncode == 0
    )

    subprocess.run(["tar", "-xzf", file, "-C", tmp_path], check=True)
    portal = tmp_path / "portal-0.1.0"
    done = isolated(portal / "bin" / "portal", "--instance", tmp_path / "own", "migrate")
    assert done.returncode == 0, done.stderr
    assert "Installing the packages of requirements.txt" in done.stderr
    assert (
        isolated(portal / "bin" / "portal", "--instance", tmp_path / "own", "check").returncode == 0
    )

    # A package that is not what the lock file names is not installed.
    shutil.rmtree(portal / ".venv")
    wheel = next((portal / "wheels").glob("flask-3*"))
    with wheel.open("ab") as changed:
        changed.write(b"!")
    refused = isolated(portal / "bin" / "portal", "--version")
    assert refused.returncode != 0
    assert "DO NOT MATCH THE HASHES" in refused.stderr
