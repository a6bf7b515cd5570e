"""Correcting what was recorded: details, lot, removal; every version stays (SPEC G9)."""

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DatabaseError

from blueprints.administration.correcting import Corrected, change_lot, edit, injection_of, remove
from blueprints.administration.queries import get_given, lots_offered
from blueprints.administration.telling import still_removed
from blueprints.appointments.rules import State
from blueprints.inventory.models import Quarantine, VaccineInventory
from blueprints.recipients.models import Recipient
from portal.access.scope import Scope
from portal.clock import now
from portal.db import unit_of_work
from portal.errors import AtAnotherLocation, Conflict, Invalid, NotFound
from portal.messages.models import Message
from tests.administration import chair
from tests.appointments import booking
from tests.appointments.booking import booked, offered, person, slot_at, status
from tests.inventory import stock


def edited(scope: Scope, vaccination: int, *, seen: int = 1, **changes: Any) -> Corrected:
    """Edit a dose in a unit of its own."""
    with unit_of_work():
        known = injection_of(get_given(scope, vaccination))
        values = {name: getattr(known, name) for name in known.__dataclass_fields__} | changes
        return edit(scope, vaccination, type(known)(**values), why="typed wrong", seen=seen)


def moved(scope: Scope, vaccination: int, record: int, *, seen: int = 1) -> Corrected:
    """Change the lot in a unit of its own."""
    with unit_of_work():
        return change_lot(scope, vaccination, record, why="wrong vial", seen=seen)


def removed(scope: Scope, vaccination: int, *, seen: int = 1) -> Corrected:
    """Remove a dose in a unit of its own."""
    with unit_of_work():
        return remove(scope, vaccination, reason="another person", seen=seen)


def test_details_change_and_the_old_ones_stay_readable(manager: Scope) -> None:
    record = chair.lot(manager)
    made = chair.gave(manager, chair.arrived(manager, person(manager)), record)
    edited(manager, made, site="RD", given_by_id=None, given_by="Dr. Visitor")
    first, second = chair.versions(made)
    assert (first.site, first.given_by, first.why) == ("LD", "Manager A", "")
    assert (second.site, second.given_by, second.why) == ("RD", "Dr. Visitor", "typed wrong")
    assert (chair.left(record), first.entry_id) == ((9, 1), second.entry_id)
    assert chair.wrong() == []


def test_a_dose_that_moves_to_another_day_leaves_its_lot_on_that_day(manager: Scope) -> None:
    record = chair.lot(manager)
    made = chair.gave(manager, chair.arrived(manager, person(manager)), record)
    edited(manager, made, given_at=chair.ago(3))
    assert chair.dose(made).given_on == stock.day(3)
    assert [(kind, doses) for _id, kind, doses in stock.entries(record)][1:] == [
        ("administered", 1),
        ("administered", -1),
        ("administered", 1),
    ]
    assert (chair.left(record), chair.wrong()) == ((9, 1), [])


@pytest.mark.both_databases
def test_one_goes_back_and_one_leaves(manager: Scope) -> None:
    wrong, right = chair.lot(manager, "WRONG"), chair.lot(manager, "RIGHT")
    made = chair.gave(manager, chair.arrived(manager, person(manager)), wrong)
    moved(manager, made, right)
    assert (chair.left(wrong), chair.left(right)) == ((10, 0), (9, 1))
    assert (chair.dose(made).lot_number, chair.wrong()) == ("RIGHT", [])
    assert [version.inventory_id for version in chair.versions(made)] == [wrong, right]


def test_a_lot_that_may_not_be_used_is_not_changed_to(manager: Scope) -> None:
    record, held = chair.lot(manager, "OK"), chair.lot(manager, "HELD")
    made = chair.gave(manager, chair.arrived(manager, person(manager)), record)
    with unit_of_work() as session:
        session.get_one(VaccineInventory, held).quarantined = True
    with pytest.raises(Invalid, match="quarantine"):
        moved(manager, made, held)
    with pytest.raises(Invalid, match="lot it has already"):
        moved(manager, made, record)
    assert chair.left(record) == (9, 1)


@pytest.mark.both_databases
def test_an_old_record_keeps_its_lot_although_that_expired_since(manager: Scope) -> None:
    """Situation 15."""
    record = chair.lot(manager, expiration_date=stock.day(1), expiration_month_only=False)
    arrival = chair.arrived(manager, person(manager))
    made = chair.gave(manager, arrival, record, given_at=chair.ago(2))
    with unit_of_work(write=False):
        assert lots_offered(manager, manager.today()) == []
        offered_now = lots_offered(manager, manager.today(), keep=record)
        assert [one.record.id for one in offered_now] == [record]
    edited(manager, made, site="RT")
    assert chair.versions(made)[-1].site == "RT"
    with pytest.raises(Invalid, match="expired"):
        edited(manager, made, given_at=now(), seen=2)


