"""KILL-4 and KILL-5: many delivering processes, and processes that die at the worst moment."""

import random
import time
from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from sqlalchemy import func, select, update

from portal import messages
from portal.db import unit_of_work
from portal.messages import NewMessage, claims, delivery
from portal.messages.models import Message, MessageState
from portal.messages.queries import faults
from tests.effort import amount, seed
from tests.messages.conftest import MailServer
from tests.messages.steps import Mailing
from tests.processes import start, together

pytestmark = pytest.mark.slow("kills processes at many moments")

KILLS = amount(short=3, full=50)
RACED = amount(short=60, full=500)
# What a restart finds: due, half sent and for later.
DUE, HALF, LATER = (
    amount(short=100, full=500),
    amount(short=10, full=50),
    amount(short=20, full=100),
)


def promise(first: int, number: int) -> None:
    with unit_of_work():
        messages.queue_many(
            NewMessage(kind="test", to=f"p{one}@example.org", context={"name": str(one)})
            for one in range(first, first + number)
        )


def count(state: MessageState) -> int:
    with unit_of_work(write=False) as current:
        query = select(func.count()).select_from(Message).where(Message.state == state)
        return current.scalar(query) or 0


def deliver(_index: int) -> int:
    before = time.monotonic()
    while time.monotonic() - before < 50:
        delivery.deliver()
        if not count(MessageState.WAITING):
            break
        time.sleep(0.02)
    return 0


@pytest.mark.both_databases
def test_four_processes_lose_none_and_double_none(
    mailing: Mailing, mail_server: MailServer
) -> None:
    mail_server.start()
    app = mailing()
    with app.app_context():
        promise(0, RACED)
        together(app, 4, deliver)
        assert count(MessageState.SENT) == RACED
        assert faults() == []
    assert len(mail_server.mails) == RACED
    assert set(mail_server.repeats.values()) == {1}
    assert mail_server.connections >= 2, "more than one process took part"


def careless_claim(owner: str, _channel: str, _pace: int) -> list[Message]:
    with unit_of_work(write=False) as current:
        query = select(Message).where(Message.state == MessageState.WAITING).order_by(Message.id)
        chosen = list(current.scalars(query.limit(claims.BATCH)))
        current.expunge_all()
    lease = {"lease_owner": owner, "lease_until": datetime.now(UTC) + claims.LEASE}
    with unit_of_work() as current:
        for message in chosen:
            current.execute(
                update(Message)
                .where(Message.id == message.id)
                .values(state=MessageState.SENDING, **lease)
            )
    return chosen


def test_the_test_above_would_notice_a_careless_claim(
    mailing: Mailing, mail_server: MailServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(claims, "claim", careless_claim)
    monkeypatch.setattr(claims, "begin", lambda message, owner: True)
    mail_server.start()
    app = mailing()
    with app.app_context():
        # On a busy machine they may happen to come one after the other.
        for promised in range(60, 601, 60):
            promise(promised - 60, 60)
            together(app, 4, deliver)
            if len(mail_server.mails) > promised:
                return
    pytest.fail("nobody was written to twice")


def after_the_leases() -> time_machine.travel:
    """Every lease that runs now has run out."""
    return time_machine.travel(datetime.now(UTC) + claims.LEASE + timedelta(seconds=1))


def deliver_for_ever() -> None:
    while True:
        delivery.deliver()
        time.sleep(0.001)


@pytest.mark.both_databases
def test_kills_lose_nothing_and_repeat_a_message_at_most_once(
    mailing: Mailing, mail_server: MailServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The leases of the killed run out after the last kill: no message can be hit twice."""
    monkeypatch.setattr(claims, "LEASE", timedelta(hours=1))
    monkeypatch.setattr(claims, "BATCH", 4)
    mail_server.delay = 0.003
    mail_server.start()
    app = mailing()
    chance = random.Random(seed(4))
    total = hit = 0
    wanted = max(1, KILLS // 4)
    with app.app_context():
        for kill in range(3 * KILLS):
            if kill >= KILLS and hit >= wanted:
                break
            promise(total, 6)
            total += 6
            before, held = len(mail_server.mails), count(MessageState.SENDING)
            child = start(app, deliver_for_ever)
            deadline = time.monotonic() + 5
            while len(mail_server.mails) == before and time.monotonic() < deadline:
                time.sleep(0.001)
            time.sleep(chance.uniform(0, 0.04))
            child.kill()
            hit += count(MessageState.SENDING) > held
        with after_the_leases():
            delivery.deliver()
        assert count(MessageState.SENT) == total
        assert faults() == []
    assert hit >= wanted, "the kills fell into the sending"
    addresses = {str(email["To"]) for email in mail_server.mails}
    assert len(addresses) == total, "none was lost"
    repeats = mail_server.repeats
    assert len(repeats) == total, "a repetition has the same Message-ID"
    assert max(repeats.values()) <= 2
    assert len(mail_server.mails) - total <= hit


def test_dying_between_the_servers_yes_and_the_mark_repeats_once(
    mailing: Mailing, mail_server: MailServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    mail_server.start()
    app = mailing()
    with app.app_context():
        promise(0, 1)
        with monkeypatch.context() as patch:
            patch.setattr(claims, "mark_sent", lambda message: time.sleep(60))
            child = start(app, deliver_for_ever)
            while not mail_server.mails:
                time.sleep(0.005)
            child.kill()
        assert delivery.deliver() is None, "the dead process's lease still runs"
        with after_the_leases():
            assert delivery.deliver() == "1 sent"
    assert list(mail_server.repeats.values()) == [2]


@pytest.mark.both_databases
def test_a_restart_with_due_future_and_half_sent_messages_and_two_copies(
    mailing: Mailing, mail_server: MailServer
) -> None:
    mail_server.start()
    app = mailing()
    with app.app_context():
        promise(0, DUE + HALF + LATER)
        moment = datetime.now(UTC)
        future, lease = moment + timedelta(seconds=4), moment + timedelta(seconds=1.5)
        with unit_of_work() as current:
            current.execute(
                update(Message).where(Message.id > DUE + HALF).values(next_try_at=future)
            )
            current.execute(
                update(Message)
                .where(Message.id > DUE, Message.id <= DUE + HALF)
                .values(state=MessageState.SENDING, lease_owner="dead", lease_until=lease)
            )
        together(app, 2, deliver)
        deliver(0)
        assert count(MessageState.SENT) == DUE + HALF + LATER
    assert set(mail_server.repeats.values()) == {1}
    for email, at in zip(mail_server.mails, mail_server.times, strict=True):
        if int(str(email["To"])[1:].partition("@")[0]) >= DUE + HALF:
            assert 0 <= at - future.timestamp() < 60
