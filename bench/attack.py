"""How long another visitor waits while somebody means harm, on a portal without a proxy.

    python -m bench.attack [SCENARIO ...] [--seconds 15]

Every 50 ms the visitor asks for the sign-in page from an address of its own, each time on a new
connection, while the attack goes on. A request that fails or is not answered with a whole page and
the headers that protect it counts as unanswered. Without a name all scenarios run.

  marks        a sign-in with a name of 90,000 combining marks
  megabytes    a sign-in with a name of 2 MB of them
  import       an import of a CSV file with a cell of 60,000 marks
  readers      eight clients ask for the script, again and again, and read nothing
  bodies       three clients send large bodies at 17 KB/s; the visitor also sends a form of 100 KB
  eight-bodies eight of them
  idle         1,500 connections that ask nothing
  cut          PostgreSQL cannot be reached: connections are refused
  silent       PostgreSQL cannot be reached: nothing is answered any more
"""

import argparse
import contextlib
import http.cookiejar
import os
import re
import shutil
import socket
import threading
import time
import urllib.parse
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from bench.forwarder import Forwarder
from bench.imports import HEADER, database
from bench.serving import PASSPHRASE, practice_instance, serving

# Marks of the one kind belong after those of the other: putting them in order is the work.
MARKS = ("\u0301", "\u0316")
PATIENCE = 120
VISITOR = "127.0.0.2"
PAUSE = 0.05
FORM = "application/x-www-form-urlencoded"


@dataclass
class Visits:
    """What a visitor's requests came to; seconds."""

    waits: list[float] = field(default_factory=list)
    proper: int = 0
    statuses: set[int] = field(default_factory=set)

    def add(self, seconds: float, answer: bytes) -> None:
        """One more."""
        self.waits.append(seconds)
        head, _end, body = answer.partition(b"\r\n\r\n")
        lines = head.lower().split(b"\r\n")
        if not lines[0].startswith(b"http/1.1 "):
            self.statuses.add(0)
            return
        self.statuses.add(int(lines[0].split()[1]))
        told = {line.partition(b":")[0] for line in lines[1:]}
        if {b"content-security-policy", b"x-content-type-options"} <= told and body.strip():
            self.proper += 1


def ask(port: int, request: bytes, source: str = VISITOR) -> bytes:
    """The answer to a request on a connection of its own; empty if there is none."""
    answer = b""
    with contextlib.suppress(OSError):
        address = ("127.0.0.1", port)
        with socket.create_connection(address, PATIENCE, source_address=(source, 0)) as client:
            client.sendall(request)
            while piece := client.recv(65536):
                answer += piece
    return answer


def head(method: str, path: str, *lines: str) -> bytes:
    """The head of a request."""
    told = (f"{method} {path} HTTP/1.1", "Host: localhost", *lines)
    return "".join(f"{line}\r\n" for line in told).encode() + b"\r\n"


def visit(port: int, request: bytes, until: Callable[[], bool]) -> Visits:
    """Send the request every 50 ms, one after the other, until told to stop."""
    visits = Visits()
    while not until():
        began = time.perf_counter()
        answer = ask(port, request)
        took = time.perf_counter() - began
        visits.add(took, answer)
        time.sleep(max(0.0, PAUSE - took))
    return visits


