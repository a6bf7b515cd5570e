"""The server: gunicorn with one worker of eight threads, or several, and the scheduler inside each.

How it deals with clients is in `portal/serving`. This file imports neither Flask nor SQLAlchemy nor
the settings: the first process only watches the workers, and stays small. Each worker loads the
application. Workers know nothing of each other: what they share is in the database.
"""

import argparse
import gc
import os
import resource
import socket
import sys
from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from gunicorn.app.base import BaseApplication

from portal import logs
from portal.serving import limits
from portal.serving.worker import PatientWorker

if TYPE_CHECKING:
    from flask import Flask

START_SECONDS = 120
STOP_SECONDS = 8
CANNOT_START = 4


class Server(BaseApplication):
    """gunicorn, configured here alone: no file, no control socket, no log of who looked when."""

    def __init__(
        self,
        host: str,
        port: int,
        *,
        behind_proxy: bool,
        as_json: bool = False,
        workers: int = 1,
    ) -> None:
        self.host = host
        self.port = port
        self.workers = workers
        self.silent = False
        self.behind_proxy = behind_proxy
        self.as_json = as_json
        # gunicorn would say that it is ready before the application is loaded.
        self.told_when_ready = os.environ.pop("NOTIFY_SOCKET", "")
        super().__init__()

    def load_config(self) -> None:
        """Set gunicorn's options."""
        address = f"[{self.host}]" if ":" in self.host else self.host
        options: dict[str, Any] = {
            "bind": f"{address}:{self.port}",
            "worker_class": PatientWorker,
            "workers": self.workers,
            "threads": limits.THREADS,
            "timeout": START_SECONDS,
            "graceful_timeout": STOP_SECONDS,
            "keepalive": limits.KEPT_ALIVE_SECONDS,
            "control_socket_disable": True,
            "loglevel": "warning",
            "proc_name": "portal",
            "worker_tmp_dir": _memory_folder(),
            "forwarded_allow_ips": "*" if self.behind_proxy else "",
            # Nobody outside may say where the application begins.
            "forwarder_headers": "",
            "on_starting": self._starting,
            "pre_fork": self._before_worker,
            "post_worker_init": self._started,
            "worker_exit": self._stopping,
        }
        for name, value in options.items():
            self.cfg.set(name, value)

    def _starting(self, arbiter: Any) -> None:
        """In the first process, before there is a worker, which goes on writing in the same way."""
        if self.as_json:
            logs.write_json(arbiter.log.error_log.handlers)

    def _before_worker(self, _arbiter: Any, worker: PatientWorker) -> None:
        """In the first process: of the workers at the start, one speaks for all."""
        self.silent = 1 < worker.age <= self.workers

    def load(self) -> "Callable[..., Any]":
        """The application; loaded in the worker. Ends it with one sentence if that cannot be."""
        from portal.app import create_app
        from portal.module import ModuleError
        from portal.settings import SettingsError

        try:
            return create_app()
        except (ModuleError, SettingsError) as error:
            self._say(f"The portal cannot start. {error}")
            raise SystemExit(CANNOT_START) from error

    def _started(self, worker: PatientWorker) -> None:
        """In the worker, when it can answer: start the scheduler and say where the portal is."""
        from portal import jobs
        from portal.signing_in import setup

        app: Flask = self.callable
        settings = app.extensions["portal"].settings
        worker.prepare(
            largest=app.config["MAX_CONTENT_LENGTH"],
            secure=settings.secure,
            by_address=not self.behind_proxy,
            alone=self.workers == 1,
        )
        keep_for_good()
        self._say(f"The portal is ready: {settings.base_url}")
        with app.app_context():
            code = setup.code()
        if code:
            self._say(f"It has no user yet. Open {settings.base_url}/setup with the code {code}")
        if settings.jobs == "inline":
            jobs.start(app)
        if self.told_when_ready and not self.silent:
            tell_ready(self.told_when_ready)

    def _say(self, text: str) -> None:
        if not self.silent:
            say(logs.as_json(text) if self.as_json else text)

    def _stopping(self, _server: Any, _worker: Any) -> None:
        """In the worker, before it ends: no new jobs, and nothing that is not written down."""
        from portal import jobs
        from portal.web import refusals

        jobs.stop()
        if self.callable is not None:
            refusals.write_now(self.callable)


def keep_for_good() -> None:
    """Have the collector of garbage look no more at what was made while the portal was loaded, and
    more rarely at the rest: it took a twentieth of the time, and now and then 80 ms at once."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(10_000, 20, 20)


def _memory_folder() -> str | None:
    """Where the worker's sign of life is kept: lest a slow disk look like a hung worker."""
    return "/dev/shm" if os.access("/dev/shm", os.W_OK) else None  # noqa: S108


def allow_files() -> None:
    """Let the process open as many files as there may be connections, and what they need."""
    _soft, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = limits.FILES if most == resource.RLIM_INFINITY else min(limits.FILES, most)
    resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, most))


def tell_ready(address: str) -> None:
    """Tell whoever started the server, by systemd's protocol, that it answers from now on."""
    name = f"\0{address[1:]}" if address.startswith("@") else address
    with suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sender:
        sender.sendto(b"READY=1", name)


def say(text: str) -> None:
    """Print a line at once."""
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def ended(child: int) -> int:
    """The exit code of a child process, when it has ended; 0 if there is none, because this server
    came out of another by gunicorn's USR2."""
    try:
        code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    except ChildProcessError:
        return 0
    if code < 0:
        say(f"The portal cannot start. Looking at its database was ended by signal {-code}.")
        return CANNOT_START
    return code


def main() -> None:
    """Serve the instance that the environment names until SIGTERM (see `portal/start.py`)."""
    parser = argparse.ArgumentParser(prog="portal.server", allow_abbrev=False)
    parser.add_argument("--host", required=True)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--behind-proxy", action="store_true")
    parser.add_argument("--log-as-json", action="store_true")
    parser.add_argument("--workers", type=int, default=1)
    parser.add_argument("--after", type=int, help="the child that brings the schema up to date")
    options = parser.parse_args()
    os.umask(0o077)
    if options.after and (code := ended(options.after)):
        raise SystemExit(code)
    allow_files()
    Server(
        options.host,
        options.port,
        behind_proxy=options.behind_proxy,
        as_json=options.log_as_json,
        workers=options.workers,
    ).run()


if __name__ == "__main__":
    main()
