"""What the page that confirms a wastage or return points out; saving stays possible."""

from collections.abc import Sequence
from dataclasses import dataclass

from blueprints.inventory.booked_before import Booked, list_alike, list_counted_losses
from blueprints.inventory.rules import usable_on
from blueprints.inventory.selection import Remaining
from blueprints.wastage.services import Loss
from portal.i18n import _, ngettext
from portal.places.scope import Scope
from portal.web.templating import day, moment, number


@dataclass(frozen=True)
class Warned:
    """A sentence, and the documents it speaks of."""

    text: str
    booked: Sequence[Booked] = ()


def warnings(scope: Scope, loss: Loss, lines: Sequence[Remaining]) -> list[Warned]:
    """All that may be wrong with a loss that is about to be saved."""
    return [*_not_expired(loss, lines), *_alike(scope, loss, lines), *_counted(scope, loss, lines)]


def _not_expired(loss: Loss, lines: Sequence[Remaining]) -> list[Warned]:
    if loss.reason != "expired":
        return []
    return [
        Warned(
            _(
                "“%(name)s” may be used through %(day)s; the reason says it has expired.",
                name=line.record.name,
                day=day(line.record.expiration_date),
            )
        )
        for line in lines
        if usable_on(line.record.expiration_date, loss.happened_on)
    ]


def _alike(scope: Scope, loss: Loss, lines: Sequence[Remaining]) -> list[Warned]:
    """Whether somebody has entered the very same already."""
    doses = {line.record.id: line.doses for line in lines}
    names = {line.record.id: line.record.name for line in lines}
    return [
        Warned(
            _(
                "“%(name)s”: the same number of doses was entered for the same day already, by "
                "%(user)s on %(moment)s (%(number)s). Save only if these are other doses.",
                name=names[one.inventory_id],
                user=one.by,
                moment=moment(one.recorded_at),
                number=one.number,
            ),
            [one],
        )
        for one in list_alike(scope, loss.kind, doses, on=loss.happened_on)
    ]


def _counted(scope: Scope, loss: Loss, lines: Sequence[Remaining]) -> list[Warned]:
    """For each record that a count lowered on that day or later: which, when and how much."""
    records = [line.record.id for line in lines]
    losses = list_counted_losses(scope, records, since=loss.happened_on)
    found = []
    for line in lines:
        booked = [one for one in losses if one.inventory_id == line.record.id]
        if booked:
            text = _(
                "“%(name)s”: a count has already taken missing doses off this record "
                "(%(booked)s); make sure that yours are not the same doses.",
                name=line.record.name,
                booked=", ".join(map(_in_words, booked)),
            )
            found.append(Warned(text, booked))
    return found


def _in_words(booked: Booked) -> str:
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
