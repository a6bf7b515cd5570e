"""Promising messages."""

import time
from datetime import UTC, date, datetime
from multiprocessing.synchronize import Barrier
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import func, select, update

from portal import messages
from portal.db import session, unit_of_work
from portal.messages import NewMessage, services
from portal.messages.models import Message
from portal.messages.packing import packed, unpacked
from portal.messages.smtp import usable_address
from portal.people.models import User
from tests.inventory import careless
from tests.inventory.careless import be_careless
from tests.personas import Personas
from tests.processes import FORK, ChildFailed, together
from tests.statements import watched


def rows() -> list[Message]:
    with unit_of_work(write=False) as current:
        found = list(current.scalars(select(Message).order_by(Message.id)))
        current.expunge_all()
        return found


@pytest.fixture(autouse=True)
def context(app: Flask):
    with app.app_context():
        yield


def test_a_message_waits_with_all_it_needs(personas: Personas) -> None:
    with unit_of_work():
        queued = messages.queue(
            "test",
            "jane@example.org",
            context={"name": "Jane"},
            secret={"token": "t"},
            about="shipment:1",
            once="shipment:1:jane",
            location_id=personas.locations["A"],
            not_after=datetime(2030, 1, 1, tzinfo=UTC),
        )
    assert queued
    (row,) = rows()
    assert (row.state, row.attempts, row.address) == ("waiting", 0, "jane@example.org")
    assert row.context == {"name": "Jane"}
    assert row.secret == {"token": "t"}
    assert row.about == "shipment:1"
    assert row.once is not None
    assert "jane" not in row.once
    assert row.message_id.startswith("<")
    assert row.message_id.endswith("@127.0.0.1>")


@pytest.mark.both_databases
def test_the_same_message_is_queued_once() -> None:
    with unit_of_work():
        assert messages.queue("test", "a@example.org", context={}, once="x")
        assert not messages.queue("test", "a@example.org", context={}, once="x")
    with unit_of_work():
        assert not messages.queue("test", "b@example.org", context={}, once="x")
        assert messages.queue("test", "b@example.org", context={})
        assert messages.queue("test", "b@example.org", context={})
    assert len(rows()) == 3


@pytest.mark.both_databases
def test_a_message_of_a_unit_that_rolls_back_was_never_promised() -> None:
    def promise_and_fail() -> None:
        messages.queue("test", "a@example.org", context={})
        raise RuntimeError

    with pytest.raises(RuntimeError), unit_of_work():
        promise_and_fail()
    assert rows() == []


@pytest.mark.both_databases
def test_the_language_is_the_users(personas: Personas) -> None:
    user = personas.users["manager_a"]
    with unit_of_work() as current:
        current.execute(update(User).where(User.id == user).values(language="es"))
        messages.queue("test", "a@example.org", context={}, user_id=user)
        messages.queue("test", "a@example.org", context={}, user_id=user, language="en")
        messages.queue("test", "a@example.org", context={})
    assert [row.language for row in rows()] == ["es", "en", "en"]


@pytest.mark.parametrize(
    "address",
    [
        "",
        "nobody",
        "a@b@c.org",
        "a@example.org\r\nBcc: all@example.org",
        "a@example.org\nSubject: x",
        "a b@example.org",
        "Jane <jane@example.org>",
        "a@example.org,b@example.org",
        "a\0@example.org",
        "x" * 250 + "@example.org",
    ],
)
def test_what_is_no_address_fails_visibly_and_stops_nothing(address: str) -> None:
    with unit_of_work():
        messages.queue("test", address, context={})
        messages.queue("test", "good@example.org", context={})
    bad, good = rows()
    assert (bad.state, bad.last_error) == ("failed", "This is not a usable e-mail address.")
    assert good.state == "waiting"


def test_usual_and_unusual_addresses_are_usable() -> None:
    for address in ("a@example.org", "o'brien+x@sub.example.org", "jürgen@example.org"):
        assert usable_address(address), address


