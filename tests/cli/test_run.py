"""bin/run, started for real in a copy of the tree."""

import http.client
import os
import re
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from portal import server as serving
from portal.discovery import discover
from tests.cli.conftest import clean_environment, run_portal
from tests.practice.test_other_data import FILLING

pytestmark = pytest.mark.slow("starts the portal as a program")


class Server:
    """A running `bin/run`."""

    PATIENCE = 10

    def __init__(self, checkout: Path, instance: Path, *options: str, **environment: str) -> None:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self.output = instance.parent / f"output-{self.port}"
        self.process = subprocess.Popen(
            [checkout / "bin" / "run", "--port", str(self.port), "--instance", instance, *options],
            stdout=self.output.open("w"),
            stderr=subprocess.STDOUT,
            env=clean_environment(**environment),
        )

    def get(self, path: str) -> tuple[int, str]:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=self.PATIENCE)
        try:
            connection.request("GET", path)
            answer = connection.getresponse()
            return answer.status, answer.read().decode()
        finally:
            connection.close()

    def headers(self, path: str) -> http.client.HTTPMessage:
        """The headers of an answer."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=self.PATIENCE)
        connection.request("HEAD", path)
        found = connection.getresponse().headers
        connection.close()
        return found

    def wait(self, seconds: float = 75) -> "Server":
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            assert self.process.poll() is None, self.output.read_text()
            try:
                if self.get("/healthz")[0] == 200:
                    return self
            except OSError:
                time.sleep(0.02)
        raise AssertionError(self.output.read_text())

    def stop(self, number: int = signal.SIGTERM) -> int:
        """End it, which takes no more than 20 seconds; the exit code."""
        if self.process.poll() is None:
            self.process.send_signal(number)
        return self.process.wait(20)


@pytest.fixture
def servers() -> Iterator[list[Server]]:
    made: list[Server] = []
    yield made
    for server in made:
        server.stop(signal.SIGKILL if server.process.poll() is None else signal.SIGTERM)


@pytest.fixture
def own(new_instance: Path, tmp_path: Path) -> Path:
    """An instance whose database has the newest schema."""
    return Path(shutil.copytree(new_instance, tmp_path / "own"))


def refused(checkout: Path, *options: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [checkout / "bin" / "run", *options], capture_output=True, text=True, check=False
    )


def test_it_answers_and_ends_in_time(checkout: Path, tmp_path: Path, servers: list[Server]) -> None:
    server = Server(checkout, tmp_path / "own")
    servers.append(server)
    server.wait()
    assert server.get("/healthz") == (200, "ok\n")
    assert server.get("/readyz") == (200, "ready\n")
    status, page = server.get("/sign-in?next=%2Fsecret")
    assert status in {200, 303}
    assert server.headers("/healthz").get("Server") is None
    said = server.output.read_text()
    assert f"The portal is ready: http://127.0.0.1:{server.port}" in said
    assert "/setup with the code" in said
    assert "secret" not in said
    lingering = socket.create_connection(("127.0.0.1", server.port))
    assert server.stop() == 0
    lingering.close()
    assert serving.STOP_SECONDS < 10, "what the operator's guide says"
    assert "Traceback" not in server.output.read_text()
    assert oct((tmp_path / "own").stat().st_mode)[-3:] == "700"
    assert oct((tmp_path / "own" / "portal.sqlite").stat().st_mode)[-3:] == "600"
    # A second start installs and changes nothing.
    second = Server(checkout, tmp_path / "own")
    servers.append(second)
    second.wait()
    assert "Installing" not in second.output.read_text()
    assert "schema" not in second.output.read_text()


def test_systemd_is_told_when_it_answers_and_not_before(
    checkout: Path, own: Path, servers: list[Server]
) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as systemd:
        systemd.bind(str(own.parent / "notify"))
        systemd.settimeout(30)
        server = Server(checkout, own, NOTIFY_SOCKET=str(own.parent / "notify"))
        servers.append(server)
        assert b"READY=1" in systemd.recv(1000).splitlines()
        assert "/setup with the code" in server.output.read_text()
        assert server.get("/healthz") == (200, "ok\n")


@pytest.mark.timeout(300)
def test_practice_has_a_banner_and_can_be_reset_meanwhile(
    checkout: Path, tmp_path: Path, servers: list[Server]
) -> None:
    off = {module.name for module in discover().modules} - FILLING
    few_modules = {"PORTAL_MODULES_OFF": ",".join(sorted(off))}
    server = Server(checkout, tmp_path / "own", "--practice", **few_modules)
    servers.append(server)
    server.wait(100)
    status, page = server.get("/sign-in")
    assert status == 200
    assert "Practice mode" in page
    assert "manager.a" in page
    done = subprocess.run(
        [checkout / "bin" / "portal", "--instance", tmp_path / "own", "practice", "reset"],
        env=clean_environment(**few_modules),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    status, page = server.get("/sign-in")
    assert (status, "manager.a" in page) == (200, True)
    assert server.get("/readyz")[0] == 200
    assert server.stop() == 0


def test_a_restore_is_refused_while_it_runs(
    checkout: Path, own: Path, servers: list[Server]
) -> None:
    server = Server(checkout, own)
    servers.append(server)
    server.wait()
    backup = own.parent / "b.tar"
    assert run_portal(own, "backup", str(backup)).returncode == 0
    done = run_portal(own, "restore", str(backup))
    assert done.returncode == 1
    assert "The portal is running. Stop it first." in done.stderr
    server.stop()
    assert run_portal(own, "restore", str(backup)).returncode == 0


def test_a_port_in_use_stops_the_start_and_a_worker_that_dies_is_replaced(
    checkout: Path, own: Path, tmp_path: Path, servers: list[Server]
) -> None:
    server = Server(checkout, own)
    servers.append(server)
    server.wait()
    done = refused(checkout, "--port", str(server.port), "--instance", str(tmp_path / "other"))
    assert done.returncode != 0
    assert "in use" in (done.stdout + done.stderr).lower()
    children = Path(f"/proc/{server.process.pid}/task/{server.process.pid}/children")
    worker = int(children.read_text().split()[0])
    os.kill(worker, signal.SIGKILL)
    time.sleep(0.2)
    server.wait()
    assert server.stop() == 0


def workers_of(server: Server) -> set[int]:
    """The worker processes of a server."""
    pid = server.process.pid
    return {int(each) for each in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()}


def counting(server: Server) -> set[str]:
    """The processes that say how much they have answered, each asked several times."""
    pages = [server.get("/metrics")[1] for _turn in range(20)]
    return {pid for page in pages for pid in re.findall(r'process="(\d+)"', page)}


def test_two_workers_speak_once_and_one_that_is_killed_is_missed_by_nobody(
    checkout: Path, own: Path, servers: list[Server]
) -> None:
    server = Server(checkout, own, PORTAL_WORKERS="2", PORTAL_METRICS="yes")
    servers.append(server.wait())
    seen: set[str] = set()
    while len(seen) < 2:  # until the second has begun, too
        seen |= counting(server)
    assert seen == {str(each) for each in workers_of(server)}
    said = server.output.read_text()
    assert said.count("The portal is ready") == said.count("/setup with the code") == 1
    victim = min(workers_of(server))
    os.kill(victim, signal.SIGKILL)
    while len(workers_of(server) - {victim}) < 2:
        assert server.get("/readyz")[0] == 200
    assert server.output.read_text().count("The portal is ready") <= 2
    assert server.stop() == 0


@pytest.mark.parametrize(
    "options",
    [
        ["--porf", "1"],
        ["--port"],
        ["--port", "0"],
        ["--port", "65536"],
        ["--port", "eighty"],
        ["--port="],
        ["--host", ""],
        ["extra"],
    ],
)
def test_a_wrong_option_is_refused_with_the_usage(checkout: Path, options: list[str]) -> None:
    done = refused(checkout, *options)
    assert done.returncode == 2
    assert done.stderr.startswith("bin/run: ")
    assert "Usage: bin/run" in done.stderr


@pytest.mark.parametrize("command", ["run", "test", "portal", "extra"])
def test_help_is_offered(checkout: Path, command: str) -> None:
    done = subprocess.run(
        [checkout / "bin" / command, "--help"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0
    assert "Usage: " in done.stdout


def test_a_bad_setting_stops_the_start_with_one_sentence(
    checkout: Path, tmp_path: Path, servers: list[Server]
) -> None:
    for environment, sentence in (
        ({"PORTAL_TIME_ZONE": "Mars/Olympus"}, "time_zone 'Mars/Olympus' is not a known time zone"),
        ({"PORTAL_MODULES_OFF": "nonesuch"}, "modules_off names no module: nonesuch."),
    ):
        server = Server(checkout, tmp_path / "own", **environment)
        servers.append(server)
        assert server.process.wait(30) != 0
        said = server.output.read_text()
        assert sentence in said
        assert "Traceback" not in said
