"""The outbox: what must be sent is a row first, in the transaction that promises it (SPEC C4)."""

from portal.messages.attachments import Attachment
from portal.messages.services import NewMessage, cancel_about, move_about, queue, queue_many

__all__ = ["Attachment", "NewMessage", "cancel_about", "move_about", "queue", "queue_many"]
