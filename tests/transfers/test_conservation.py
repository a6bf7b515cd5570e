"""Everything that can happen to doses at three locations, at random: none is lost, none is made."""

from dataclasses import dataclass, field
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
from sqlalchemy import func, select

from blueprints.inventory.correcting import services as corrections
from blueprints.inventory.leaving.selection import Chosen
from blueprints.inventory.ledger import entries as ledger
from blueprints.inventory.models import DoseEntry, VaccineInventory
from blueprints.inventory.rules import COUNTERS, Kind
from blueprints.transfers import services
from blueprints.transfers.checks import conserved
from blueprints.transfers.rules import MISSING
from blueprints.transfers.services import Receipt, Sending
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

LOTS = ("A1", "B2")
EARLY, BACK = st.integers(3, 5), st.integers(0, 4)
FEW = st.integers(1, 9)
PLACES = st.integers(0, 2)
LEAVING = (Kind.ADMINISTERED, Kind.WASTED, Kind.RETURNED)
LOSSES = ("lost_transit", "damaged_transit", "miscounted")


@dataclass
class Under:
    """A line that is under way, as the model knows it."""

    transfer: int
    line: int
    source: int
    to: int
    doses: int
    sent_back: int


@dataclass
class Model:
    """Doses by record; what came into the system and how it left, over all locations."""

    records: dict[int, tuple[int, str]] = field(default_factory=dict)
    available: dict[int, int] = field(default_factory=dict)
    under_way: list[Under] = field(default_factory=list)
    settled: list[Under] = field(default_factory=list)
    came: int = 0
    left: int = 0


