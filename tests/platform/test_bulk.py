"""Many rows at once, few or many, on either database."""

from datetime import date, timedelta

import pytest
from flask import Flask
from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError

from portal import bulk
from portal.clock import now
from portal.db import unit_of_work
from portal.messages.models import Message, MessageState
from portal.messages.packing import unpacked
from portal.messages.services import NewMessage, queue_many
from portal.places.models import Organization

pytestmark = pytest.mark.both_databases

FEW, MANY = 3, 60


def promises(count: int, *, first: int = 0) -> list[NewMessage]:
    return [
        NewMessage(
            kind="shipment.announced",
            to="maria@clinic.example",
            context={"text": "a\tb\nc \\. {null} é", "day": date(2026, 11, 21), "n": number},
            once=f"promise {number}",
            not_after=now() + timedelta(hours=1),
        )
        for number in range(first, first + count)
    ]


@pytest.mark.parametrize("count", [FEW, MANY])
def test_rows_arrive_as_they_were_with_the_defaults_of_their_table(app: Flask, count: int) -> None:
    wanted = promises(count)
    with app.app_context(), unit_of_work() as current:
        assert queue_many(wanted) == count
        kept = list(current.scalars(select(Message).order_by(Message.id)))
        assert [unpacked(one.context) for one in kept] == [one.context for one in wanted]
        assert [one.not_after for one in kept] == [one.not_after for one in wanted]
        assert {(one.state, one.attempts, one.reason, one.secret) for one in kept} == {
            (MessageState.WAITING, 0, "", None)
        }


@pytest.mark.parametrize("count", [FEW, MANY])
def test_what_is_there_already_is_left_out_and_not_counted(app: Flask, count: int) -> None:
    with app.app_context():
        with unit_of_work():
            queue_many(promises(count))
        with unit_of_work() as current:
            assert queue_many(promises(count, first=1)) == 1
            assert queue_many(promises(count, first=2)) == 1
            assert current.scalar(select(func.count()).select_from(Message)) == count + 2


@pytest.mark.parametrize("count", [FEW, MANY])
def test_a_row_that_the_database_refuses_is_refused_in_the_same_words_on_both(
    app: Flask, count: int
) -> None:
    rows = [{"id": 10_000 + number, "name": f"Clinic {number}"} for number in range(count)]
    with app.app_context():
        with pytest.raises(IntegrityError), unit_of_work():
            bulk.insert_rows(Organization, [*rows, rows[0]])
        with unit_of_work(write=False) as current:
            added = select(func.count()).where(Organization.id >= 10_000)
            assert current.scalar(added) == 0
