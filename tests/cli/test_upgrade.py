"""bin/upgrade: says from what to what, saves, and leaves a portal that works, whatever happens."""

import shutil
import subprocess
from pathlib import Path

import pytest

from portal.migrations import newest
from tests.cli.releases import NEWS, Installed, git, install, make_repository, release_next

pytestmark = pytest.mark.slow("runs git and the portal as programs")


@pytest.fixture(scope="module")
def repository(checkout: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_repository(checkout, tmp_path_factory.mktemp("origin") / "portal")


@pytest.fixture(scope="module")
def released(repository: Path) -> Path:
    release_next(repository)
    return repository


@pytest.fixture
def here(released: Path, checkout: Path, new_instance: Path, tmp_path: Path) -> Installed:
    """Version 0.1.0, where 0.2.0 has been released."""
    return install(released, checkout, new_instance, tmp_path)


def bundle(repository: Path, tag: str, folder: Path) -> Path:
    """What bin/bundle makes, but for the packages: they have not changed."""
    tree = folder / "portal-bundled"
    tree.mkdir(parents=True)
    archive = subprocess.run(
        ["git", "-C", repository, "archive", tag], capture_output=True, check=True
    )
    subprocess.run(["tar", "-x", "-C", tree], input=archive.stdout, check=True)
    proof = "find . -type f ! -name SHA256SUMS -print0 | xargs -0 sha256sum >SHA256SUMS"
    subprocess.run(["bash", "-c", proof], cwd=tree, check=True)
    file = folder / "portal.tar.gz"
    subprocess.run(["tar", "-cz", "-f", file, "-C", folder, tree.name], check=True)
    noted = "sha256sum portal.tar.gz >portal.tar.gz.sha256"
    subprocess.run(["bash", "-c", noted], cwd=folder, check=True)
    shutil.rmtree(tree)
    return file


def test_it_says_from_what_to_what_and_what_is_new(here: Installed) -> None:
    done = here.upgrade("--check")
    assert done.returncode == 0, done.stderr
    lines = [line.strip() for line in done.stdout.splitlines()]
    assert lines[:3] == ["Version: 0.1.0 to 0.2.0", f"Schema: {newest()} to 9000", "9000_more.py"]
    assert "Samples of deploy/ that changed: portal.service" in lines
    assert NEWS in lines
    assert "The first version." not in done.stdout, "it is no news"
    assert (here.version, here.backups) == ("0.1.0", [])


def test_it_saves_first_and_the_next_start_does_the_rest(here: Installed) -> None:
    refused = here.upgrade(answer="no\n")
    assert (refused.returncode, here.version, here.backups) == (1, "0.1.0", [])
    assert "Nothing was changed." in refused.stderr

    done = here.upgrade(answer="yes\n")
    assert done.returncode == 0, done.stderr
    assert here.version == "0.2.0"
    assert len(here.backups) == 1
    assert done.stdout.splitlines()[-4:-3] == ["clinic-vaccine-portal 0.2.0, schema 9000"]
    assert "Restart the portal" in done.stdout
    assert "changed: portal.service (units: then sudo systemctl daemon-reload)." in done.stdout
    migrated = here.run("portal", "migrate")
    assert f"from schema {newest()} to 9000" in migrated.stdout, migrated.stderr
    assert [name for name in here.backups if name.startswith("before-upgrade-")]
    assert not list(here.folder.glob(".upgrade*"))

    back = here.upgrade("--yes", "v0.1.0")
    assert (back.returncode, here.version) == (1, "0.2.0"), "the database cannot go back"
    assert "Version 0.1.0 is older" in back.stderr


def test_without_a_backup_nothing_changes(here: Installed) -> None:
    (here.instance / "portal.sqlite").write_bytes(b"no database at all" * 100)
    done = here.upgrade("--yes")
    assert (done.returncode, here.version) == (1, "0.1.0")
    assert "Without a good backup nothing was changed." in done.stderr


def test_packages_that_cannot_be_had_leave_the_version_that_works(
    released: Path, here: Installed, tmp_path: Path
) -> None:
    broken = tmp_path / "broken"
    git(released, "clone", "--quiet", str(released), str(broken))
    lock = broken / "requirements.txt"
    lock.write_text(f"no-such-thing==1.0 --hash=sha256:{'0' * 64}\n")
    git(broken, "commit", "--quiet", "--all", "--message", "Broken")
    git(broken, "tag", "v0.3.0")
    git(here.folder, "remote", "set-url", "origin", str(broken))
    done = here.upgrade("--yes", PIP_NO_INDEX="1", PIP_FIND_LINKS="", PIP_CONFIG_FILE="/dev/null")
    assert (done.returncode, here.version) == (1, "0.1.0")
    assert "Version 0.1.0 is in place again." in done.stderr
    assert here.run("portal", "check").returncode == 0


def test_what_was_changed_by_hand_is_not_lost(here: Installed) -> None:
    changed = here.folder / "wsgi.py"
    changed.write_text("# ours\n")
    done = here.upgrade("--yes")
    assert (done.returncode, here.version) == (1, "0.1.0")
    assert "were changed by hand" in done.stderr
    assert changed.read_text() == "# ours\n"


def test_a_bundle_replaces_the_code_and_keeps_the_old(
    released: Path, here: Installed, tmp_path: Path
) -> None:
    shutil.rmtree(here.folder / ".git")
    assert "is no repository" in here.upgrade("--yes").stderr
    file = bundle(released, "v0.2.0", tmp_path / "made")
    done = here.upgrade("--yes", str(file))
    assert done.returncode == 0, done.stderr
    assert NEWS in done.stdout
    assert (here.version, len(here.backups)) == ("0.2.0", 1)
    assert (here.folder / ".before-0.1.0" / "portal" / "version.py").exists()
    assert here.run("portal", "migrate").returncode == 0


def test_a_bundle_that_was_changed_is_refused(
    released: Path, here: Installed, tmp_path: Path
) -> None:
    file = bundle(released, "v0.2.0", tmp_path / "made")
    content = bytearray(file.read_bytes())
    content[len(content) // 2] ^= 1
    file.write_bytes(content)
    done = here.upgrade("--yes", str(file))
    assert (done.returncode, here.version, here.backups) == (1, "0.1.0", [])
    assert "is not what was bundled" in done.stderr
    file.with_name("portal.tar.gz.sha256").unlink()
    assert "is missing" in here.upgrade("--yes", str(file)).stderr
