"""People at work: signed in, counted without a server or timed at one, alone and eight at once, on
both databases. What they do is `bench.saving` and `bench.administration`."""

import argparse
import html
import http.client
import math
import os
import re
import statistics
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from http.cookies import SimpleCookie
from typing import TypeVar
from urllib.parse import urlencode, urlsplit

from flask import Flask

from bench.serving import PASSPHRASE

PEOPLE = 8
INPUT = re.compile(r'<input[^>]*\btype="hidden"[^>]*>')
ATTRIBUTE = re.compile(r'\b(name|value)="([^"]*)"')

Sent = dict[str, str]
# The status of an answer, its page, and where it leads.
Ask = Callable[[str, Sent | None], tuple[int, str, str]]


class Person:
    """Somebody who signed in."""

    def __init__(self, ask: Ask) -> None:
        self._ask = ask
        given = {"username": "manager.a", "password": PASSPHRASE}
        page = self.ask("/sign-in")[1]
        status, _page, _to = self.ask("/sign-in", {**hidden(page, "/sign-in"), **given})
        assert status == 303, "nobody could sign in"

    def ask(self, path: str, sent: Sent | None = None) -> tuple[int, str, str]:
        """Fetch a page, or send a form."""
        return self._ask(path, sent)


Kind = TypeVar("Kind", bound=Person)


def hidden(page: str, action: str) -> Sent:
    """The hidden fields of the form that is sent to `action`."""
    form = page[page.index(f'action="{action}"') :].partition("</form>")[0]
    found = [dict(ATTRIBUTE.findall(each)) for each in INPUT.findall(form)]
    return {each["name"]: html.unescape(each.get("value", "")) for each in found}


def at_server(address: str, source: str = "") -> Ask:
    """A browser of its own at a server; `source` is the address it comes from."""
    place = urlsplit(address)
    server = http.client.HTTPConnection(
        place.hostname or "", place.port, timeout=60, source_address=(source, 0) if source else None
    )
    cookies: SimpleCookie = SimpleCookie()

    def ask(path: str, sent: Sent | None) -> tuple[int, str, str]:
        headers = {
            "Cookie": "; ".join(f"{name}={one.value}" for name, one in cookies.items()),
            "Content-Type": "application/x-www-form-urlencoded",
        }
        body = None if sent is None else urlencode(sent, doseq=True)
        method = "GET" if sent is None else "POST"
        try:
            server.request(method, path, body, headers)
            answer = server.getresponse()
        except (BrokenPipeError, ConnectionResetError, http.client.RemoteDisconnected):
            # The server has closed a connection that rested; a browser opens another one.
            server.close()
            server.request(method, path, body, headers)
            answer = server.getresponse()
        page = answer.read().decode()
        for cookie in answer.headers.get_all("Set-Cookie") or ():
            cookies.load(cookie)
        return answer.status, page, urlsplit(answer.headers.get("Location") or "").path

    return ask


def statements(app: Flask, kind: type[Kind], work: Callable[[Kind], object]) -> list[int]:
    """How many statements each request of `work` takes, without a server between."""
    from sqlalchemy import event

    from portal.db import db

    counts: list[int] = []
    client = app.test_client()

    def ask(path: str, sent: Sent | None) -> tuple[int, str, str]:
        counts.append(0)
        answer = client.open(path, method="GET" if sent is None else "POST", data=sent)
        return answer.status_code, answer.text, urlsplit(answer.location or "").path

    def count(*_what: object) -> None:
        counts[-1] += 1

    person = kind(ask)
    counts.clear()
    with app.app_context():
        engine = db.engine
    event.listen(engine, "before_cursor_execute", count)
    work(person)
    engine.dispose()
    return counts


def times(people: int, saves: int, enter: Callable[[], Callable[[], float]]) -> list[float]:
    """The milliseconds of so many saves by each of so many people at once, in order. `enter` has
    somebody sign in and gives what saves."""
    found: list[float] = []
    begin = threading.Barrier(people)

    def work() -> None:
        save = enter()
        save()
        begin.wait(60)
        for _turn in range(saves):
            try:
                found.append(save())
            except AssertionError:  # the portal said that it is busy
                found.append(math.inf)
                save = enter()

    threads = [threading.Thread(target=work) for _number in range(people)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == people * saves, "somebody could not save"
    return sorted(found)


def alone_and_together(kind: str, saves: int, enter: Callable[[], Callable[[], float]]) -> None:
    """Print what saving takes for one person and for eight at once."""
    for people in (1, PEOPLE):
        found = times(people, saves, enter)
        middle, high = statistics.median(found), found[int(len(found) * 0.95)]
        print(
            f"{kind}: {people} at once, p50 {middle:.1f} ms, p95 {high:.1f} ms "
            f"({high / middle:.1f} × p50), longest {found[-1]:.1f} ms",
            flush=True,
        )


@contextmanager
def database(server: str) -> Iterator[None]:
    """A database on a PostgreSQL server, named in the environment, gone afterwards."""
    import psycopg

    name = f"bench_people_{os.getpid()}"
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


def arguments() -> argparse.ArgumentParser:
    """What both programs take."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--saves", type=int, default=20)
    parser.add_argument(
        "--workers", default="0", help="processes of the server; 0: as it decides itself"
    )
    parser.add_argument("--postgresql", default="")
    return parser


def on_both(postgresql: str, measure: Callable[[str], None]) -> None:
    """Measure on SQLite, and with the address of a server on PostgreSQL."""
    for kind, place in (
        ("SQLite", nullcontext()),
        *([("PostgreSQL", database(postgresql))] if postgresql else []),
    ):
        with place:
            measure(kind)
