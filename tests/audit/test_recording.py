"""What goes into the trail, when, and what never does."""

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from flask import Flask
from sqlalchemy import func, select, text
from sqlalchemy.exc import DBAPIError

from portal import db as database
from portal.access.profiles import Profile
from portal.access.scope import Actor, Place, Scope
from portal.audit.models import AuditEntry, AuditHead
from portal.audit.services import record, viewed
from portal.audit.verify import verify
from portal.db import session, unit_of_work
from portal.places.models import Organization
from tests.statements import watched

ACTOR = Actor(
    id=7, username="jane.doe", full_name="Jane Doe", email="j@example.org", profile=Profile.MANAGER
)


def note(number: int = 1, **more: object) -> None:
    record(ACTOR, "lot.changed", subject="lot", subject_id=number, location_id=3, **more)  # type: ignore[arg-type]


def note_and_fail(number: int = 1) -> None:
    note(number)
    raise RuntimeError


def entries() -> list[AuditEntry]:
    with unit_of_work(write=False) as current:
        found = list(current.scalars(select(AuditEntry).order_by(AuditEntry.number)))
        current.expunge_all()
        return found


@pytest.fixture(autouse=True)
def context(app: Flask):
    with app.app_context():
        yield


def test_an_entry_says_who_did_what_to_what_and_how_it_was_before() -> None:
    before = datetime.now(UTC)
    with unit_of_work():
        note(summary="Lot EL9262", before={"name": "a", "n": 1}, after={"name": "b", "n": 2})
    (entry,) = entries()
    assert (entry.number, entry.actor_id, entry.actor_username) == (1, 7, "jane.doe")
    assert (entry.action, entry.subject, entry.subject_id) == ("lot.changed", "lot", 1)
    assert (entry.location_id, entry.summary) == (3, "Lot EL9262")
    assert entry.values_before == {"name": "a", "n": 1}
    assert entry.values_after == {"name": "b", "n": 2}
    assert before <= entry.at <= datetime.now(UTC)


def test_what_the_portal_does_by_itself_has_no_actor() -> None:
    with unit_of_work():
        record(None, "mail.sent", subject="message", subject_id=None, location_id=None)
    (entry,) = entries()
    assert entry.actor_id is None
    assert entry.actor_username == ""


def test_dates_moments_decimals_and_profiles_can_be_kept() -> None:
    with unit_of_work():
        note(
            after={
                "on": date(2026, 11, 20),
                "at": datetime(2026, 11, 20, 8, 0, tzinfo=UTC),
                "share": Decimal("0.50"),
                "profile": Profile.AGENT,
                "tags": {"b", "a"},
            }
        )
    assert entries()[0].values_after == {
        "on": "2026-11-20",
        "at": "2026-11-20T08:00:00.000000+00:00",
        "share": "0.50",
        "profile": "agent",
        "tags": ["a", "b"],
    }


def test_text_no_database_can_hold_is_cleaned_and_the_chain_holds() -> None:
    with unit_of_work():
        note(summary="a\0b\ud800" + "x" * 900, after={"name": "a\0b\ud800 é 漢"})
    (entry,) = entries()
    assert entry.summary.startswith("ab?x")
    assert len(entry.summary) == 500
    assert entry.values_after["name"] == "a\0b\ud800 é 漢"
    assert verify().ok


def test_nothing_is_recorded_when_the_unit_rolls_back() -> None:
    with pytest.raises(RuntimeError), unit_of_work():
        note_and_fail()
    assert entries() == []
    with unit_of_work():
        note(2)
    assert [entry.subject_id for entry in entries()] == [2]
    assert verify().ok


@pytest.mark.both_databases
def test_what_happened_in_a_savepoint_that_was_rolled_back_is_forgotten() -> None:
    with unit_of_work() as current:
        note(1)
        undone = current.begin_nested()
        note(2)
        with current.begin_nested():
            note(3)
        undone.rollback()
        with current.begin_nested():
            note(4)
            with pytest.raises(RuntimeError), current.begin_nested():
                note_and_fail(5)
            note(6)
        note(7)
    assert [entry.subject_id for entry in entries()] == [1, 4, 6, 7]
    assert verify().ok


def test_what_other_work_before_the_commit_records_is_in_too() -> None:
    with unit_of_work():
        database.before_commit("other", lambda _session: note(2))
        note(1)
    assert [entry.subject_id for entry in entries()] == [1, 2]
    with unit_of_work():
        database.before_commit("other", lambda _session: note(3))
    assert [entry.subject_id for entry in entries()] == [1, 2, 3]
    assert verify().ok


def test_the_entries_and_the_change_are_one_transaction(database_kind: str) -> None:
    def note_and_break() -> None:
        note()
        session().execute(text("INSERT INTO organization (name) VALUES (NULL)"))

    with pytest.raises(DBAPIError), unit_of_work():
        note_and_break()
    assert entries() == []


def test_looking_at_a_record_is_recorded_with_the_location_one_works_at() -> None:
    place = Place(id=5, name="Clinic", pin="NCA650001", time_zone="UTC", organization_id=1)
    scope = Scope(user=ACTOR, location=place, locations=(place,), capabilities=frozenset())
    with unit_of_work():
        viewed(scope, "recipient", 12)
        viewed(scope, "recipient", 13, location_id=9)
    assert [(e.action, e.subject_id, e.location_id) for e in entries()] == [
        ("recipient.viewed", 12, 5),
        ("recipient.viewed", 13, 9),
    ]


@pytest.mark.both_databases
@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE audit_entry SET summary = 'x'",
        "DELETE FROM audit_entry",
        "DELETE FROM audit_entry WHERE number = 1",
        "DELETE FROM audit_head",
    ],
)
def test_the_database_itself_refuses_to_change_or_delete(statement: str) -> None:
    with unit_of_work():
        note()
    with (
        pytest.raises(DBAPIError, match="the audit trail only grows"),
        unit_of_work() as current,
    ):
        current.execute(text(statement))
    assert len(entries()) == 1
    assert verify().ok


@pytest.mark.both_databases
def test_the_table_cannot_be_emptied_at_once(database_kind: str) -> None:
    if database_kind == "sqlite":
        pytest.skip("SQLite has no TRUNCATE")
    with unit_of_work():
        note()
    for table in ("audit_entry", "audit_head"):
        with pytest.raises(DBAPIError, match="only grows"), unit_of_work() as current:
            current.execute(text(f"TRUNCATE {table}"))


def test_five_hundred_entries_are_cheap(app: Flask) -> None:
    with unit_of_work():
        note()
    with watched(app) as statements, unit_of_work():
        for number in range(500):
            note(number, before={"doses": number}, after={"doses": number - 1})
    assert len(statements) <= 4, "begin, head, entries, head"
    with unit_of_work(write=False) as current:
        assert current.scalar(select(func.count()).select_from(AuditEntry)) == 501
        assert current.get_one(AuditHead, 1).count == 501
    assert verify().ok


def test_a_unit_without_entries_leaves_the_chain_alone() -> None:
    with unit_of_work() as current:
        current.add(Organization(name="Another"))
    with unit_of_work(write=False):
        assert session().get_one(AuditHead, 1).count == 0
    assert verify().ok
