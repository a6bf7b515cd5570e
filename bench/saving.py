"""Saving a delivery: statements, and milliseconds for one person and for eight at once.

    python -m bench.saving [--saves 20] [--postgresql URL] [--against REVISION]

Each delivery is entered as a person enters it, page by page; the time is that of the last `Save`,
from a real server. On SQLite, and with the address of a server (`postgresql:///postgres?host=…`) on
a database that is made on it and dropped. With `--against` an earlier revision is measured, too.
"""

import argparse
import html
import http.client
import math
import os
import re
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from http.cookies import SimpleCookie
from pathlib import Path
from urllib.parse import urlencode, urlsplit

from bench.serving import PASSPHRASE, ROOT, practice_instance, serving

PEOPLE = 8
ADD = "/vaccine-inventory/add"
DETAILS = {
    "product_text": "Moderna COVID-19 Vaccine (max 10/11-dose vial, 5 mL)",
    "doses": "100",
    "name": "",
    "expiration_date": "12/31/2030",
    "unable_to_locate_shipment": "y",
    "go": "next",
}
INPUT = re.compile(r'<input[^>]*\btype="hidden"[^>]*>')
ATTRIBUTE = re.compile(r'\b(name|value)="([^"]*)"')


class Person:
    """A signed-in browser."""

    def __init__(self, address: str) -> None:
        place = urlsplit(address)
        self.server = http.client.HTTPConnection(place.hostname or "", place.port, timeout=60)
        self.cookies: SimpleCookie = SimpleCookie()
        page = self.ask("/sign-in")[1]
        given = {"username": "manager.a", "password": PASSPHRASE}
        status, _page, _to = self.ask("/sign-in", {**hidden(page, "/sign-in"), **given})
        assert status == 303, "nobody could sign in"

    def ask(self, path: str, sent: dict[str, str] | None = None) -> tuple[int, str, str]:
        """The status of an answer, its page, and where it leads."""
        headers = {
            "Cookie": "; ".join(f"{name}={one.value}" for name, one in self.cookies.items()),
            "Content-Type": "application/x-www-form-urlencoded",
        }
        body = None if sent is None else urlencode(sent, doseq=True)
        self.server.request("GET" if sent is None else "POST", path, body, headers)
        answer = self.server.getresponse()
        page = answer.read().decode()
        for cookie in answer.headers.get_all("Set-Cookie") or ():
            self.cookies.load(cookie)
        return answer.status, page, urlsplit(answer.headers.get("Location") or "").path

    def save(self, lot: str) -> float:
        """Enter a delivery; the milliseconds of its last step."""
        form = hidden(self.ask(ADD)[1], ADD)
        status, page, review = self.ask(ADD, {**form, **DETAILS, "lot": lot})
        assert status == 303, re.sub(r"<[^>]+>|\s+", " ", page)
        form = hidden(self.ask(review)[1], review)
        began = time.perf_counter()
        status, _page, _to = self.ask(review, {**form, "confirmed": "y", "go": "finish"})
        assert status == 303, f"{status} instead of a saved delivery"
        return (time.perf_counter() - began) * 1_000


def hidden(page: str, action: str) -> dict[str, str]:
    """The hidden fields of the form that is sent to `action`."""
    form = page[page.index(f'action="{action}"') :].partition("</form>")[0]
    found = [dict(ATTRIBUTE.findall(each)) for each in INPUT.findall(form)]
    return {each["name"]: html.unescape(each.get("value", "")) for each in found}


def times(address: str, people: int, saves: int) -> list[float]:
    """The milliseconds of so many saves by each of so many people at once, in order."""
    found: list[float] = []
    begin = threading.Barrier(people)

    def work(number: int) -> None:
        person = Person(address)
        person.save(f"W{people}-{number}")
        begin.wait(60)
        for turn in range(saves):
            try:
                found.append(person.save(f"L{people}-{number}-{turn}"))
            except AssertionError:  # the portal said that it is busy
                found.append(math.inf)
                person = Person(address)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(people)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == people * saves, "somebody could not save"
    return sorted(found)


