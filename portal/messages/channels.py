"""Ways for messages to leave: what a channel brings, and what it may say of a message.

The platform brings `email` and `sms`; a module brings another by naming a `Channel` in its
`channels`. Each has a queue, a pace and a server state of its own, so that the trouble of one holds
up no other.
"""

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import timedelta

from portal.i18n import Label
from portal.messages.models import Message
from portal.messages.rendering import Rendered
from portal.settings import Settings


class ServerUnusable(Exception):
    """No message can leave at present; `lasting` when only the operator can mend it. `after`: how
    long the server asks to be left alone.

    The sentence is shown to the administrator and holds no secret.
    """

    def __init__(self, sentence: str, *, lasting: bool, after: timedelta | None = None) -> None:
        super().__init__(sentence)
        self.lasting = lasting
        self.after = after


class NotTaken(Exception):
    """The server did not take this message; `for_good` when trying again is useless, `broken` when
    the connection is lost too, or the server itself is in trouble.

    `stopped`: the reader asked for no more by this channel. `after`: how long to wait at least
    before the next try. `tries`: after how many in all it is given up, if earlier than usual.
    """

    def __init__(
        self,
        sentence: str,
        *,
        for_good: bool = False,
        broken: bool = False,
        stopped: bool = False,
        after: timedelta | None = None,
        tries: int | None = None,
    ) -> None:
        super().__init__(sentence)
        self.for_good = for_good or stopped
        self.broken = broken
        self.stopped = stopped
        self.after = after
        self.tries = tries


# Hands over one message; returning means that the server has taken it. Raises `NotTaken`, or
# `ServerUnusable`. Every wait in it must end, well within `claims.LEASE`.
Send = Callable[[Message, Rendered], None]


@dataclass(frozen=True, kw_only=True)
class Channel:
    """A way for messages to leave.

    blocks: those of a kind's template that a message by this channel is made of. `html` is
        escaped, the others are plain text.
    frames: by block, the template around it, where every message of the channel has one; it is
        given `body` and, where there is such a block, `subject`.
    opened: a context manager, entered once for many messages, that gives the function that sends
        one. Entering it raises `ServerUnusable`.
    refusal: what is wrong with an address, in a sentence; empty for a usable one.
    configured: whether messages can leave by it at all. Until then they wait. It is not asked in
        practice mode, where nothing leaves.
    per_minute: how many may leave in a minute while what piled up in an outage goes out; 0: any.
    check: what of its settings cannot be used: raises `SettingsError` when the portal starts.
    shaped: what is done to each block in the end.
    stops: whether its server may say that a reader asked for no more (`NotTaken.stopped`).
    """

    name: str
    title: Label
    blocks: tuple[str, ...]
    frames: Mapping[str, str] = field(default_factory=dict)
    opened: Callable[[Settings], AbstractContextManager[Send]]
    refusal: Callable[[str], str]
    configured: Callable[[Settings], bool]
    per_minute: Callable[[Settings], int] = lambda _settings: 0
    check: Callable[[Settings], None] = lambda _settings: None
    shaped: Callable[[str], str] = str
    stops: bool = False

    @property
    def job(self) -> str:
        """The job that sends its messages."""
        return job_of(self.name)

    def writes(self, settings: Settings) -> bool:
        """Whether messages may be promised by it: in practice mode always, where they are shown."""
        return settings.practice or self.configured(settings)

    def ready(self, settings: Settings) -> bool:
        """Whether messages may leave by it now. In practice mode none does."""
        return not settings.practice and self.configured(settings)


def job_of(channel: str) -> str:
    """The job that sends the messages of a channel."""
    return "messages.deliver" if channel == "email" else f"messages.deliver_{channel}"
