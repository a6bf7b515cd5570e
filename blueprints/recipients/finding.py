"""Finding recipients by name and birth date, in any usual way of writing them.

The location's people are found by either; anybody else by last name and birth date together.

Whoever has a birth date is few among a million: all of them are read and compared here. By name
alone the location's people are found by exact words on one index (`recipient_word`). What was
typed is first looked for as it is, then by nicknames and beginnings, then with one typing error:
words that share what is left of them without a letter are near each other (`recipient_near_word`).
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import Row, Select, Subquery, and_, literal, null, select, union_all

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
MOST_OF_NAME = 300
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


def _found(row: Row[Any], distance: int, here: bool) -> Found:
    values = dict(row._mapping)
    values.pop("linked", None)
    return Found(recipient_id=values.pop("id"), distance=distance, here=here, **values)


def _distance(words: Sequence[str], row: Row[Any]) -> int | None:
    known = names.words_of(row.first_name, row.middle_name, row.last_name)
    found = (names.distance(spelled, known) for spelled in names.spellings(words))
    return min((one for one in found if one is not None), default=None)


def _of_day(words: Sequence[str], day: date, here: int | None) -> list[Found]:
    linked = null() if here is None else RecipientLocation.id
    query: Select[Any] = select(*COLUMNS, linked.label("linked"))
    if here is not None:
        query = query.outerjoin(
            RecipientLocation,
            and_(
                RecipientLocation.recipient_id == Recipient.id,
                RecipientLocation.location_id == here,
            ),
        )
    query = query.where(
        Recipient.birth_date.in_([day, *_swapped(day)]), Recipient.merged_into_id.is_(None)
    ).limit(MOST_OF_DAY)
    found = []
    for row in session().execute(query):
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
    found: dict[int, Found] = {}
    for spelled in names.spellings(words):
        for meant in _widening(spelled):
            _add(found, words, here, _ids(meant, here))
            if len(found) >= MOST:
                return list(found.values())
        if found:
            break
    return list(found.values())


@dataclass(frozen=True)
class _Meant:
    """Words of names that one word sought may mean, and the beginning that they may have."""

    words: tuple[str, ...]
    beginning: str = ""


def _widening(words: Sequence[str]) -> Iterable[list[_Meant]]:
    """What the words may mean: themselves; nicknames and beginnings; with a typing error."""
    yield [_Meant((word,)) for word in words]
    wider = []
    for word in words:
        beginning = word if len(word) >= names.SHORTEST_PREFIX else ""
        wider.append(_Meant((word, *names.nicknames(word)), beginning))
    yield wider
    near = _near(words)
    if near:
        yield [
            _Meant(tuple({*one.words, *near.get(word, ())}), one.beginning)
            for word, one in zip(words, wider, strict=True)
        ]


def _near(words: Sequence[str]) -> dict[str, list[str]]:
    """The words of names that are one typing error from those sought."""
    rests = {rest: word for word in words for rest in names.rests(word)}
    if all(len(word) < names.SHORTEST_NEAR for word in words):
        return {}
    rows = session().scalars(
        select(NearWord.word).where(NearWord.rest.in_(rests)).distinct().limit(MOST_WORDS)
    )
    known = list(rows)
    found = {
        word: [other for other in known if other != word and names.near(word, other)]
        for word in words
    }
    return {word: others for word, others in found.items() if others}


def _ids(meant: Sequence[_Meant], here: int) -> Select[Any]:
    """The ids of those at the location who have a word of each."""
    parts = [_part(one, here) for one in meant]
    query = select(parts[0].c.recipient_id).distinct()
    for part in parts[1:]:
        query = query.where(parts[0].c.recipient_id.in_(select(part.c.recipient_id)))
    return query.limit(MOST_OF_NAME)


def _part(one: _Meant, here: int) -> Subquery:
    words = select(RecipientWord.recipient_id).where(
        RecipientWord.location_id == here, RecipientWord.word.in_(one.words)
    )
    if not one.beginning:
        return words.subquery()
    beginning = select(RecipientWord.recipient_id).where(
        RecipientWord.location_id == here,
        RecipientWord.word > one.beginning,
        RecipientWord.word < literal(one.beginning + LAST),
    )
    return union_all(words, beginning).subquery()


def _add(found: dict[int, Found], words: Sequence[str], here: int, ids: Select[Any]) -> None:
    wanted = [number for number in session().scalars(ids) if number not in found]
    if not wanted:
        return
    query = select(*COLUMNS).where(Recipient.id.in_(wanted), Recipient.merged_into_id.is_(None))
    for row in session().execute(query):
        distance = _distance(words, row)
        if distance is not None:
            found[row.id] = _found(row, distance, True)
