"""Senders as people write them into the settings: an address, or a name before it."""

import re
from dataclasses import dataclass

NAMED = re.compile(r"(?P<name>.*?)\s*<(?P<address>[^<>]*)>")
QUOTED = re.compile(r'"((?:[^"\\]|\\.)*)"')
# Only what every mail server takes.
ADDRESS = re.compile(
    r"[\w!#$%&'*+/=?^`{|}~-]+(\.[\w!#$%&'*+/=?^`{|}~-]+)*"
    r"@[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*",
    re.ASCII | re.IGNORECASE,
)
LONGEST = 254


@dataclass(frozen=True)
class Mailbox:
    """Who a message comes from; `name` may be empty."""

    name: str
    address: str


def mailbox(text: str) -> Mailbox:
    """Read `Name <name@example.org>` or `name@example.org`; the name needs no quotes.

    Raises `ValueError` for anything else.
    """
    text = " ".join(text.split())
    named = NAMED.fullmatch(text)
    name, address = (named["name"], named["address"]) if named else ("", text)
    quoted = QUOTED.fullmatch(name)
    if quoted:
        name = re.sub(r"\\(.)", r"\1", quoted[1])
    if not name.isprintable() or len(address) > LONGEST or not ADDRESS.fullmatch(address):
        raise ValueError(f"{text!r} is not a name and an e-mail address")
    return Mailbox(name, address)
