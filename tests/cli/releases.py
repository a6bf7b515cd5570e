"""Two versions of the portal in a repository, and an installation of the first."""

import os
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from portal.migrations import newest
from tests.cli.conftest import clean_environment
from tests.house.source import ROOT

NEWS = "* **A new button** on every page."
MIGRATION = f"""
revision = "9000"
down_revision = "{newest()}"


def upgrade() -> None:
    pass
"""


def git(folder: Path, *arguments: str) -> str:
    """What git prints, in a repository that belongs to nobody."""
    nobody = ("-c", "user.name=Nobody", "-c", "user.email=nobody@example.org")
    done = subprocess.run(
        ["git", "-C", folder, *nobody, *arguments], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def make_repository(checkout: Path, folder: Path) -> Path:
    """The tree as a repository whose first commit is version 0.1.0."""
    shutil.copytree(checkout, folder, ignore=shutil.ignore_patterns(".venv*", "__pycache__"))
    for name in (".gitignore", "CHANGELOG.md"):
        shutil.copy(ROOT / name, folder)
    shutil.copytree(ROOT / "deploy", folder / "deploy")
    git(folder, "init", "--quiet")
    (folder / "portal" / "version.py").write_text('VERSION = "0.1.0"\n')
    git(folder, "add", "--all")
    git(folder, "commit", "--quiet", "--message", "First")
    git(folder, "tag", "v0.1.0")
    return folder


def release_next(folder: Path) -> None:
    """Version 0.2.0: with a step of the schema, and news."""
    (folder / "portal" / "version.py").write_text('VERSION = "0.2.0"\n')
    (folder / "migrations" / "versions" / "9000_more.py").write_text(MIGRATION)
    with (folder / "deploy" / "portal.service").open("a") as unit:
        unit.write("# more\n")
    changes = folder / "CHANGELOG.md"
    changes.write_text(f"# What changed\n\n## 0.2.0\n\n{NEWS}\n\n" + changes.read_text())
    git(folder, "add", "--all")
    git(folder, "commit", "--quiet", "--message", "Second")
    git(folder, "tag", "v0.2.0")


@dataclass(frozen=True)
class Installed:
    """The portal in a folder of its own, with an instance."""

    folder: Path
    instance: Path

    def run(
        self, command: str, *arguments: str, answer: str = "", **environment: str
    ) -> subprocess.CompletedProcess[str]:
        """One of its commands, on its instance."""
        return subprocess.run(
            [self.folder / "bin" / command, "--instance", self.instance, *arguments],
            capture_output=True,
            text=True,
            check=False,
            input=answer,
            env=clean_environment(**environment),
        )

    def upgrade(
        self, *arguments: str, answer: str = "", **environment: str
    ) -> subprocess.CompletedProcess[str]:
        """`bin/upgrade` for its instance."""
        return self.run("upgrade", *arguments, answer=answer, **environment)

    @property
    def version(self) -> str:
        """What its code says."""
        return (self.folder / "portal" / "version.py").read_text().split('"')[1]

    @property
    def backups(self) -> list[str]:
        """The names of the backups there are."""
        return sorted(path.name for path in self.instance.glob("backups/*.tar"))


def install(source: Path, checkout: Path, new_instance: Path, folder: Path) -> Installed:
    """A clone of `source` that uses the environment of `checkout`."""
    git(source, "clone", "--quiet", str(source), str(folder / "portal"))
    git(folder / "portal", "checkout", "--quiet", "--detach", "v0.1.0")
    _as_compiled(checkout, folder / "portal")
    shutil.copytree(checkout / ".venv", folder / "portal" / ".venv", symlinks=True)
    shutil.copytree(new_instance, folder / "instance")
    os.chmod(folder / "instance", 0o700)
    return Installed(folder / "portal", folder / "instance")


def _as_compiled(checkout: Path, clone: Path) -> None:
    """What is compiled of the files of `checkout` is good for the same files in its clone."""
    for path in checkout.glob("*/**/*.py"):
        same = clone / path.relative_to(checkout)
        if same.exists() and same.stat().st_size == path.stat().st_size:
            shutil.copystat(path, same)
    for part in ("portal", "blueprints", "migrations"):
        for made in (checkout / part).rglob("__pycache__"):
            shutil.copytree(made, clone / made.relative_to(checkout))
    git(clone, "status")  # It looks at what was touched.
