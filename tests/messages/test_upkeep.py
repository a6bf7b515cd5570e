"""What time does with messages, and that every kind of message can be written."""

from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from flask import Flask
from sqlalchemy import select, update

from portal import messages
from portal.db import unit_of_work
from portal.messages.models import Message
from portal.messages.queries import faults
from portal.messages.templates import absolute_url, missing_blocks
from portal.messages.upkeep import forget_contents
from portal.module import MessageKind, Registry


@pytest.fixture(autouse=True)
def context(app: Flask):
    with app.app_context():
        yield


def test_every_kind_of_message_has_its_blocks(app: Flask) -> None:
    registry: Registry = app.extensions["portal"].registry
    assert missing_blocks([MessageKind("no_such")]) == [
        "messages/no_such.html: subject",
        "messages/no_such.html: text",
        "messages/no_such.html: html",
    ]
    assert missing_blocks([kind for module in registry for kind in module.messages]) == []


def test_links_lead_to_the_base_address_alone(app: Flask) -> None:
    settings = app.extensions["portal"].settings
    for base, expected in (
        ("https://vaccines.example.org", "https://vaccines.example.org/help-information"),
        ("http://10.0.0.5:8000", "http://10.0.0.5:8000/help-information"),
        ("https://example.org/cvms/", "https://example.org/cvms/help-information"),
    ):
        object.__setattr__(settings, "base_url", base)
        assert absolute_url("home.help_information") == expected
        with app.test_request_context("/", base_url="https://evil.example.com"):
            assert absolute_url("home.help_information") == expected


@pytest.mark.both_databases
def test_after_ninety_days_nobody_can_read_what_was_sent_or_given_up() -> None:
    with unit_of_work() as current:
        for number in range(4):
            messages.queue(
                "test",
                f"p{number}@example.org",
                context={"name": "x"},
                once=f"n{number}",
                answers=("<a@example.org>", "<b@example.org>"),
            )
        for number, state in enumerate(("sent", "cancelled", "failed", "waiting")):
            current.execute(
                update(Message)
                .where(Message.address == f"p{number}@example.org")
                .values(state=state, sent_at=datetime.now(UTC), reason="r", last_error="e")
            )
    assert forget_contents() is None
    with time_machine.travel(datetime.now(UTC) + timedelta(days=91)):
        assert forget_contents() == "3 wiped"
        assert forget_contents() is None
    with unit_of_work(write=False) as current:
        said = (Message.context, Message.answers, Message.search, Message.reply_to)
        rows = current.execute(select(Message.state, Message.address, *said)).all()
    assert {(state, address, *map(bool, held)) for state, address, *held in rows} == {
        ("sent", "", False, False, False, False),
        ("cancelled", "", False, False, False, False),
        ("failed", "", False, False, False, False),
        ("waiting", "p3@example.org", True, True, True, False),
    }
    with unit_of_work():
        assert not messages.queue("test", "p0@example.org", context={}, once="n0"), "still once"
    assert faults() == []


def test_a_very_long_key_is_a_key_too() -> None:
    for _time in range(2):
        with unit_of_work():
            messages.queue("test", "a@example.org", context={}, once="x" * 1_000)
    with unit_of_work(write=False) as current:
        assert len(current.scalars(select(Message.id)).all()) == 1
