"""Counts that were finished after what an entry is about: they may have found its doses already.

The counts themselves belong to another module, which answers through the slot `inventory.counted`.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import date

from portal.access.scope import Scope
from portal.errors import Invalid
from portal.formats.shown import day, number
from portal.i18n import _, ngettext
from portal.linked import Linked, Way, joined
from portal.module import load
from portal.places.models import Location
from portal.web.context import registry

# So many counts of a record are named in a sentence, the newest ones.
NAMED = 3


@dataclass(frozen=True)
class Asked:
    """Which counts are wanted: those of these records that were finished on the day `since` or
    later; with `entries`, by record, only those that took that entry into account, or booked it.
    The records are those of the present location, or of the sender's `there`."""

    inventory_ids: Collection[int]
    since: date
    entries: Mapping[int, int] | None = None
    there: Location | None = None


@dataclass(frozen=True)
class Counted:
    """What a finished count found of a record, and on which day it was finished; under which
    document it booked differences, if any. `endpoint` is its page, where the user may see it."""

    inventory_id: int
    name: str
    count_id: int
    finished_on: date
    doses: int
    document_id: int | None = None
    endpoint: str = ""


def list_counts(scope: Scope, asked: Asked) -> list[Counted]:
    """The counts that are wanted, newest first."""
    found: list[Counted] = []
    if asked.inventory_ids:
        for fill in registry().fills("inventory.counted"):
            found += load(fill.function)(scope, asked)["found"]
    return found


def counted_since(scope: Scope, inventory_ids: Collection[int], since: date) -> list[Linked]:
    """For each of the records that was counted on the day of an entry or later: which count, when,
    and what it found."""
    return not_in_counts(list_counts(scope, Asked(inventory_ids, since)))


def not_in_counts(counts: Iterable[Counted]) -> list[Linked]:
    """What to ask about these counts before doses of an earlier day are entered."""
    return [
        Linked(
            _(
                "“%(name)s” was counted on that date or later (%(counts)s). Make sure that these "
                "doses were not included in the count.",
                name=found[0].name,
                counts=_named(found),
            ),
            _ways(found),
        )
        for found in _by_record(counts)
    ]


def counted_after(
    scope: Scope, inventory_id: int, entry_id: int, happened_on: date
) -> list[Linked]:
    """The same for an entry of the ledger that is to be reversed."""
    asked = Asked([inventory_id], happened_on, {inventory_id: entry_id})
    return [
        Linked(
            _(
                "“%(name)s” was counted after this entry (%(counts)s). Make sure that the count "
                "did not already correct the mistake.",
                name=found[0].name,
                counts=_named(found),
            ),
            _ways(found),
        )
        for found in _by_record(list_counts(scope, asked))
    ]


def counted_after_sending(
    scope: Scope, sender: Location, sent: Mapping[int, int], sent_on: date
) -> list[Linked]:
    """The same for doses that come back to their sender: for each record the entry by which they
    left it."""
    counts = list_counts(scope, Asked(sent, sent_on, sent, sender))
    if sender.id == scope.location_id:
        text = _(
            "“%(name)s” was counted after these doses were sent (%(counts)s). Make sure that they "
            "were not included in the count."
        )
    else:
        text = _(
            "The sender counted “%(name)s” after these doses were sent (%(counts)s). Ask the "
            "sender whether they were included in the count."
        )
    own = sender.id == scope.location_id
    return [
        Linked(text % {"name": found[0].name, "counts": _named(found, doses=own)}, _ways(found))
        for found in _by_record(counts)
    ]


def ensure_meant(sentences: Iterable[str], *, confirmed: bool) -> None:
    """Raise `Invalid` with the field "confirmed" for what was pointed out and not confirmed."""
    told = [*sentences]
    if told and not confirmed:
        told.append(_("If everything is right, check this box and save again."))
        raise Invalid(joined(told), field="confirmed")


def _by_record(counts: Iterable[Counted]) -> list[list[Counted]]:
    """The counts of each record, as many as are named."""
    records: dict[int, list[Counted]] = {}
    for one in counts:
        records.setdefault(one.inventory_id, []).append(one)
    return [found[:NAMED] for found in records.values()]


def _named(counts: Iterable[Counted], *, doses: bool = True) -> str:
    """Counts in words; what another location has found is its own business."""
    return ", ".join(_in_words(one) if doses else _without_doses(one) for one in counts)


def _without_doses(counted: Counted) -> str:
    return _("Count %(count)s of %(day)s", count=counted.count_id, day=day(counted.finished_on))


def _ways(counts: Iterable[Counted]) -> list[Way]:
    return [
        Way(_("Show Count %(count)s", count=one.count_id), one.endpoint, {"count_id": one.count_id})
        for one in counts
        if one.endpoint
    ]


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
