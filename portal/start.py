"""What `bin/run` runs: settings, schema, sample data; then this process becomes the server.

The server's first process only watches its worker. What reads settings and asks the database comes
before it and is forgotten by `exec`, which keeps it small.
"""

import argparse
import os
import sqlite3
import subprocess
import sys
from pathlib import Path

from portal import migrations
from portal.running import AlreadyLocked, hold
from portal.settings import DEFAULT_BASE_URL, Settings, SettingsError, load_settings

SQLITE = "sqlite:///"


def prepare(settings: Settings) -> None:
    """Bring the schema up to date and fill an empty practice instance, if there is need.

    What needs the database's library runs in a process of its own. Raises `SystemExit` when that
    fails; the reason has been printed.
    """
    needed = "user_account" if settings.practice else ""
    if settings.database_url.startswith(SQLITE):
        path = Path(settings.database_url.removeprefix(SQLITE))
        found = migrations.current_of_file(path, table=needed)
    else:
        found = migrations.current_of_server(settings.database_url, table=needed)
    if found == migrations.newest():
        return
    command = ["practice", "fill"] if settings.practice else ["migrate"]
    done = subprocess.run([sys.executable, "-m", "portal", *command], check=False)
    if done.returncode:
        raise SystemExit(done.returncode)


def address_of(host: str, port: int) -> str:
    """The address under which this machine's browser finds a server on `host` and `port`."""
    shown = "127.0.0.1" if host in {"0.0.0.0", "::"} else host  # noqa: S104
    return f"http://{f'[{shown}]' if ':' in shown else shown}:{port}"


def become_server(settings: Settings, host: str, port: int) -> None:
    """Replace this process by the server; does not return."""
    if settings.base_url == DEFAULT_BASE_URL:
        os.environ["PORTAL_BASE_URL"] = address_of(host, port)
    arguments = ["--host", host, "--port", str(port)]
    if settings.trusted_proxies:
        arguments.append("--behind-proxy")
    os.execv(sys.executable, [sys.executable, "-m", "portal.server", *arguments])  # noqa: S606


def main(arguments: list[str] | None = None) -> None:
    """Start the portal. Ends with one sentence if it cannot."""
    parser = argparse.ArgumentParser(prog="portal.start", allow_abbrev=False)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=8000)
    parser.add_argument("--instance")
    parser.add_argument("--practice", action="store_true")
    options = parser.parse_args(arguments)
    if options.instance:
        os.environ["PORTAL_INSTANCE"] = options.instance
    if options.practice:
        os.environ["PORTAL_PRACTICE"] = "yes"
    os.umask(0o077)
    try:
        settings = load_settings()
        with hold(settings.instance, alone=False, inherited=True):
            prepare(settings)
            become_server(settings, options.host, options.port)
    except (SettingsError, AlreadyLocked, OSError) as error:
        raise SystemExit(f"The portal cannot start. {error}") from error
    except sqlite3.DatabaseError as error:
        raise SystemExit(
            f"The portal cannot start. Its database is damaged ({error}). Restore the newest good "
            "backup: portal restore FILE."
        ) from error


if __name__ == "__main__":
    main()
