"""Text messages on their way out, to a real server that answers as gateways do."""

import base64
import logging
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import time_machine
from flask import Flask
from sqlalchemy import select

from portal import messages
from portal.db import unit_of_work
from portal.errors import Conflict
from portal.messages import claims, gateways, sms, stops
from portal.messages.delivery import deliver
from portal.messages.models import ChannelStop
from portal.messages.queries import faults
from portal.messages.upkeep import try_again
from portal.settings import SettingsError
from tests.messages.conftest import MailServer
from tests.messages.steps import Mailing, promise, rows, server_row, states
from tests.messages.text_gateway import Asked, TextGateway
from tests.processes import together

pytestmark = pytest.mark.both_databases
SECRET = "s3cret-t0ken"
NUMBERS = [f"+1252555010{n}" for n in range(10)]


@pytest.fixture
def gateway() -> Iterator[TextGateway]:
    """A gateway that is not started yet."""
    made = TextGateway()
    yield made
    made.stop()


@pytest.fixture
def texting(mailing: Mailing, gateway: TextGateway, app: Flask) -> Callable[..., Flask]:
    """`texting(**settings)`: the application, sending texts to the gateway."""

    def build(more: str = "", **overrides: Any) -> Flask:
        folder = app.extensions["portal"].settings.instance
        values = {"text_secret": SECRET, "text_from": "+12525550199", "text_per_minute": 0}
        values["text_gateway"] = gateway.described(folder, more)
        return mailing(**{**values, **overrides})

    return build


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """No wait over a second."""
    monkeypatch.setattr(sms, "SOCKET_SECONDS", 0.3)
    monkeypatch.setattr(sms, "WHOLE_SECONDS", 1.0)


def text(*numbers: str, **options: Any) -> None:
    with unit_of_work():
        for number in numbers:
            messages.queue("note", number, channel="sms", context={"name": "you"}, **options)


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


class Preset:
    """A preset, asked at the server of the test instead of the gateway's own."""

    def __init__(self, name: str, gateway: TextGateway, folder: Path) -> None:
        written = (gateways.PRESETS / f"{name}.toml").read_text()
        host = gateways.urlsplit(gateways._gateway(gateways.tomllib.loads(written), folder).url)
        path = folder / f"{name}.toml"
        path.write_text(
            written.replace(f"https://{host.netloc}", f"http://127.0.0.1:{gateway.port}")
        )
        self.setting = path.name


TWILIO_TAKEN = {"sid": "SM1", "status": "queued", "error_code": None, "code": None}
VONAGE_TAKEN = {"message-count": "1", "messages": [{"status": "0", "message-id": "0C1"}]}
TELNYX_STOP = {"errors": [{"code": "40300", "title": "Blocked due to STOP message"}]}
ANSWERS: list[tuple[str, int, Any, str]] = [
    ("twilio", 201, TWILIO_TAKEN, "sent"),
    ("twilio", 400, {"code": 21211, "message": "x", "status": 400}, "failed"),
    ("twilio", 400, {"code": 21610, "status": 400}, "stopped"),
    ("twilio", 400, {"code": 21606, "status": 400}, "waiting"),
    ("twilio", 401, {"code": 20003, "status": 401}, "waiting"),
    ("twilio", 429, {"code": 20429, "status": 429}, "waiting"),
    ("vonage", 200, VONAGE_TAKEN, "sent"),
    ("vonage", 200, {"messages": [{"status": "33", "error-text": "x"}]}, "failed"),
    ("vonage", 200, {"messages": [{"status": "7"}]}, "stopped"),
    ("vonage", 200, {"messages": [{"status": "1"}]}, "waiting"),
    ("vonage", 200, {"messages": [{"status": "4"}]}, "waiting"),
    ("vonage", 200, b"<html>", "waiting"),
    ("plivo", 202, {"message": "message(s) queued", "message_uuid": ["1"]}, "sent"),
    ("plivo", 400, {"error": "dst is invalid"}, "failed"),
    ("plivo", 401, {}, "waiting"),
    ("messagebird", 201, {"id": "1"}, "sent"),
    ("messagebird", 401, {"errors": [{"code": 2, "parameter": "access_key"}]}, "waiting"),
    ("messagebird", 422, {"errors": [{"code": 25}]}, "waiting"),
    ("bird", 202, {"id": "1", "status": "accepted"}, "sent"),
    ("bird", 422, {"code": "InvalidPayload"}, "failed"),
    ("telnyx", 200, {"data": {"id": "1"}}, "sent"),
    ("telnyx", 400, {"errors": [{"code": "40310"}]}, "failed"),
    ("telnyx", 403, TELNYX_STOP, "stopped"),
    ("telnyx", 429, {"errors": [{"code": "10011"}]}, "waiting"),
]


