"""Text messages on their way out, to a real server that answers as gateways do."""

import logging
import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine
from flask import Flask
from sqlalchemy import select

from portal.db import unit_of_work
from portal.errors import Conflict
from portal.messages import claims, sms, stops
from portal.messages.delivery import deliver
from portal.messages.models import ChannelStop
from portal.messages.queries import faults
from portal.messages.upkeep import try_again
from tests.messages.conftest import MailServer
from tests.messages.steps import Mailing, promise, rows, server_row, states
from tests.messages.text_gateway import NUMBERS, SECRET, Asked, TextGateway, text
from tests.processes import together


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """No wait over a second."""
    monkeypatch.setattr(sms, "SOCKET_SECONDS", 0.3)
    monkeypatch.setattr(sms, "WHOLE_SECONDS", 1.0)


def refuse(code: str, status: int = 400) -> Callable[[Asked], tuple[int, Any, dict[str, str]]]:
    return lambda _asked: (status, {"error": {"code": code, "message": "x"}}, {})


def test_a_text_leaves_on_one_line_with_the_portals_name_and_how_to_end_it(
    texting: Callable[..., Flask], gateway: TextGateway
) -> None:
    gateway.start()
    with texting().app_context():
        text(NUMBERS[0], secret={"token": "t0k3n"})
        assert deliver("sms") == "1 sent"
        (row,) = rows()
        (asked,) = gateway.asked
        assert (asked.method, asked.path) == ("POST", "/send")
        assert asked.headers["Authorization"] == f"Bearer {SECRET}"
        assert asked.json == {
            "to": NUMBERS[0],
            "text": "CVMS: Hello you t0k3n Reply STOP to end texts.",
            "id": row.message_id.strip("<>").partition("@")[0],
        }
        assert (row.state, row.attempts, row.secret) == ("sent", 1, None)
        assert deliver("sms") is None
        assert faults() == []


def test_a_number_that_cannot_be_read_fails_at_once_and_is_never_tried(
    texting: Callable[..., Flask], gateway: TextGateway
) -> None:
    gateway.start()
    with texting().app_context():
        text("2525550100", "+15", "+12521550100", "+442079460000", "ann@example.org", NUMBERS[0])
        deliver("sms")
        assert states() == ["failed"] * 5 + ["sent"]
        said = {row.last_error for row in rows()[:5]}
    assert said == {
        "This is not a usable mobile phone number.",
        "Texts are not sent to numbers that begin like this.",
    }
    assert len(gateway.asked) == 1


def test_a_refused_number_fails_at_once_and_stops_nobody(
    texting: Callable[..., Flask], gateway: TextGateway
) -> None:
    gateway.answer = lambda asked: (
        refuse("BAD")(asked) if asked.json["to"] == NUMBERS[1] else (202, {}, {})
    )
    gateway.start()
    with texting().app_context():
        text(*NUMBERS[:3])
        deliver("sms")
        assert states() == ["sent", "failed", "sent"]
        assert rows()[1].last_error == "The gateway cannot send texts to this number (400, BAD)."
        assert server_row("sms").failing_since is None
        with time_machine.travel(datetime.now(UTC) + timedelta(days=3)):
            deliver("sms")
    assert len(gateway.asked) == 3


@pytest.mark.both_databases
def test_who_answered_stop_gets_no_text_any_more(
    texting: Callable[..., Flask], gateway: TextGateway
) -> None:
    gateway.answer = refuse("STOP")
    gateway.start()
    later = datetime.now(UTC) + timedelta(days=1)
    with texting().app_context():
        text(NUMBERS[0])
        text(NUMBERS[0], not_before=later)
        text(NUMBERS[1], not_before=later)
        deliver("sms")
        assert states() == ["failed", "failed", "planned"], "what was planned is for a call"
        text(NUMBERS[0])
        refused = rows()[3]
        assert (refused.state, refused.last_error) == ("failed", stops.SENTENCE)
        with pytest.raises(Conflict, match="asked for no more text"), unit_of_work():
            try_again(actor=None, message=refused)  # type: ignore[arg-type]
        deliver("sms")
        assert len(gateway.asked) == 1
        with unit_of_work() as session:
            (stop,) = session.scalars(select(ChannelStop))
            assert (stop.channel, stop.address) == ("sms", NUMBERS[0])
            assert stops.forget("sms", NUMBERS[0])
        gateway.answer = lambda _asked: (200, {}, {})
        text(NUMBERS[0])
        deliver("sms")
        assert states()[-1] == "sent"