class Clinics(RuleBasedStateMachine):
    """Drives the services of three locations."""

    scopes: tuple[Scope, ...]
    examples = 0

    def __init__(self) -> None:
        super().__init__()
        type(self).examples += 1
        self.mark = f"X{type(self).examples}"
        self.model = Model()

    @rule(place=PLACES, lot=st.sampled_from(LOTS), doses=st.integers(20, 60), back=EARLY)
    def add(self, place: int, lot: str, doses: int, back: int) -> None:
        lot = f"{self.mark}{lot}"
        known = [
            n for n, (where, what) in self.model.records.items() if (where, what) == (place, lot)
        ]
        record = stock.add(
            self.scopes[place],
            lot=lot,
            name=f"{lot} at {place}",
            doses=doses,
            received_on=stock.day(back),
            duplicate=str(known[0]) if known else "",
            confirmed=True,
        )
        self.model.records[record] = (place, lot)
        self.model.available[record] = self.model.available.get(record, 0) + doses
        self.model.came += doses

    @precondition(lambda self: self.model.records)
    @rule(kind=st.sampled_from([*LEAVING, Kind.ADJUSTED]), doses=FEW, back=BACK, data=st.data())
    def post(self, kind: Kind, doses: int, back: int, data: Any) -> None:
        record = data.draw(st.sampled_from([*self.model.records]))
        place, _lot = self.model.records[record]
        try:
            stock.post(self.scopes[place], record, kind, doses, back=back)
        except Invalid:
            return
        sign = 1 if kind is Kind.ADJUSTED else -1
        self.model.available[record] += sign * doses
        if kind is Kind.ADJUSTED:
            self.model.came += doses
        else:
            self.model.left += doses

    @precondition(lambda self: self.model.records)
    @rule(doses=FEW, further=st.sampled_from((1, 2, 1, 2, 0)), back=BACK, data=st.data())
    def send(self, doses: int, further: int, back: int, data: Any) -> None:
        record = data.draw(st.sampled_from([*self.model.records]))
        place, _lot = self.model.records[record]
        to = (place + further) % 3
        sending = Sending(
            lines=[Chosen(record, doses)],
            to_location_id=self.scopes[to].location_id,
            sent_on=stock.day(back),
            reason="surplus",
        )
        try:
            with unit_of_work():
                sent = services.send(self.scopes[place], sending)
                made = Under(sent.transfer.id, sent.lines[0].row.id, record, to, doses, back)
        except Invalid:
            assert to == place or doses > self.model.available[record] or back
            return
        assert to != place
        self.model.available[record] -= doses
        self.model.under_way.append(made)

    @precondition(lambda self: self.model.under_way)
    @rule(
        missing=st.sampled_from((0, 0, 1, 2, 9)),
        reason=st.sampled_from(LOSSES),
        back=st.sampled_from((0, 0, 0, 1, 3)),
        data=st.data(),
    )
    def receive(self, missing: int, reason: str, back: int, data: Any) -> None:
        under = data.draw(st.sampled_from(self.model.under_way))
        missing = min(missing, under.doses)
        receipt = Receipt(
            line_id=under.line,
            received_on=stock.day(back),
            doses=under.doses - missing,
            reason=reason if missing else "",
        )
        try:
            with unit_of_work():
                target = services.receive(self.scopes[under.to], receipt).id
                lot = session().get_one(VaccineInventory, target).lot
        except Invalid:
            nothing = missing == under.doses and reason == "miscounted"
            assert back > under.sent_back or nothing
            return
        self.model.under_way.remove(under)
        self.model.settled.append(under)
        self.model.records[target] = (under.to, lot)
        self.model.available.setdefault(target, 0)
        self.model.available[target] += under.doses - missing
        if reason == "miscounted":
            self.model.available[under.source] += missing
        else:
            self.model.left += missing

    @precondition(lambda self: self.model.under_way)
    @rule(cancelled=st.booleans(), data=st.data())
    def send_back(self, cancelled: bool, data: Any) -> None:
        under = data.draw(st.sampled_from(self.model.under_way))
        place, _lot = self.model.records[under.source]
        with unit_of_work():
            if cancelled:
                services.cancel(self.scopes[place], under.transfer, note="x")
            else:
                services.refuse(self.scopes[under.to], under.transfer, note="x")
        self.model.under_way.remove(under)
        self.model.settled.append(under)
        self.model.available[under.source] += under.doses

    @precondition(lambda self: self.model.settled)
    @rule(data=st.data())
    def settle_twice(self, data: Any) -> None:
        under = data.draw(st.sampled_from(self.model.settled))
        receipt = Receipt(line_id=under.line, received_on=stock.day(), doses=1)
        with pytest.raises(Conflict), unit_of_work():
            services.receive(self.scopes[under.to], receipt)

    @precondition(lambda self: self.model.records)
    @rule(which=st.integers(0, 20), data=st.data())
    def reverse(self, which: int, data: Any) -> None:
        record = data.draw(st.sampled_from([*self.model.records]))
        place, _lot = self.model.records[record]
        with unit_of_work(write=False):
            entries = [
                (entry.id, entry.kind, entry.doses)
                for entry in session().scalars(
                    select(DoseEntry).where(DoseEntry.inventory_id == record).order_by(DoseEntry.id)
                )
            ]
        number, kind, doses = entries[which % len(entries)]
        try:
            with unit_of_work():
                corrections.reverse(self.scopes[place], number, note="mistake")
        except PortalError:
            return
        assert kind in {"wasted", "returned", "adjusted"}
        if kind == "adjusted":
            self.model.available[record] -= doses
            self.model.came -= doses
        else:
            self.model.available[record] += doses
            self.model.left -= doses

    @invariant()
    def every_dose_is_somewhere(self) -> None:
        with unit_of_work(write=False):
            sums = dict(
                zip(
                    COUNTERS,
                    session()
                    .execute(
                        select(
                            *(
                                func.coalesce(func.sum(getattr(VaccineInventory, name)), 0)
                                for name in COUNTERS
                            )
                        ).where(VaccineInventory.id.in_(self.model.records))
                    )
                    .one(),
                    strict=True,
                )
            )
            found = session().execute(
                select(VaccineInventory.id, VaccineInventory.doses_available).where(
                    VaccineInventory.id.in_(self.model.records)
                )
            )
            available = {row.id: row.doses_available for row in found}
        assert available == self.model.available
        under_way = sum(under.doses for under in self.model.under_way)
        left = sums["doses_administered"] + sums["doses_wasted"] + sums["doses_returned"]
        assert (sums["doses_in_transit"], left) == (under_way, self.model.left)
        came = sums["doses_total"] - sums["doses_transferred_in"]
        assert came == self.model.came
        # SPEC E4: shipped in = available + administered + wasted + returned + in transit.
        assert came == sums["doses_available"] + left + sums["doses_in_transit"]

    def teardown(self) -> None:
        assert stock.wrong() == []
        with unit_of_work(write=False):
            assert list(conserved()) == []


def drive(app: Flask, personas: Personas, *, examples: int) -> None:
    """Run the machine against the application."""
    with app.app_context():
        scopes = [stock.scope_for(personas, who) for who in ("manager_a", "manager_b")]
        scopes.append(stock.scope_at(personas, "manager_ab", "C"))
        machine = type("Machine", (Clinics,), {"scopes": tuple(scopes)})
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
def test_doses_over_all_locations_are_conserved(
    app: Flask, personas: Personas, database_kind: str
) -> None:
    drive(app, personas, examples=few(database_kind, full=45))


@pytest.mark.thorough
@pytest.mark.timeout(300)
def test_the_machine_would_notice_missing_doses_that_nobody_books(
    app: Flask, personas: Personas, monkeypatch: pytest.MonkeyPatch
) -> None:
    reverse = ledger.reverse

    def forget(actor: Any, entry_id: int, *, reason: str = "", **more: Any) -> Any:
        return None if reason in MISSING else reverse(actor, entry_id, reason=reason, **more)

    monkeypatch.setattr(services, "came_back", lambda sent, received, _reason: sent - received)
    monkeypatch.setattr(ledger, "reverse", forget)
    with pytest.raises(AssertionError):
        drive(app, personas, examples=400)
