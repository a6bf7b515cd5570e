"""The channel `pager`: a service on the local network that takes messages by HTTP."""

import http.client
import json
import re
from collections.abc import Iterator
from contextlib import contextmanager

from clinic_coolers.settings import CoolerSettings

from portal.i18n import _l
from portal.messages.channels import Channel, NotTaken, Send, ServerUnusable
from portal.messages.models import Message
from portal.messages.rendering import Rendered
from portal.settings import Settings, of_module

NUMBER = re.compile(r"\d{3,12}")


@contextmanager
def opened(_settings: Settings) -> Iterator[Send]:
    """A connection to the service, for one round of messages."""
    host = of_module(CoolerSettings).pager_address
    connection = http.client.HTTPConnection(host, timeout=5)
    try:
        connection.connect()
    except OSError as error:
        raise ServerUnusable(
            f"The pager service cannot be reached ({type(error).__name__}).", lasting=False
        ) from None

    def send(message: Message, rendered: Rendered) -> None:
        body = {
            "to": message.address,
            "text": rendered.parts["page"],
            "id": message.message_id,
            "urgency": of_module(CoolerSettings).urgency,
        }
        try:
            connection.request("POST", "/", json.dumps(body))
            answer = connection.getresponse()
            answer.read()
        except (OSError, http.client.HTTPException) as error:
            raise NotTaken(f"The call was cut ({type(error).__name__}).", broken=True) from None
        if answer.status != 200:
            sentence = f"The pager service answered {answer.status}."
            raise NotTaken(sentence, for_good=400 <= answer.status < 500)

    try:
        yield send
    finally:
        connection.close()


PAGER = Channel(
    name="pager",
    title=_l("Pager"),
    blocks=("page",),
    opened=opened,
    refusal=lambda address: "" if NUMBER.fullmatch(address) else "A pager has a number.",
    configured=lambda _settings: bool(of_module(CoolerSettings).pager_address),
)
