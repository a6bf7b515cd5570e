"""The portal as somebody careless would have written it: every guard against races taken out.

The race tests run against it too, and must find it wanting.
"""

import time
from datetime import date
from typing import Any

import pytest
from sqlalchemy import select, update

from blueprints.inventory import services
from blueprints.inventory.ledger import entries as ledger
from blueprints.inventory.models import VaccineInventory
from blueprints.inventory.rules import Kind, changes
from portal import db, drafts, submissions
from portal.db import session
from portal.drafts import Draft
from portal.errors import Invalid

PAUSE = 0.01
get_draft = drafts.get_draft


def begin_deferred(**_how: Any) -> None:
    """SQLite's plain BEGIN: the write lock is taken when the first write comes."""
    session().connection()


def read_then_write(
    inventory_id: int, kind: Kind, doses: int, *, used_on: date | None = None, **_more: object
) -> int:
    """Look whether there are enough, compute in Python, write the result."""
    with db.db.engine.connect() as other:
        record = other.execute(
            select(VaccineInventory.__table__).where(VaccineInventory.id == inventory_id)
        ).one()
    after = {name: getattr(record, name) + change for name, change in changes(kind, doses).items()}
    if min(after.values()) < 0:
        raise Invalid("not enough", field="doses")
    time.sleep(PAUSE)
    session().execute(
        update(VaccineInventory).where(VaccineInventory.id == inventory_id).values(after)
    )
    return int(record.location_id)


def take_no_lock(*_arguments: Any) -> None:
    """Trust that nobody else is at it."""
    time.sleep(PAUSE)


def look_at_draft(*arguments: Any, **named: Any) -> Any:
    """Read the draft without holding it."""
    named.pop("lock", None)
    return get_draft(*arguments, **named)


def always_first(*_arguments: Any, **_named: Any) -> None:
    """Take every submission for a new one."""
    return


finish_once = drafts.finish


def finish_anyway(draft: Draft, **what: Any) -> bool:
    """Finish a form, whoever has finished it before."""
    finish_once(draft, **what)
    return True


Guards = tuple[tuple[object, str, object], ...]

NO_LOCKS: Guards = (
    (db, "begin", begin_deferred),
    (db, "may_retry", lambda _error: False),
)
LEDGER: Guards = ((db, "begin", begin_deferred), (ledger, "_move", read_then_write))
ARRIVALS: Guards = (
    (db, "begin", begin_deferred),
    (services, "lock_arrivals", take_no_lock),
    (services, "_lock_shipment", take_no_lock),
)
FORMS: Guards = (
    *ARRIVALS,
    *NO_LOCKS,
    (submissions, "claim", always_first),
    (submissions, "remember_answer", always_first),
    (drafts, "get_draft", look_at_draft),
    (drafts, "finish", finish_anyway),
)


def be_careless(patch: pytest.MonkeyPatch, guards: Guards) -> None:
    """Take these guards out until the test ends."""
    for module, name, function in guards:
        patch.setattr(module, name, function)
