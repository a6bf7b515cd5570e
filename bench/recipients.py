"""How long it takes to find a recipient among a million people.

    python -m bench.recipients [--people 1000000] [--databases sqlite,postgresql]

Each database is made anew. The people are spread over 500 locations; the first has every tenth.
Names are drawn unevenly from 900 first and 40,000 last ones, made of syllables, so that some are
common and most rare. Times are of `find` in the process, in
milliseconds: median / 95 % / most, then
the median of the processor time that the process itself used.
"""

import argparse
import os
import random
import statistics
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import create_engine, select, text
from sqlalchemy.engine import make_url

from blueprints.recipients import names
from blueprints.recipients.finding import find
from blueprints.recipients.models import NearWord, Recipient, RecipientLocation, RecipientWord
from portal.access.profiles import Profile
from portal.access.scope import Actor, Place, Scope
from portal.app import create_app
from portal.bulk import insert_rows
from portal.db import db, session, unit_of_work
from portal.installation import bring_up_to_date
from portal.places.models import Location, Organization
from portal.settings import Settings, load_settings

SERVER = os.environ.get(
    "PORTAL_TEST_POSTGRESQL", "postgresql+psycopg:///postgres?host=/var/run/postgresql"
)
NAME = "portal_bench_recipients"
LOCATIONS = 500
SYLLABLES = (
    *("ba", "ber", "bo", "cal", "can", "co", "da", "der", "do", "el", "en", "fa", "fer", "ga"),
    *("gar", "gon", "ha", "her", "jo", "ka", "ko", "la", "le", "lo", "ma", "mar", "men", "mo"),
    *("na", "ner", "no", "pa", "per", "po", "ra", "ri", "ro", "sa", "san", "ser", "ta", "to"),
)
COMMON = ("james", "mary", "robert", "maria", "john", "elizabeth", "william", "jose", "patricia")
DAYS = 36_000


def drawn(number: int, seed: int, *first: str) -> list[str]:
    """So many names, the first of them given."""
    source, made = random.Random(seed), dict.fromkeys(first)
    while len(made) < number:
        made["".join(source.choice(SYLLABLES) for _part in range(source.randrange(2, 5)))] = None
    return [name.capitalize() for name in made]


FIRST = drawn(900, 1, *COMMON)
LAST = drawn(40_000, 2, "smith", "johnson", "garcia", "o'brien", "de la cruz")


def uneven(source: random.Random, names_: list[str]) -> str:
    """A name; the first ones are common, about 1 % of the people have the very first."""
    return names_[int(len(names_) * source.random() ** 3)]


def people(count: int) -> Iterator[tuple[int, list[dict[str, Any]]]]:
    """The people of each location."""
    source, number = random.Random(3), 0
    for place in range(1, LOCATIONS + 1):
        many = count // 10 if place == 1 else (count - count // 10) // (LOCATIONS - 1)
        rows = []
        for _one in range(many):
            number += 1
            last = uneven(source, LAST)
            if source.random() < 0.05:
                last = f"{last}-{uneven(source, LAST)}"
            rows.append(
                {
                    "id": number,
                    "first_name": uneven(source, FIRST),
                    "middle_name": uneven(source, FIRST) if source.random() < 0.3 else "",
                    "last_name": last,
                    "birth_date": date(1925, 1, 1) + timedelta(days=source.randrange(DAYS)),
                }
            )
        yield place, rows


def load(count: int) -> None:
    """Fill the database."""
    with unit_of_work() as current:
        organization = Organization(name="Bench")
        current.add(organization)
        current.flush()
        for number in range(1, LOCATIONS + 1):
            current.add(
                Location(
                    organization_id=organization.id,
                    name=f"Location {number}",
                    pin=f"NCA{number:06}",
                    time_zone="America/New_York",
                )
            )
    known: set[str] = set()
    for place, rows in people(count):
        with unit_of_work():
            _write(place, rows, known)
    with unit_of_work():
        near = sorted((rest, word) for word in known for rest in names.rests(word))
        insert_rows(NearWord, [{"rest": rest, "word": word} for rest, word in near])
    if not db.engine.dialect.name.startswith("sqlite"):
        with db.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.execute(text("VACUUM ANALYZE"))


def _write(place: int, rows: list[dict[str, Any]], known: set[str]) -> None:
    insert_rows(Recipient, rows)
    listed = ("last_name", "first_name", "birth_date")
    insert_rows(
        RecipientLocation,
        [
            {
                "recipient_id": row["id"],
                "location_id": place,
                "since": datetime.now(UTC),
                "why": "registered",
                "dose_status": "registered",
                **{name: row[name] for name in listed},
            }
            for row in rows
        ],
    )
    words = sorted(
        (word, row["id"])
        for row in rows
        for word in names.words_of(row["first_name"], row["middle_name"], row["last_name"])
    )
    known.update(word for word, _number in words)
    insert_rows(
        RecipientWord,
        [{"location_id": place, "word": word, "recipient_id": number} for word, number in words],
    )


