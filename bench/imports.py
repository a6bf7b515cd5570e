"""Rows a second of a supplier's file, CSV and xlsx, on SQLite and PostgreSQL, and what it costs.

    python -m bench.imports [--rows 10000] [--runs 3] [--profile]

Each run is a process of its own on a database of its own. Memory is the growth of the importing
process and its reader child over the process before the import, sampled every 5 ms. The server is
named by PORTAL_TEST_POSTGRESQL, as for the tests.
"""

import argparse
import cProfile
import io
import json
import os
import pstats
import subprocess
import sys
import tempfile
import threading
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, timedelta

from sqlalchemy import create_engine, text
from sqlalchemy.engine import make_url

from bench.serving import ROOT, children, kibibytes, median

SERVER = os.environ.get(
    "PORTAL_TEST_POSTGRESQL", "postgresql+psycopg:///postgres?host=/var/run/postgresql"
)
HEADER = (
    *("Shipment ID", "ExIS Order Number", "Provider PIN", "NDC", "Manufacturer", "Lot Number"),
    *("Expiration Date", "Quantity Shipped", "Date Shipped", "Carrier", "Tracking Number"),
)


def write_file(kind: str, rows: int) -> bytes:
    """A file of good rows for the three sample clinics, four shipments an order."""
    from portal.sheets.writer import write_csv, write_xlsx

    shipped, expires = (f"{date.today() + timedelta(days=days):%m/%d/%Y}" for days in (-2, 200))
    lines = (
        (
            *(f"SHP-{number:06}", f"EX26-{number // 4:06}", f"NCA65000{number % 3 + 1}"),
            *("80777-0273-99", "Moderna", f"L{number:05}A", expires, 100, shipped),
            *("UPS", f"1Z999AA1{number:010}"),
        )
        for number in range(rows)
    )
    if kind == "csv":
        return b"".join(write_csv(HEADER, lines))
    target = io.BytesIO()
    write_xlsx(target, HEADER, lines)
    return target.getvalue()


def cpu_seconds() -> float:
    """Processor time of this process and of its children that have ended."""
    spent = os.times()
    return spent.user + spent.system + spent.children_user + spent.children_system


class Peak:
    """The highest sum of the memory of this process and its children while the block runs."""

    def __enter__(self) -> "Peak":
        self.ended = threading.Event()
        self.before = kibibytes(os.getpid(), "Rss")
        self.highest = self.before
        self.thread = threading.Thread(target=self._watch, daemon=True)
        self.thread.start()
        return self

    def _watch(self) -> None:
        while not self.ended.wait(0.005):
            try:
                pids = [os.getpid(), *children(os.getpid())]
                self.highest = max(self.highest, sum(kibibytes(pid, "Rss") for pid in pids))
            except (OSError, KeyError):
                continue

    def __exit__(self, *_error: object) -> None:
        self.ended.set()
        self.thread.join()

    @property
    def growth(self) -> float:
        """MiB over the beginning."""
        return (self.highest - self.before) / 1024


def run_one(kind: str, url: str, rows: int, profile: bool) -> None:
    """In a process of its own: prepare, import, print the figures as JSON."""
    from blueprints.shipments.importing import IMPORT
    from portal.accounts.practice import make_people_and_places
    from portal.app import create_app
    from portal.catalog.services import load_products
    from portal.db import unit_of_work
    from portal.imports import running
    from portal.imports.receiving import receive_file
    from portal.installation import bring_up_to_date
    from portal.settings import load_settings

    with tempfile.TemporaryDirectory() as folder:
        settings = load_settings(folder, database_url=url, jobs="off")
        bring_up_to_date(settings)
        app = create_app(settings)
        with app.app_context():
            make_people_and_places()
            with unit_of_work():
                load_products()
            content = io.BytesIO(write_file(kind, rows))
            with unit_of_work():
                run_id = receive_file(
                    IMPORT, settings, None, name=f"bench.{kind}", content=content, source="command"
                ).id
            profiler = cProfile.Profile()
            with Peak() as peak:
                began, busy = time.perf_counter(), cpu_seconds()
                if profile:
                    profiler.enable()
                run = running.process(settings, run_id)
                profiler.disable()
                took, busy = time.perf_counter() - began, cpu_seconds() - busy
        if run.added != rows:
            raise SystemExit(f"{run.added} rows added, {run.failed} failed: {run.problem}")
        if profile:
            pstats.Stats(profiler, stream=sys.stderr).sort_stats("tottime").print_stats(35)
        print(json.dumps({"rows": rows / took, "busy": busy / took, "mib": peak.growth}))


@contextmanager
def database(kind: str) -> Iterator[str]:
    """The URL of an empty database."""
    if kind == "sqlite":
        with tempfile.TemporaryDirectory() as folder:
            yield f"sqlite:///{folder}/bench.sqlite"
        return
    name = f"portal_bench_{uuid.uuid4().hex[:8]}"
    engine = create_engine(SERVER, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(text(f'CREATE DATABASE "{name}"'))
        try:
            yield make_url(SERVER).set(database=name).render_as_string(hide_password=False)
        finally:
            connection.execute(text(f'DROP DATABASE "{name}" WITH (FORCE)'))
    engine.dispose()


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--rows", type=int, default=10_000)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--profile", action="store_true")
    parser.add_argument("--one", nargs=2)
    options = parser.parse_args()
    if options.one:
        kind, url = options.one
        run_one(kind, url, options.rows, options.profile)
        return
    for store in ("sqlite", "postgresql"):
        for kind in ("csv", "xlsx"):
            found = []
            for _run in range(options.runs):
                with database(store) as url:
                    command = [sys.executable, "-m", "bench.imports", "--one", kind, url]
                    command += ["--rows", str(options.rows)]
                    command += ["--profile"] if options.profile else []
                    done = subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.PIPE)
                found.append(json.loads(done.stdout))
            speed = median(one["rows"] for one in found)
            busy = median(one["busy"] for one in found) * 100
            memory = median(one["mib"] for one in found)
            print(
                f"{store:10} {kind:4} {speed:7,.0f} rows/s   +{memory:.1f} MiB"
                f"   {busy:.0f} % of a core",
                flush=True,
            )


if __name__ == "__main__":
    main()
