"""What speaks against giving a dose: stops and warnings from the facts of products, the doses
before, the day, the age and the answers (SPEC G10). Pure functions; booking asks the same windows.

A stop needs an override by somebody who may, with a reason; a final one cannot be overridden.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Protocol

from portal.catalog.ages import day_after_last, first_day
from portal.catalog.screening import (
    NO,
    STOP,
    YES,
    ScreeningQuestion,
)
from portal.catalog.windows import Intervals, window
from portal.formats.shown import day as shown
from portal.i18n import _, ngettext


class Level(StrEnum):
    """What a finding does: only tell, stop until somebody overrides it, or stop for good."""

    WARNING = "warning"
    STOP = "stop"
    FINAL = "final"


class StopCode(StrEnum):
    """What was found."""

    OTHER_PRODUCT = "other_product"
    TOO_EARLY = "too_early"
    IN_GRACE = "in_grace"
    LATE = "late"
    INTERVAL_UNKNOWN = "interval_unknown"
    TOO_YOUNG = "too_young"
    TOO_OLD = "too_old"
    CONTRAINDICATED = "contraindicated"
    PRECAUTION = "precaution"
    COMPLETE = "complete"
    EXPIRED = "expired"
    HELD = "held"
    SAME_DOSE = "same_dose"
    MISSING_DOSE = "missing_dose"
    LATER_TOO_EARLY = "later_too_early"


@dataclass(frozen=True)
class Objection:
    """One thing that speaks against a dose, in words."""

    code: StopCode
    level: Level
    text: str

    @property
    def stops(self) -> bool:
        """Whether nothing may be given because of it, unless it is overridden."""
        return self.level is not Level.WARNING


class VaccineFacts(Intervals, Protocol):
    """What is asked of a product's facts on a day."""

    @property
    def min_age_years(self) -> str: ...
    @property
    def max_age_years(self) -> str: ...


@dataclass(frozen=True, kw_only=True)
class Vaccine:
    """A product: its CVX code, its group, and the codes that may continue its series."""

    name: str
    cvx: str
    group: str
    interchangeable_with: str = ""

    def continues(self, other: "Vaccine") -> bool:
        """Whether a series begun with `other` may go on with this product."""
        return self.cvx == other.cvx or self.cvx in other.interchangeable_with.split("|")


@dataclass(frozen=True, kw_only=True)
class GivenDose:
    """A dose of the history; `facts` are what held of its product on its day (None: unknown)."""

    vaccine: Vaccine
    number: int
    day: date
    facts: VaccineFacts | None


@dataclass(frozen=True, kw_only=True)
class LotState:
    """What matters of a lot; it may be used through its expiration date, included."""

    name: str
    expiration_date: date
    quarantined: bool = False


@dataclass(frozen=True, kw_only=True)
class PlannedDose:
    """The dose to judge. `answers` are by the codes of `questions`, which are those for this
    product; `lot` is None where it is not chosen yet."""

    vaccine: Vaccine
    number: int
    day: date
    facts: VaccineFacts | None
    birth_date: date
    questions: Sequence[ScreeningQuestion] = ()
    answers: Mapping[str, str] | None = None
    lot: LotState | None = None


def judge(planned: PlannedDose, history: Iterable[GivenDose]) -> tuple[Objection, ...]:
    """All that speaks against the dose, stops first. `history` are the other doses of the person;
    those against other diseases do not matter."""
    own = [dose for dose in history if dose.vaccine.group == planned.vaccine.group]
    before = [dose for dose in own if dose.day <= planned.day]
    found = [
        *_lot(planned),
        *_age(planned),
        *_answers(planned),
        *_series(planned, before),
        *_interval(planned, before),
        *_later(planned, [dose for dose in own if dose.day > planned.day]),
    ]
    order = list(Level)
    return tuple(sorted(found, key=lambda one: order.index(one.level), reverse=True))


def next_number(history: Iterable[GivenDose], group: str) -> int:
    """The number of the dose after those of the history, against the same disease."""
    return max((dose.number for dose in history if dose.vaccine.group == group), default=0) + 1


def _lot(planned: PlannedDose) -> Iterable[Objection]:
    lot = planned.lot
    if lot is None:
        return
    if lot.quarantined:
        yield Objection(
            StopCode.HELD,
            Level.FINAL,
            _("Lot %(lot)s is in quarantine. Use another lot.", lot=lot.name),
        )
    if planned.day > lot.expiration_date:
        yield Objection(
            StopCode.EXPIRED,
            Level.FINAL,
            _(
                "Lot %(lot)s expired on %(day)s. Use another lot.",
                lot=lot.name,
                day=shown(lot.expiration_date),
            ),
        )


def _age(planned: PlannedDose) -> Iterable[Objection]:
    if planned.facts is None:
        return
    name, day, born = planned.vaccine.name, planned.day, planned.birth_date
    first = first_day(born, planned.facts.min_age_years, day)
    if first is not None and day < first:
        yield Objection(
            StopCode.TOO_YOUNG,
            Level.STOP,
            _(
                "Too young for %(name)s: it is for this person from %(day)s.",
                name=name,
                day=shown(first),
            ),
        )
    end = day_after_last(born, planned.facts.max_age_years, day)
    if end is not None and day >= end:
        yield Objection(
            StopCode.TOO_OLD,
            Level.STOP,
            _(
                "Too old for %(name)s: since %(day)s this person needs another product.",
                name=name,
                day=shown(end),
            ),
        )