def test_a_gateway_that_asks_for_patience_gets_it_and_the_message_arrives_later(
    texting: Callable[..., Flask], gateway: TextGateway
) -> None:
    gateway.answer = lambda _asked: (429, {}, {"Retry-After": "200"})
    gateway.start()
    moment = datetime(2026, 11, 20, 8, 0, tzinfo=UTC)
    with time_machine.travel(moment, tick=False) as travel, texting().app_context():
        text(*NUMBERS[:5])
        deliver("sms")
        assert len(gateway.asked) == 3, "then it is the gateway, not the texts"
        server = server_row("sms")
        assert server.last_error == "The gateway takes no texts now (429)."
        assert server.paused_until is not None
        assert timedelta(seconds=180) <= server.paused_until - moment <= timedelta(seconds=200)
        waits = [row.next_try_at - moment for row in rows()[:3]]
        assert all(timedelta(seconds=200) <= wait <= timedelta(seconds=220) for wait in waits)
        gateway.answer = lambda _asked: (200, {}, {})
        travel.shift(timedelta(seconds=230))
        deliver("sms")
        assert set(states()) == {"sent"}
        assert server_row("sms").failing_since is None


@pytest.mark.parametrize("status", [500, 502, 503, 403, 408])
def test_a_gateway_in_trouble_is_tried_again(
    texting: Callable[..., Flask], gateway: TextGateway, status: int
) -> None:
    gateway.answer = lambda _asked: (status, b"<html>", {})
    gateway.start()
    with time_machine.travel(datetime.now(UTC), tick=False) as travel, texting().app_context():
        text(NUMBERS[0])
        assert deliver("sms") == "1 to be tried again"
        assert rows()[0].last_error == f"The gateway takes no texts now ({status})."
        gateway.answer = lambda _asked: (200, {}, {})
        travel.shift(timedelta(minutes=2))
        assert deliver("sms") == "1 sent"


@pytest.mark.parametrize(
    "answer",
    [
        (401, {}, {}),
        (400, {"error": {"code": "WHO"}}, {}),
        (302, {}, {"Location": "http://127.0.0.1:9/"}),
    ],
)
def test_what_only_the_operator_can_mend_keeps_everything_waiting(
    texting: Callable[..., Flask], gateway: TextGateway, answer: tuple[int, Any, dict[str, str]]
) -> None:
    gateway.answer = lambda _asked: answer
    gateway.start()
    with texting().app_context():
        text(*NUMBERS[:3])
        deliver("sms")
        assert [(row.state, row.attempts) for row in rows()] == [("waiting", 0)] * 3
        server = server_row("sms")
        assert "refuses our account or settings" in server.last_error
        assert server.paused_until is not None
        assert server.paused_until > datetime.now(UTC) + timedelta(minutes=4)
    assert len(gateway.asked) == 1, "no redirect is followed"


@pytest.mark.usefixtures("impatient")
@pytest.mark.parametrize("trouble", ["cut", "hang"])
def test_a_text_of_which_nobody_knows_is_tried_three_times_with_one_id_and_then_for_a_call(
    texting: Callable[..., Flask], gateway: TextGateway, trouble: str
) -> None:
    gateway.cut = lambda _asked: True
    gateway.hang = threading.Event() if trouble == "hang" else None
    gateway.start()
    with time_machine.travel(datetime.now(UTC), tick=False) as travel, texting().app_context():
        text(NUMBERS[0])
        for _try in range(6):
            deliver("sms")
            travel.shift(timedelta(hours=2))
        assert states() == ["failed"]
        assert "the text may have left" in rows()[0].last_error
    assert len(gateway.asked) == 3
    assert len({asked.json["id"] for asked in gateway.asked}) == 1


