"""What the page that confirms doses leaving points out; saving stays possible."""

from collections.abc import Mapping, Sequence
from datetime import date

from sqlalchemy import Select

from blueprints.inventory.counted import Asked, list_counts, not_in_counts
from blueprints.inventory.leaving.possible_duplicates import (
    DosesThatLeft,
    list_alike,
    list_counted_losses,
)
from blueprints.inventory.leaving.selection import Remaining
from blueprints.inventory.rules import DocumentKind
from portal.access.scope import Scope
from portal.formats.shown import day, moment_in, number
from portal.i18n import _, ngettext
from portal.linked import Linked, Way


def taken_before(
    scope: Scope,
    kind: DocumentKind,
    lines: Sequence[Remaining],
    *,
    on: date,
    among: Select[int] | None = None,
) -> list[Linked]:
    """Whether the doses that are to leave on a day were entered already: by a document of the same
    kind; `among` selects which can mean the same."""
    doses = {line.record.id: line.doses for line in lines}
    names = {line.record.id: line.record.name for line in lines}
    return [
        Linked(
            _(
                "“%(name)s”: %(user)s already entered the same number of doses for the same "
                "day, on %(moment)s (%(number)s). Continue only if these are other doses.",
                name=names[one.inventory_id],
                user=one.by,
                moment=moment_in(one.recorded_at, scope.place.time_zone),
                number=one.number,
            ),
            [_way(one)],
        )
        for one in list_alike(scope, kind, doses, on=on, among=among)
    ]


def counted_before(scope: Scope, records: Mapping[int, str], *, on: date) -> list[Linked]:
    """What to ask about counts before doses leave these records, given with their names, on a day:
    what counts took off on that day or later, and, if the day is past, what else they found."""
    losses = list_counted_losses(scope, records, since=on)
    said = {(one.inventory_id, one.document_id) for one in losses}
    counts = list_counts(scope, Asked(records, on)) if on < scope.today() else []
    others = [one for one in counts if (one.inventory_id, one.document_id) not in said]
    return [*_taken_off(records, losses), *not_in_counts(others)]


def _taken_off(records: Mapping[int, str], losses: Sequence[DosesThatLeft]) -> list[Linked]:
    """For each record that a count lowered: which, when and how much."""
    found = []
    for record, name in records.items():
        booked = [one for one in losses if one.inventory_id == record]
        if booked:
            text = _(
                "“%(name)s”: a count already removed missing doses from this record "
                "(%(booked)s). Make sure these are not the same doses.",
                name=name,
                booked=", ".join(map(_in_words, booked)),
            )
            found.append(Linked(text, map(_way, booked)))
    return found


def _way(booked: DosesThatLeft) -> Way:
    return Way(
        _("Show %(number)s", number=booked.number),
        "inventory.document",
        {"document_id": booked.document_id},
    )


def _in_words(booked: DosesThatLeft) -> str:
    return str(
        ngettext(
            "%(number)s of %(day)s: %(doses)s dose",
            "%(number)s of %(day)s: %(doses)s doses",
            booked.doses,
            number=booked.number,
            day=day(booked.happened_on),
            doses=number(booked.doses),
        )
    )
