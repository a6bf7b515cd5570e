"""The outbox: what must be mailed is a row first, in the transaction that promises it (SPEC C4)."""

from portal.messages.services import NewMessage, cancel_about, queue, queue_many

__all__ = ["NewMessage", "cancel_about", "queue", "queue_many"]