@pytest.mark.both_databases
def test_removing_puts_the_dose_back_and_opens_the_appointment(manager: Scope) -> None:
    offered(manager)
    record, recipient = chair.lot(manager), person(manager)
    appointment = booked(manager, recipient, slot_at(manager.location_id, 2))
    arrival = chair.arrived(manager, recipient, appointment)
    made = chair.gave(manager, arrival, record)
    second = booked(manager, recipient, slot_at(manager.location_id, 30))
    assert status(recipient) == "dose_2_scheduled"
    done = removed(manager, made)
    assert (chair.left(record), chair.state_of(arrival)) == ((10, 0), "waiting")
    assert chair.dose(made).state == "entered_in_error"
    assert booking.appointment(appointment).state == State.NEW
    assert [each.id for each in done.canceled] == [second]
    assert booking.appointment(second).cancel_reason == "Dose 1 is due next."
    assert (status(recipient), chair.wrong()) == ("dose_1_scheduled", [])
    assert [version.state for version in chair.versions(made)] == ["given", "removed"]
    # What was told and has not left is taken back.
    told = [each for each in booking.messages() if each.kind == "vaccination_given"]
    assert {each.state for each in told} == {"cancelled"}
    # The dose can be recorded again, for the right day.
    again = chair.gave(manager, arrival, record)
    assert (again != made, chair.left(record), chair.wrong()) == (True, (9, 1), [])


def test_a_second_dose_that_would_be_too_early_is_canceled(manager: Scope) -> None:
    offered(manager)
    record, recipient = chair.lot(manager), person(manager)
    arrival = chair.arrived(manager, recipient)
    made = chair.gave(manager, arrival, record, given_at=chair.ago(20))
    second = booked(manager, recipient, slot_at(manager.location_id, 10))
    done = edited(manager, made, given_at=chair.ago(1))
    assert [each.id for each in done.canceled] == [second]
    assert "first possible day" in booking.appointment(second).cancel_reason
    assert (status(recipient), chair.wrong()) == ("dose_1_administered", [])


def test_a_removed_record_is_removed_once(manager: Scope) -> None:
    record = chair.lot(manager)
    made = chair.gave(manager, chair.arrived(manager, person(manager)), record)
    removed(manager, made)
    for again in (removed, lambda *a, **k: edited(*a, site="RD", **k)):
        with pytest.raises(Conflict, match="removed already"):
            again(manager, made, seen=2)
    assert chair.left(record) == (10, 0)


def test_somebody_elses_change_is_not_written_over(manager: Scope) -> None:
    record = chair.lot(manager)
    made = chair.gave(manager, chair.arrived(manager, person(manager)), record)
    edited(manager, made, site="RD")
    with pytest.raises(Conflict, match="Someone else changed"):
        edited(manager, made, site="LT", seen=1)
    assert chair.versions(made)[-1].site == "RD"


@pytest.mark.both_databases
def test_providers_correct_their_own_of_today(manager: Scope, provider: Scope) -> None:
    record = chair.lot(manager)
    own = chair.gave(provider, chair.arrived(provider, person(manager, "One")), record)
    other = chair.gave(manager, chair.arrived(manager, person(manager, "Two")), record)
    edited(provider, own, site="RD")
    with pytest.raises(Conflict, match="own records of today"):
        edited(provider, other, site="RD")
    with unit_of_work() as session:
        yesterday = now() - timedelta(days=1)
        session.execute(
            text("UPDATE vaccination SET recorded_at = :at WHERE id = :id"),
            {"at": yesterday, "id": own},
        )
    with pytest.raises(Conflict, match="own records of today"):
        edited(provider, own, site="LT", seen=2)
    edited(manager, own, site="LT", seen=2)


def test_never_across_locations(manager: Scope, manager_b: Scope) -> None:
    record, theirs = chair.lot(manager), chair.lot(manager_b, "THEIRS")
    made = chair.gave(manager, chair.arrived(manager, person(manager)), record)
    with pytest.raises(NotFound):
        removed(manager_b, made)
    with pytest.raises((NotFound, AtAnotherLocation)):
        moved(manager, made, theirs)
    assert (chair.left(record), chair.left(theirs)) == ((9, 1), (10, 0))