class Person:
    """Somebody with a browser, to fill in forms."""

    def __init__(self, address: str) -> None:
        self.address = address
        jar = urllib.request.HTTPCookieProcessor(http.cookiejar.CookieJar())
        self.opener = urllib.request.build_opener(jar)

    def hidden(self, path: str) -> dict[str, str]:
        """The hidden fields of the forms on a page."""
        page = self.opener.open(self.address + path, timeout=PATIENCE).read().decode()
        fields = re.findall(r"<input[^>]*type=\"hidden\"[^>]*>", page)
        pairs = (
            (re.search(r'name="([^"]*)"', one), re.search(r'value="([^"]*)"', one))
            for one in fields
        )
        return {name[1]: value[1] for name, value in pairs if name and value}

    def sign_in(self, username: str, passphrase: str = PASSPHRASE) -> None:
        """Fill in the sign-in page; whether that worked is not looked at."""
        fields = self.hidden("/sign-in") | {"username": username, "password": passphrase}
        self.send("/sign-in", FORM, urllib.parse.urlencode(fields).encode())

    def send(self, path: str, kind: str, body: bytes) -> None:
        """Send a form."""
        request = urllib.request.Request(self.address + path, body, {"Content-Type": kind})
        with contextlib.suppress(OSError):
            self.opener.open(request, timeout=PATIENCE).read()

    def upload(self, content: bytes) -> None:
        """Import a file, as the administrator."""
        self.sign_in("admin")
        line = "boundary-of-the-parts"
        parts = [
            f'--{line}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'
            for name, value in self.hidden("/shipments/imports").items()
        ]
        parts.append(
            f'--{line}\r\nContent-Disposition: form-data; name="file"; filename="file.csv"\r\n'
            "Content-Type: text/csv\r\n\r\n"
        )
        body = "".join(parts).encode() + content + f"\r\n--{line}--\r\n".encode()
        self.send("/shipments/imports", f"multipart/form-data; boundary={line}", body)


def bad_file() -> bytes:
    """A supplier's file with a cell of 60,000 marks."""
    long = "a" + "".join(mark * 30_000 for mark in MARKS)
    cells = (
        *(
            "SHP-900001",
            "EX26-900001",
            "NCA650001",
            "80777-0273-99",
            "Moderna",
            long,
        ),
        *("12/31/2030", "100", "02/01/2021", "UPS", "1Z999AA10000000001"),
    )
    return "\r\n".join((",".join(HEADER), ",".join(cells), "")).encode()


def script_of(port: int) -> str:
    """The address of the portal's script."""
    page = ask(port, head("GET", "/sign-in", "Connection: close")).decode()
    found = re.search(r'src="(/static/[^"]*\.js)"', page)
    if found is None:
        raise SystemExit("The sign-in page names no script.")
    return found[1]


def never_read(port: int, path: str, ended: threading.Event, *, times: int = 400) -> None:
    """Ask for `path` so many times on one connection, and read nothing."""
    with socket.socket() as client, contextlib.suppress(OSError):
        client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        client.connect(("127.0.0.1", port))
        client.sendall(head("GET", path) * times)
        ended.wait()


def drip(port: int, ended: threading.Event) -> None:
    """Send large bodies at 17 KB/s, one after the other."""
    begin = head("POST", "/sign-in", f"Content-Type: {FORM}", "Content-Length: 10000000")
    while not ended.is_set():
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port)) as client:
            client.sendall(begin)
            while not ended.wait(0.1):
                client.sendall(b"x" * 1700)


@contextmanager
def attackers(count: int, attack: Callable[..., None], *arguments: object) -> Iterator[None]:
    """Run `attack(*arguments, ended)` in so many threads until the block ends."""
    ended = threading.Event()
    threads = [
        threading.Thread(target=attack, args=(*arguments, ended), daemon=True)
        for _attacker in range(count)
    ]
    for thread in threads:
        thread.start()
    try:
        time.sleep(1)
        yield
    finally:
        ended.set()


@contextmanager
def idle(port: int, count: int) -> Iterator[None]:
    """So many connections that ask nothing."""
    with ExitStack() as stack:
        for _client in range(count):
            client = stack.enter_context(socket.socket())
            client.setblocking(False)
            client.connect_ex(("127.0.0.1", port))
        yield


