"""How long the list of shipments takes, or that of transfers, and what it weighs, with up to a
million rows.

    python -m bench.lists [--list shipments|transfers] [--rows 1000,100000,1000000]
                          [--databases sqlite,postgresql]

Each database is made anew with the same rows, the application runs under gunicorn with one
sync worker, and a signed-in browser asks for one page after another. Times are of whole requests in
milliseconds: least / median / 95 % (on a busy machine the least says most). Bytes are of the body,
in brotli as it is sent.
"""

import argparse
import http.client
import os
import random
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import create_engine, text
from sqlalchemy.engine import make_url

from bench import transfers
from blueprints.shipments.models import Order
from portal import migrations
from portal.access.profiles import Profile
from portal.app import create_app
from portal.catalog.models import Product
from portal.db import db, unit_of_work
from portal.formats.codes import number_key
from portal.people import sessions
from portal.people.models import User, UserLocation
from portal.places.models import Location, Organization
from portal.searching.text import join
from portal.settings import load_settings

ROOT = Path(__file__).absolute().parent.parent
SERVER = os.environ.get(
    "PORTAL_TEST_POSTGRESQL", "postgresql+psycopg:///postgres?host=/var/run/postgresql"
)
NAME = "portal_bench_lists"
VACCINES = (
    ("Pfizer-BioNTech COVID-19 Vaccine", "Pfizer", "59267-1000-01"),
    ("Moderna COVID-19 Vaccine", "Moderna", "80777-0273-10"),
    ("Janssen COVID-19 Vaccine", "Janssen", "59676-0580-05"),
    ("Comirnaty 12 years and older", "Pfizer", "59267-1025-01"),
    ("Spikevax Bivalent", "Moderna", "80777-0282-05"),
)
COLUMNS = (
    *("id", "location_id", "number", "number_key", "order_id", "order_number"),
    *("product_id", "product_name"),
    *("manufacturer", "ndc", "lot", "expiration_date", "expiration_month_only", "doses_shipped"),
    *("doses_received", "date_shipped", "carrier", "tracking_number", "status", "version"),
    *("search", "created_at", "updated_at"),
)
SORTS = (*("number", "order", "vaccine", "shipped", "quantity", "received", "lot", "status"),)


