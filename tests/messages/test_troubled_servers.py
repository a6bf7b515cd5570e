"""Mail servers that are down, hang, drip, reset and refuse: no message is lost or blamed."""

from datetime import UTC, datetime, timedelta

import pytest
import time_machine

from portal.messages.delivery import deliver
from tests.effort import amount
from tests.messages.conftest import Dripping, MailServer
from tests.messages.steps import Mailing, promise, rows, server_row, states

MINUTES = amount(short=20, full=60)


def test_a_server_that_is_down_loses_and_blames_no_message(
    mailing: Mailing, mail_server: MailServer
) -> None:
    with time_machine.travel(datetime.now(UTC), tick=False) as travel, mailing().app_context():
        promise(30)
        for _tick in range(6 * MINUTES):
            deliver()
            travel.shift(timedelta(seconds=10))
        server = server_row()
        assert server.failing_since is not None
        assert server.last_error == "The server cannot be reached (connection refused)."
        assert {(row.state, row.attempts) for row in rows()} == {("waiting", 0)}
        assert 55 / 60 < server.failures / MINUTES < 80 / 60, "about once a minute"
        mail_server.start()
        for _tick in range(7):
            travel.shift(timedelta(seconds=10))
            deliver()
        assert set(states()) == {"sent"}
        assert [str(email["To"]) for email in mail_server.mails] == [
            f"p{one}@example.org" for one in range(30)
        ]
        assert server_row().failing_since is None
        assert server_row().last_error == ""


def test_after_an_outage_no_more_than_so_many_a_minute(
    mailing: Mailing, mail_server: MailServer
) -> None:
    app = mailing(mail_per_minute=25)
    with time_machine.travel(datetime.now(UTC), tick=False) as travel, app.app_context():
        promise(90)
        deliver()
        mail_server.start()
        arrived = [0]
        for _tick in range(40):
            travel.shift(timedelta(seconds=10))
            deliver()
            arrived.append(len(mail_server.mails))
        assert arrived[-1] == 90
        for at in range(len(arrived) - 6):
            assert arrived[at + 6] - arrived[at] <= 25 + 1
        assert arrived[-1] - arrived[1] > 25
        # The outage is over: what comes now leaves at once.
        travel.shift(timedelta(minutes=2))
        deliver()
        assert not server_row().recovering
        promise(60, start=90)
        deliver()
        assert len(mail_server.mails) == 150


def test_what_was_refused_before_is_tried_at_the_same_pace(
    mailing: Mailing, mail_server: MailServer
) -> None:
    mail_server.refuse = lambda address: "451 later"
    mail_server.start()
    app = mailing(mail_per_minute=10)
    with time_machine.travel(datetime.now(UTC), tick=False) as travel, app.app_context():
        promise(40)
        deliver()
        assert {row.attempts for row in rows()} == {1}
        mail_server.refuse = lambda address: ""
        travel.shift(timedelta(minutes=2))
        deliver()
        deliver()
        assert len(mail_server.mails) == 10
        promise(5, start=40)
        deliver()
        assert len(mail_server.mails) == 15, "new ones do not queue behind them"
        for _minute in range(4):
            travel.shift(timedelta(seconds=61))
            deliver()
        assert set(states()) == {"sent"}


@pytest.mark.usefixtures("quick")
def test_a_server_that_hangs_is_given_up(mailing: Mailing, mail_server: MailServer) -> None:
    mail_server.delay = 3
    mail_server.start()
    with mailing().app_context():
        promise(10)
        deliver()
        found = rows()
        assert {row.state for row in found} == {"waiting"}
        assert [row.attempts for row in found] == [1, 1, 1, *[0] * 7]
        assert "no answer in time" in found[0].last_error
        assert server_row().failing_since is not None


@pytest.mark.usefixtures("quick")
@pytest.mark.parametrize("greeting", [b"", b"220 x\r\n"])
def test_a_server_that_drips_bytes_is_cut_off(mailing: Mailing, greeting: bytes) -> None:
    dripping = Dripping(greeting, b"2", 0.1)
    try:
        with mailing(smtp_port=dripping.port).app_context():
            promise()
            deliver()  # that it ends at all is the point
            assert server_row().failing_since is not None
            assert states() == ["waiting"]
    finally:
        dripping.stop()


def test_a_connection_reset_while_sending_costs_one_message_one_try(
    mailing: Mailing, mail_server: MailServer
) -> None:
    mail_server.reset = lambda email: email["To"] == "p2@example.org"
    mail_server.start()
    with time_machine.travel(datetime.now(UTC), tick=False) as travel, mailing().app_context():
        promise(5)
        deliver()
        found = rows()
        assert [row.state for row in found] == ["sent", "sent", "waiting", "sent", "sent"]
        assert found[2].last_error.startswith("The connection was lost while sending")
        assert mail_server.connections == 2
        mail_server.reset = lambda email: False
        travel.shift(timedelta(minutes=2))
        deliver()
        assert states() == ["sent"] * 5
    assert set(mail_server.repeats.values()) == {1}


def test_a_sender_the_server_will_not_have_keeps_everything_waiting(
    mailing: Mailing, mail_server: MailServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def refuse(*_arguments: object) -> str:
        return "550 not you"

    mail_server.handle_MAIL = refuse  # type: ignore[attr-defined]
    mail_server.start()
    with mailing().app_context():
        promise(3)
        deliver()
        assert states() == ["waiting"] * 3
        assert server_row().last_error == "The server refuses our sender address (550)."
