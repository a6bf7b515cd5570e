"""What a unit of work keeps in memory: the objects it loaded, and answers it would ask for again.

The session itself forgets an object that nobody holds, and loads it anew for the next who asks.
Here the last ones are held until the unit ends, and so is what `remembered` look-ups found.

Nothing is kept that may have changed: what the unit writes to a table makes it forget that table,
going back to a savepoint makes it forget everything, and on PostgreSQL so does taking a lock, for
what is judged under the lock must have been read under it. (On SQLite a unit that writes has its
lock from the beginning.)
"""

from collections import defaultdict, deque
from collections.abc import Hashable
from typing import Any

from sqlalchemy import event
from sqlalchemy.orm import Session, SessionTransaction

KEPT = "portal_kept"
# Of each table; so many are on one page at the most, and a job may load a million.
OBJECTS = 200


class Kept:
    """Objects by table, answers with the tables they were read from, and what is locked."""

    def __init__(self) -> None:
        self.objects: dict[str, deque[object]] = defaultdict(lambda: deque(maxlen=OBJECTS))
        self.answers: dict[Hashable, tuple[frozenset[str], object]] = {}
        self.locked: set[Hashable] = set()

    def changed(self, table: str) -> None:
        """Forget what was read from a table."""
        self.objects.pop(table, None)
        if self.answers:
            self.answers = {
                key: found for key, found in self.answers.items() if table not in found[0]
            }

    def heed(self, statement: str, *, sqlite: bool) -> None:
        """Before a statement is executed: forget what is not true any more after it."""
        if sqlite and statement.startswith("SELECT "):
            return
        words = statement[:200].split(None, 3)
        first = words[0].upper() if words else ""
        if first in ("INSERT", "DELETE") and len(words) > 2:
            self.changed(words[2].strip('"'))
        elif first == "UPDATE" and len(words) > 1:
            self.changed(words[1].strip('"'))
        elif first not in ("SELECT", "SAVEPOINT", "RELEASE", "BEGIN") or (
            not sqlite and _locks(statement)
        ):
            self.forget()

    def forget(self) -> None:
        """Forget everything."""
        self.objects.clear()
        self.answers.clear()

    def undone(self) -> None:
        """Forget everything, the locks too: they go with the savepoint that they came after."""
        self.forget()
        self.locked.clear()


def _locks(statement: str) -> bool:
    return " FOR " in statement[-60:] or "pg_advisory" in statement[:80]


@event.listens_for(Session, "loaded_as_persistent")
def _keep(session: Session, found: Any) -> None:
    kept: Kept | None = session.info.get(KEPT)
    if kept is not None:
        kept.objects[found.__tablename__].append(found)


@event.listens_for(Session, "after_soft_rollback")
def _undone(session: Session, _transaction: SessionTransaction) -> None:
    kept: Kept | None = session.info.get(KEPT)
    if kept is not None:
        kept.undone()
