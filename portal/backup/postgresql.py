"""pg_dump, pg_restore and psql of PostgreSQL. The password goes by the environment."""

import os
import re
import shutil
import signal
import subprocess
import tempfile
from pathlib import Path

from sqlalchemy import create_engine, text
from sqlalchemy.engine import make_url

from portal.errors import PortalError


class ToolFailed(PortalError):
    """One of the tools is missing or failed; the message says which and why."""


class ToolMissing(ToolFailed):
    """One of the tools is not installed."""


class NoSpace(ToolFailed):
    """One of the tools found the disk full."""


class Damaged(ToolFailed):
    """The server could not read a part of the database."""


CHUNK = 1024 * 1024
# The one the portal's own indexes need; others, which a server's owner added, are not the portal's
# to restore.
EXTENSION = "pg_trgm"
INSTALLED = text("SELECT count(*) FROM pg_extension WHERE extname = :name")
# A dump is compressed. Ours become ten times as large; what becomes this much larger is made to
# fill the disk. Below the size it does not matter.
SWELLS, HARMLESS = 200, 256 * 1024 * 1024

# The tools pass on what the server says, without its code.
DAMAGE = re.compile(
    r"invalid page in block|could not read block|page verification failed|is corrupt|corrupted"
    r"|(missing|unexpected) chunk|XX00[12]",
)
FULL = re.compile(r"No space left on device|File too large|Disk quota exceeded")


def dump(url: str, path: Path) -> None:
    """Write the database at `url` to `path`. Raises `ToolFailed`."""
    options = ["--format=custom", "--no-owner", "--no-privileges", f"--file={path}"]
    engine = create_engine(url)
    with engine.connect() as connection:
        if connection.scalar(INSTALLED, {"name": EXTENSION}):
            options.append(f"--extension={EXTENSION}")
    engine.dispose()
    _run("pg_dump", url, *options)


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


def most_unpacked(path: Path) -> int:
    """How large the dump at `path` may become on this disk, and if it is not made to fill one."""
    swollen = max(path.stat().st_size * SWELLS, HARMLESS)
    return min(shutil.disk_usage(path.parent).free, swollen)


def prove(path: Path, *, most: int | None = None) -> None:
    """Raise `ToolFailed` if the dump at `path` cannot be read to its end, or if that makes more
    than `most` bytes."""
    with tempfile.TemporaryFile() as said:
        try:
            tool = subprocess.Popen(
                ["pg_restore", "--file=-", path], stdout=subprocess.PIPE, stderr=said
            )
        except FileNotFoundError as error:
            raise _missing("pg_restore") from error
        with tool:
            assert tool.stdout is not None
            unpacked = 0
            while piece := tool.stdout.read(CHUNK):
                unpacked += len(piece)
                if most is not None and unpacked > most:
                    tool.kill()
                    raise ToolFailed(
                        "The database in the backup needs more room than there is, or was made to "
                        "fill the disk. Nothing was changed."
                    )
        if tool.returncode:
            said.seek(0)
            raise _failed("pg_restore", tool.returncode, said.read().decode("utf-8", "replace"))


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
        raise _missing(tool) from error
    if done.returncode:
        raise _failed(tool, done.returncode, done.stderr)


def _missing(tool: str) -> ToolMissing:
    return ToolMissing(
        f"{tool} is not installed. On Debian: sudo apt-get install postgresql-client"
    )


def _failed(tool: str, code: int, said: str) -> ToolFailed:
    """What a tool that failed had to say, as the error it is."""
    lines = said.strip().splitlines()
    sentence = f"{tool} failed: {lines[0] if lines else 'without saying why'}"
    if FULL.search(said) or code == -signal.SIGXFSZ:
        return NoSpace(sentence)
    if found := DAMAGE.search(said):
        line = next((one for one in lines if found.group() in one), sentence)
        return Damaged(f"The database is damaged, and {tool} stopped at it: {line.strip()}")
    return ToolFailed(sentence)
