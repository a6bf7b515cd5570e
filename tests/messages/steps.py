"""Queueing messages and reading them back."""

from collections.abc import Callable

from flask import Flask
from sqlalchemy import select

from portal import messages
from portal.db import unit_of_work
from portal.messages.models import ChannelState, Message

Mailing = Callable[..., Flask]


def promise(number: int = 1, *, start: int = 0, **options: object) -> None:
    with unit_of_work():
        for one in range(start, start + number):
            messages.queue("test", f"p{one}@example.org", context={"name": f"P{one}"}, **options)  # type: ignore[arg-type]


def rows() -> list[Message]:
    with unit_of_work(write=False) as current:
        found = list(current.scalars(select(Message).order_by(Message.id)))
        current.expunge_all()
        return found


def states() -> list[str]:
    return [row.state for row in rows()]


def server_row(channel: str = "email") -> ChannelState:
    with unit_of_work(write=False) as current:
        found = current.get_one(ChannelState, channel)
        current.expunge(found)
        return found
