"""How long the list of the help desk, a search in it and a page of a case take.

    python -m bench.cases [--cases 100000] [--entries 500000] [--databases sqlite,postgresql]

Each database is made anew; nine cases of ten are closed, as after years of work. The application
runs under gunicorn with one sync worker, and an agent who is signed in asks for one page after
another. Times are of whole requests in milliseconds: least / median / 95 %, then the processor's
time that server and database took for one.
"""

import argparse
import os
import random
import statistics
import tempfile
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import create_engine, insert, text
from sqlalchemy.engine import make_url

from bench.lists import Server, _on_server
from blueprints.helpdesk.models import Case, CaseEntry, CaseWord, number_of
from blueprints.helpdesk.topics import groups
from portal import migrations
from portal.access.profiles import Profile
from portal.app import create_app
from portal.clock import now
from portal.db import db, unit_of_work
from portal.listviews.models import ListWords
from portal.people import sessions
from portal.people.models import User
from portal.searching.text import words
from portal.settings import load_settings

SERVER = os.environ.get(
    "PORTAL_TEST_POSTGRESQL", "postgresql+psycopg:///postgres?host=/var/run/postgresql"
)
NAME = "portal_bench_cases"
AGENTS, REQUESTERS = 20, 2_000
SUBJECTS = ("A box is missing", "Cannot sign in", "Second dose", "Shipment late", "Wrong lot")
LAST = ("Smith", "Johnson", "Quist", "Garcia", "Miller", "O'Brien", "Nguyen", "Lopez")
BATCH = 5_000


def fill(count: int, entries: int) -> str:
    """Make people, cases and what was said in them; returns an agent's session token."""
    chance = random.Random(5)
    with unit_of_work() as current:
        for number in range(1, AGENTS + REQUESTERS + 1):
            current.add(
                User(
                    id=number,
                    username=f"user{number}",
                    first_name=f"First{number % 97}",
                    last_name=LAST[number % len(LAST)],
                    email=f"user{number}@example.org",
                    profile=Profile.AGENT if number <= AGENTS else Profile.REQUESTER,
                    registered_at=now(),
                )
            )
        current.flush()
        for table, rows in (
            (Case, cases(chance, count)),
            (CaseWord, case_words(count)),
            (CaseEntry, said(chance, count, entries)),
        ):
            for batch in _batches(rows):
                current.execute(insert(table), batch)
        return sessions.start(1)


def _batches(rows: Iterator[dict[str, Any]]) -> Iterator[list[dict[str, Any]]]:
    batch: list[dict[str, Any]] = []
    for row in rows:
        batch.append(row)
        if len(batch) == BATCH:
            yield batch
            batch = []
    if batch:
        yield batch


def _requester(number: int) -> tuple[int, str]:
    user = AGENTS + 1 + number * 7919 % REQUESTERS
    return user, f"First{user % 97} {LAST[user % len(LAST)]}"


def _subject(number: int) -> str:
    return f"{SUBJECTS[number * 31 % len(SUBJECTS)]} {number * 7919 % 99_991}"


def cases(chance: random.Random, count: int) -> Iterator[dict[str, Any]]:
    """So many cases of five years; of the last tenth many are not resolved."""
    topics = [topic for group in groups() for topic in group.topics]
    start = datetime(2021, 1, 1, tzinfo=UTC)
    step = timedelta(days=1_800) / count
    for number in range(1, count + 1):
        recent = number > count * 0.9
        state = chance.choice(("new", "open", "waiting", "resolved")) if recent else "closed"
        opened, topic = start + number * step, chance.choice(topics)
        user, name = _requester(number)
        yield {
            "id": number,
            "topic": topic.key,
            "queue": topic.queue,
            "subject": _subject(number),
            "description": "Since Monday two boxes are missing. " * 4,
            "fields": {},
            "state": state,
            "requester_id": user,
            "requester_name": name,
            "assigned_to_id": chance.choice((None, *range(1, AGENTS + 1))),
            "opened_at": opened,
            "changed_at": opened,
            "answer_due_at": opened + timedelta(hours=4),
            "solution_due_at": opened + timedelta(days=1),
            "waiting_since": opened if state == "waiting" else None,
            "first_answered_at": None if state == "new" else opened,
            "resolved_at": opened if state in {"resolved", "closed"} else None,
            "closed_at": opened if state == "closed" else None,
            "resolution": "",
            "version": 1,
            "token": f"{number:032x}",
        }


def case_words(count: int) -> Iterator[dict[str, Any]]:
    """What they are found by."""
    for number in range(1, count + 1):
        found = {*words(_subject(number)), *words(_requester(number)[1]), str(number)}
        for word in sorted({*found, number_of(number).lower()}):
            yield {"word": word[:80], "case_id": number}


def said(chance: random.Random, count: int, entries: int) -> Iterator[dict[str, Any]]:
    """What was said in them: five times in most, two hundred times in the newest."""
    moment = now()
    for number in range(1, entries + 1):
        case = count if number <= 200 else 1 + number % count
        yield {
            "id": number,
            "case_id": case,
            "kind": chance.choice(("public", "public", "internal", "event")),
            "author_id": chance.choice((1, _requester(case)[0])),
            "through": "signed_in",
            "text": "We looked for it, and it is in the second refrigerator. " * 3,
            "quoted": "",
            "at": moment,
        }


