"""Everything that can happen to doses, at random, beside a model that is too simple to be wrong."""

from collections import defaultdict
from dataclasses import dataclass, field, replace
from datetime import date
from itertools import count
from typing import Any

import pytest
from flask import Flask
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from blueprints.inventory.adding.deliveries import SEPARATE
from blueprints.inventory.ledger import entries as ledger
from blueprints.inventory.models import VaccineInventory
from blueprints.inventory.rules import Kind
from blueprints.inventory.services import rename
from blueprints.shipments.models import Order, Shipment
from portal.access.scope import Scope
from portal.db import session, unit_of_work
from portal.errors import Conflict, Invalid, PortalError
from tests.effort import few
from tests.inventory import stock
from tests.personas import Personas

pytestmark = [
    pytest.mark.both_databases,
    pytest.mark.slow("goes through many cases that a machine draws"),
]

CHANGES = {
    "received": {"doses_available": +1, "doses_total": +1},
    "transferred_in": {"doses_available": +1, "doses_total": +1, "doses_transferred_in": +1},
    "adjusted": {"doses_available": +1, "doses_total": +1, "doses_adjusted": +1},
    "administered": {"doses_available": -1, "doses_administered": +1},
    "wasted": {"doses_available": -1, "doses_wasted": +1},
    "returned": {"doses_available": -1, "doses_returned": +1},
    "transferred_out": {"doses_available": -1, "doses_in_transit": +1},
    "arrived": {"doses_in_transit": -1, "doses_transferred": +1},
}
LOTS = ("A1", "B2")
BACK = st.integers(0, 4)
FEW = st.integers(1, 12)


@dataclass(frozen=True)
class Line:
    """An entry of the model's ledger."""

    record: int
    kind: str
    doses: int
    day: date
    shipment: int | None = None
    reverses: int | None = None


@dataclass
class Model:
    """What should be true: entries by id, names and lots by record, shipped doses by shipment."""

    lines: dict[int, Line] = field(default_factory=dict)
    names: dict[int, str] = field(default_factory=dict)
    lots: dict[int, str] = field(default_factory=dict)
    shipped: dict[int, int] = field(default_factory=dict)

    def counters(self, record: int) -> dict[str, int]:
        sums = dict.fromkeys(stock.COUNTERS, 0)
        for line in self.lines.values():
            if line.record == record:
                for counter, sign in CHANGES[line.kind].items():
                    sums[counter] += sign * line.doses
        return sums

    def possible(self, line: Line) -> bool:
        """Whether the record stays at zero or more on every evening with `line` added, and no more
        doses are under way, or arrive, than were sent."""
        by_day: dict[date, int] = defaultdict(int)
        for each in [*self.lines.values(), line]:
            if each.record == line.record:
                by_day[each.day] += CHANGES[each.kind].get("doses_available", 0) * each.doses
        now = self.counters(line.record)
        for counter in ("doses_in_transit", "doses_transferred"):
            if now[counter] + CHANGES[line.kind].get(counter, 0) * line.doses < 0:
                return False
        balance = 0
        for day in sorted(by_day):
            balance += by_day[day]
            if balance < 0:
                return False
        return True

    def reversed_already(self, number: int) -> bool:
        return any(line.reverses == number for line in self.lines.values())

    def received(self, shipment: int) -> int:
        return sum(
            line.doses
            for line in self.lines.values()
            if line.shipment == shipment and line.kind == "received"
        )

    def status(self, shipment: int) -> str:
        received = self.received(shipment)
        if not received:
            return "on_its_way"
        return "received" if received >= self.shipped[shipment] else "partly_received"


