"""What the page that confirms doses leaving points out; saving stays possible."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from sqlalchemy import Select

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


@dataclass(frozen=True)
class Warned:
    """A sentence, and the documents it is about."""

    text: str
    booked: Sequence[DosesThatLeft] = ()


def taken_before(
    scope: Scope,
    kind: DocumentKind,
    lines: Sequence[Remaining],
    *,
    on: date,
    among: Select[int] | None = None,
) -> list[Warned]:
    """Whether the doses that are to leave on a day may have been booked already: by a document of
    the same kind (`among` selects which can mean the same), or by a count."""
    doses = {line.record.id: line.doses for line in lines}
    alike = list_alike(scope, kind, doses, on=on, among=among)
    return [*_alike(scope, alike, lines), *_counted(scope, lines, on)]


def _alike(
    scope: Scope, alike: Sequence[DosesThatLeft], lines: Sequence[Remaining]
) -> list[Warned]:
    """Who has entered the very same already, and when."""
    names = {line.record.id: line.record.name for line in lines}
    return [
        Warned(
            _(
                "“%(name)s”: %(user)s already entered the same number of doses for the same "
                "day, on %(moment)s (%(number)s). Continue only if these are other doses.",
                name=names[one.inventory_id],
                user=one.by,
                moment=moment_in(one.recorded_at, scope.place.time_zone),
                number=one.number,
            ),
            [one],
        )
        for one in alike
    ]


def _counted(scope: Scope, lines: Sequence[Remaining], on: date) -> list[Warned]:
    """For each record that a count lowered on that day or later: which, when and how much."""
    records = [line.record.id for line in lines]
    losses = list_counted_losses(scope, records, since=on)
    found = []
    for line in lines:
        booked = [one for one in losses if one.inventory_id == line.record.id]
        if booked:
            text = _(
                "“%(name)s”: a count already removed missing doses from this record "
                "(%(booked)s). Make sure these are not the same doses.",
                name=line.record.name,
                booked=", ".join(map(_in_words, booked)),
            )
            found.append(Warned(text, booked))
    return found


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
