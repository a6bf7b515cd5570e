"""Telling people what is known to be wrong with the data, or with its backup."""

from typing import Any

from portal import settings, soundness
from portal.access.scope import Scope
from portal.backup import routine
from portal.db import unit_of_work
from portal.messages.services import NewMessage, queue_many
from portal.people.queries import list_administrators
from portal.soundness import Fault


def tell() -> str | None:
    """Queue one e-mail a fault to each programme administrator (a job of the platform)."""
    instance = settings.current().instance
    new = [fault for fault in soundness.faults(instance) if not fault.told]
    for fault in new:
        good = routine.newest_good(settings.current()) if fault.of_data else None
        with unit_of_work():
            queue_many(
                NewMessage(
                    kind="data_fault",
                    to=user.email,
                    user_id=user.id,
                    once=f"data_fault:{fault.kind}:{fault.since.isoformat()}:{user.id}",
                    context={
                        "fault": fault.kind,
                        "since": fault.since,
                        "copy": good.name if good else "",
                    },
                )
                for user in list_administrators()
            )
        soundness.set_told(instance, fault)
    return f"{len(new)} told" if new else None


def card(_scope: Scope, _subject: object) -> dict[str, Any] | None:
    """What is wrong, for the home page; nothing while all is well."""
    found = known()
    return {"faults": found} if found else None


def known() -> list[Fault]:
    """What is wrong with the data of the running application."""
    return soundness.faults(settings.current().instance)
