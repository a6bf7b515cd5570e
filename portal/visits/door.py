"""The way to a record for those who lost the link: its number and a birth date (SPEC F5).

The number alone opens nothing. Attempts are counted as docs/adr/0003-throttling.md says, apart from
those of signing in. A wrong birth date, a number that nobody has, and a record that may not be seen
are answered alike.

Whoever errs is stopped by number **and** address: ten wrong dates close a number for five minutes
to that address alone. Its owner gets in from any other address, and by the link in the message from
all of them.

What is guessed is the birth date of a number that got about: 36,500 days of a hundred years, some
25,000 of those who are of age and below 85. The chances are of 36,500. Of these a stranger gets

* 20 from one network, then 1 a day: 50 in 30 days, a chance of 1 in 730;
* from as many networks as there are 200 in 30 days, a chance of 1 in 183: to stop the owner at an
  address of strangers takes 180 networks;
* where the owner was let in before (a household, a clinic's own line) 10 in 5 minutes, but of all
  addresses together 300 in 30 days, a chance of 1 in 122.

An appointment can be found for at most 180 days and the 45 after it: in all of them 245 guesses
from one network, 1 in 149; 1,500 from 180 networks that are at it every day, 1 in 24.

Whoever knows the year has 365 days to guess at, and finds the right one of them within 30 days from
one network with a chance of 1 in 7; such people mostly know the day.
"""

from dataclasses import dataclass
from datetime import date, timedelta

from portal import settings, throttle
from portal.access.through import Through
from portal.audit.services import record
from portal.db import run_sparingly, unit_of_work
from portal.module import Visit, current, load
from portal.visits.links import LinkOver, fresh_token, standing_of

GOOD_FOR = timedelta(minutes=30)
LIMITS = throttle.AttemptLimits(
    among="visit",
    # Nobody hits upon a number: what is guessed is the birth date of a number that got about.
    per_account_and_address=10,
    # Of a waiting room or a help desk: only failures count, and only for five minutes.
    per_address=100,
    strangers_freely=20,
    strangers_at_all=200,
    at_all=300,
)


@dataclass(frozen=True, kw_only=True)
class Opened:
    """What came of an attempt: the token of a link, or none, and the seconds to wait if the attempt
    was not judged."""

    token: str = ""
    retry_after: int = 0


def doors() -> dict[str, Visit]:
    """The kinds of records that have such a way, by name; none if visitors are shut out."""
    if not settings.current().visitors:
        return {}
    return {name: visit for name, visit in current().visits.items() if visit.find}


def open_by_number(kind: str, number: str, birth_date: date, *, address: str) -> Opened:
    """Count the attempt, then look for the record. Opens its own units of work."""
    visit = doors()[kind]
    plain = _plain(number)
    account = f"visit\0{kind}\0{plain}"
    admission = run_sparingly(
        lambda: throttle.admit(account, address, limits=LIMITS), keep=lambda _done: True
    )
    if admission.retry_after:
        return Opened(retry_after=admission.retry_after)
    with unit_of_work(write=False):
        subject_id: int | None = load(visit.find)(plain, birth_date)
        token = "" if subject_id is None else _token(kind, subject_id)
    if subject_id is None or not token:
        return Opened()
    with unit_of_work():
        throttle.succeeded(admission)
        standing = standing_of(kind, subject_id)
        record(
            None,
            "visit.opened_by_number",
            subject=kind,
            subject_id=subject_id,
            location_id=standing.place.id if standing and standing.place else None,
        )
    return Opened(token=token)


def _plain(number: str) -> str:
    """The number without blanks and hyphens, in capitals: one is counted and looked for."""
    return "".join(letter for letter in number.upper() if letter.isalnum())[:40]


def _token(kind: str, subject_id: int) -> str:
    try:
        return fresh_token(kind, subject_id, lifetime=GOOD_FOR, by=Through.PAGE)
    except LinkOver:
        return ""
