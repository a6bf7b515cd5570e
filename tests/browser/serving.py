"""The portal as it is run: its own server in a process of its own, scheduler included."""

import os
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.house.source import ROOT

PATIENCE = 40


def free_port() -> int:
    """A port nobody listens on at this moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def serving(instance: Path, **settings: object) -> Iterator[str]:
    """Run the server on the instance folder; the address it answers at.

    `settings` become environment variables; without any of its own it takes the folder's.
    """
    port = free_port()
    address = f"http://127.0.0.1:{port}"
    environment = {name: text for name, text in os.environ.items() if "PORTAL_" not in name}
    environment |= {f"PORTAL_{name.upper()}": str(value) for name, value in settings.items()}
    environment |= {"PORTAL_INSTANCE": str(instance), "PORTAL_BASE_URL": address}
    with (instance / "server.log").open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "portal.server", "--host", "127.0.0.1", "--port", str(port)],
            cwd=ROOT,
            env=environment,
            stdout=log,
            stderr=subprocess.STDOUT,
        )
    try:
        _wait(address, process, instance / "server.log")
        yield address
    finally:
        process.terminate()
        process.wait(PATIENCE)


def _wait(address: str, process: "subprocess.Popen[bytes]", log: Path) -> None:
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        try:
            with urllib.request.urlopen(f"{address}/healthz", timeout=2) as answer:
                if answer.status == 200:
                    return
        except OSError:
            if process.poll() is not None:
                break
        time.sleep(0.1)
    raise AssertionError(f"the server did not come up: {log.read_text()}")
