"""The usual text gateways, and descriptions of others: asked and understood as they wish."""

import base64
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from flask import Flask

from portal.db import unit_of_work
from portal.messages import gateways, stops
from portal.messages.delivery import deliver
from portal.settings import SettingsError
from tests.effort import some
from tests.messages.steps import Mailing, states
from tests.messages.text_gateway import NUMBERS, SECRET, TextGateway, text


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


@pytest.mark.parametrize(("name", "status", "body", "became"), some(ANSWERS, short=12))
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
