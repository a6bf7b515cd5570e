"""How long it takes to say what can be booked, with many locations and slots.

    python -m bench.scheduling [--locations 40,500] [--databases sqlite,postgresql] [--rounds 200]

Each location has 60 days of 36 slots with two places, nearly half of them taken: at 500 locations
1,080,000 slots and 1,000,000 bookings. The nearest 30 locations of one ZIP code are booked out.
Times are of the functions that other modules call, in milliseconds: least / median / 95 %.
"""

import argparse
import random
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import create_engine, text
from sqlalchemy.engine import make_url

from bench.lists import SERVER, _on_server, _write
from blueprints.scheduling.models import Schedule, ZipPlace
from blueprints.scheduling.queries import days, near, next_free_day, times
from portal import migrations
from portal.app import create_app
from portal.clock import today
from portal.db import db, unit_of_work
from portal.places.models import Location, Organization
from portal.settings import load_settings

NAME = "portal_bench_scheduling"
ZONE = "America/New_York"
DAYS, SLOTS, PLACES = 60, 36, 2
BOOKED_OUT = 30
COLUMNS = "id, location_id, starts_at, day, minute, kind, places, taken, open"


def slots(locations: int, first: date) -> Iterator[tuple[Any, ...]]:
    """The rows of all locations; the first 30 locations have no place left."""
    chance, number = random.Random(7), 0
    moments = [
        (first + timedelta(days=day), 480 + 15 * slot)
        for day in range(DAYS)
        for slot in range(SLOTS)
    ]
    starts = [
        (
            datetime(day.year, day.month, day.day, minute // 60, minute % 60, tzinfo=ZoneInfo(ZONE))
            .astimezone(ZoneInfo("UTC"))
            .strftime("%Y-%m-%d %H:%M:%S.000000"),
            day,
            minute,
        )
        for day, minute in moments
    ]
    for place in range(1, locations + 1):
        for moment, day, minute in starts:
            number += 1
            taken = PLACES if place <= BOOKED_OUT else chance.choice((0, 1, 1, 2))
            yield number, place, moment, day, minute, "general", PLACES, taken, True


def fill(url: str, locations: int) -> None:
    """Make the database at `url`."""
    engine = create_engine(url)
    migrations.upgrade(engine)
    engine.dispose()
    with unit_of_work() as current:
        current.add(Organization(id=1, name="County Health Department"))
        current.flush()
        for number in range(1, locations + 1):
            current.add(
                Location(
                    id=number,
                    organization_id=1,
                    name=f"Clinic {number}",
                    pin=f"NCA{number:06}",
                    time_zone=ZONE,
                    city=f"City {number % 40}",
                    state="NC",
                    zip_code=f"27{number % 900:03}",
                )
            )
        current.flush()
        for number in range(1, locations + 1):
            current.add(Schedule(location_id=number, active=True, horizon_days=DAYS, public=True))
        for number in range(900):
            current.add(
                ZipPlace(zip_code=f"27{number:03}", latitude=34 + number / 300, longitude=-78.0)
            )
        current.flush()
        raw: Any = current.connection().connection.driver_connection
        rows = slots(locations, today(ZONE) + timedelta(days=1))
        _write(raw, "slot", COLUMNS, rows, sqlite=url.startswith("sqlite"))
    with db.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("ANALYZE" if url.startswith("sqlite") else "VACUUM ANALYZE"))


def measured(function: Callable[[], object], rounds: int) -> str:
    """Milliseconds of one call: least, median, 95 %."""
    taken = []
    for _round in range(rounds + 5):
        with unit_of_work(write=False):
            began = time.perf_counter()
            function()
            taken.append((time.perf_counter() - began) * 1000)
    found = sorted(taken[5:])
    middle, high = statistics.median(found), found[int(len(found) * 0.95)]
    return f"{found[0]:.1f} / {middle:.1f} / {high:.1f}"


def report(locations: int, rounds: int) -> None:
    """Print what each question takes."""
    first = today(ZONE) + timedelta(days=1)
    place, full = locations, 1
    questions: dict[str, Callable[[], object]] = {
        "days of a month": lambda: days(place, first, first + timedelta(days=30)),
        "times of a day": lambda: times(place, first + timedelta(days=3)),
        "next free day": lambda: next_free_day(place),
        "next free day, booked out": lambda: next_free_day(full),
        "near a ZIP code": lambda: near("27400"),
        "near a ZIP code, booked out": lambda: near("27001"),
        "near an address": lambda: near("12 Main Street, City 12, NC"),
    }
    for name, function in questions.items():
        print(f"  {name:<32}{measured(function, rounds):>24}")


def measure(kind: str, locations: int, rounds: int) -> None:
    """Fill one database, ask, print."""
    with tempfile.TemporaryDirectory(prefix="bench-scheduling-") as folder:
        url = f"sqlite:///{Path(folder) / 'portal.sqlite'}"
        if kind == "postgresql":
            _on_server(f'DROP DATABASE IF EXISTS "{NAME}" WITH (FORCE)')
            _on_server(f'CREATE DATABASE "{NAME}"')
            url = make_url(SERVER).set(database=NAME).render_as_string(hide_password=False)
        app = create_app(load_settings(Path(folder), database_url=url, jobs="off"))
        began = time.perf_counter()
        try:
            with app.app_context():
                fill(url, locations)
                took = time.perf_counter() - began
                count = locations * DAYS * SLOTS
                print(f"\n{kind}, {locations} locations, {count:,} slots (filled in {took:.0f} s)")
                report(locations, rounds)
                db.engine.dispose()
        finally:
            if kind == "postgresql":
                _on_server(f'DROP DATABASE IF EXISTS "{NAME}" WITH (FORCE)')


def main() -> None:
    """Read the options and measure."""
    options = argparse.ArgumentParser(description="Times of what can be booked.")
    options.add_argument("--locations", default="40,500")
    options.add_argument("--databases", default="sqlite,postgresql")
    options.add_argument("--rounds", type=int, default=200)
    chosen = options.parse_args()
    for kind in chosen.databases.split(","):
        for locations in chosen.locations.split(","):
            measure(kind, int(locations), chosen.rounds)


if __name__ == "__main__":
    main()
