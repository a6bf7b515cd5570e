"""Sending what waits: the job `messages.deliver`.

A message is handed over at least once: dying or failing between the server's 250 and the mark
repeats it after the lease, with the same Message-ID.
"""

import logging
import secrets
from collections import Counter

from sqlalchemy import select

from portal import settings
from portal.clock import now
from portal.db import unit_of_work
from portal.errors import where
from portal.jobs import stopping
from portal.jobs.runner import process_name
from portal.messages import claims
from portal.messages.models import Message
from portal.messages.rendering import as_email, render
from portal.messages.smtp import NotTaken, ServerUnusable, SmtpConnection
from portal.places.models import Location

log = logging.getLogger("portal.messages")

# Connections lost one after another: it is the server then, not the messages.
LOST_IN_A_ROW = 3


class Round:
    """One process's delivery, from the first message taken to the last."""

    def __init__(self) -> None:
        self.settings = settings.current()
        self.owner = f"{process_name()}:{secrets.token_hex(4)}"
        self.connection: SmtpConnection | None = None
        self.unsettled: int | None = None
        self.lost = 0
        self.answered = False
        self.counts: Counter[str] = Counter()

    def work(self) -> None:
        """Send until nothing is due, the server cannot be used, or the process ends."""
        try:
            while not stopping() and claims.anything_due():
                batch = claims.claim(self.owner)
                if not batch:
                    break
                zones = _zones(batch, self.settings.time_zone)
                for message in batch:
                    if stopping():
                        break
                    self._deliver(message, zones[message.location_id])
        except ServerUnusable as error:
            log.warning("mail server unusable: %s", error)
            claims.server_failed(error)
            self.counts["server unusable"] += 1
        finally:
            claims.release(self.owner, but=self.unsettled)
            if self.connection is not None:
                self.connection.close()

    def _deliver(self, message: Message, zone: str) -> None:
        try:
            rendered = render(message, zone=zone, secrets=True)
            email = as_email(message, rendered, self.settings, at=now())
        except Exception as error:
            self._refused(message, f"Cannot be written: {where(error)}", for_good=True)
            return
        connection = self._connected()
        if not claims.begin(message, self.owner):
            self.counts["no longer wanted"] += 1
            return
        self.unsettled = message.id
        try:
            connection.send(email, message.address)
        except ServerUnusable:
            self.unsettled = None
            raise
        except NotTaken as error:
            self._refused(message, str(error), for_good=error.for_good)
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

    def _connected(self) -> SmtpConnection:
        if self.connection is None:
            self.connection = SmtpConnection(self.settings)
        return self.connection

    def _refused(self, message: Message, sentence: str, *, for_good: bool) -> None:
        claims.mark_refused(message, self.owner, sentence, for_good=for_good)
        self.counts["failed" if for_good else "to be tried again"] += 1
        log.warning("message %s did not leave (%s)", message.id, "failed" if for_good else "waits")

    def _count_answer(self) -> None:
        self.lost = 0
        if not self.answered:
            self.answered = True
            claims.server_answers()

    def _count_lost(self, error: NotTaken) -> None:
        self.lost += 1
        if self.connection is not None:
            self.connection.close()
            self.connection = None
        if self.lost >= LOST_IN_A_ROW:
            raise ServerUnusable(str(error), lasting=False)


def deliver() -> str | None:
    """Send what is due (a job of the platform); says in a line what came of it.

    Without a mail server in the settings, and always in practice mode, everything keeps waiting.
    """
    claims.expire()
    if not settings.current().mail_configured or not claims.anything_due():
        return None
    one = Round()
    one.work()
    return ", ".join(f"{count} {what}" for what, count in one.counts.items()) or None


def _zones(batch: list[Message], default: str) -> dict[int | None, str]:
    """The time zone of each message's location."""
    wanted = {message.location_id for message in batch}
    zones: dict[int | None, str] = dict.fromkeys(wanted, default)
    with unit_of_work(write=False) as current:
        query = select(Location.id, Location.time_zone).where(Location.id.in_(wanted - {None}))
        zones |= {row.id: row.time_zone for row in current.execute(query)}
    return zones