@pytest.mark.parametrize(("name", "status", "body", "became"), ANSWERS)
def test_the_usual_gateways_are_understood(
    mailing: Mailing,
    gateway: TextGateway,
    app: Flask,
    name: str,
    status: int,
    body: Any,
    became: str,
) -> None:
    gateway.answer = lambda _asked: (status, body, {})
    gateway.start()
    preset = Preset(name, gateway, app.extensions["portal"].settings.instance)
    values = {"text_account": "AC1", "text_secret": SECRET, "text_from": "+12525550199"}
    with mailing(text_gateway=preset.setting, **values).app_context():
        text(NUMBERS[0])
        deliver("sms")
        assert states() == ["failed" if became == "stopped" else became]
        with unit_of_work(write=False):
            assert bool(stops.among("sms", NUMBERS[:1])) == (became == "stopped")
    assert len(gateway.asked) == 1


def test_the_usual_gateways_are_asked_as_they_wish(
    mailing: Mailing, gateway: TextGateway, app: Flask
) -> None:
    gateway.answer = lambda _asked: (200, VONAGE_TAKEN, {})
    gateway.start()
    folder = app.extensions["portal"].settings.instance
    values = {"text_account": "AC1", "text_secret": SECRET, "text_from": "+12525550199"}
    written = "CVMS: Hello you Reply STOP to end texts."
    for name in gateways.presets():
        with mailing(text_gateway=Preset(name, gateway, folder).setting, **values).app_context():
            text(NUMBERS[0])
            deliver("sms")
    asked = dict(zip(gateways.presets(), gateway.asked, strict=True))
    basic = f"Basic {base64.b64encode(f'AC1:{SECRET}'.encode()).decode()}"
    assert asked["twilio"].path == "/2010-04-01/Accounts/AC1/Messages.json"
    assert asked["twilio"].form == {"To": NUMBERS[0], "From": "+12525550199", "Body": written}
    assert asked["twilio"].headers["Authorization"] == basic
    assert asked["vonage"].form["to"] == NUMBERS[0][1:]
    assert asked["vonage"].form["type"] == "text"
    assert asked["vonage"].form["api_secret"] == SECRET
    assert asked["plivo"].path == "/v1/Account/AC1/Message/"
    assert asked["plivo"].json == {"src": "12525550199", "dst": NUMBERS[0][1:], "text": written}
    assert asked["messagebird"].headers["Authorization"] == f"AccessKey {SECRET}"
    assert asked["messagebird"].json["recipients"] == [NUMBERS[0][1:]]
    assert asked["bird"].path == "/workspaces/AC1/channels/%2B12525550199/messages"
    assert asked["bird"].json["body"] == {"type": "text", "text": {"text": written}}
    assert asked["telnyx"].headers["Authorization"] == f"Bearer {SECRET}"
    assert asked["telnyx"].json == {"from": "+12525550199", "to": NUMBERS[0], "text": written}


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"text_gateway": "carrier-pigeon"}, "must be one of bird, messagebird"),
        ({"text_gateway": "away.toml"}, "cannot be read"),
        ({"text_gateway": "twilio", "text_account": ""}, "needs text_account"),
        (
            {"text_gateway": "twilio", "text_account": "AC1", "text_from": ""},
            "needs text_from",
        ),
        ({"text_secret": ""}, "needs text_secret"),
        ({"text_prefixes": ("1",)}, "country codes"),
    ],
)
def test_settings_that_cannot_be_used_stop_the_start(
    texting: Callable[..., Flask], changed: dict[str, Any], said: str
) -> None:
    with pytest.raises(SettingsError, match=said):
        texting(**changed)


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("http://127.0.0.1", "http://sms.example.org", "must begin with https"),
        ("http://127.0.0.1", "https://{account}", "must begin with https"),
        ('"{text}"', '"{message}"', "{message} is not known"),
        ('"{to}"', '"+1"', "where {to} and {text} go"),
        ('"bearer"', '"digest"', "auth must be"),
        ("[body]", 'colour = "red"\n[body]', "colour is not known"),
    ],
)
def test_a_description_that_cannot_be_used_stops_the_start(
    texting: Callable[..., Flask], app: Flask, gateway: TextGateway, old: str, new: str, said: str
) -> None:
    folder = app.extensions["portal"].settings.instance
    name = gateway.described(folder)
    written = (folder / name).read_text()
    assert old in written
    (folder / "other.toml").write_text(written.replace(old, new))
    with pytest.raises(SettingsError, match=said):
        texting(text_gateway="other.toml")


def test_a_lease_outlasts_every_wait() -> None:
    assert timedelta(seconds=2 * sms.WHOLE_SECONDS) < claims.LEASE
