"""Finding recipients by name and birth date, in any usual way of writing them.

The location's people are found by either; anybody else by last name and birth date together.

Whoever has a birth date is few among a million: all of them are read and compared here. By name
alone the location's people are found by exact words on one index (`recipient_word`): what was
typed, nicknames, beginnings, and words one typing error away. Those share what is left of them
without a letter (`recipient_near_word`).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from typing import Any

from sqlalchemy import Integer, String, Subquery, and_, bindparam, select, union_all

from blueprints.recipients import names
from blueprints.recipients.models import NearWord, Recipient, RecipientLocation, RecipientWord
from blueprints.recipients.words import full_name
from portal.access.scope import Scope
from portal.db import session
from portal.formats.birthdays import birthday_in
from portal.searching.text import typed

MOST = 25
# How many people are compared at most, of one birth date or of one name at one location.
MOST_OF_DAY = 600
MOST_OF_NAME = 150
MOST_WORDS = 400
MISPRINTED = 2
LAST = "\U0010ffff"

COLUMNS = (
    Recipient.id,
    Recipient.first_name,
    Recipient.middle_name,
    Recipient.last_name,
    Recipient.suffix,
    Recipient.birth_date,
    Recipient.dose_status,
)


_NEAR = (
    select(NearWord.word)
    .where(NearWord.rest.in_(bindparam("rests", expanding=True)))
    .limit(MOST_WORDS)
)
_OF_DAY = (
    select(*COLUMNS, RecipientLocation.id.label("linked"))
    .outerjoin(
        RecipientLocation,
        and_(
            RecipientLocation.recipient_id == Recipient.id,
            RecipientLocation.location_id == bindparam("here", type_=Integer),
        ),
    )
    .where(
        Recipient.birth_date.in_(bindparam("days", expanding=True)),
        Recipient.merged_into_id.is_(None),
    )
    .limit(MOST_OF_DAY)
)


@dataclass(frozen=True, kw_only=True)
class Found:
    """A person who was found. `here` says that the present location sees this person."""

    recipient_id: int
    first_name: str
    middle_name: str
    last_name: str
    suffix: str
    birth_date: date
    dose_status: str
    here: bool
    distance: int

    @property
    def name(self) -> str:
        """The whole name."""
        return full_name(self)


def read(text: str, birth_date: date | None = None) -> tuple[tuple[str, ...], date | None]:
    """The folded words and the birth date that a search is for; a date may stand in `text`."""
    text = typed(text)
    if birth_date is None:
        birth_date, text = birthday_in(text)
    return names.split(text)[: names.MOST_WORDS], birth_date


def find(scope: Scope, text: str = "", birth_date: date | None = None) -> list[Found]:
    """The people meant by a name, a birth date or both, best first, at most 25.

    Those whom the present location sees by either; anybody else only by a word of the last name
    and the exact birth date, with nothing typed that contradicts.
    """
    scope.require("recipients.view")
    words, day = read(text, birth_date)
    here = scope.location.id if scope.location else None
    if day is not None:
        found = _of_day(words, day, here)
        if not any(one.here for one in found) and words and here is not None:
            found += _misprinted(words, day, here)
    elif words and here is not None:
        found = _of_name(words, here)
    else:
        found = []
    found.sort(key=lambda one: (one.distance, one.last_name, one.first_name, one.recipient_id))
    return found[:MOST]


def _found(row: Any, distance: int, here: bool) -> Found:
    values = dict(row._mapping)
    values.pop("linked", None)
    return Found(recipient_id=values.pop("id"), distance=distance, here=here, **values)


def _distance(words: Sequence[str], row: Any) -> int | None:
    known = names.words_of(row.first_name, row.middle_name, row.last_name)
    found = (names.distance(spelled, known) for spelled in names.spellings(words))
    return min((one for one in found if one is not None), default=None)


def _of_day(words: Sequence[str], day: date, here: int | None) -> list[Found]:
    found = []
    days = {"days": (day, *_swapped(day)), "here": here}
    for row in session().execute(_OF_DAY, days):
        distance = _distance(words, row)
        if distance is None:
            continue
        if row.linked is not None:
            far = 0 if row.birth_date == day else MISPRINTED
            found.append(_found(row, distance + far, True))
        elif row.birth_date == day and _names_the_last(words, row.last_name):
            found.append(_found(row, distance, False))
    return found


def _swapped(day: date) -> tuple[date, ...]:
    """The day with month and day changed, where there is such a day."""
    if day.day > 12 or day.day == day.month:
        return ()
    return (date(day.year, day.day, day.month),)


def _names_the_last(words: Sequence[str], last_name: str) -> bool:
    """Whether the last name, or a part of a double one, is among the words as it is."""
    parts = names.words_of(last_name)
    return any(word in parts for spelled in names.spellings(words) for word in spelled)


def _misprinted(words: Sequence[str], day: date, here: int) -> list[Found]:
    """The location's people of that name whose birth date differs in one digit."""
    printed = f"{day:%m%d%Y}"
    found = []
    for one in _of_name(words, here):
        other = f"{one.birth_date:%m%d%Y}"
        if sum(a != b for a, b in zip(printed, other, strict=True)) == 1:
            found.append(one)
    return found