def scope_of(place: int) -> Scope:
    """Somebody who works at the location."""
    where = Place(
        id=place,
        name=f"Location {place}",
        pin=f"NCA{place:06}",
        time_zone="America/New_York",
        organization_id=1,
    )
    who = Actor(id=1, username="bench", full_name="Bench", email="", profile=Profile.PROVIDER)
    rights = frozenset({"recipients.view"})
    return Scope(user=who, location=where, locations=(where,), capabilities=rights)


def searches(sample: list[Any], source: random.Random) -> dict[str, list[tuple[str, date | None]]]:
    """What is looked for, by kind, from people who are there."""

    def wrong(word: str) -> str:
        at = source.randrange(1, len(word))
        return word[:at] + "q" + word[at + 1 :]

    return {
        "first and last name": [(f"{one.first_name} {one.last_name}", None) for one in sample],
        "last, first, upper case": [
            (f"{one.last_name}, {one.first_name}".upper(), None) for one in sample
        ],
        "last name alone": [(one.last_name, None) for one in sample],
        "a common first name": [(source.choice(COMMON), None) for _one in sample],
        "beginnings": [(f"{one.first_name[:3]} {one.last_name[:4]}", None) for one in sample],
        "one typing error": [(f"{one.first_name} {wrong(one.last_name)}", None) for one in sample],
        "birth date": [("", one.birth_date) for one in sample],
        "name and birth date": [
            (f"{one.first_name} {one.last_name}", one.birth_date) for one in sample
        ],
        "typing error and birth date": [
            (f"{wrong(one.last_name)}", one.birth_date) for one in sample
        ],
        "nobody": [(f"{one.first_name} xxqzy", None) for one in sample],
    }


def measure(place: int, number: int) -> None:
    """Search at one location, and say how long it took."""
    source, scope = random.Random(7), scope_of(place)
    with unit_of_work(write=False):
        ids = list(
            session().scalars(
                select(RecipientLocation.recipient_id).where(RecipientLocation.location_id == place)
            )
        )
        drawn_ids = source.sample(ids, min(number, len(ids)))
        sample = list(session().scalars(select(Recipient).where(Recipient.id.in_(drawn_ids))))
        asked_for = searches(sample, source)
    print(f"  location {place}: {len(ids):,} people")
    for kind, asked in asked_for.items():
        times, work, hits = [], [], 0
        for text_, day in asked:
            with unit_of_work(write=False):
                begun, used = time.perf_counter(), time.process_time()
                found = find(scope, text_, day)
                work.append((time.process_time() - used) * 1_000)
                times.append((time.perf_counter() - begun) * 1_000)
                hits += bool(found)
        times.sort()
        late = times[int(len(times) * 0.95)]
        print(
            f"    {kind:28} {statistics.median(times):7.1f} {late:7.1f} {times[-1]:7.1f}"
            f"   {statistics.median(work):6.1f}"
            f"   {hits}/{len(asked)} found"
        )


def run(kind: str, count: int, number: int) -> None:
    """Make the database, fill it and search."""
    with tempfile.TemporaryDirectory() as folder:
        instance = Path(folder)
        url = f"sqlite:///{instance / 'bench.sqlite'}"
        if kind == "postgresql":
            _fresh_server()
            url = make_url(SERVER).set(database=NAME).render_as_string(hide_password=False)
        settings: Settings = load_settings(instance, database_url=url, jobs="off")
        bring_up_to_date(settings)
        app = create_app(settings)
        with app.app_context():
            begun = time.perf_counter()
            load(count)
            print(f"{kind}: {count:,} people loaded in {time.perf_counter() - begun:.0f} s")
            if kind == "sqlite":
                print(f"  {(instance / 'bench.sqlite').stat().st_size / 2**20:,.0f} MiB")
            measure(1, number)
            measure(2, number)
            db.engine.dispose()


def _fresh_server() -> None:
    with closing(create_engine(SERVER, isolation_level="AUTOCOMMIT").connect()) as connection:
        connection.execute(text(f"DROP DATABASE IF EXISTS {NAME}"))
        connection.execute(text(f"CREATE DATABASE {NAME}"))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--people", type=int, default=1_000_000)
    parser.add_argument("--searches", type=int, default=100)
    parser.add_argument("--databases", default="sqlite,postgresql")
    options = parser.parse_args()
    for database in options.databases.split(","):
        run(database, options.people, options.searches)
