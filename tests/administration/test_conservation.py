"""Giving, editing, removing, wasting, sending and counting at random, beside a model that is too
simple to be wrong: no dose is lost, none is made (SPEC E4)."""

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

from blueprints.administration import correcting
from blueprints.administration.correcting import change_lot, edit, injection_of, remove
from blueprints.administration.queries import get_given
from blueprints.inventory.correcting import services as corrections
from blueprints.inventory.leaving.selection import Chosen
from blueprints.inventory.models import VaccineInventory
from blueprints.inventory.rules import DocumentKind
from blueprints.transfers.services import Receipt, Sending, receive, send
from blueprints.wastage.services import Loss, record_loss
from portal.access.scope import Scope
from portal.catalog.services import load_products
from portal.db import session, unit_of_work
from portal.errors import PortalError
from tests.administration import chair
from tests.appointments.booking import person
from tests.effort import few
from tests.inventory import stock
from tests.personas import Personas

pytestmark = pytest.mark.slow("goes through many cases that a machine draws")

BACK = st.sampled_from((0, 0, 1, 3))


@dataclass
class Dose:
    """A dose that was given, as the model knows it."""

    record: int
    version: int = 1
    removed: bool = False


@dataclass
class Model:
    """Doses available and given by record, and what came and left."""

    available: dict[int, int] = field(default_factory=dict)
    given: dict[int, int] = field(default_factory=dict)
    place: dict[int, int] = field(default_factory=dict)
    doses: dict[int, Dose] = field(default_factory=dict)
    came: int = 0
    lost: int = 0