def _of_name(words: Sequence[str], here: int) -> list[Found]:
    for spelled in names.spellings(words):
        rows = _rows(_meant(spelled), here)
        if len(rows) >= MOST_OF_NAME:
            # Those who are called exactly so must be among them.
            exact = _rows([_Meant((word,)) for word in spelled], here)
            rows = [*{row.id: row for row in (*exact, *rows)}.values()]
        found = [
            _found(row, distance, True)
            for row in rows
            if (distance := _distance(words, row)) is not None
        ]
        if found:
            return found
    return []


@dataclass(frozen=True)
class _Meant:
    """Words of names that one word sought may mean, and the beginning that they may have."""

    words: tuple[str, ...]
    beginning: str = ""


def _meant(words: Sequence[str]) -> list[_Meant]:
    """What each of the words may mean: itself, its nicknames, a beginning, a typing error."""
    near = _near(words)
    return [
        _Meant(
            (word, *names.nicknames(word), *near.get(word, ())),
            word if len(word) >= names.SHORTEST_PREFIX else "",
        )
        for word in words
    ]


def _near(words: Sequence[str]) -> dict[str, list[str]]:
    """The words of names that are one typing error from those sought."""
    long = [word for word in words if len(word) >= names.SHORTEST_NEAR]
    if not long:
        return {}
    rests = {rest for word in long for rest in names.rests(word)}
    known = set(session().scalars(_NEAR, {"rests": tuple(rests)}))
    return {
        word: [other for other in known if other != word and names.near(word, other)]
        for word in long
    }


def _rows(meant: Sequence[_Meant], here: int) -> Sequence[Any]:
    """Those at the location who have a word of each, so many as are compared."""
    values: dict[str, Any] = {"here": here}
    for number, one in enumerate(meant):
        values |= {f"words_{number}": one.words, f"from_{number}": one.beginning}
        values[f"to_{number}"] = one.beginning + LAST
    return session().execute(_statement(tuple(bool(one.beginning) for one in meant)), values).all()


@lru_cache
def _statement(beginnings: tuple[bool, ...]) -> Any:
    """What asks for people with a word of each: made once, it takes longer to make than to ask."""
    first, *others = (_part(number, has) for number, has in enumerate(beginnings))
    ids = select(first.c.recipient_id).distinct()
    for part in others:
        ids = ids.where(first.c.recipient_id.in_(select(part.c.recipient_id)))
    wanted = ids.limit(MOST_OF_NAME).subquery()
    return select(*COLUMNS).join(wanted, wanted.c.recipient_id == Recipient.id)


def _part(number: int, has_beginning: bool) -> Subquery:
    here = RecipientWord.location_id == bindparam("here")
    meant = RecipientWord.word.in_(bindparam(f"words_{number}", expanding=True))
    words = select(RecipientWord.recipient_id).where(here, meant)
    if not has_beginning:
        return words.subquery()
    beginning = select(RecipientWord.recipient_id).where(
        here,
        RecipientWord.word > bindparam(f"from_{number}", type_=String),
        RecipientWord.word < bindparam(f"to_{number}", type_=String),
    )
    return union_all(words, beginning).subquery()
