"""How long pages of the vaccine inventory take with up to a million entries in the ledger.

    python -m bench.ledger [--rows 1000,100000,1000000] [--databases sqlite,postgresql]

Every record has a thousand entries; half of the records are at location 1, whose pages are asked
for. Times are of whole requests in milliseconds: least / median / 95 %.
"""

import argparse
import random
import statistics
import tempfile
import time
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import text
from sqlalchemy.engine import make_url

from bench.lists import NAME, SERVER, Server, _on_server, fill
from portal.app import create_app
from portal.db import db, unit_of_work
from portal.settings import load_settings

OF_A_RECORD = 1_000
MOMENT = "2026-11-01 12:00:00+00:00"
RECORD = (
    *("id", "location_id", "product_id", "product_name", "manufacturer", "name", "name_key", "lot"),
    *("lot_key", "serial_number", "expiration_date", "expiration_month_only"),
    *("unable_to_locate_shipment", "doses_total", "doses_available", "doses_administered"),
    *("doses_wasted", "doses_returned", "doses_transferred_in", "doses_adjusted"),
    *("doses_in_transit", "doses_transferred", "storage_unit", "quarantined", "version", "search"),
    *("created_at", "created_by_id"),
)
ENTRY = (
    *("id", "inventory_id", "location_id", "kind", "doses", "happened_on", "recorded_at"),
    *("actor_id", "reason", "note"),
)
PAGES = {
    "record": "/vaccine-inventory/1",
    "record, history and balance": "/vaccine-inventory/1?tab=related",
    "record, entries of a kind": "/vaccine-inventory/1?tab=related&kind=wasted",
    "account": "/locations/1",
    "history of the location": "/vaccine-inventory/history",
    "history, a kind": "/vaccine-inventory/history?kind=wasted",
    "history, a kind that is not there": "/vaccine-inventory/history?kind=returned",
    "list": "/vaccine-inventory/?view=all",
    "Home": "/",
}


def entries(rows: int) -> Iterator[tuple[Any, ...]]:
    """`rows` entries: each record receives 2,000 doses, and they leave one after another."""
    chance = random.Random(7)
    for number in range(1, rows + 1):
        record = (number - 1) // OF_A_RECORD + 1
        first = (number - 1) % OF_A_RECORD == 0
        kind = "received" if first else chance.choices(("administered", "wasted"), (50, 1))[0]
        day = date(2021, 1, 1) + timedelta(days=(number - 1) % OF_A_RECORD // 3)
        doses = 2_000 if first else 1
        place = 1 if record % 2 else 2
        yield (number, record, place, kind, doses, day, MOMENT, 1, "", "")


def records(rows: int, used: dict[int, dict[str, int]]) -> Iterator[tuple[Any, ...]]:
    """The records of those entries, with the counters that follow from them."""
    for number in range(1, max(rows // OF_A_RECORD, 1) + 1):
        own = used[number]
        given, wasted = own.get("administered", 0), own.get("wasted", 0)
        lot = f"LOT{number:05}"
        place = 1 if number % 2 else 2
        vaccine = "Moderna COVID-19 Vaccine"
        yield (
            *(number, place, 2, vaccine, "Moderna", f"Moderna {lot}", f"moderna {lot}".lower()),
            *(lot, lot, "", date(2027, 6, 30), False, True),
            *(2_000, 2_000 - given - wasted, given, wasted, 0, 0, 0, 0, 0, "", False, 1),
            *(f"moderna {lot}".lower(), MOMENT, 1),
        )


def insert_all(url: str, table: str, columns: tuple[str, ...], rows: Iterator[Any]) -> None:
    """Write the rows the fastest way the database has."""
    with unit_of_work() as current:
        raw: Any = current.connection().connection.driver_connection
        names = ", ".join(columns)
        if url.startswith("sqlite"):
            marks = ", ".join("?" * len(columns))
            values = (
                tuple(str(each) if isinstance(each, date) else each for each in row) for row in rows
            )
            raw.executemany(f"INSERT INTO {table} ({names}) VALUES ({marks})", values)
            return
        with raw.cursor().copy(f"COPY {table} ({names}) FROM STDIN") as copy:
            for row in rows:
                copy.write_row(row)


def measure(kind: str, rows: int, rounds: int) -> None:
    """Fill one database, ask, print."""
    with tempfile.TemporaryDirectory(prefix="bench-ledger-") as folder:
        instance = Path(folder)
        url = f"sqlite:///{instance / 'portal.sqlite'}"
        if kind == "postgresql":
            _on_server(f'DROP DATABASE IF EXISTS "{NAME}" WITH (FORCE)')
            _on_server(f'CREATE DATABASE "{NAME}"')
            url = make_url(SERVER).set(database=NAME).render_as_string(hide_password=False)
        began = time.perf_counter()
        app = create_app(load_settings(instance, database_url=url, jobs="off"))
        with app.app_context():
            token, _lot = fill(url, 50)
            used: dict[int, dict[str, int]] = {}
            for _number, record, _place, what, doses, *_rest in entries(rows):
                own = used.setdefault(record, {})
                own[what] = own.get(what, 0) + doses
            insert_all(url, "vaccine_inventory", RECORD, records(rows, used))
            insert_all(url, "dose_entry", ENTRY, entries(rows))
            with db.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
                connection.execute(text("VACUUM ANALYZE" if kind == "postgresql" else "ANALYZE"))
            serializer: Any = app.session_interface.get_signing_serializer(app)  # type: ignore[attr-defined]
            cookie = f"portal={serializer.dumps({'_user_id': token, '_fresh': True})}"
            db.engine.dispose()
        print(f"\n{kind}, {rows:,} entries (filled in {time.perf_counter() - began:.0f} s)")
        server = Server(instance, url)
        try:
            server.wait()
            for name, path in PAGES.items():
                for _warm in range(3):
                    server.get(path, cookie)
                taken = sorted(server.get(path, cookie)[0] for _round in range(rounds))
                high = taken[int(len(taken) * 0.95)]
                print(f"{name:<36}{taken[0]:.1f} / {statistics.median(taken):.1f} / {high:.1f}")
        finally:
            server.stop()
            if kind == "postgresql":
                _on_server(f'DROP DATABASE IF EXISTS "{NAME}" WITH (FORCE)')


def main() -> None:
    """Read the options and measure."""
    options = argparse.ArgumentParser(description="Times of pages of the vaccine inventory.")
    options.add_argument("--rows", default="1000,100000,1000000")
    options.add_argument("--databases", default="sqlite,postgresql")
    options.add_argument("--rounds", type=int, default=40)
    chosen = options.parse_args()
    for kind in chosen.databases.split(","):
        for rows in chosen.rows.split(","):
            measure(kind, int(rows), chosen.rounds)


if __name__ == "__main__":
    main()