class Chairs(RuleBasedStateMachine):
    """Drives the services of two locations."""

    scopes: tuple[Scope, ...]
    examples = 0

    def __init__(self) -> None:
        super().__init__()
        type(self).examples += 1
        self.mark = f"M{type(self).examples}"
        self.model = Model()
        self.people = 0

    def record(self, data: Any, place: int | None = None) -> int:
        known = [r for r, where in self.model.place.items() if place in (None, where)]
        return data.draw(st.sampled_from(known)) if known else 0

    @rule(place=st.integers(0, 1), doses=st.integers(1, 6))
    def add(self, place: int, doses: int) -> None:
        number = len(self.model.available)
        made = chair.lot(self.scopes[place], f"{self.mark}L{number}", doses)
        self.model.available[made] = doses
        self.model.given[made] = 0
        self.model.place[made] = place
        self.model.came += doses

    @precondition(lambda self: self.model.available)
    @rule(back=BACK, data=st.data())
    def give(self, back: int, data: Any) -> None:
        record = self.record(data)
        scope = self.scopes[self.model.place[record]]
        self.people += 1
        arrival = chair.arrived(scope, person(scope, f"{self.mark}P{self.people}"))
        given_at = chair.ago(back) if back else None
        try:
            made = chair.gave(scope, arrival, record, given_at=given_at)
        except PortalError:
            assert not self.model.available[record] or back
            return
        self.model.available[record] -= 1
        self.model.given[record] += 1
        self.model.doses[made] = Dose(record)

    @precondition(lambda self: self.model.doses)
    @rule(back=BACK, site=st.sampled_from(("LD", "RD")), data=st.data())
    def edit(self, back: int, site: str, data: Any) -> None:
        number = data.draw(st.sampled_from([*self.model.doses]))
        dose = self.model.doses[number]
        scope = self.scopes[self.model.place[dose.record]]
        try:
            with unit_of_work():
                known = injection_of(get_given(scope, number))
                values = {name: getattr(known, name) for name in known.__dataclass_fields__}
                values |= {"site": site, "given_at": chair.ago(back)}
                edit(scope, number, type(known)(**values), why="typo", seen=dose.version)
        except PortalError:
            assert dose.removed or back
            return
        assert not dose.removed
        dose.version += 1

    @precondition(lambda self: self.model.doses)
    @rule(data=st.data())
    def change(self, data: Any) -> None:
        number = data.draw(st.sampled_from([*self.model.doses]))
        dose = self.model.doses[number]
        place = self.model.place[dose.record]
        to = self.record(data, place)
        try:
            with unit_of_work():
                change_lot(self.scopes[place], number, to, why="vial", seen=dose.version)
        except PortalError:
            return
        assert not dose.removed
        assert to != dose.record
        for record, sign in ((dose.record, 1), (to, -1)):
            self.model.available[record] += sign
            self.model.given[record] -= sign
        dose.record, dose.version = to, dose.version + 1

    @precondition(lambda self: self.model.doses)
    @rule(data=st.data())
    def remove(self, data: Any) -> None:
        number = data.draw(st.sampled_from([*self.model.doses]))
        dose = self.model.doses[number]
        scope = self.scopes[self.model.place[dose.record]]
        try:
            with unit_of_work():
                remove(scope, number, reason="mistake", seen=dose.version)
        except PortalError:
            assert dose.removed
            return
        assert not dose.removed
        dose.removed, dose.version = True, dose.version + 1
        self.model.available[dose.record] += 1
        self.model.given[dose.record] -= 1

    @precondition(lambda self: self.model.available)
    @rule(doses=st.integers(1, 2), data=st.data())
    def waste(self, doses: int, data: Any) -> None:
        record = self.record(data)
        loss = Loss(
            kind=DocumentKind.WASTAGE,
            lines=[Chosen(record, doses)],
            happened_on=stock.day(),
            reason="broken",
            vial="closed",
        )
        try:
            with unit_of_work():
                record_loss(self.scopes[self.model.place[record]], loss)
        except PortalError:
            assert doses > self.model.available[record]
            return
        self.model.available[record] -= doses
        self.model.lost += doses

    @precondition(lambda self: self.model.available)
    @rule(data=st.data())
    def count_one_more(self, data: Any) -> None:
        """A count that finds a dose more than was expected adjusts the record."""
        record = self.record(data)
        wanted = corrections.Adjustment(
            inventory_id=record,
            doses=1,
            happened_on=stock.day(),
            reason="found",
            confirmed=True,
        )
        with unit_of_work():
            corrections.adjust(self.scopes[self.model.place[record]], wanted)
        self.model.available[record] += 1
        self.model.came += 1

    @precondition(lambda self: self.model.available)
    @rule(data=st.data())
    def send_and_receive(self, data: Any) -> None:
        record = self.record(data)
        place = self.model.place[record]
        other = self.scopes[1 - place]
        sending = Sending(
            lines=[Chosen(record, 1)],
            to_location_id=other.location_id,
            sent_on=stock.day(),
            reason="surplus",
        )
        try:
            with unit_of_work():
                line = send(self.scopes[place], sending).lines[0].row.id
        except PortalError:
            assert not self.model.available[record]
            return
        with unit_of_work():
            receipt = Receipt(line_id=line, received_on=stock.day(), doses=1, reason="")
            target = receive(other, receipt).id
        self.model.available[record] -= 1
        self.model.available[target] = self.model.available.get(target, 0) + 1
        self.model.given.setdefault(target, 0)
        self.model.place[target] = 1 - place

    @invariant()
    def every_dose_is_somewhere(self) -> None:
        with unit_of_work(write=False):
            rows = {
                record.id: (record.doses_available, record.doses_administered)
                for record in session().query(VaccineInventory)
                if record.id in self.model.available
            }
        assert rows == {
            record: (available, self.model.given[record])
            for record, available in self.model.available.items()
        }
        left = sum(self.model.available.values()) + sum(self.model.given.values())
        assert self.model.came == left + self.model.lost

    def teardown(self) -> None:
        assert chair.wrong() == []


def drive(app: Flask, personas: Personas, *, examples: int) -> None:
    """Run the machine against the application."""
    with app.app_context():
        with unit_of_work():
            load_products()
        scopes = tuple(stock.scope_for(personas, who) for who in ("manager_a", "manager_b"))
        machine = type("Machine", (Chairs,), {"scopes": scopes})
        run_state_machine_as_test(
            machine,
            settings=settings(
                max_examples=examples,
                stateful_step_count=20,
                deadline=None,
                database=None,
                phases=[Phase.generate],
                suppress_health_check=list(HealthCheck),
            ),
        )


@pytest.mark.both_databases
@pytest.mark.timeout(300)
def test_doses_are_conserved_whatever_is_given_and_corrected(
    app: Flask, personas: Personas, database_kind: str
) -> None:
    drive(app, personas, examples=few(database_kind, full=40))


@pytest.mark.timeout(300)
def test_the_machine_would_notice_a_lot_that_gets_nothing_back(
    app: Flask, personas: Personas, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(correcting, "put_back", lambda *_all, **_named: None)
    with pytest.raises(AssertionError):
        drive(app, personas, examples=60)
