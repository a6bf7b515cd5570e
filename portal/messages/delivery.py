"""Sending what waits: the job `messages.deliver`, and one for each further channel.

A message is handed over at least once: dying or failing between the server's 250 and the mark
repeats it after the lease, with the same Message-ID.
"""

import logging
import secrets
from collections import Counter
from contextlib import ExitStack

from sqlalchemy import select

from portal import settings
from portal.db import unit_of_work
from portal.errors import where
from portal.jobs import stopping
from portal.jobs.runner import process_name
from portal.messages import claims, stops
from portal.messages.attachments import Attachment, attached_to
from portal.messages.channels import Channel, NotTaken, Send, ServerUnusable
from portal.messages.models import Message, MessageAttachment
from portal.messages.rendering import Rendered, render
from portal.module import current
from portal.places.models import Location

log = logging.getLogger("portal.messages")

# Connections lost one after another: it is the server then, not the messages.
LOST_IN_A_ROW = 3


class Round:
    """One process's delivery by one channel, from the first message taken to the last."""

    def __init__(self, channel: Channel) -> None:
        self.channel = channel
        self.settings = settings.current()
        self.owner = f"{process_name()}:{secrets.token_hex(4)}"
        self.connection = ExitStack()
        self.send: Send | None = None
        self.unsettled: int | None = None
        self.lost = 0
        self.answered = False
        self.counts: Counter[str] = Counter()

    def work(self) -> None:
        """Send until nothing is due, the server cannot be used, or the process ends."""
        name, pace = self.channel.name, self.channel.per_minute(self.settings)
        try:
            while not stopping() and claims.anything_due(name):
                batch = claims.claim(self.owner, name, pace)
                if not batch:
                    break
                zones, with_files = _about(batch, self.settings.time_zone)
                for message in batch:
                    if stopping():
                        break
                    self._deliver(message, zones[message.location_id], message.id in with_files)
        except ServerUnusable as error:
            log.warning("the server of %s is unusable: %s", name, error)
            claims.server_failed(name, error)
            self.counts["server unusable"] += 1
        finally:
            claims.release(self.owner, but=self.unsettled)
            self._close()

    def _deliver(self, message: Message, zone: str, with_files: bool) -> None:
        try:
            files = self._files(message) if with_files else ()
            rendered = render(message, zone=zone, secrets=True, attachments=files)
        except Exception as error:
            self._refused(message, f"Cannot be written: {where(error)}", for_good=True)
            return
        send = self._opened()
        try:
            wanted = claims.begin(message, self.owner)
        except claims.CannotAsk as error:
            asked = f"Whether it is still true cannot be asked: {where(error.__cause__ or error)}"
            self._refused(message, asked, for_good=False)
            return
        if not wanted:
            self.counts["no longer wanted"] += 1
            return
        self.unsettled = message.id
        try:
            self._hand_over(send, message, rendered)
        except ServerUnusable:
            claims.mark_untried(message, self.owner)
            self.unsettled = None
            raise
        except NotTaken as error:
            self._not_taken(message, error)
            self.unsettled = None
            if error.broken:
                self._count_lost(error)
            else:
                self._count_answer()
            return
        claims.mark_sent(message)
        self.unsettled = None
        self.counts["sent"] += 1
        self._count_answer()

    def _hand_over(self, send: Send, message: Message, rendered: Rendered) -> None:
        try:
            send(message, rendered)
        except (ServerUnusable, NotTaken):
            raise
        except Exception as error:  # a fault of the channel, as a lost connection is
            raise NotTaken(f"Cannot be sent: {where(error)}", broken=True) from error

    def _files(self, message: Message) -> tuple[Attachment, ...]:
        with unit_of_work(write=False):
            return attached_to(message.id)

    def _opened(self) -> Send:
        if self.send is None:
            try:
                self.send = self.connection.enter_context(self.channel.opened(self.settings))
            except ServerUnusable:
                raise
            except Exception as error:
                raise ServerUnusable(f"Cannot be used: {where(error)}", lasting=False) from error
        return self.send

    def _close(self) -> None:
        self.send = None
        try:
            self.connection.close()
        except Exception as error:
            log.warning("%s was left without a goodbye: %s", self.channel.name, where(error))

    def _refused(self, message: Message, sentence: str, *, for_good: bool) -> None:
        self._not_taken(message, NotTaken(sentence, for_good=for_good))

    def _not_taken(self, message: Message, error: NotTaken) -> None:
        failed = claims.mark_refused(
            message,
            self.owner,
            str(error),
            for_good=error.for_good,
            after=error.after,
            most=error.tries,
        )
        if error.stopped and self.channel.stops:
            stops.note(self.channel.name, message.address)
        self.counts["failed" if failed else "to be tried again"] += 1
        log.warning("message %s did not leave (%s)", message.id, "failed" if failed else "waits")

    def _count_answer(self) -> None:
        self.lost = 0
        if not self.answered:
            self.answered = True
            claims.server_answers(self.channel.name)

    def _count_lost(self, error: NotTaken) -> None:
        self.lost += 1
        self._close()
        if self.lost >= LOST_IN_A_ROW:
            raise ServerUnusable(str(error), lasting=False, after=error.after)


def deliver(name: str = "email") -> str | None:
    """Send what is due by a channel (a job of the platform for each); says in a line what came of
    it.

    Where the channel is not set up, and always in practice mode, everything keeps waiting.
    """
    claims.begin_planned(name)
    claims.expire(name)
    channel: Channel = current().channels[name]
    if not channel.ready(settings.current()) or not claims.anything_due(name):
        return None
    one = Round(channel)
    one.work()
    return ", ".join(f"{count} {what}" for what, count in one.counts.items()) or None


def _about(batch: list[Message], default: str) -> tuple[dict[int | None, str], set[int]]:
    """The time zone of each message's location, and the messages that carry files."""
    wanted = {message.location_id for message in batch}
    zones: dict[int | None, str] = dict.fromkeys(wanted, default)
    with unit_of_work(write=False) as reading:
        query = select(Location.id, Location.time_zone).where(Location.id.in_(wanted - {None}))
        zones |= {row.id: row.time_zone for row in reading.execute(query)}
        numbers = [message.id for message in batch]
        query_of_files = select(MessageAttachment.message_id).where(
            MessageAttachment.message_id.in_(numbers)
        )
        return zones, set(reading.scalars(query_of_files))
