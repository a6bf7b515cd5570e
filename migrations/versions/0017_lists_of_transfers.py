"""A row for each location of a transfer: what the lists of transfers read."""

import re
import unicodedata

import sqlalchemy as sa
from alembic import op

from migrations.listing import create_counter, create_search

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None

BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
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
TRANSFERS = sa.text(
    "SELECT t.id, t.document_id, t.sent_on, f.id AS sender_id, f.name AS sender, f.pin AS sender_pin, "
    "r.id AS receiver_id, r.name AS receiver, r.pin AS receiver_pin FROM transfer t "
    "JOIN location f ON f.id = t.from_location_id JOIN location r ON r.id = t.to_location_id "
    f"WHERE t.id > :last ORDER BY t.id LIMIT {AT_ONCE}"
)
LINES = sa.text(
    "SELECT l.transfer_id, l.doses_sent, l.state, v.product_name, v.manufacturer, v.lot "
    "FROM transfer_line l JOIN vaccine_inventory v ON v.id = l.inventory_id "
    "WHERE l.transfer_id BETWEEN :first AND :last ORDER BY l.id"
)
WRITE = sa.text(
    "INSERT INTO transfer_side (transfer_id, location_id, direction, document_id, number, sent_on, "
    "sender, receiver, product, lot, doses, state, search) VALUES (:transfer_id, :location_id, "
    ":direction, :document_id, :number, :sent_on, :sender, :receiver, :product, :lot, :doses, "
    ":state, :search)"
)


def upgrade() -> None:
    op.create_table(
        "transfer_side",
        sa.Column("id", BIG, nullable=False),
        sa.Column("transfer_id", BIG, nullable=False),
        sa.Column("location_id", sa.Integer(), nullable=False),
        sa.Column("direction", sa.String(length=3), nullable=False),
        sa.Column("document_id", BIG, nullable=False),
        sa.Column("number", _plain_text(24), nullable=False),
        sa.Column("sent_on", sa.Date(), nullable=False),
        sa.Column("sender", _plain_text(120), nullable=False),
        sa.Column("receiver", _plain_text(120), nullable=False),
        sa.Column("product", _plain_text(130), nullable=False),
        sa.Column("lot", _plain_text(30), nullable=False),
        sa.Column("doses", sa.Integer(), nullable=False),
        sa.Column("state", _plain_text(20), nullable=False),
        sa.Column("search", sa.Text(), nullable=False),
        sa.CheckConstraint(
            "direction IN ('in', 'out')", name=op.f("ck_transfer_side_known_direction")
        ),
        *(
            sa.ForeignKeyConstraint([column], [target], name=op.f(f"fk_transfer_side_{column}"))
            for column, target in (
                ("transfer_id", "transfer.id"),
                ("location_id", "location.id"),
                ("document_id", "stock_document.id"),
            )
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_transfer_side")),
        sa.UniqueConstraint(
            "transfer_id", "location_id", name=op.f("uq_transfer_side_transfer_id_location_id")
        ),
    )
    _fill(op.get_bind())
    op.create_index(
        "ix_transfer_side_direction_state",
        "transfer_side",
        ["location_id", "direction", "state", "id"],
    )
    for column in (
        "document_id",
        "sent_on",
        "sender",
        "receiver",
        "product",
        "lot",
        "doses",
        "state",
    ):
        op.create_index(
            f"ix_transfer_side_list_{column}", "transfer_side", ["location_id", column, "id"]
        )
    create_counter(op, "transfer_side")
    create_search(op, "transfer_side")


def _plain_text(length):
    return sa.String(length=length).with_variant(
        sa.String(length=length, collation="C"), "postgresql"
    )


def _fill(connection) -> None:
    """Both rows of every transfer there is, some hundreds of transfers at a time."""
    last = -1
    while found := connection.execute(TRANSFERS, {"last": last}).all():
        first, last = found[0].id, found[-1].id
        lines = {}
        for line in connection.execute(LINES, {"first": first, "last": last}):
            lines.setdefault(line.transfer_id, []).append(line)
        rows = [row for one in found if one.id in lines for row in _sides(one, lines[one.id])]
        if rows:
            connection.execute(WRITE, rows)


def _sides(transfer, lines):
    number = f"T-{transfer.document_id:06d}"
    products = [line.product_name for line in lines]
    lots = [line.lot for line in lines]
    contents = (*products, *(line.manufacturer for line in lines), *lots)
    for direction, here, name, pin in (
        ("out", transfer.sender_id, transfer.receiver, transfer.receiver_pin),
        ("in", transfer.receiver_id, transfer.sender, transfer.sender_pin),
    ):
        yield {
            "transfer_id": transfer.id,
            "location_id": here,
            "direction": direction,
            "document_id": transfer.document_id,
            "number": number,
            "sent_on": transfer.sent_on,
            "sender": transfer.sender,
            "receiver": transfer.receiver,
            "product": _in_short(products),
            "lot": _in_short(lots),
            "doses": sum(line.doses_sent for line in lines),
            "state": _state_of({line.state for line in lines}),
            "search": SEPARATOR.join(
                filter(None, map(_fold, dict.fromkeys((number, name, pin, *contents))))
            ),
        }


def _in_short(names):
    different = tuple(dict.fromkeys(names))
    return different[0] if len(different) == 1 else f"{different[0]} +{len(different) - 1}"


def _state_of(lines):
    received = "received" in lines
    if "in_transit" in lines:
        return "partly_received" if received else "in_transit"
    for state in ("refused", "cancelled"):
        if state in lines:
            return f"partly_{state}" if received else state
    return "received"


def _fold(text):
    lower = text.lower() if text.isascii() else _plain(_plain(text).casefold()).translate(LIKE)
    return " ".join(DROPPED.sub("", lower).split())


def _plain(text):
    return "".join(
        character
        for character in unicodedata.normalize("NFKD", text)
        if not unicodedata.combining(character)
    )
