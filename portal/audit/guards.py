"""The database's own rules: whether every trigger and constraint is there, with the right text.

What they must be is listed beside this file for each database, a line an item, made from a freshly
migrated database by `portal audit guards`. A test keeps the lists equal to the migrations.
"""

import hashlib
import re
from collections.abc import Iterator
from pathlib import Path

from sqlalchemy import Connection, text

from portal.db import db, is_sqlite

FOLDER = Path(__file__).parent

SQLITE = """
    SELECT type, tbl_name, name, sql FROM sqlite_master
    WHERE type = 'trigger' OR (type = 'index' AND sql LIKE 'CREATE UNIQUE%')
    OR (type = 'table' AND sql NOT LIKE 'CREATE VIRTUAL%')
"""
POSTGRESQL = """
    SELECT 'trigger', relname, tgname,
           pg_get_triggerdef(t.oid, true) || ' ' || prosrc
           || CASE WHEN tgenabled IN ('O', 'A') THEN '' ELSE ' switched off' END
    FROM pg_trigger t JOIN pg_class c ON c.oid = tgrelid JOIN pg_proc p ON p.oid = tgfoid
    WHERE relnamespace = current_schema()::regnamespace AND NOT tgisinternal
    UNION ALL
    SELECT 'constraint', relname, conname,
           pg_get_constraintdef(n.oid, true)
           || CASE WHEN convalidated THEN '' ELSE ' not validated' END
           || CASE WHEN EXISTS (
                  SELECT 1 FROM pg_trigger
                  WHERE tgconstraint = n.oid AND tgenabled NOT IN ('O', 'A')
              ) THEN ' switched off' ELSE '' END
    FROM pg_constraint n JOIN pg_class c ON c.oid = conrelid
    WHERE relnamespace = current_schema()::regnamespace AND contype IN ('c', 'f', 'p', 'u')
    UNION ALL
    SELECT 'index', c.relname, i.relname,
           pg_get_indexdef(x.indexrelid, 0, true)
           || CASE WHEN indisvalid AND indislive THEN '' ELSE ' switched off' END
    FROM pg_index x JOIN pg_class c ON c.oid = indrelid JOIN pg_class i ON i.oid = indexrelid
    WHERE c.relnamespace = current_schema()::regnamespace AND indisunique
"""
# Tables that SQLite makes for an index of its own, or Alembic for itself.
NOT_OURS = re.compile(r"^sqlite_|_search(_(config|content|data|docsize|idx))?$|^alembic_version$")

# Brackets around one name, text or number, or around brackets.
REDUNDANT = re.compile(r"(?<!\w)\((\w+|'[^']*'|\([^()]*\)|ARRAY\[[^\[\]()]*\])\)")

Item = tuple[str, str, str]


def present(connection: Connection) -> dict[Item, str]:
    """The digests of all triggers and constraints by kind, table and name; on SQLite of columns,
    too, whose rules are listed with them."""
    on_sqlite = connection.dialect.name == "sqlite"
    statement = SQLITE if on_sqlite else POSTGRESQL
    found: dict[Item, str] = {}
    for kind, table, name, written in connection.execute(text(statement)):
        if NOT_OURS.search(table):
            continue
        if kind == "table":
            for part in _parts(written):
                found[_item(table, part)] = _digest(part)
        else:
            as_is = on_sqlite or kind == "trigger"
            found[kind, table, name] = _digest(written if as_is else _plain(written))
    return found


def listed(dialect: str) -> dict[Item, str]:
    """What must be there."""
    found: dict[Item, str] = {}
    for line in (FOLDER / f"guards_{dialect}.txt").read_text("utf-8").splitlines():
        kind, table, name, digest = line.split()
        found[kind, table, name] = digest
    return found


def listing(connection: Connection) -> str:
    """The list as it is stored."""
    return "".join(
        f"{' '.join(item)} {digest}\n" for item, digest in sorted(present(connection).items())
    )


def faults() -> Iterator[str]:
    """A sentence for each trigger or constraint that is missing, changed, switched off or not the
    portal's."""
    with db.engine.connect() as connection:
        there = present(connection)
        wanted = listed(connection.dialect.name)
        if not is_sqlite():
            role = connection.scalar(text("SHOW session_replication_role"))
            if role != "origin":
                yield f"The database fires no triggers: session_replication_role is {role}."
        connection.rollback()
    ours = {table for _kind, table, _name in wanted}
    for item in sorted(wanted):
        if item not in there:
            yield f"The {_named(item)} is missing."
        elif there[item] != wanted[item]:
            yield f"The {_named(item)} was changed or switched off."
    for item in sorted(there.keys() - wanted.keys()):
        if item[1] in ours:
            yield f"The {_named(item)} is not the portal's."


def _plain(written: str) -> str:
    """A constraint or index without what PostgreSQL writes in another way once a dump was loaded:
    casts of text, and the brackets around what they were applied to."""
    text_alone = re.sub(r"::(character varying|text)\b(\(\d+\))?(\[\])?", "", written)
    while (shorter := REDUNDANT.sub(r"\1", text_alone)) != text_alone:
        text_alone = shorter
    return text_alone


def _named(item: Item) -> str:
    kind, table, name = item
    return f"{kind} {name} of {table}"


def _parts(create_table: str) -> Iterator[str]:
    """The columns and constraints of a table's text. Their order says nothing: a rebuilt table has
    them in another one each time."""
    body = create_table[create_table.index("(") + 1 : create_table.rindex(")")]
    depth, quoted, begun = 0, "", 0
    for at, character in enumerate(body):
        if quoted:
            quoted = "" if character == quoted else quoted
        elif character in "'\"`":
            quoted = character
        elif character == "," and depth == 0:
            yield body[begun:at].strip()
            begun = at + 1
        else:
            depth += (character == "(") - (character == ")")
    yield body[begun:].strip()
    after = create_table[create_table.rindex(")") + 1 :].strip()
    if after:
        yield after


def _item(table: str, part: str) -> Item:
    words = [word.strip('"`,()') for word in part.split()]
    if words[0].upper() == "CONSTRAINT":
        return "constraint", table, words[1]
    return "column", table, words[0]


def _digest(written: str) -> str:
    """A digest of a definition, whatever its blanks, quotes and capitals."""
    plain = re.sub(r'[\s"`]+', " ", written).lower()
    plain = re.sub(r" ?([(),;]) ?", r"\1", plain).strip()
    return hashlib.sha256(plain.encode()).hexdigest()[:16]
