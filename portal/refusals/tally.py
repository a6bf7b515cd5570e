"""Counting refusals in memory, in a bounded number of rows whatever strangers do."""

import threading
from collections import Counter
from dataclasses import dataclass, replace
from datetime import datetime

# Different rows within one hour and process. What would be a further one is counted with others,
# without its page, then without its address.
PER_USER = 50
PER_ADDRESS = 20
OF_VISITORS = 200
# Rows in memory while the database cannot take them; further ones are not noted.
MOST_WAITING = 5_000
SEVERAL = "several"


@dataclass(frozen=True, kw_only=True, slots=True)
class Refused:
    """What refusals are counted by; see `models.Refusal`."""

    hour: datetime
    user_id: int
    who: str
    address: str
    kind: str
    endpoint: str
    location_id: int
    place: str


@dataclass(kw_only=True, slots=True)
class Times:
    """How often, and when last."""

    number: int
    last_at: datetime


Counted = dict[Refused, Times]


class Tally:
    """The refusals of one process that are not written yet."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._waiting: Counted = {}
        self._hour: datetime | None = None
        self._seen: set[Refused] = set()
        self._rows: Counter[int | str] = Counter()

    def add(self, refused: Refused, moment: datetime) -> None:
        """Count a refusal that happened at `moment`."""
        with self._lock:
            if refused.hour != self._hour:
                self._hour = refused.hour
                self._seen.clear()
                self._rows.clear()
            self._count(self._bounded(refused), Times(number=1, last_at=moment))

    def take(self) -> Counted:
        """What was counted since this was last called."""
        with self._lock:
            taken, self._waiting = self._waiting, {}
            return taken

    def put_back(self, taken: Counted) -> None:
        """Count again what could not be written."""
        with self._lock:
            for refused, times in taken.items():
                self._count(refused, times)

    def _count(self, refused: Refused, times: Times) -> None:
        known = self._waiting.get(refused)
        if known is not None:
            known.number += times.number
            known.last_at = max(known.last_at, times.last_at)
        elif len(self._waiting) < MOST_WAITING:
            self._waiting[refused] = times

    def _bounded(self, refused: Refused) -> Refused:
        """`refused`, or the first of the wider rows that still has room."""
        no_page = replace(refused, endpoint=SEVERAL, location_id=0, place="")
        for row in (refused, no_page):
            if row in self._seen or self._has_room(row):
                self._seen.add(row)
                return row
        return replace(no_page, address=SEVERAL)

    def _has_room(self, row: Refused) -> bool:
        if row.user_id:
            limits: dict[int | str, int] = {row.user_id: PER_USER}
        else:
            limits = {row.address: PER_ADDRESS, "": OF_VISITORS}
            if row.endpoint == SEVERAL:
                del limits[row.address]
        if any(self._rows[key] >= most for key, most in limits.items()):
            return False
        self._rows.update(limits.keys())
        return True