SEARCHES = {
    "search, a number": "CS-0050000",
    "search, nothing": "nothing-like-it",
    "search, a name (1 in 8)": "garcia",
    "search, two frequent words": "garcia box",
    "search, two letters": "mi",
    "search, frequent and rare": "box 4242",
    "search, a letter": "b",
}
REQUESTS = {
    "not resolved (as one comes)": "",
    "all": "state=",
    "all, last page": "state=&before=end",
    "new": "state=new",
    "waiting": "state=waiting",
    "closed": "state=closed",
    "closed, last page": "state=closed&before=end",
    "a queue, not resolved": "queue=Scheduling",
    "a queue, all": "queue=Scheduling&state=",
    "a queue, closed": "queue=Scheduling&state=closed",
    "mine, not resolved": "assigned=mine",
    "mine, all": "assigned=mine&state=",
    "mine, closed, of a queue": "assigned=mine&state=closed&queue=Scheduling",
    "nobody's, not resolved": "assigned=nobody",
    "nobody's, all": "assigned=nobody&state=",
    "nobody's, of a queue, closed": "assigned=nobody&state=closed&queue=Scheduling",
    "oldest first": "state=&sort=opened",
    "oldest first, closed, of a queue": "state=closed&queue=Scheduling&sort=opened",
}


def asked(count: int) -> dict[str, str]:
    """Every page that is measured, by what it is."""
    made = {name: f"/help-desk/?view=all&{query}" for name, query in REQUESTS.items()}
    middle = count // 2
    made["all, in the middle"] = f"/help-desk/?view=all&state=&after={middle}"
    with unit_of_work() as current:
        for number, (name, sought) in enumerate(SEARCHES.items(), 1):
            current.add(
                ListWords(id=number, user_id=1, list_name="cases", words=sought, used_at=now())
            )
            made[name] = f"/help-desk/?view=all&state=&search={number}"
            made[f"{name}, not resolved"] = f"/help-desk/?view=all&search={number}"
    made["a case"] = f"/help-desk/cases/{middle}"
    made["a case with 200 comments"] = f"/help-desk/cases/{count}"
    return made


def processor_time(server: Server, kind: str) -> float:
    """Milliseconds that the server's processes, and those of the database for it, have run."""
    own = server.process.pid
    pids = Path(f"/proc/{own}/task/{own}/children").read_text().split()
    if kind == "postgresql":
        engine = create_engine(SERVER)
        query = text("SELECT pid FROM pg_stat_activity WHERE datname = :name")
        with engine.connect() as connection:
            pids += map(str, connection.scalars(query, {"name": NAME}))
        engine.dispose()
    return sum(int(Path(f"/proc/{pid}/schedstat").read_text().split()[0]) for pid in pids) / 1e6


def measure(kind: str, count: int, entries: int, rounds: int) -> None:
    """Fill one database, ask, print."""
    with tempfile.TemporaryDirectory(prefix="bench-cases-") as folder:
        instance = Path(folder)
        url = f"sqlite:///{instance / 'portal.sqlite'}"
        if kind == "postgresql":
            _on_server(f'DROP DATABASE IF EXISTS "{NAME}" WITH (FORCE)')
            _on_server(f'CREATE DATABASE "{NAME}"')
            url = make_url(SERVER).set(database=NAME).render_as_string(hide_password=False)
        engine = create_engine(url)
        migrations.upgrade(engine)
        engine.dispose()
        began = time.perf_counter()
        app = create_app(load_settings(instance, database_url=url, jobs="off"))
        with app.app_context():
            token = fill(count, entries)
            with db.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
                connection.execute(text("VACUUM ANALYZE" if kind == "postgresql" else "ANALYZE"))
            serializer: Any = app.session_interface.get_signing_serializer(app)  # type: ignore[attr-defined]
            cookie = f"portal={serializer.dumps({'_user_id': token, '_fresh': True})}"
            pages = asked(count)
            db.engine.dispose()
        print(
            f"\n{kind}, {count:,} cases, {entries:,} entries, {time.perf_counter() - began:.0f} s"
        )
        server = Server(instance, url)
        try:
            server.wait()
            for name, path in pages.items():
                for _warm in range(3):
                    server.get(path, cookie)
                before = processor_time(server, kind)
                taken = sorted(server.get(path, cookie)[0] for _round in range(rounds))
                used = (processor_time(server, kind) - before) / rounds
                middle, high = statistics.median(taken), taken[int(len(taken) * 0.95)]
                times = f"{taken[0]:.1f} / {middle:.1f} / {high:.1f}"
                print(f"{name:<44}{times:>24}{used:8.1f}", flush=True)
        finally:
            server.stop()
            if kind == "postgresql":
                _on_server(f'DROP DATABASE IF EXISTS "{NAME}" WITH (FORCE)')


def main() -> None:
    """Read the options and measure."""
    options = argparse.ArgumentParser(description="Times of the help desk's list.")
    options.add_argument("--cases", type=int, default=100_000)
    options.add_argument("--entries", type=int, default=500_000)
    options.add_argument("--databases", default="sqlite,postgresql")
    options.add_argument("--rounds", type=int, default=30)
    chosen = options.parse_args()
    for kind in chosen.databases.split(","):
        measure(kind, chosen.cases, chosen.entries, chosen.rounds)


if __name__ == "__main__":
    main()
