"""Running the portal's commands in the test's own process, as `bin/portal` would run them."""

import contextlib
import io
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from portal.cli import main
from portal.settings import Settings


@dataclass(frozen=True)
class Done:
    """How a command ended, and what it said."""

    code: int
    said: str
    complained: str


def portal(settings: Settings, *arguments: object) -> Done:
    """`portal ARGUMENTS` on the instance of `settings`."""
    out = io.StringIO()
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PORTAL_INSTANCE", str(settings.instance))
        patch.setenv("PORTAL_DATABASE_URL", settings.database_url)
        patch.setenv("PORTAL_JOBS", "off")
        patch.setattr(sys, "argv", ["portal", *map(str, arguments)])
        patch.setattr("os.umask", lambda _mask: 0)
        with contextlib.redirect_stdout(out):
            code, complained = _code()
    return Done(code, out.getvalue(), complained)


def _code() -> tuple[int, str]:
    try:
        main()
    except SystemExit as ended:
        if isinstance(ended.code, str):
            return 1, ended.code
        return int(ended.code or 0), ""
    return 0, ""


@contextlib.contextmanager
def all_files(folder: Path) -> Iterator[None]:
    """The folder holds the same files after the block as before it, but for the sign of a fault."""
    before = _listed(folder)
    yield
    assert _listed(folder) == before


def _listed(folder: Path) -> list[str]:
    signs = ("faults.json", "server.lock", "portal.sqlite-")
    return sorted(
        str(path)
        for path in folder.rglob("*")
        if not path.name.startswith(signs) and "assets" not in path.parts
    )