def test_a_gateway_that_knows_ids_is_asked_until_it_answers(
    texting: Callable[..., Flask], gateway: TextGateway
) -> None:
    gateway.cut = lambda _asked: len(gateway.asked) < 5
    gateway.start()
    more = 'idempotent = true\n[headers]\nIdempotency-Key = "{id}"\n'
    with time_machine.travel(datetime.now(UTC), tick=False) as travel, texting(more).app_context():
        text(NUMBERS[0])
        for _try in range(6):
            deliver("sms")
            travel.shift(timedelta(hours=2))
        assert states() == ["sent"]
    assert len(gateway.asked) == 5
    assert len({asked.headers["Idempotency-Key"] for asked in gateway.asked}) == 1


def test_a_gateway_that_is_away_is_no_try_and_mail_goes_on(
    texting: Callable[..., Flask], gateway: TextGateway, mail_server: MailServer
) -> None:
    mail_server.start()
    with time_machine.travel(datetime.now(UTC), tick=False) as travel, texting().app_context():
        text(*NUMBERS[:2])
        promise()
        assert deliver("sms") == "1 server unusable"
        assert server_row("sms").last_error == "The gateway cannot be reached (connection refused)."
        assert [row.attempts for row in rows()] == [0, 0, 0]
        assert deliver() == "1 sent"
        gateway.start()
        travel.shift(timedelta(minutes=2))
        deliver("sms")
        assert set(states()) == {"sent"}


def test_an_unsafe_gateway_gets_nothing(
    texting: Callable[..., Flask], gateway: TextGateway, app: Flask
) -> None:
    """Its certificate is checked: a plain server that is asked by HTTPS is none."""
    gateway.start()
    one = texting()
    folder = app.extensions["portal"].settings.instance
    path = folder / "gateway.toml"
    path.write_text(path.read_text().replace("http://", "https://"))
    with one.app_context():
        text(NUMBERS[0])
        deliver("sms")
        assert server_row("sms").last_error.startswith("No safe connection")
    assert gateway.asked == []


@pytest.mark.both_databases
def test_neither_secret_nor_number_is_written_down(
    texting: Callable[..., Flask], gateway: TextGateway, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    echoes = [
        (400, {"error": {"code": NUMBERS[0], "message": f"{SECRET} {NUMBERS[0]}"}}, {}),
        (400, {"error": {"code": NUMBERS[0][2:]}}, {}),
        (500, f"{SECRET} {NUMBERS[0]}".encode(), {}),
        (401, {"error": SECRET}, {}),
    ]
    gateway.answer = lambda _asked: echoes[(len(gateway.asked) - 1) % 4]
    gateway.start()
    app = texting(text_account="the-account")
    with app.app_context():
        text(*[NUMBERS[0]] * 4)
        deliver("sms")
        written = " ".join(row.last_error for row in rows()) + server_row("sms").last_error
    assert len(gateway.asked) == 4
    for hidden in (SECRET, NUMBERS[0], NUMBERS[0][2:]):
        assert hidden not in written
        assert hidden not in caplog.text
    assert SECRET not in repr(app.extensions["portal"].settings)


def test_practice_mode_and_no_gateway_send_nothing(
    texting: Callable[..., Flask], mailing: Mailing, gateway: TextGateway
) -> None:
    gateway.start()
    for app in (texting(practice=True), mailing()):
        with app.app_context():
            text(NUMBERS[0])
            assert deliver("sms") is None
            assert set(states()) == {"waiting"}
    assert gateway.asked == []


@pytest.mark.both_databases
@pytest.mark.slow("several processes")
def test_three_processes_send_each_text_once(
    texting: Callable[..., Flask], gateway: TextGateway
) -> None:
    gateway.start()
    app = texting()
    numbers = [f"+1252555{n:04}" for n in range(100, 160)]
    with app.app_context():
        text(*numbers)
        together(app, 3, lambda _index: deliver("sms") and 0 or 0)
        deliver("sms")
        assert set(states()) == {"sent"}
    assert sorted(asked.json["to"] for asked in gateway.asked) == numbers


def test_a_lease_outlasts_every_wait() -> None:
    assert timedelta(seconds=2 * sms.WHOLE_SECONDS) < claims.LEASE