@pytest.mark.both_databases
@pytest.mark.parametrize(
    "statement", ["UPDATE administration SET site = 'RD'", "DELETE FROM administration"]
)
def test_the_database_refuses_to_change_a_version(manager: Scope, statement: str) -> None:
    chair.gave(manager, chair.arrived(manager, person(manager)), chair.lot(manager))
    with pytest.raises(DatabaseError, match="append-only"), unit_of_work() as session:
        session.execute(text(statement))


@pytest.mark.both_databases
def test_the_check_finds_what_was_changed_by_hand(manager: Scope) -> None:
    record = chair.lot(manager)
    made = chair.gave(manager, chair.arrived(manager, person(manager)), record)
    (version,) = chair.versions(made)
    stock.reverse(manager, version.entry_id)
    with unit_of_work() as session:
        session.execute(text("UPDATE vaccination SET lot_number = 'X'"))
    said = chair.wrong()
    assert f"Vaccination {made}: its dose is not right in the ledger." in said
    assert f"Vaccination {made} does not say what its newest version says." in said


def test_an_old_override_does_not_cover_a_new_stop_of_its_kind(manager: Scope) -> None:
    record = chair.lot(manager)
    recipient = person(manager)
    chair.gave(manager, chair.arrived(manager, recipient), record, given_at=chair.ago(10))
    second = chair.gave(
        manager,
        chair.arrived(manager, recipient),
        record,
        dose_number=2,
        override="The physician ordered it",
        seen=("too_early",),
    )
    # The same stop as before: nobody is asked once more.
    edited(manager, second, site="RD")
    assert chair.versions(second)[-1].override_of == "too_early"
    # On another day it is another stop.
    with pytest.raises(Conflict, match="Too early"):
        edited(manager, second, seen=2, given_at=chair.ago(5))


def test_whoever_was_told_of_a_dose_is_told_that_it_was_removed(manager: Scope) -> None:
    record = chair.lot(manager)
    told, unsent = (
        chair.gave(manager, chair.arrived(manager, person(manager, name, language="es")), record)
        for name in ("Told", "Unsent")
    )
    with unit_of_work() as session:
        (message,) = session.query(Message).filter_by(about=f"vaccination:{told}")
        message.state = "sent"
        message.sent_at = now()
    assert not removed(manager, told).to_call
    assert not removed(manager, unsent).to_call
    (message,) = [each for each in booking.messages() if each.kind == "vaccination_removed"]
    assert (message.about, message.language) == (f"vaccination:{told}", "es")
    with unit_of_work(write=False):
        assert still_removed(message.about, message.context)


@pytest.mark.both_databases
def test_whoever_was_told_and_gets_no_messages_any_more_is_to_be_called(manager: Scope) -> None:
    recipient = person(manager)
    made = chair.gave(manager, chair.arrived(manager, recipient), chair.lot(manager))
    with unit_of_work() as session:
        (message,) = session.query(Message).filter_by(about=f"vaccination:{made}")
        message.state = "sent"
        message.sent_at = now()
        session.get_one(Recipient, recipient).contact_by = "none"
    assert removed(manager, made).to_call
    assert "vaccination_removed" not in {each.kind for each in booking.messages()}


@pytest.mark.both_databases
def test_the_day_of_a_dose_given_before_its_lot_was_held_can_be_corrected(manager: Scope) -> None:
    record = chair.lot(manager)
    arrival = chair.arrived(manager, person(manager))
    made = chair.gave(manager, arrival, record, given_at=chair.ago(3))
    with unit_of_work() as session:
        found = session.get_one(VaccineInventory, record)
        hold = Quarantine(
            location_id=manager.location_id,
            product_id=found.product_id,
            product_name=found.product_name,
            lot=found.lot,
            lot_key=found.lot_key,
            reason="temperature",
            placed_at=chair.ago(1),
            placed_by_id=manager.user.id,
        )
        session.add(hold)
        found.quarantined = True
    edited(manager, made, given_at=chair.ago(2))
    assert chair.dose(made).given_on == stock.day(2)
    with pytest.raises(Invalid, match="quarantine"):
        edited(manager, made, seen=2, given_at=chair.ago(0))
    assert (chair.left(record), chair.wrong()) == ((9, 1), [])


def test_a_dose_number_beyond_the_series_is_not_corrected_to_without_a_word(manager: Scope) -> None:
    made = chair.gave(manager, chair.arrived(manager, person(manager)), chair.lot(manager))
    with pytest.raises(Conflict, match="Check the dose number: 3"):
        edited(manager, made, dose_number=3)
    assert chair.dose(made).dose_number == 1
