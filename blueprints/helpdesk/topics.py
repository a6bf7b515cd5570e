"""The topics that people ask about, read from `topics.toml`: data, not code.

An installation may put a file of its own, of the same form, into the instance folder.
"""

import tomllib
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from portal import settings

OWN = "topics.toml"
FILE = Path(__file__).parent / "topics.toml"


@dataclass(frozen=True, kw_only=True)
class TopicField:
    """A field that a topic asks for beside subject and description."""

    key: str
    label: str
    kind: str = "text"
    hint: str = ""


@dataclass(frozen=True, kw_only=True)
class Topic:
    """What a case is about: its queue, and which fields of its group must be filled in.

    any_location: a request need not name a location; people without a Provider PIN enter the
    registration code for these instead.
    """

    key: str
    name: str
    queue: str
    group: str
    required: frozenset[str] = frozenset()
    file: str = ""
    any_location: bool = False

    @property
    def needs_file(self) -> bool:
        """Whether a request is nothing without an attachment."""
        return self.file == "required"


@dataclass(frozen=True, kw_only=True)
class TopicGroup:
    """Topics that share a button and a form."""

    key: str
    name: str
    form: str
    choose: str
    direct: bool
    topics: tuple[Topic, ...]
    fields: tuple[TopicField, ...]


def groups() -> tuple[TopicGroup, ...]:
    """All groups of topics, in the order of the file."""
    own = settings.current().instance / OWN
    return _read(own if own.is_file() else FILE)


def find_group(key: str) -> TopicGroup | None:
    """The group with this key."""
    return next((group for group in groups() if group.key == key), None)


def group_of(topic: str) -> TopicGroup | None:
    """The group that has a topic with this key."""
    return next((g for g in groups() if any(one.key == topic for one in g.topics)), None)


def find_topic(key: str) -> Topic | None:
    """The topic with this key."""
    group = group_of(key)
    return next((one for one in group.topics if one.key == key), None) if group else None


def name_of(key: str) -> str:
    """What a topic is called; the key of one that is no longer in the file."""
    topic = find_topic(key)
    return topic.name if topic else key


def queues() -> list[str]:
    """The queues that topics lead to, in their order."""
    return list(dict.fromkeys(topic.queue for group in groups() for topic in group.topics))


@cache
def _read(path: Path) -> tuple[TopicGroup, ...]:
    data = tomllib.loads(path.read_text(encoding="utf-8"))
    return tuple(_group(each) for each in data["group"])


def _group(data: dict[str, Any]) -> TopicGroup:
    return TopicGroup(
        key=data["key"],
        name=data["name"],
        form=data["form"],
        choose=data["choose"],
        direct=bool(data.get("direct")),
        topics=tuple(
            Topic(
                key=topic["key"],
                name=topic["name"],
                queue=topic["queue"],
                group=data["key"],
                required=frozenset(topic.get("required", ())),
                file=topic.get("file", ""),
                any_location=bool(topic.get("any_location")),
            )
            for topic in data["topic"]
        ),
        fields=tuple(TopicField(**field) for field in data.get("field", ())),
    )
