"""Saving a dose: statements, milliseconds for one vaccinator and for eight at once; and what the
list of the day costs while nothing changes.

    python -m bench.administration [--saves 20] [--workers 0] [--postgresql URL]

Each dose is entered as a person enters it, page by page; the time is that of the last `Save`, from
a real server. On SQLite, and with the address of a server (`postgresql:///postgres?host=…`) on a
database that is made on it and dropped.
"""

import html
import re
import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from sqlalchemy import select

from bench.people import (
    PEOPLE,
    Person,
    Sent,
    alone_and_together,
    arguments,
    at_server,
    hidden,
    on_both,
    statements,
)
from bench.serving import practice_instance, serving
from blueprints.checkin.services import check_in
from blueprints.inventory.ledger import entries as ledger
from blueprints.inventory.models import VaccineInventory
from blueprints.inventory.rules import Kind
from blueprints.recipients.rules import Details
from blueprints.recipients.services import register
from portal.app import create_app
from portal.catalog.models import Product
from portal.db import unit_of_work
from portal.diary import people_who_may
from portal.people.models import User
from portal.settings import load_settings

LISTED = re.compile(r'hx-get="([^"]*/checkin/now[^"]*)"')
ROUNDS = 50


@dataclass(frozen=True)
class Chairs:
    """Visits to vaccinate, and what is given."""

    arrivals: list[int]
    product: int
    lot: int


def prepare(instance: Path, visits: int) -> tuple[Chairs, list[int]]:
    """Check so many people in at the location of `manager.a`, and give one dose without a server
    between: how many statements each of its requests takes."""
    app = create_app(load_settings(instance, jobs="off"))
    with app.app_context():
        with unit_of_work() as session:
            user = session.scalars(select(User).where(User.username == "manager.a")).one()
            place = user.current_location_id
            assert place is not None
            scope = people_who_may("scheduling.handle", place)[0]
            record = session.scalars(
                select(VaccineInventory)
                .join(Product, Product.id == VaccineInventory.product_id)
                .where(
                    VaccineInventory.location_id == place,
                    VaccineInventory.quarantined.is_(False),
                    VaccineInventory.expiration_date > scope.today(),
                    Product.name.contains("COVID-19"),
                )
                .order_by(VaccineInventory.doses_available.desc())
                .limit(1)
            ).one()
            today = scope.today()
            received = ledger.Movement(kind=Kind.RECEIVED, doses=visits, happened_on=today)
            ledger.post(scope.user, record.id, received)
            product, lot = record.product_id, record.id
        arrivals = []
        for number in range(visits):
            with unit_of_work():
                details = Details(
                    first_name=f"Bench{number}",
                    last_name="Exampleton",
                    birth_date=date(1960, 1, 1 + number % 28),
                    email=f"bench{number}@example.org",
                    contact_by="email",
                )
                person = register(scope, details)
                known = ("name", "birth_date")
                arrivals.append(check_in(scope, recipient_id=person.id, identified_by=known).id)
    chairs = Chairs(arrivals, product, lot)
    arrival = chairs.arrivals.pop()
    return chairs, statements(app, Vaccinator, lambda person: person.give(chairs, arrival))


class Vaccinator(Person):
    """Somebody who gives doses."""

    def give(self, chairs: Chairs, arrival: int) -> float:
        """Go through the wizard; the milliseconds of its last step."""
        address = f"/administration/{arrival}"
        page = self.ask(address)[1]
        form = hidden(page, address)
        answers = {
            name.replace("-code", "-answer"): "no" for name in form if name.endswith("-code")
        }
        sent = {**form, **answers, "identified_by": ["name", "birth_date"]}
        sent |= {"product": str(chairs.product), "language": "en", "go": "next"}
        address = self._next(address, sent)  # type: ignore[arg-type]
        sheet = {
            "consent_by": "recipient",
            "fact_sheet": "COVID-19 Vaccine VIS, 01/31/2025",
            "fact_sheet_on": self._value(address, "fact_sheet_on"),
            "fact_sheet_language": "en",
        }
        address = self._next(address, {**self._hidden(address), **sheet, "go": "next"})
        details = {
            "lot": str(chairs.lot),
            "dose_number": "1",
            "site": "LD",
            "route": "IM",
            "volume_ml": "0.5",
            "given_by": "0",
            "given_by_name": "Bench",
            "funding": "V01",
            "when": "now",
        }
        address = self._next(address, {**self._hidden(address), **details, "go": "next"})
        form = self._hidden(address)
        began = time.perf_counter()
        self._next(address, {**form, "go": "finish"})
        return (time.perf_counter() - began) * 1_000

    def _hidden(self, address: str) -> Sent:
        return hidden(self.ask(address)[1], address)

    def _value(self, address: str, name: str) -> str:
        """What a field of a page holds."""
        found = re.search(rf'<input[^>]*name="{name}"[^>]*>', self.ask(address)[1])
        assert found is not None
        value = re.search(r'value="([^"]*)"', found[0])
        assert value is not None
        return html.unescape(value[1])

    def _next(self, address: str, sent: Sent) -> str:
        status, page, onward = self.ask(address, sent)
        assert status == 303, re.sub(r"<[^>]+>|\s+", " ", page)
        return onward


def unchanged(address: str) -> tuple[float, int]:
    """The middle of the milliseconds in which a page is told that the list of the day is the one
    it has, and how many bytes that answer has."""
    person = Vaccinator(at_server(address))
    listed = LISTED.search(person.ask("/checkin/")[1])
    assert listed is not None
    path = html.unescape(listed[1])
    found, size = [], 0
    for _turn in range(ROUNDS):
        began = time.perf_counter()
        status, page, _to = person.ask(path)
        found.append((time.perf_counter() - began) * 1_000)
        assert status == 204, "somebody came meanwhile"
        size = len(page)
    return statistics.median(found), size


def measure(kind: str, saves: int, workers: str) -> None:
    """Print what it takes on the database that the environment names."""
    with practice_instance() as instance:
        chairs, counts = prepare(instance, (saves + 1) * (PEOPLE + 1) + 1)
        print(f"{kind}: {' + '.join(map(str, counts))} statements")
        with serving(instance, workers=workers) as (address, _pid, _took):

            def enter() -> Callable[[], float]:
                person = Vaccinator(at_server(address))
                return lambda: person.give(chairs, chairs.arrivals.pop())

            alone_and_together(kind, saves, enter)
            middle, size = unchanged(address)
            print(f"{kind}: list of the day unchanged, p50 {middle:.1f} ms, {size} bytes")


def main() -> None:
    """Measure and print."""
    options = arguments().parse_args()
    on_both(options.postgresql, lambda kind: measure(kind, options.saves, options.workers))


if __name__ == "__main__":
    main()
