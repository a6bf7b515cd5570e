"""What went wrong in other schedulers, by their public bug reports, and the tests that show that it
does not here. A situation is a kind: each has its tests where they belong, or here."""

import importlib
from datetime import date

import pytest
from flask import Flask

from blueprints.appointments.holding import nearest_times
from blueprints.appointments.next_dose import NextDose
from blueprints.appointments.services import hold
from blueprints.recipients.look_alikes import look_alikes
from blueprints.recipients.rules import Details
from blueprints.recipients.self_registering import register_self
from blueprints.scheduling.services import SlotTaken
from portal.access.scope import Scope
from portal.db import unit_of_work
from tests.appointments.booking import booked, day_in, held, offered, person, slot_at
from tests.recipients.people import details

HERE = "appointments.test_situations"

SITUATIONS = {
    # Two people confirm the last place at once; the other is offered other times.
    1: (
        "scheduling.test_races:test_one_place_goes_to_one",
        "scheduling.test_races:test_37_places_in_five_slots_go_to_37",
        "appointments.test_races:test_places_go_to_as_many_as_there_are",
        f"{HERE}:test_who_comes_too_late_is_offered_other_times",
    ),
    # Two unconfirmed requests for one place.
    2: (
        "appointments.test_holding:test_a_place_held_too_long_goes_to_the_next_who_asks",
        "appointments.test_races:test_a_late_confirmation_and_new_holds_share_nothing",
        f"{HERE}:test_a_place_that_is_held_is_not_free",
    ),
    # Weekly hours across a clock change.
    3: (
        "scheduling.test_rules:test_a_clinic_opens_at_the_same_hour_on_both_sides_of_a_change",
        "scheduling.test_rules:test_random_schedules_over_60_days_are_those_of_a_slow_plain_model",
    ),
    # The minimum notice ends on the day of a clock change.
    4: ("scheduling.test_queries:test_notice_over_a_clock_change_is_counted_in_hours_that_pass",),
    # Hours are shortened over bookings.
    5: (
        "scheduling.test_services:test_bookings_without_a_place_are_told_before_anything_is_saved",
        (
            "scheduling.test_set_up:"
            "test_what_is_booked_is_named_before_it_is_saved_and_listed_afterwards"
        ),
        "appointments.test_told:test_a_closed_day_is_moved_to_another_with_everybody_told",
    ),
    # An appointment is canceled, by whatever way, and its reminder still goes.
    6: (
        "appointments.test_messages:test_nothing_is_said_of_a_canceled_or_closed_appointment",
        "appointments.test_messages:test_whoever_sends_asks_whether_it_is_still_true",
    ),
    # An appointment is moved, and the reminder of the old time still goes.
    7: (
        (
            "appointments.test_messages:"
            "test_a_change_takes_back_what_was_said_and_keeps_the_calendar_entry"
        ),
    ),
    # A virus scanner opens the link that cancels.
    8: (
        "visitors.test_links:test_opening_a_link_shows_its_record_and_writes_nothing_but_the_note",
        (
            "appointments.test_own_appointment:"
            "test_canceling_takes_a_button_and_tells_what_became_of_older_links"
        ),
    ),
    # People are merged, and something stays with the one who is gone.
    9: (
        "recipients.test_merging:test_every_foreign_key_to_a_recipient_is_moved_or_dealt_with",
        "recipients.test_merging:test_merging_moves_everything_and_undoing_moves_it_back",
        "recipients.test_merging:test_messages_follow_who_they_are_about_and_come_back",
    ),
    # People without a phone or number are taken for each other, or come several times.
    10: (
        "recipients.test_rules:test_who_looks_alike",
        f"{HERE}:test_what_is_blank_makes_nobody_equal",
    ),
    # Double, hyphenated or accented names are not found.
    11: ("recipients.test_finding:test_any_usual_way_of_writing_finds",),
}


@pytest.mark.parametrize("number", range(1, 12))
def test_each_situation_has_its_tests(number: int) -> None:
    for name in SITUATIONS[number]:
        module, _colon, test = name.partition(":")
        assert callable(getattr(importlib.import_module(f"tests.{module}"), test))


def test_who_comes_too_late_is_offered_other_times(scope: Scope) -> None:
    offered(scope, places=1)
    slot = slot_at(scope.location_id, 2)
    booked(scope, person(scope), slot)
    late = person(scope, "José", "Madeup")
    with pytest.raises(SlotTaken), unit_of_work():
        hold(recipient_id=late, slot_id=slot, actor=scope.user)
    with unit_of_work(write=False):
        others = nearest_times(slot, NextDose(1, None, None))
    assert len(others) == 4
    assert {day for day, _time in others} <= {day_in(1), day_in(2), day_in(3)}
    assert slot not in {time.slot_id for _day, time in others}


def test_a_place_that_is_held_is_not_free(scope: Scope) -> None:
    offered(scope, places=1)
    slot = slot_at(scope.location_id, 2)
    held(scope, person(scope), slot)
    other = person(scope, "José", "Madeup")
    with pytest.raises(SlotTaken), unit_of_work():
        hold(recipient_id=other, slot_id=slot, actor=scope.user)


def test_what_is_blank_makes_nobody_equal(app: Flask, scope: Scope) -> None:
    """Neither a blank phone, e-mail or ZIP code nor all of them."""
    silent = {"email": "", "contact_by": "none", "agrees_to_reminders": False}
    person(scope, "Ann", "Sample", birth_date=date(1950, 1, 31), **silent)
    with unit_of_work(write=False):
        other_day = details("Ann", "Sample", birth_date=date(1951, 2, 1))
        assert look_alikes(scope, other_day) == []
        assert look_alikes(scope, details("Bert", "Model")) == []
    with unit_of_work():
        by_mail, by_phone, again = (
            register_self(
                Details(
                    first_name="Cid",
                    last_name="Sample",
                    birth_date=date(1960, 4, 5),
                    contact_by="none",
                    **contact,
                ),
                people_a_day=9,
            ).recipient.id
            for contact in (
                {"email": "cid@example.org"},
                {"mobile_phone": "252-555-0100"},
                {"email": "cid@example.org"},
            )
        )
    assert by_mail == again != by_phone