def statements(instance: Path) -> list[int]:
    """How many statements each of the four requests of a delivery takes."""
    from sqlalchemy import event

    from portal.app import create_app
    from portal.db import db
    from portal.settings import load_settings

    app = create_app(load_settings(instance, jobs="off"))
    counts: list[int] = []

    class Inside(Person):
        """The same person, without a server between."""

        def __init__(self) -> None:
            self.client = app.test_client()
            page = self.ask("/sign-in")[1]
            given = {"username": "manager.a", "password": PASSPHRASE}
            self.ask("/sign-in", {**hidden(page, "/sign-in"), **given})
            counts.clear()

        def ask(self, path: str, sent: dict[str, str] | None = None) -> tuple[int, str, str]:
            """As above, counting."""
            counts.append(0)
            how = "GET" if sent is None else "POST"
            answer = self.client.open(path, method=how, data=sent)
            return answer.status_code, answer.text, urlsplit(answer.location or "").path

    def count(*_what: object) -> None:
        if counts:
            counts[-1] += 1

    with app.app_context():
        engine = db.engine
    event.listen(engine, "before_cursor_execute", count)
    Inside().save("COUNT-1")
    engine.dispose()
    return counts


@contextmanager
def database(server: str) -> Iterator[None]:
    """A database on a PostgreSQL server, named in the environment, gone afterwards."""
    import psycopg

    name = f"bench_saving_{os.getpid()}"
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}")
        place = urlsplit(server)
        os.environ["PORTAL_DATABASE_URL"] = (
            f"{place.scheme}://{place.netloc}/{name}{'?' if place.query else ''}{place.query}"
        )
        try:
            yield
        finally:
            del os.environ["PORTAL_DATABASE_URL"]
            connection.execute(f"DROP DATABASE {name} WITH (FORCE)")


def measure(kind: str, saves: int) -> None:
    """Print what saving takes on the database that the environment names."""
    with practice_instance() as instance:
        counts = statements(instance)
        print(f"{kind}: {' + '.join(map(str, counts))} statements")
        with serving(instance) as (address, _pid, took):
            print(f"{kind}: start {took:.2f} s")
            for people in (1, PEOPLE):
                found = times(address, people, saves)
                middle = statistics.median(found)
                high = found[int(len(found) * 0.95)]
                print(
                    f"{kind}: {people} at once, p50 {middle:.0f} ms, p95 {high:.0f} ms "
                    f"({high / middle:.1f} × p50), longest {found[-1]:.0f} ms",
                    flush=True,
                )


def against(revision: str, arguments: list[str]) -> None:
    """Measure another revision with this very program."""
    with tempfile.TemporaryDirectory(prefix="portal-bench-") as folder:
        tree = Path(folder) / "tree"
        git = ["git", "-C", str(ROOT), "worktree"]
        subprocess.run([*git, "add", "--detach", "--quiet", str(tree), revision], check=True)
        try:
            (tree / "bench" / "saving.py").write_bytes(Path(__file__).read_bytes())
            command = [sys.executable, "-m", "bench.saving", *arguments]
            subprocess.run(command, cwd=tree, check=True)
        finally:
            subprocess.run([*git, "remove", "--force", str(tree)], check=True)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--saves", type=int, default=20)
    parser.add_argument("--postgresql", default="")
    parser.add_argument("--against", default="")
    options = parser.parse_args()
    if options.against:
        given = ["--saves", str(options.saves), "--postgresql", options.postgresql]
        print(f"{options.against}:", flush=True)
        against(options.against, given)
        print("as it is here:", flush=True)
    for kind, place in (
        ("SQLite", nullcontext()),
        *([("PostgreSQL", database(options.postgresql))] if options.postgresql else []),
    ):
        with place:
            measure(kind, options.saves)


if __name__ == "__main__":
    main()
