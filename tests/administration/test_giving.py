"""Giving a dose: one transaction, exactly the chosen lot (SPEC G9, G10)."""

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
import time_machine
from flask import Flask

from blueprints.administration import services
from blueprints.administration.services import give
from blueprints.appointments.rules import State
from blueprints.checkin.models import Arrival
from blueprints.checkin.services import undo
from blueprints.inventory.models import VaccineInventory
from blueprints.recipients.models import RecipientLocation
from portal.access.scope import Scope
from portal.db import unit_of_work
from portal.errors import Conflict, Forbidden, Invalid, NotFound
from portal.messages.models import Message, MessageState
from tests.administration import chair
from tests.appointments import booking
from tests.appointments.booking import booked, offered, person, slot_at, status
from tests.inventory import stock
from tests.inventory.stock import scope_for
from tests.personas import Personas
from tests.statements import watched

FLU = "FLUZONE-TIV-PFS-2526"


@pytest.mark.both_databases
def test_a_dose_leaves_exactly_the_chosen_lot(manager: Scope, provider: Scope) -> None:
    offered(manager)
    other, mine = chair.lot(manager, "EARLY"), chair.lot(manager, "MINE")
    recipient = person(manager)
    appointment = booked(manager, recipient, slot_at(manager.location_id, 2))
    arrival = chair.arrived(provider, recipient, appointment)
    made = chair.gave(provider, arrival, mine)
    assert (chair.left(mine), chair.left(other)) == ((9, 1), (10, 0))
    given = chair.dose(made)
    assert (given.lot_number, given.dose_number, given.source) == ("MINE", 1, "here")
    assert given.expiration_date == stock.FAR
    assert booking.appointment(appointment).state == State.CLOSED
    assert (status(recipient), chair.state_of(arrival)) == ("dose_1_administered", "observing")
    (version,) = chair.versions(made)
    assert (version.inventory_id, version.version, version.back_dated) == (mine, 1, False)
    assert (version.appointment_id, version.given_by) == (appointment, "Provider A")
    assert version.screening.count('"no"') >= 5
    assert chair.wrong() == []


def test_reminders_are_taken_back_and_the_dose_is_told(manager: Scope) -> None:
    offered(manager)
    recipient = person(manager, language="es")
    appointment = booked(manager, recipient, slot_at(manager.location_id, 2))
    chair.gave(manager, chair.arrived(manager, recipient, appointment), chair.lot(manager))
    waiting = {
        (message.kind, message.state)
        for message in booking.messages()
        if message.state not in (MessageState.SENT, MessageState.CANCELLED)
    }
    assert {kind for kind, _state in waiting} == {"vaccination_given"}
    (told,) = [each for each in booking.messages() if each.kind == "vaccination_given"]
    assert (told.language, told.context["dose"], told.context["next_dose"]) == ("es", 1, 2)


@pytest.mark.both_databases
def test_what_is_booked_and_does_not_fit_any_more_is_canceled(manager: Scope) -> None:
    offered(manager)
    recipient = person(manager)
    slot = slot_at(manager.location_id, 3)
    later = booked(manager, recipient, slot)
    before = booking.taken(slot)
    chair.gave(manager, chair.arrived(manager, recipient), chair.lot(manager))
    canceled = booking.appointment(later)
    assert (canceled.state, canceled.cancel_reason) == (State.CANCELED, "Dose 2 is due next.")
    assert booking.taken(slot) == before - 1
    assert "appointment_canceled" in {message.kind for message in booking.messages()}
    assert chair.wrong() == []


@pytest.mark.both_databases
def test_twice_is_once(manager: Scope) -> None:
    record = chair.lot(manager)
    arrival = chair.arrived(manager, person(manager))
    chair.gave(manager, arrival, record)
    with pytest.raises(Conflict, match="was recorded already"):
        chair.gave(manager, arrival, record, dose_number=2)
    assert chair.left(record) == (9, 1)


