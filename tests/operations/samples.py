"""A message and an entry of the audit trail, as other samples have left them, and a job."""

from sqlalchemy import select

from portal.audit.models import AuditEntry
from portal.db import unit_of_work
from portal.messages.models import Message
from tests.samples import Access, Common, Making, Samples, Text, Tour


def make(making: Making) -> None:
    """Note the first of each."""
    with unit_of_work(write=False) as session:
        making.note("message", "", session.scalars(select(Message.id).limit(1)).one())
        making.note("audit", "", session.scalars(select(AuditEntry.number).limit(1)).one())


samples = Samples(
    make=make,
    access=Access(
        arguments={
            "message_id": Common("message"),
            "operations:number": Common("audit"),
            "operations:name": Text("messages.deliver", missing="nonsense"),
        },
        numbers=("/operations?below={}",),
    ),
    tour=Tour(
        pages={
            "/operations/audit/<number>": ("/operations/audit/1",),
            "/operations/jobs/<name>": ("/operations/jobs/messages.deliver",),
            "/operations/messages/<id>": ("/operations/messages/1",),
        }
    ),
)
