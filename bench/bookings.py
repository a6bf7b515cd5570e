"""How many people can book for themselves at once, and how long they wait.

    python -m bench.bookings [--clients 1,10,100] [--bookings 300] [--workers 0]
        [--postgresql URL]

Two things are measured against a real server: whole bookings, from the empty first page to the
confirmation with its number, eight requests each; and the one request among them that takes the
place, by people who are registered already and all choose from the same day. Every client has an
address of its own. Milliseconds are of that request, and of all requests of a booking.
"""

import argparse
import re
import statistics
import threading
import time
from collections.abc import Callable, Iterable
from datetime import timedelta
from itertools import count
from pathlib import Path
from urllib.parse import urlsplit

from sqlalchemy import func, select

from bench.people import Ask, Sent, at_server, hidden, on_both
from bench.serving import practice_instance, serving
from blueprints.appointments.models import Appointment
from blueprints.scheduling.models import Slot
from blueprints.scheduling.rules import Hours, Setup
from blueprints.scheduling.services import save
from blueprints.scheduling.setups import find_schedule
from portal.app import create_app
from portal.db import session, unit_of_work
from portal.diary import people_who_may
from portal.people.models import User
from portal.settings import load_settings

FIRST, SOURCES = "/book", 250
TIMED = re.compile(r'name="slot" value="(\d+)"')


def prepare(instance: Path) -> tuple[int, str]:
    """A schedule with room for everybody, open to the public; its location and a day of it."""
    app = create_app(load_settings(instance, jobs="off"))
    with app.app_context(), unit_of_work() as opened:
        user = opened.scalars(select(User).where(User.username == "manager.a")).one()
        place = user.current_location_id
        assert place is not None
        scope = people_who_may("scheduling.handle", place)[0]
        schedule = find_schedule(place)
        wished = Setup(
            active=True,
            public=True,
            weekly=((Hours(8 * 60, 18 * 60),),) * 7,
            slot_minutes=15,
            places=500,
            notice_minutes=0,
        )
        save(scope, wished, seen=schedule.version if schedule else 1, accepted=9_999)
        day = scope.today() + timedelta(days=5)
        free = opened.scalar(
            select(func.sum(Slot.places - Slot.taken)).where(
                Slot.location_id == place, Slot.day == day
            )
        )
        assert free, "nothing is offered on the day of the benchmark"
    return place, day.isoformat()


class Visitor:
    """Somebody without an account, who times each request."""

    def __init__(self, ask: Ask, number: int) -> None:
        self._ask, self.number = ask, number
        self.took: list[float] = []
        self.token = ""

    def ask(self, path: str, sent: Sent | None = None, *, status: int = 200) -> tuple[str, str]:
        """Fetch a page, or send a form; the page, and where it leads."""
        began = time.perf_counter()
        found, page, onward = self._ask(path, sent)
        self.took.append((time.perf_counter() - began) * 1_000)
        if found != status:
            raise AssertionError(f"{found}: " + re.sub(r"<[^>]+>|\s+", " ", page)[:300])
        return page, onward

    def register(self) -> None:
        """Say who comes."""
        page, _onward = self.ask(FIRST)
        name = "".join(chr(97 + int(digit)) for digit in f"{self.number:06}")
        sent = hidden(page, FIRST) | {
            "last_name": f"Bench{name}",
            "first_name": "Example",
            "birth_date": "03/21/1970",
            "email": f"bench.{self.number}@example.org",
            "mobile_phone": "",
            "zip_code": "27962",
        }
        _page, self.token = self.ask(FIRST, sent, status=303)

    def look(self, place: int, day: str) -> Callable[[], None]:
        """See the locations and the times of a day; what takes one of these times."""
        self.ask(self.token)
        times = f"{self.token}/times"
        page, _onward = self.ask(f"{times}?place={place}&day={day}")
        offered = TIMED.findall(page)
        sent = hidden(page, times) | {"slot": offered[self.number % len(offered)]}

        def take() -> None:
            self.ask(times, sent, status=303)

        return take

    def confirm(self) -> None:
        """Look at it and say yes; the confirmation is opened."""
        address = f"{self.token}/confirm"
        page, _onward = self.ask(address)
        _page, own = self.ask(address, hidden(page, address), status=303)
        self.ask(own)