def test_a_check_in_that_was_undone_gets_no_dose(manager: Scope) -> None:
    record, arrival = chair.lot(manager), chair.arrived(manager, person(manager))
    with unit_of_work():
        undo(manager, arrival)
    with pytest.raises(Conflict):
        chair.gave(manager, arrival, record)
    assert chair.left(record) == (10, 0)


def test_a_lot_that_was_held_or_used_up_since_gives_nothing(manager: Scope) -> None:
    record, arrival = chair.lot(manager, doses=10), chair.arrived(manager, person(manager))
    with unit_of_work() as session:
        session.get_one(VaccineInventory, record).quarantined = True
    with pytest.raises(Invalid, match="quarantine"):
        chair.gave(manager, arrival, record)
    with unit_of_work() as session:
        session.get_one(VaccineInventory, record).quarantined = False
    stock.post(manager, record, stock.Kind.WASTED, 10)
    with pytest.raises(Invalid, match="Only 0 doses"):
        chair.gave(manager, arrival, record)
    assert (chair.left(record), chair.state_of(arrival)) == ((0, 0), "waiting")


def test_an_expired_lot_gives_a_dose_of_a_day_before_it_expired_only(manager: Scope) -> None:
    record = chair.lot(manager, expiration_date=stock.day(2), expiration_month_only=False)
    arrival = chair.arrived(manager, person(manager))
    with pytest.raises(Invalid, match="expired on"):
        chair.gave(manager, arrival, record)
    made = chair.gave(manager, arrival, record, given_at=chair.ago(2))
    assert chair.dose(made).given_on == stock.day(2)
    (version,) = chair.versions(made)
    assert (version.back_dated, chair.state_of(arrival)) == (True, "done")


def test_another_locations_lot_or_arrival_is_not_found(manager: Scope, manager_b: Scope) -> None:
    theirs = chair.lot(manager_b, "THEIRS")
    arrival = chair.arrived(manager, person(manager))
    wanted = chair.giving(manager, arrival, theirs)
    with pytest.raises(NotFound), unit_of_work():
        give(manager, wanted)
    with pytest.raises(NotFound), unit_of_work():
        give(manager_b, wanted)
    assert chair.left(theirs) == (10, 0)


def test_read_only_gives_nothing(manager: Scope, personas: Personas) -> None:
    wanted = chair.giving(manager, chair.arrived(manager, person(manager)), chair.lot(manager))
    reader = scope_for(personas, "readonly_a")
    with pytest.raises(Forbidden), unit_of_work():
        give(reader, wanted)


def test_a_stop_is_overridden_by_a_manager_with_a_reason(manager: Scope, provider: Scope) -> None:
    record = chair.lot(manager)
    child = person(manager, "Nina", birth_date=stock.day(365 * 10))
    arrival = chair.arrived(manager, child)
    with pytest.raises(Conflict, match="Only a location manager"):
        chair.gave(provider, arrival, record, override="I may not", seen=("too_young",))
    with pytest.raises(Conflict, match="enter the reason"):
        chair.gave(manager, arrival, record, seen=("too_young",))
    with pytest.raises(Conflict, match="Something has changed"):
        chair.gave(manager, arrival, record, override="Ordered", seen=("too_early",))
    assert chair.left(record) == (10, 0)
    made = chair.gave(manager, arrival, record, override="Ordered", seen=("too_young",))
    (version,) = chair.versions(made)
    assert (version.override_of, version.override_reason) == ("too_young", "Ordered")
    assert version.overridden_by_id == manager.user.id


def test_the_same_dose_number_is_recorded_twice_when_it_was_given_twice(manager: Scope) -> None:
    """Situation 13: false data would be worse."""
    record, recipient = chair.lot(manager), person(manager)
    booking.given(manager, recipient, chair.MODERNA, days_ago=40)
    made = chair.gave(manager, chair.arrived(manager, recipient), record, dose_number=1)
    assert chair.dose(made).dose_number == 1
    assert status(recipient) == "dose_1_administered"


