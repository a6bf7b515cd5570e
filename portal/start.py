"""What `bin/run` runs: settings, schema, sample data; then this process becomes the server.

The server's first process only watches its workers. What reads settings comes before it and is
forgotten by `exec`, which keeps it small; what asks the database is a process of its own, which
has mostly ended when the server is loaded.
"""

import argparse
import errno
import os
import socket
import sqlite3
import subprocess
import sys
import traceback
from pathlib import Path

from portal import migrations
from portal.instances import enter, say
from portal.running import AlreadyLocked, command_line, lock_instance
from portal.settings import (
    DEFAULT_BASE_URL,
    Settings,
    SettingsError,
    instance_folder,
    load_settings,
)

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


def prepare_meanwhile(settings: Settings) -> int:
    """`prepare` in another process, whose number is returned, while this one goes on. Its exit code
    is 0 if the schema is up to date now; else it has said why not."""
    child = os.fork()
    if child:
        return child
    code = 1
    try:
        prepare(settings)
        code = 0
    except SystemExit as failed:
        code = failed.code if isinstance(failed.code, int) else 1
    except sqlite3.DatabaseError as error:
        restore = command_line(settings.instance, ["restore", "FILE"])
        say(
            f"The portal cannot start. Its database is damaged ({error}). Restore the newest good "
            f"backup: {restore}"
        )
    except OSError as error:
        say(f"The portal cannot start. {error}")
    except BaseException:
        traceback.print_exc()
    finally:
        # Nothing of what the other process has to do at its end.
        os._exit(code)


def try_address(host: str, port: int) -> None:
    """See that the server can listen there. Raises `SettingsError` with what to do instead."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except (OSError, OverflowError, UnicodeError) as error:
            raise SettingsError(_why_not(host, port, error)) from error


def _why_not(host: str, port: int, error: Exception) -> str:
    number = error.errno if isinstance(error, OSError) else None
    if number == errno.EADDRINUSE:
        return (
            f"Port {port} on {host} is already in use, by another program or by a portal that "
            f"runs already. Stop that one, or choose another port: bin/run --port {port + 1}"
        )
    if number == errno.EACCES:
        return (
            f"This user may not listen on port {port}. Choose one above 1023 (bin/run --port "
            "8000), and let a reverse proxy have the other."
        )
    if isinstance(error, OverflowError):
        return f"--port must be a number from 1 to 65535, not {port}."
    return (
        f"--host {host} is not an address of this machine. Use 127.0.0.1 behind a reverse proxy, "
        "or 0.0.0.0 for the whole network."
    )


def address_of(host: str, port: int) -> str:
    """The address under which this machine's browser finds a server on `host` and `port`."""
    shown = "127.0.0.1" if host in {"0.0.0.0", "::"} else host  # noqa: S104
    return f"http://{f'[{shown}]' if ':' in shown else shown}:{port}"


def workers_of(settings: Settings) -> int:
    """How many processes answer requests: as many as the settings say, else two on PostgreSQL where
    the machine has two processors, and one on SQLite (docs/adr/0013)."""
    if settings.workers:
        return settings.workers
    on_sqlite = settings.database_url.startswith(SQLITE)
    return 1 if on_sqlite else min(2, len(os.sched_getaffinity(0)))


def become_server(settings: Settings, host: str, port: int, after: int) -> None:
    """Replace this process by the server, which waits for its child `after`; does not return."""
    if settings.base_url == DEFAULT_BASE_URL:
        os.environ["PORTAL_BASE_URL"] = address_of(host, port)
    arguments = ["--host", host, "--port", str(port), "--after", str(after)]
    arguments += ["--workers", str(workers_of(settings))]
    if settings.trusted_proxies:
        arguments.append("--behind-proxy")
    if settings.log_format == "json":
        arguments.append("--log-as-json")
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
        enter(instance_folder(), ["migrate"], may_create=True)
        settings = load_settings()
        with lock_instance(settings.instance, alone=False, inherited=True):
            try_address(options.host, options.port)
            become_server(settings, options.host, options.port, prepare_meanwhile(settings))
    except (SettingsError, AlreadyLocked, OSError) as error:
        raise SystemExit(f"The portal cannot start. {error}") from error


if __name__ == "__main__":
    main()