def at_once(
    clients: int, visitors: Iterable[Visitor], work: Callable[[Visitor], None]
) -> tuple[float, int]:
    """Have so many threads do the work of all visitors; the seconds it took, and how many
    failed."""
    waiting, lock, failed = iter(visitors), threading.Lock(), count()

    def one() -> None:
        while True:
            with lock:
                visitor = next(waiting, None)
            if visitor is None:
                return
            try:
                work(visitor)
            except (AssertionError, OSError) as problem:
                next(failed)
                print(problem, flush=True)

    threads = [threading.Thread(target=one) for _number in range(clients)]
    began = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return time.perf_counter() - began, next(failed)


def told(what: str, clients: int, done: int, seconds: float, waits: list[float]) -> None:
    """Print one figure."""
    waits.sort()
    print(
        f"{what}: {clients} at once, {done / seconds:.1f} a second; requests p50 "
        f"{statistics.median(waits):.1f} ms, p95 {waits[int(len(waits) * 0.95)]:.1f} ms, "
        f"longest {waits[-1]:.1f} ms",
        flush=True,
    )


def measure(kind: str, clients: list[int], bookings: int, workers: str) -> None:
    """Print what the database that the environment names can do."""
    numbers = count(1)
    with practice_instance() as instance:
        place, day = prepare(instance)
        with serving(instance, workers=workers) as (address, _pid, _took):
            server = urlsplit(address)
            assert server.hostname == "127.0.0.1"

            def somebody() -> Visitor:
                number = next(numbers)
                source = f"127.0.{1 + number // SOURCES}.{1 + number % SOURCES}"
                return Visitor(at_server(address, source), number)

            def book(visitor: Visitor) -> None:
                visitor.register()
                visitor.look(place, day)()
                visitor.confirm()

            at_once(2, [somebody() for _turn in range(20)], book)  # to warm up
            for many in clients:
                people = [somebody() for _turn in range(bookings)]
                seconds, failed = at_once(many, people, book)
                waits = [took for person in people for took in person.took]
                told(f"{kind}, whole bookings", many, bookings - failed, seconds, waits)
            for many in clients:
                people = [somebody() for _turn in range(bookings)]
                takes: dict[int, Callable[[], None]] = {}

                def prepare_one(person: Visitor, takes: dict[int, Callable[[], None]]) -> None:
                    person.register()
                    takes[person.number] = person.look(place, day)
                    person.took.clear()

                at_once(2, people, lambda person, takes=takes: prepare_one(person, takes))
                ready = [person for person in people if person.number in takes]
                seconds, failed = at_once(
                    many, ready, lambda person, takes=takes: takes[person.number]()
                )
                waits = [took for person in ready for took in person.took]
                told(f"{kind}, places taken", many, len(ready) - failed, seconds, waits)
        kept(instance)


def kept(instance: Path) -> None:
    """Stop with a message unless every slot has as many places taken as it has appointments."""
    app = create_app(load_settings(instance, jobs="off"))
    with app.app_context(), unit_of_work(write=False):
        held = (
            select(Appointment.slot_id, func.count().label("count"))
            .where(Appointment.state.in_(("new", "held")))
            .group_by(Appointment.slot_id)
            .subquery()
        )
        wrong = session().scalar(
            select(func.count())
            .select_from(Slot)
            .join(held, held.c.slot_id == Slot.id)
            .where(held.c.count != Slot.taken)
        )
    assert wrong == 0, f"{wrong} slots say something else than their appointments"


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--postgresql", default="")
    parser.add_argument("--clients", default="1,10,100")
    parser.add_argument("--bookings", type=int, default=300)
    parser.add_argument(
        "--workers", default="0", help="processes of the server; 0: as it decides itself"
    )
    options = parser.parse_args()
    clients = [int(each) for each in options.clients.split(",")]
    on_both(
        options.postgresql, lambda kind: measure(kind, clients, options.bookings, options.workers)
    )


if __name__ == "__main__":
    main()