@pytest.mark.both_databases
def test_thousands_are_queued_in_few_statements(app: Flask) -> None:
    with watched(app) as statements, unit_of_work():
        number = messages.queue_many(
            NewMessage(kind="test", to=f"p{one}@example.org", context={"n": one}, once=f"x{one}")
            for one in range(5_000)
        )
    assert number == 5_000
    assert len(statements) <= 3
    with unit_of_work():
        assert (
            messages.queue_many(
                NewMessage(kind="test", to="p@example.org", context={}, once=f"x{one}")
                for one in range(4_990, 5_010)
            )
            == 10
        )


@pytest.mark.both_databases
def test_dates_and_moments_survive() -> None:
    context = {
        "on": date(2026, 11, 20),
        "at": datetime(2026, 11, 20, 13, 0, tzinfo=UTC),
        "lots": [{"lot": "EL9262", "doses": 10}, None, True, 1.5],
    }
    with unit_of_work():
        messages.queue("test", "a@example.org", context=context)
    assert unpacked(rows()[0].context) == context
    with pytest.raises(ValueError, match="time zone"):
        packed({"at": datetime(2026, 1, 1)})
    with pytest.raises(TypeError):
        packed({"at": object()})


def test_a_kind_is_a_plain_name() -> None:
    for kind in ("../secret", "a b", "", "A"):
        with pytest.raises(ValueError, match="kind"), unit_of_work():
            messages.queue(kind, "a@example.org", context={})


def test_superseded_messages_are_cancelled_with_a_reason() -> None:
    with unit_of_work():
        for kind in ("test", "link"):
            messages.queue(kind, "a@example.org", context={}, secret={"x": 1}, about="booking:1")
        messages.queue("test", "a@example.org", context={}, about="booking:2")
    with unit_of_work():
        assert messages.cancel_about("booking:1", reason="Moved", kinds=["link"]) == 1
        assert messages.cancel_about("booking:1", reason="Cancelled") == 1
        assert messages.cancel_about("booking:1", reason="Cancelled") == 0
    assert [(row.state, row.reason, row.secret) for row in rows()] == [
        ("cancelled", "Cancelled", None),
        ("cancelled", "Moved", None),
        ("waiting", "", None),
    ]


def promise(index: int, barrier: Barrier) -> int:
    """Promise thirty messages, each in the same moment as the other processes."""
    done = 0
    for number in range(30):
        barrier.wait(60)
        with unit_of_work():
            done += messages.queue("test", "a@example.org", context={}, once=f"n{number}")
    return done


@pytest.mark.both_databases
def test_many_processes_promise_each_message_once(app: Flask) -> None:
    assert sum(together(app, 4, promise, FORK.Barrier(4))) == 30
    with unit_of_work(write=False) as current:
        assert current.scalar(select(func.count()).select_from(Message)) == 30


@pytest.mark.thorough
def test_the_processes_would_show_a_promise_that_looks_before_it_writes(
    app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    insert_rows = services.insert_rows

    def look_first(model: type[Message], rows: list[dict[str, Any]], *, skip_known: str) -> int:
        known = set(session().scalars(select(getattr(model, skip_known))))
        time.sleep(0.01)
        return insert_rows(model, [row for row in rows if row[skip_known] not in known])

    monkeypatch.setattr(services, "insert_rows", look_first)
    be_careless(monkeypatch, careless.NO_LOCKS)
    with pytest.raises(ChildFailed):
        together(app, 4, promise, FORK.Barrier(4))


def test_nothing_is_woken_before_the_commit(monkeypatch: pytest.MonkeyPatch) -> None:
    woken: list[str] = []
    monkeypatch.setattr(services.jobs, "wake", woken.append)
    with unit_of_work():
        messages.queue("test", "a@example.org", context={})
        messages.queue("test", "a@example.org", context={})
        assert woken == []
    assert woken == ["messages.deliver"]