@dataclass
class Portal:
    """A portal that is attacked."""

    address: str
    seconds: float
    large: Visits = field(default_factory=Visits)

    @property
    def port(self) -> int:
        """Its port."""
        return int(self.address.rpartition(":")[2])

    def watch(self) -> Visits:
        """Visit for the given time."""
        ends = time.monotonic() + self.seconds
        return visit(self.port, self.request, lambda: time.monotonic() > ends)

    def watch_during(self, harm: Callable[[], None], more: float = 1) -> Visits:
        """Visit while `harm` goes on, and then so many seconds more."""
        thread = threading.Thread(target=harm, daemon=True)
        thread.start()
        ended: list[float] = []

        latest = time.monotonic() + 2 * PATIENCE

        def over() -> bool:
            if not thread.is_alive() and not ended:
                ended.append(time.monotonic() + more)
            return time.monotonic() > (ended[0] if ended else latest)

        return visit(self.port, self.request, over)

    request = head("GET", "/sign-in", "Connection: close")

    def marks(self, count: int) -> Visits:
        """A sign-in with a name of so many combining marks."""
        name = "a" + "".join(mark * (count // 2) for mark in MARKS)
        return self.watch_during(lambda: Person(self.address).sign_in(name))

    def bad_import(self) -> Visits:
        """An import of a file with a very long cell; it is read some seconds later."""
        return self.watch_during(lambda: Person(self.address).upload(bad_file()), self.seconds)

    def readers(self) -> Visits:
        """Eight who do not read."""
        path = script_of(self.port)
        with attackers(8, lambda ended: never_read(self.port, path, ended)):
            return self.watch()

    def bodies(self, count: int) -> Visits:
        """So many who send slowly; the visitor also sends a large form."""
        kind, body = f"Content-Type: {FORM}", b"username=" + b"x" * 100_000
        large = head("POST", "/sign-in", kind, f"Content-Length: {len(body)}", "Connection: close")
        with attackers(count, drip, self.port):
            ends = time.monotonic() + self.seconds
            thread = threading.Thread(
                target=lambda: self.large.__dict__.update(
                    visit(self.port, large + body, lambda: time.monotonic() > ends).__dict__
                )
            )
            thread.start()
            seen = self.watch()
            thread.join()
        return seen

    def idlers(self) -> Visits:
        """Many who ask nothing."""
        with idle(self.port, 1_500):
            return self.watch()


ON_SQLITE: dict[str, Callable[[Portal], Visits]] = {
    "marks": lambda portal: portal.marks(90_000),
    "megabytes": lambda portal: portal.marks(340_000),
    "import": Portal.bad_import,
    "readers": Portal.readers,
    "bodies": lambda portal: portal.bodies(3),
    "eight-bodies": lambda portal: portal.bodies(8),
    "idle": Portal.idlers,
}
ON_POSTGRESQL = {"cut": Forwarder.cut, "silent": Forwarder.fall_silent}


def on_sqlite(name: str, seconds: float) -> list[tuple[str, Visits]]:
    """Run a scenario on a practice instance."""
    with practice_instance() as instance, serving(instance) as (address, _pid, _took):
        portal = Portal(address, seconds)
        rows = [(name, ON_SQLITE[name](portal))]
        return rows + ([(f"{name}: large form", portal.large)] if portal.large.waits else [])


def on_postgresql(name: str, seconds: float) -> list[tuple[str, Visits]]:
    """Run a scenario on an instance whose database goes away."""
    folder = Path(os.environ.get("TMPDIR", "/tmp")) / f"portal-attack-{os.getpid()}"
    folder.mkdir(mode=0o700)
    try:
        with database("postgresql") as url, Forwarder(folder) as forwarder:
            there = url.partition("?")[0] + f"?host={folder}"
            (folder / "instance").mkdir()
            with serving(folder / "instance", database_url=there) as (address, _pid, _took):
                portal = Portal(address, seconds)
                ask(portal.port, portal.request)
                ON_POSTGRESQL[name](forwarder)
                return [(name, portal.watch())]
    finally:
        shutil.rmtree(folder)


def main() -> None:
    """Run the scenarios and print a table."""
    names = [*ON_SQLITE, *ON_POSTGRESQL]
    parser = argparse.ArgumentParser()
    parser.add_argument("scenario", nargs="*", choices=[*names, []], default=[])
    parser.add_argument("--seconds", type=float, default=15)
    options = parser.parse_args()
    print("| while | requests | longest wait | median | answered properly | statuses |")
    print("|---|---|---|---|---|---|")
    for name in options.scenario or names:
        run = on_sqlite if name in ON_SQLITE else on_postgresql
        for title, visits in run(name, options.seconds):
            waits = sorted(visits.waits)
            print(
                f"| {title} | {len(waits)} | {waits[-1]:.2f} s | {waits[len(waits) // 2]:.3f} s "
                f"| {100 * visits.proper / len(waits):.0f} % "
                f"| {', '.join(map(str, sorted(visits.statuses)))} |",
                flush=True,
            )


if __name__ == "__main__":
    main()
