"""Comparing the rows that are sealed with the digests that the trail holds of them."""

import hmac
import json
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Boolean, Connection, DateTime, select, type_coerce
from sqlalchemy.exc import DBAPIError
from sqlalchemy.types import NullType

from portal.audit.chain import DIGEST_BYTES, row_digest, row_text
from portal.audit.seals import sealed_models
from portal.db import Base
from portal.i18n import _

AT_ONCE = 2_000
A_PAGE = 1_024
NAMED = 20
NONE = bytes(DIGEST_BYTES)


class Digests:
    """The newest digest of each row of a table, by its id: 16 MiB for a million rows."""

    def __init__(self) -> None:
        self.pages: dict[int, bytearray] = {}

    def put(self, number: int, digest: bytes) -> None:
        """Keep a digest in place of an earlier one."""
        page, at = self._at(number)
        self.pages.setdefault(page, bytearray(A_PAGE * DIGEST_BYTES))[at : at + DIGEST_BYTES] = (
            digest
        )

    def take(self, number: int) -> bytes | None:
        """The digest of a row, once; None if there is none (any more)."""
        page, at = self._at(number)
        held = self.pages.get(page)
        if held is None or held[at : at + DIGEST_BYTES] == NONE:
            return None
        digest = bytes(held[at : at + DIGEST_BYTES])
        held[at : at + DIGEST_BYTES] = NONE
        return digest

    def left(self) -> Iterator[int]:
        """The rows whose digests nobody took, in order."""
        for page in sorted(self.pages):
            held = self.pages[page]
            for one in range(A_PAGE):
                if held[one * DIGEST_BYTES : (one + 1) * DIGEST_BYTES] != NONE:
                    yield page * A_PAGE + one

    def _at(self, number: int) -> tuple[int, int]:
        page, one = divmod(number, A_PAGE)
        return page, one * DIGEST_BYTES


class Book:
    """The digests of all tables, as the trail's entries bring them."""

    def __init__(self) -> None:
        self.tables: dict[str, Digests] = {}

    def note(self, entry: Mapping[str, Any]) -> None:
        """Take over the seals of an entry; what is none will break the chain anyway."""
        if not entry["seals"]:
            return
        try:
            for table, rows in json.loads(entry["seals"]).items():
                digests = self.tables.setdefault(table, Digests())
                for number, digest in rows.items():
                    digests.put(int(number), bytes.fromhex(digest).ljust(DIGEST_BYTES, b"\0")[:16])
        except (ValueError, AttributeError, TypeError):
            return

    def differences(self, connection: Connection, key: bytes) -> Iterator[str]:
        """A sentence for each row that was changed, put in or taken out without the portal."""
        for table, model in sealed_models().items():
            digests = self.tables.get(table, Digests())
            yield from _shortened(table, _compared(connection, key, model, digests))


def _compared(
    connection: Connection, key: bytes, model: type[Base], digests: Digests
) -> Iterator[str]:
    table = model.__tablename__
    try:
        for values in stored_rows(connection, model):
            expected = digests.take(values["id"])
            if expected is None:
                yield _("%(table)s %(number)s was put in.", table=_name(table), number=values["id"])
            elif not hmac.compare_digest(expected, row_digest(key, row_text(table, values))):
                yield _(
                    "%(table)s %(number)s was changed.", table=_name(table), number=values["id"]
                )
    except (DBAPIError, TypeError) as error:
        yield _(
            "%(table)s: a row holds what cannot be read (%(error)s).",
            table=_name(table),
            error=type(error).__name__,
        )
        return
    for number in digests.left():
        yield _("%(table)s %(number)s was taken out.", table=_name(table), number=number)


def stored_rows(connection: Connection, model: type[Base]) -> Iterator[dict[str, Any]]:
    """All rows in order of their ids, as the database holds them."""
    columns = [getattr(model, name) for name in ("id", *model.__sealed__)]
    raw = [type_coerce(column, NullType()).label(column.key) for column in columns]
    dates = {column.key for column in columns if isinstance(column.type, DateTime)}
    dates |= {
        column.key for column in columns if isinstance(getattr(column.type, "impl", None), DateTime)
    }
    truths = {column.key for column in columns if isinstance(column.type, Boolean)}
    query = select(*raw).order_by(columns[0]).execution_options(yield_per=AT_ONCE)
    for row in connection.execute(query).mappings():
        values = dict(row)
        for name in dates:
            values[name] = moment(values[name])
        for name in truths:
            values[name] = None if values[name] is None else int(values[name])
        yield values


def moment(raw: Any) -> Any:
    """The stored moment; on SQLite only in the very form it was written in."""
    if not isinstance(raw, str):
        return raw
    try:
        found = datetime.fromisoformat(raw)
    except ValueError:
        return raw
    same = found.tzinfo is None and raw == found.isoformat(" ", "microseconds")
    return found.replace(tzinfo=UTC) if same else raw


def _shortened(table: str, sentences: Iterable[str]) -> Iterator[str]:
    """The first sentences, and how many more there are."""
    more = 0
    for number, sentence in enumerate(sentences):
        if number < NAMED:
            yield sentence
        else:
            more += 1
    if more:
        yield _("%(table)s: further rows: %(number)s.", table=_name(table), number=more)


def _name(table: str) -> str:
    """The table in words: "dose_entry" is "Dose entry"."""
    return table.replace("_", " ").capitalize()
