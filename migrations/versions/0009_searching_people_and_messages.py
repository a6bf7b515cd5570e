"""Searching users and messages; what was searched for stays on the server."""

import json
import re
import unicodedata

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

AT_ONCE = 500
# As portal/listviews/search.py folded text when this was written.
SEPARATOR = "\x1f"
DROPPED = re.compile("[\x00-\x08\x0e-\x1f\x7f-\x9f\ud800-\udfff\ue000-\uf8ff\u200b-\u200d\ufeff]")
LIKE = str.maketrans(
    {"ø": "o", "ł": "l", "đ": "d", "æ": "ae", "œ": "oe", "ı": "i", "ð": "d", "þ": "th"}
    | dict.fromkeys("‘’ʼ′", "'")
    | dict.fromkeys("“”″", '"')
    | dict.fromkeys("‐‑‒–—−", "-")
)


def upgrade() -> None:
    op.create_table(
        "list_words",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=False),
        sa.Column("list_name", sa.String(length=40), nullable=False),
        sa.Column("words", sa.String(length=200), nullable=False),
        sa.Column("used_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["user_id"], ["user_account.id"], name=op.f("fk_list_words_user_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_list_words")),
        sa.UniqueConstraint(
            "user_id", "list_name", "words", name=op.f("uq_list_words_user_id_list_name_words")
        ),
    )
    op.create_index(op.f("ix_list_words_used_at"), "list_words", ["used_at"], unique=False)
    for table in ("user_account", "message"):
        op.add_column(
            table, sa.Column("search", sa.Text(), nullable=False, server_default=sa.text("''"))
        )
    _fill("user_account", ("username", "first_name", "last_name", "email"), _of_user)
    _fill("message", ("address", "context"), _of_message)
    op.create_index("ix_message_kind_id", "message", ["kind", "id"], unique=False)
    op.create_index(
        "ix_message_id_search",
        "message",
        ["id", "search"],
        unique=False,
        sqlite_where=sa.text("search <> ''"),
        postgresql_where=sa.text("search <> ''"),
    )


def _fill(table, names, searched) -> None:
    """Give every row of `table` its search text, some hundreds at a time."""
    connection = op.get_bind()
    read = sa.text(
        f"SELECT id, {', '.join(names)} FROM {table} WHERE id > :last ORDER BY id LIMIT {AT_ONCE}"
    )
    write = sa.text(f"UPDATE {table} SET search = :search WHERE id = :id")
    last = -1
    while rows := connection.execute(read, {"last": last}).all():
        connection.execute(write, [{"id": row[0], "search": searched(*row[1:])} for row in rows])
        last = rows[-1][0]


def _of_user(*values):
    return _join(values)


def _of_message(address, context):
    known = json.loads(context) if isinstance(context, str) else context
    values = known.values() if isinstance(known, dict) and address else ()
    texts = [address, *(str(value) for value in values if isinstance(value, (str, int)))]
    return _join(text for text in texts if len(text) <= 120)[:500]


def _join(values):
    return SEPARATOR.join(filter(None, (_fold(value) for value in values)))


def _fold(text):
    lower = text.lower() if text.isascii() else _plain(_plain(text).casefold()).translate(LIKE)
    return " ".join(DROPPED.sub("", lower).split())


def _plain(text):
    return "".join(
        character
        for character in unicodedata.normalize("NFKD", text)
        if not unicodedata.combining(character)
    )