def test_the_location_sees_whom_it_vaccinated(manager: Scope) -> None:
    recipient = person(manager)
    chair.gave(manager, chair.arrived(manager, recipient), chair.lot(manager))
    with unit_of_work(write=False) as session:
        rows = session.query(RecipientLocation).filter_by(recipient_id=recipient).all()
        assert [row.dose_status for row in rows] == ["dose_1_administered"]


def test_a_longer_observation_after_an_allergy(manager: Scope) -> None:
    record, recipient = chair.lot(manager), person(manager)
    arrival = chair.arrived(manager, recipient)
    said = chair.answers(recipient, record, manager.today(), other_allergy="yes")
    chair.gave(manager, arrival, record, answered=said)
    with unit_of_work(write=False) as session:
        found = session.get_one(Arrival, arrival)
        assert found.observe_until is not None
        assert found.vaccinated_at is not None
        assert found.observe_until - found.vaccinated_at == timedelta(minutes=30)


@pytest.mark.both_databases
def test_other_modules_take_part_in_the_transaction(
    manager: Scope, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(slot: str, _scope: Scope, version: object, _vial: str) -> None:
        assert slot == "administration.given"
        raise Conflict("The vial is gone.")

    monkeypatch.setattr(services, "announce", fail)
    record = chair.lot(manager)
    arrival = chair.arrived(manager, person(manager))
    with pytest.raises(Conflict, match="vial is gone"):
        chair.gave(manager, arrival, record)
    assert (chair.left(record), chair.state_of(arrival)) == ((10, 0), "waiting")
    with unit_of_work(write=False) as session:
        assert session.query(Message).filter_by(kind="vaccination_given").count() == 0


def test_a_dose_costs_few_statements(app: Flask, manager: Scope, database_kind: str) -> None:
    offered(manager)
    recipient = person(manager)
    appointment = booked(manager, recipient, slot_at(manager.location_id, 2))
    record = chair.lot(manager)
    wanted = chair.giving(manager, chair.arrived(manager, recipient, appointment), record)
    with watched(app) as seen, unit_of_work():
        give(manager, wanted)
    # Locking a row is a statement of its own where others may write at the same time.
    assert len(seen) <= (29 if database_kind == "sqlite" else 33)


def test_in_the_evening_the_day_is_the_clinic_s(manager: Scope) -> None:
    """8:30 PM in New York, when it is tomorrow in UTC: the lot that expires today is given."""
    today = manager.today()
    evening = datetime.combine(today, time(20, 30), ZoneInfo(manager.place.time_zone))
    assert evening.astimezone(UTC).date() == today + timedelta(days=1)
    with time_machine.travel(evening, tick=False):
        record = chair.lot(manager, expiration_date=today)
        made = chair.gave(manager, chair.arrived(manager, person(manager)), record)
        assert chair.dose(made).given_on == today
        assert chair.left(record) == (9, 1)
        assert chair.wrong() == []
    tomorrow = datetime.combine(today + timedelta(days=1), time(0, 5), evening.tzinfo)
    with time_machine.travel(tomorrow, tick=False):
        arrival = chair.arrived(manager, person(manager, "Late"))
        with pytest.raises(Invalid, match="expired on"):
            chair.gave(manager, arrival, record)


def test_a_flu_shot_leaves_the_booked_first_dose_of_another_vaccine(manager: Scope) -> None:
    offered(manager)
    recipient = person(manager)
    later = booked(manager, recipient, slot_at(manager.location_id, 3))
    chair.gave(manager, chair.arrived(manager, recipient), chair.lot(manager, key=FLU))
    assert booking.appointment(later).state == State.NEW
    assert status(recipient) == "dose_1_scheduled"
    assert chair.wrong() == []


def test_a_first_dose_can_be_booked_after_a_flu_shot(manager: Scope) -> None:
    offered(manager)
    recipient = person(manager)
    chair.gave(manager, chair.arrived(manager, recipient), chair.lot(manager, key=FLU))
    assert status(recipient) == "registered"
    made = booked(manager, recipient, slot_at(manager.location_id, 3))
    assert booking.appointment(made).dose_number == 1
    assert chair.wrong() == []