class Ledger(RuleBasedStateMachine):
    """Drives the services of one location; each example has lots and shipments of its own."""

    scope: Scope
    examples = 0

    def __init__(self) -> None:
        super().__init__()
        type(self).examples += 1
        self.number = type(self).examples
        self.model = Model()

    def own_name(self, name: str, of_lot: list[int]) -> str:
        """The name a new record gets beside the others of its lot."""
        taken = {self.model.names[record] for record in of_lot}
        numbered = (f"{name} ({number})" for number in count(2))
        return name if name not in taken else next(own for own in numbered if own not in taken)

    def lot(self, name: str) -> str:
        return f"{name}-{self.number}"

    def newest(self, record: int) -> int:
        return stock.entries(record)[-1][0]

    @rule(doses=st.integers(1, 30))
    def announce(self, doses: int) -> None:
        number = f"S{self.number}-{len(self.model.shipped)}"
        product = stock.product_id()
        with unit_of_work() as current:
            order = Order(number=number, location_id=self.scope.location_id)
            current.add(order)
            current.flush()
            shipment = Shipment(
                number=number,
                location_id=self.scope.location_id,
                order_id=order.id,
                order_number=number,
                product_id=product,
                product_name="Moderna",
                manufacturer="Moderna",
                ndc="80777-0273-99",
                lot=self.lot("A1"),
                expiration_date=stock.FAR,
                doses_shipped=doses,
                date_shipped=stock.day(10),
            )
            current.add(shipment)
            current.flush()
            self.model.shipped[shipment.id] = doses

    @rule(
        lot=st.sampled_from(LOTS),
        doses=FEW,
        back=BACK,
        answer=st.sampled_from(("", "separate", "first", "other lot")),
        confirmed=st.booleans(),
        data=st.data(),
    )
    def add(self, lot: str, doses: int, back: int, answer: str, confirmed: bool, data: Any) -> None:
        lot = self.lot(lot)
        of_lot = [record for record, name in self.model.lots.items() if name == lot]
        others = [record for record, name in self.model.lots.items() if name != lot]
        target = {"first": of_lot, "other lot": others}.get(answer, [])
        shipment = data.draw(st.sampled_from([None, *self.model.shipped]))
        too_many = shipment is not None and doses > max(
            self.model.shipped[shipment] - self.model.received(shipment), 0
        )
        values = {
            "lot": lot,
            "doses": doses,
            "name": f"{lot} of {back}",
            "shipment_id": shipment,
            # Doubts of other kinds: test_add.py, test_add_plausible.py.
            "confirmed": confirmed or shipment is None or bool(doses % 10 and not too_many),
            "duplicate": SEPARATE if answer == "separate" else "".join(map(str, target[:1])),
            "received_on": stock.day(back),
        }
        unanswered = bool(of_lot) and answer in ("", "other lot")
        if unanswered or (too_many and not confirmed):
            with pytest.raises((Conflict, Invalid)):
                stock.add(self.scope, **values)
            return
        record = stock.add(self.scope, **values)
        if answer == "first" and of_lot:
            assert record == of_lot[0]
        else:
            assert record not in self.model.lots, "a record of its own"
            self.model.lots[record] = lot
            self.model.names[record] = self.own_name(values["name"], of_lot)
        self.model.lines[self.newest(record)] = Line(
            record, "received", doses, stock.day(back), shipment
        )

    @precondition(lambda self: self.model.lots)
    @rule(kind=st.sampled_from([*Kind]), doses=FEW, back=BACK, data=st.data())
    def post(self, kind: Kind, doses: int, back: int, data: Any) -> None:
        record = data.draw(st.sampled_from([*self.model.lots]))
        line = Line(record, kind.value, doses, stock.day(back))
        if self.model.possible(line):
            entry = stock.post(self.scope, record, kind, doses, back=back)
            self.model.lines[entry] = line
            return
        with pytest.raises(Invalid):
            stock.post(self.scope, record, kind, doses, back=back)

    @precondition(lambda self: self.model.lines)
    @rule(back=BACK, data=st.data())
    def reverse(self, back: int, data: Any) -> None:
        number = data.draw(st.sampled_from([*self.model.lines]))
        line = self.model.lines[number]
        opposite = replace(
            line, doses=-line.doses, day=max(line.day, stock.day(back)), reverses=number
        )
        fits = (
            line.reverses is None
            and not self.model.reversed_already(number)
            and self.model.possible(opposite)
        )
        if fits:
            self.model.lines[stock.reverse(self.scope, number, back=back)] = opposite
            return
        with pytest.raises(Conflict):
            stock.reverse(self.scope, number, back=back)

    @precondition(lambda self: self.model.lots)
    @rule(name=st.sampled_from(("Fridge 1", "  two  words ", "", "x" * 121)), data=st.data())
    def rename(self, name: str, data: Any) -> None:
        record = data.draw(st.sampled_from([*self.model.lots]))
        try:
            with unit_of_work():
                rename(self.scope, session().get_one(VaccineInventory, record), name)
        except PortalError:
            assert not name or len(name) > 120
        else:
            self.model.names[record] = " ".join(name.split())

    @invariant()
    def everything_agrees(self) -> None:
        for record, name in self.model.names.items():
            assert stock.counters(record) == self.model.counters(record)
            with unit_of_work(write=False):
                found = session().get_one(VaccineInventory, record)
                assert (found.name, found.lot) == (name, self.model.lots[record])
            lines = [
                (number, line.kind, line.doses)
                for number, line in sorted(self.model.lines.items())
                if line.record == record
            ]
            assert stock.entries(record) == lines
        for shipment in self.model.shipped:
            assert stock.shipment_state(shipment) == stock.ShipmentState(
                self.model.received(shipment), self.model.status(shipment)
            )

    def teardown(self) -> None:
        assert stock.wrong() == []


def drive(app: Flask, personas: Personas, *, examples: int) -> None:
    """Run the machine against the application."""
    with app.app_context():
        machine = type("Machine", (Ledger,), {"scope": stock.scope_for(personas, "manager_a")})
        run_state_machine_as_test(
            machine,
            settings=settings(
                max_examples=examples,
                stateful_step_count=30,
                deadline=None,
                database=None,
                phases=[Phase.generate],
                suppress_health_check=list(HealthCheck),
            ),
        )


@pytest.mark.timeout(300)
def test_the_ledger_follows_the_model(app: Flask, personas: Personas, database_kind: str) -> None:
    drive(app, personas, examples=few(database_kind, full=40))


@pytest.mark.thorough
@pytest.mark.timeout(300)
def test_the_machine_would_notice_a_back_dated_day_that_nobody_looks_at(
    app: Flask, personas: Personas, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ledger, "ensure_never_short", lambda leaving, day: None)
    with pytest.raises(BaseException, match="DID NOT RAISE|short of"):
        drive(app, personas, examples=400)
