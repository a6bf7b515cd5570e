"""pg_dump, pg_restore and psql of PostgreSQL. The password goes by the environment."""

import os
import subprocess
import tempfile
from pathlib import Path

from sqlalchemy import create_engine, text
from sqlalchemy.engine import make_url

from portal.errors import PortalError


class ToolFailed(PortalError):
    """One of the tools is missing or failed; the message says which and why."""


def dump(url: str, path: Path) -> None:
    """Write the database at `url` to `path`. Raises `ToolFailed`."""
    _run("pg_dump", url, "--format=custom", "--no-owner", "--no-privileges", f"--file={path}")


def load(url: str, path: Path) -> None:
    """Put the dump at `path` in place of everything in the database's schema, all or nothing.

    Objects that only a later version of the portal has go, too: dropping what the dump names would
    stop at whatever depends on it. Raises `ToolFailed`; nothing was changed then.
    """
    with tempfile.TemporaryDirectory(dir=path.parent, prefix=".load-") as folder:
        wipe, script = Path(folder, "wipe.sql"), Path(folder, "load.sql")
        wipe.write_text(_wiping(url), "utf-8")
        _run("pg_restore", None, "--no-owner", "--no-privileges", f"--file={script}", str(path))
        _run(
            "psql",
            url,
            "--no-psqlrc",
            "--quiet",
            "--output=/dev/null",
            "--single-transaction",
            "--set=ON_ERROR_STOP=1",
            f"--file={wipe}",
            f"--file={script}",
        )


def _wiping(url: str) -> str:
    engine = create_engine(url)
    with engine.connect() as connection:
        schema = connection.execute(text("SELECT current_schema()")).scalar() or "public"
        quoted = connection.dialect.identifier_preparer.quote(schema)
    engine.dispose()
    # A dump makes every schema but this one, which each new database has.
    again = f"CREATE SCHEMA {quoted};" if schema == "public" else ""
    return f"SET client_min_messages = warning; DROP SCHEMA IF EXISTS {quoted} CASCADE; {again}\n"


def prove(path: Path) -> None:
    """Raise `ToolFailed` if the dump at `path` cannot be read."""
    _run("pg_restore", None, "--file=/dev/null", str(path))


def _run(tool: str, url: str | None, *arguments: str) -> None:
    environment = dict(os.environ)
    command = [tool, *arguments]
    if url is not None:
        parsed = make_url(url)
        if parsed.password:
            environment["PGPASSWORD"] = str(parsed.password)
        shown = parsed.set(drivername="postgresql", password=None)
        command.insert(1, f"--dbname={shown.render_as_string()}")
    try:
        done = subprocess.run(command, env=environment, check=False, capture_output=True, text=True)
    except FileNotFoundError as error:
        raise ToolFailed(
            f"{tool} is not installed. On Debian: sudo apt-get install postgresql-client"
        ) from error
    if done.returncode:
        lines = done.stderr.strip().splitlines()
        raise ToolFailed(f"{tool} failed: {lines[0] if lines else 'without saying why'}")
