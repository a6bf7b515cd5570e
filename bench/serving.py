"""Servers to measure: a practice instance behind the server that bin/run starts."""

import os
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PASSPHRASE = "practice makes perfect"
CHROMIUM = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


def chromium() -> str:
    """The path of Chromium."""
    for name in ("chromium", "chromium-browser", "chromium-headless-shell"):
        if found := shutil.which(name):
            return found
    raise SystemExit("Chromium is not installed.")


def free_port() -> int:
    """A port nobody listens on at this moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def answers(address: str) -> bool:
    """Whether a server answers at the address."""
    try:
        with urllib.request.urlopen(f"{address}/healthz", timeout=2) as answer:
            return bool(answer.status == 200)
    except OSError:
        return False


@contextmanager
def practice_instance() -> Iterator[Path]:
    """A fresh practice instance, gone afterwards."""
    with tempfile.TemporaryDirectory(prefix="portal-bench-") as folder:
        made = Path(folder)
        environment = os.environ | {"PORTAL_INSTANCE": folder, "PORTAL_PRACTICE": "yes"}
        subprocess.run(
            [sys.executable, "-m", "portal", "practice", "fill"],
            cwd=ROOT,
            env=environment,
            check=True,
            stdout=subprocess.DEVNULL,
        )
        yield made


@contextmanager
def serving(instance: Path, **settings: str) -> Iterator[tuple[str, int, float]]:
    """Run the server as bin/run does: its address, its process id, seconds to the first answer."""
    port = free_port()
    address = f"http://127.0.0.1:{port}"
    environment = os.environ | {"MALLOC_ARENA_MAX": "2"}
    environment |= {f"PORTAL_{name.upper()}": value for name, value in settings.items()}
    began = time.perf_counter()
    process = subprocess.Popen(
        [
            *(sys.executable, "-m", "portal.start", "--host", "127.0.0.1"),
            *("--port", str(port), "--instance", str(instance)),
        ],
        cwd=ROOT,
        env=environment,
        stdout=subprocess.DEVNULL,
    )
    try:
        while not answers(address):
            if process.poll() is not None or time.perf_counter() - began > 60:
                raise SystemExit("The server did not come up.")
            time.sleep(0.005)
        yield address, process.pid, time.perf_counter() - began
    finally:
        process.terminate()
        process.wait(30)


def kibibytes(pid: int, name: str) -> int:
    """A figure of /proc/PID/smaps_rollup in KiB: Rss, Pss, …"""
    for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
        if line.startswith(f"{name}:"):
            return int(line.split()[1])
    raise KeyError(name)


def children(pid: int) -> list[int]:
    """The child processes of a process."""
    text = Path(f"/proc/{pid}/task/{pid}/children").read_text()
    return [int(number) for number in text.split()]


def median(values: Iterable[float]) -> float:
    """The median."""
    return statistics.median(values)