def shipments(rows: int) -> Iterator[tuple[Any, ...]]:
    """`rows` shipments of location 1 and a few of location 2; every lot stands on twenty."""
    chance = random.Random(7)
    moment = "2026-11-01 12:00:00+00:00"
    for number in range(1, rows + rows // 50 + 1):
        product = chance.randrange(len(VACCINES))
        name, maker, ndc = VACCINES[product]
        shipped = date(2021, 1, 1) + timedelta(days=chance.randrange(1500))
        doses = chance.randrange(1, 40) * 10
        received = chance.choice((0, 0, doses))
        shipment, order = f"SHP-{number:08}", f"EX{chance.randrange(10**8):08}"
        lot = transfers.lot_of(number, rows)
        carrier, tracking = chance.choice(("UPS", "FedEx")), f"1Z{chance.randrange(10**12):012}"
        yield (
            number,
            1 if number <= rows else 2,
            shipment,
            number_key(shipment),
            1,
            order,
            product + 1,
            name,
            maker,
            ndc,
            lot,
            shipped + timedelta(days=chance.randrange(60, 400)),
            False,
            doses,
            received,
            shipped,
            carrier,
            tracking,
            "received" if received else "on_its_way",
            1,
            join((shipment, order, name, maker, ndc, lot, carrier, tracking)),
            moment,
            moment,
        )


@dataclass(frozen=True)
class Subject:
    """A list: where it is, the rows of its tables, and what is asked of it, given a lot."""

    path: str
    region: str
    tables: Sequence[tuple[str, str, Callable[[int], Iterator[tuple[Any, ...]]]]]
    requests: Callable[[str], dict[str, str]]


def fill(url: str, rows: int, subject: Subject) -> str:
    """Make the database at `url`; returns a session token."""
    engine = create_engine(url)
    migrations.upgrade(engine)
    engine.dispose()
    with unit_of_work() as current:
        current.add(Organization(id=1, name="County Health Department"))
        for number in (1, 2):
            place = Location(
                id=number,
                organization_id=1,
                name=f"Clinic {number}",
                pin=f"NCA65000{number}",
                time_zone="America/New_York",
            )
            current.add(place)
        current.flush()
        user = User(
            id=1,
            username="bench",
            first_name="Maria",
            last_name="Bench",
            email="bench@example.org",
            profile=Profile.MANAGER,
            current_location_id=1,
        )
        current.add(user)
        current.flush()
        current.add(UserLocation(user_id=1, location_id=1))
        current.add(Order(id=1, number="EX1", location_id=1))
        for number, (name, maker, _ndc) in enumerate(VACCINES, 1):
            product = Product(
                id=number,
                key=f"bench-{number}",
                name=name,
                manufacturer=maker,
                cvx="208",
                mvx="PFR",
            )
            current.add(product)
        current.flush()
        raw: Any = current.connection().connection.driver_connection
        for table, names, made in subject.tables:
            _write(raw, table, names, made(rows), sqlite=url.startswith("sqlite"))
        token = sessions.start(1)
    with db.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        postgresql = not url.startswith("sqlite")
        connection.execute(text("VACUUM ANALYZE" if postgresql else "ANALYZE"))
    return token


def _write(
    raw: Any, table: str, names: str, rows: Iterator[tuple[Any, ...]], *, sqlite: bool
) -> None:
    if sqlite:
        marks = ", ".join("?" * (names.count(",") + 1))
        values = (
            tuple(str(each) if isinstance(each, date) else each for each in row) for row in rows
        )
        raw.executemany(f"INSERT INTO {table} ({names}) VALUES ({marks})", values)
        return
    with raw.cursor().copy(f"COPY {table} ({names}) FROM STDIN") as copy:
        for row in rows:
            copy.write_row(row)


class Server:
    """The application under gunicorn."""

    def __init__(self, instance: Path, url: str) -> None:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        self.process = subprocess.Popen(
            [
                *(sys.executable, "-m", "gunicorn", "--workers", "1", "--worker-class", "sync"),
                *("--bind", f"127.0.0.1:{self.port}", "--log-level", "warning", "wsgi:app"),
            ],
            cwd=ROOT,
            env={
                **os.environ,
                "PORTAL_INSTANCE": str(instance),
                "PORTAL_DATABASE_URL": url,
                "PORTAL_JOBS": "off",
            },
        )

    def get(self, path: str, cookie: str, region: str = "") -> tuple[float, bytes]:
        """Milliseconds and body of one request."""
        headers = {"Cookie": cookie, "Accept-Encoding": "br"}
        if region:
            headers |= {
                "HX-Request": "true",
                "HX-Request-Type": "partial",
                "HX-Target": f"div#{region}",
            }
        began = time.perf_counter()
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        connection.request("GET", path, headers=headers)
        answer = connection.getresponse()
        body = answer.read()
        took = (time.perf_counter() - began) * 1000
        connection.close()
        assert answer.status == 200, f"{path}: {answer.status} {answer.headers}"
        return took, body

    def wait(self) -> None:
        """Until it answers."""
        for _attempt in range(200):
            try:
                socket.create_connection(("127.0.0.1", self.port), 1).close()
                return
            except OSError:
                time.sleep(0.1)
        raise SystemExit("The application did not start.")

    def stop(self) -> None:
        """End it."""
        self.process.terminate()
        self.process.wait(20)


def requests(lot: str) -> dict[str, str]:
    """What is asked for, by name."""
    made = {"first": "view=all"}
    made |= {f"by {key}": f"view=all&sort={key}" for key in SORTS}
    made |= {f"by {key}, last": f"view=all&sort=-{key}&before=end" for key in ("status", "lot")}
    made |= {
        "last": "view=all&before=end",
        "ties, middle": "view=all&sort=status&after=on_its_way~300000",
        "search, ~20 hits": f"view=all&q={lot}",
        "search, product": "view=all&q=pfizer",
        "search, two letters": "view=all&q=zq",
        "search, nothing": "view=all&q=nothing-like-it",
        "search, common, at the far end": "view=all&q=comirnaty&sort=-vaccine",
        "search, a day": "view=all&q=2/3/2021",
        "search, a status": "view=all&q=received",
        "to be received": "view=to_be_received",
        "recently viewed": "view=recent",
    }
    return made


SUBJECTS = {
    "shipments": Subject(
        "/shipments",
        "shipments-list",
        (("shipment", ", ".join(COLUMNS), shipments),),
        requests,
    ),
    "transfers": Subject("/transfers", "transfers-list", transfers.TABLES, transfers.requests),
}


def measure(name: str, kind: str, rows: int, rounds: int) -> None:
    """Fill one database, ask, print."""
    subject = SUBJECTS[name]
    with tempfile.TemporaryDirectory(prefix="bench-lists-") as folder:
        instance = Path(folder)
        url = f"sqlite:///{instance / 'portal.sqlite'}"
        if kind == "postgresql":
            _on_server(f'DROP DATABASE IF EXISTS "{NAME}" WITH (FORCE)')
            _on_server(f'CREATE DATABASE "{NAME}"')
            url = make_url(SERVER).set(database=NAME).render_as_string(hide_password=False)
        began = time.perf_counter()
        app = create_app(load_settings(instance, database_url=url, jobs="off"))
        with app.app_context():
            token = fill(url, rows, subject)
            serializer: Any = app.session_interface.get_signing_serializer(app)  # type: ignore[attr-defined]
            cookie = f"portal={serializer.dumps({'_user_id': token, '_fresh': True})}"
            db.engine.dispose()
        print(f"\n{kind}, {rows:,} {name} (filled in {time.perf_counter() - began:.0f} s)")
        server = Server(instance, url)
        try:
            server.wait()
            _report(server, cookie, subject, transfers.lot_of(rows // 3, rows), rounds)
        finally:
            server.stop()
            if kind == "postgresql":
                _on_server(f'DROP DATABASE IF EXISTS "{NAME}" WITH (FORCE)')


def _report(server: Server, cookie: str, subject: Subject, lot: str, rounds: int) -> None:
    print(f"{'':<32}{'25 rows':>22}{'50 rows':>22}{'region, 25':>22}{'page B':>9}{'region B':>9}")
    for name, query in subject.requests(lot).items():
        cells = []
        sizes = []
        for rows, region in ((25, ""), (50, ""), (25, subject.region)):
            path = f"{subject.path}?{query}&rows={rows}"
            for _warm in range(3):
                server.get(path, cookie, region)
            times = [server.get(path, cookie, region) for _round in range(rounds)]
            taken = sorted(took for took, _body in times)
            middle, high = statistics.median(taken), taken[int(len(taken) * 0.95)]
            cells.append(f"{taken[0]:.1f} / {middle:.1f} / {high:.1f}")
            if rows == 25:
                sizes.append(len(times[-1][1]))
        print(
            f"{name:<32}" + "".join(f"{each:>22}" for each in cells) + f"{sizes[0]:>9}{sizes[1]:>9}"
        )


def _on_server(statement: str) -> None:
    engine = create_engine(SERVER, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(text(statement))
    engine.dispose()


def main() -> None:
    """Read the options and measure."""
    options = argparse.ArgumentParser(description="Times and bytes of a list.")
    options.add_argument("--list", default="shipments", choices=sorted(SUBJECTS))
    options.add_argument("--rows", default="1000,100000,1000000")
    options.add_argument("--databases", default="sqlite,postgresql")
    options.add_argument("--rounds", type=int, default=60)
    chosen = options.parse_args()
    for kind in chosen.databases.split(","):
        for rows in chosen.rows.split(","):
            measure(chosen.list, kind, int(rows), chosen.rounds)


if __name__ == "__main__":
    main()
