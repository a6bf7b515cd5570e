"""Counts that were finished after what an entry is about: they may have found its doses already.

The counts themselves belong to another module, which answers through the slot `inventory.counted`.
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import date

from portal.access.scope import Scope
from portal.errors import Invalid
from portal.formats.shown import day, number
from portal.i18n import _, ngettext
from portal.module import load
from portal.web.context import registry

# So many counts of a record are named in a sentence, the newest ones.
NAMED = 3


@dataclass(frozen=True)
class Asked:
    """Which counts are wanted: those of these records of the present location that were finished on
    the day `since` or later; with `entry_id` only those that took that entry into account, or
    booked it."""

    inventory_ids: Collection[int]
    since: date
    entry_id: int | None = None


@dataclass(frozen=True)
class Counted:
    """What a finished count found of a record, and on which day it was finished."""

    inventory_id: int
    name: str
    count_id: int
    finished_on: date
    doses: int


def list_counts(scope: Scope, asked: Asked) -> list[Counted]:
    """The counts that are wanted, newest first."""
    found: list[Counted] = []
    if asked.inventory_ids:
        for fill in registry().fills("inventory.counted"):
            found += load(fill.function)(scope, asked)["found"]
    return found


def counted_since(scope: Scope, inventory_ids: Collection[int], since: date) -> list[str]:
    """For each of the records that was counted on the day of an entry or later: which count, when,
    and what it found."""
    return [
        _(
            "“%(name)s” was counted on that date or later (%(counts)s). Make sure that these doses "
            "were not included in the count.",
            name=name,
            counts=counts,
        )
        for name, counts in _by_record(list_counts(scope, Asked(inventory_ids, since)))
    ]


def counted_after(scope: Scope, inventory_id: int, entry_id: int, happened_on: date) -> list[str]:
    """The same for an entry of the ledger that is to be reversed."""
    return [
        _(
            "“%(name)s” was counted after this entry (%(counts)s). Make sure that the count did "
            "not already correct the mistake.",
            name=name,
            counts=counts,
        )
        for name, counts in _by_record(
            list_counts(scope, Asked([inventory_id], happened_on, entry_id))
        )
    ]


def ensure_meant(sentences: Iterable[str], *, confirmed: bool) -> None:
    """Raise `Invalid` with the field "confirmed" for what was pointed out and not confirmed."""
    told = [*sentences]
    if told and not confirmed:
        told.append(_("If everything is right, check this box and save again."))
        raise Invalid(" ".join(told), field="confirmed")


def _by_record(counts: Iterable[Counted]) -> list[tuple[str, str]]:
    """The name of each record, and its counts in words."""
    records: dict[int, list[Counted]] = {}
    for one in counts:
        records.setdefault(one.inventory_id, []).append(one)
    return [(found[0].name, ", ".join(map(_in_words, found[:NAMED]))) for found in records.values()]


def _in_words(counted: Counted) -> str:
    return str(
        ngettext(
            "Count %(count)s of %(day)s: %(doses)s dose",
            "Count %(count)s of %(day)s: %(doses)s doses",
            counted.doses,
            count=counted.count_id,
            day=day(counted.finished_on),
            doses=number(counted.doses),
        )
    )