def _answers(planned: PlannedDose) -> Iterable[Objection]:
    if planned.answers is None:
        return
    for question in planned.questions:
        answer = planned.answers.get(question.code, "")
        if answer == NO:
            continue
        text = question.words["en"]
        if question.yes == STOP and answer == YES:
            yield Objection(
                StopCode.CONTRAINDICATED,
                Level.STOP,
                _("Answered Yes: %(question)s Do not give this vaccine.", question=text),
            )
        elif answer == YES:
            yield Objection(
                StopCode.PRECAUTION,
                Level.WARNING,
                _("Answered Yes: %(question)s Talk about it first.", question=text),
            )
        else:
            yield Objection(
                StopCode.PRECAUTION,
                Level.STOP if not answer and question.yes == STOP else Level.WARNING,
                _("Not sure: %(question)s Find out first.", question=text)
                if answer
                else _("Not asked: %(question)s Ask it first.", question=text),
            )


def _series(planned: PlannedDose, before: Sequence[GivenDose]) -> Iterable[Objection]:
    if any(dose.number == planned.number for dose in before):
        yield Objection(
            StopCode.SAME_DOSE,
            Level.WARNING,
            _(
                "Dose %(number)s is recorded already, on %(day)s. Check the dose number.",
                number=planned.number,
                day=shown(max(dose.day for dose in before if dose.number == planned.number)),
            ),
        )
    missing = planned.number - 1
    if missing and all(dose.number != missing for dose in before):
        yield Objection(
            StopCode.MISSING_DOSE,
            Level.WARNING,
            _(
                "Dose %(number)s is not recorded. If it was given elsewhere, record it on the "
                "person’s record.",
                number=missing,
            ),
        )
    series = planned.facts.series_doses if planned.facts else None
    highest = max((dose.number for dose in before), default=0)
    if series is not None and highest < series < planned.number:
        yield Objection(
            StopCode.COMPLETE,
            Level.STOP,
            ngettext(
                "%(name)s is given in %(num)s dose. Check the dose number: %(number)s.",
                "%(name)s is given in %(num)s doses. Check the dose number: %(number)s.",
                series,
                name=planned.vaccine.name,
                number=planned.number,
            ),
        )
    if not before:
        return
    last = _last(before)
    if not planned.vaccine.continues(last.vaccine):
        yield Objection(
            StopCode.OTHER_PRODUCT,
            Level.STOP,
            _(
                "Dose %(number)s on %(day)s was %(before)s. This is %(now)s.",
                number=last.number,
                day=shown(last.day),
                before=last.vaccine.name,
                now=planned.vaccine.name,
            ),
        )
    series = last.facts.series_doses if last.facts else None
    if series is not None and highest >= series:
        yield Objection(
            StopCode.COMPLETE,
            Level.STOP,
            _("All doses of %(name)s were given already.", name=last.vaccine.name),
        )


def _interval(planned: PlannedDose, before: Sequence[GivenDose]) -> Iterable[Objection]:
    """The dose counts as the one after the last, whatever number was chosen for it."""
    if not before:
        return
    last = _last(before)
    number = last.number + 1
    if last.facts is not None and number > (last.facts.series_doses or number):
        return
    days = window(last.facts, number, last.day) if last.facts else None
    if days is None:
        yield Objection(
            StopCode.INTERVAL_UNKNOWN,
            Level.WARNING,
            _("The portal does not know the interval after %(name)s.", name=last.vaccine.name),
        )
    elif planned.day < days.earliest:
        yield Objection(
            StopCode.TOO_EARLY,
            Level.STOP,
            _(
                "Too early: the dose before was on %(day)s. The first possible day is %(first)s.",
                day=shown(last.day),
                first=shown(days.earliest),
            ),
        )
    elif planned.day < days.recommended:
        yield Objection(
            StopCode.IN_GRACE,
            Level.WARNING,
            _("Earlier than recommended (%(day)s), but it counts.", day=shown(days.recommended)),
        )
    elif days.latest is not None and planned.day > days.latest:
        yield Objection(
            StopCode.LATE,
            Level.WARNING,
            _(
                "Later than recommended (%(day)s). It counts; do not start over.",
                day=shown(days.latest),
            ),
        )


def _later(planned: PlannedDose, after: Sequence[GivenDose]) -> Iterable[Objection]:
    following = min(after, key=lambda dose: dose.day, default=None)
    if following is None or planned.facts is None:
        return
    days = window(planned.facts, planned.number + 1, planned.day)
    if days is not None and following.day < days.earliest:
        yield Objection(
            StopCode.LATER_TOO_EARLY,
            Level.WARNING,
            _(
                "The dose on %(day)s would then have been too early: the first possible day was "
                "%(first)s.",
                day=shown(following.day),
                first=shown(days.earliest),
            ),
        )


def _last(before: Sequence[GivenDose]) -> GivenDose:
    return max(before, key=lambda dose: (dose.day, dose.number))


def final(objections: Iterable[Objection]) -> list[Objection]:
    """Those that nobody can override."""
    return [one for one in objections if one.level is Level.FINAL]


def stops(objections: Iterable[Objection]) -> list[Objection]:
    """Those that need an override."""
    return [one for one in objections if one.level is Level.STOP]


def codes(objections: Iterable[Objection]) -> str:
    """The codes as they are stored: each once, joined by blanks."""
    return " ".join(sorted({str(one.code) for one in objections}))


def are_covered(objections: Iterable[Objection], seen: Collection[str]) -> bool:
    """Whether somebody who decided on the codes `seen` knew of all these."""
    return {str(one.code) for one in objections} <= set(seen)
