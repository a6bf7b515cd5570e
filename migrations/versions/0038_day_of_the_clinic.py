"""Adverse events after a dose, calls to people who could come today, and which vial a dose was of."""

import sqlalchemy as sa
from alembic import op

revision = "0038"
down_revision = "0037"
branch_labels = None
depends_on = None

BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
SENTENCE = "notes of adverse events are append-only"

# Nobody changes or deletes what was noted, not even by hand.
APPEND_ONLY = {
    "sqlite": [
        f"""
        CREATE TRIGGER adverse_event_no_{action.lower()} BEFORE {action} ON adverse_event
        BEGIN SELECT RAISE(ABORT, '{SENTENCE}'); END
        """
        for action in ("UPDATE", "DELETE")
    ]
    # REPLACE deletes without firing the trigger for it.
    + [
        f"""
        CREATE TRIGGER adverse_event_no_replace BEFORE INSERT ON adverse_event
        WHEN EXISTS (SELECT 1 FROM adverse_event WHERE id = NEW.id)
        BEGIN SELECT RAISE(ABORT, '{SENTENCE}'); END
        """
    ],
    "postgresql": [
        f"""
        CREATE FUNCTION adverse_event_append_only() RETURNS trigger LANGUAGE plpgsql AS
        $$ BEGIN RAISE EXCEPTION '{SENTENCE}'; END $$
        """,
        """
        CREATE TRIGGER adverse_event_append_only BEFORE UPDATE OR DELETE ON adverse_event
        FOR EACH ROW EXECUTE FUNCTION adverse_event_append_only()
        """,
        """
        CREATE TRIGGER adverse_event_no_truncate BEFORE TRUNCATE ON adverse_event
        FOR EACH STATEMENT EXECUTE FUNCTION adverse_event_append_only()
        """,
    ],
}


def keys(table: str, *pairs: tuple[str, str]) -> list[sa.ForeignKeyConstraint]:
    return [
        sa.ForeignKeyConstraint([column], [target], name=op.f(f"fk_{table}_{column}"))
        for column, target in pairs
    ]


def moment(name: str, *, nullable: bool = False) -> sa.Column[object]:
    return sa.Column(name, sa.DateTime(timezone=True), nullable=nullable)


def upgrade() -> None:
    _create_events()
    _create_calls()
    _create_doses_of_vials()


def _create_events() -> None:
    op.create_table(
        "adverse_event",
        sa.Column("id", BIG, nullable=False),
        sa.Column("vaccination_id", BIG, nullable=False),
        sa.Column("location_id", sa.Integer(), nullable=False),
        sa.Column("what", sa.Text(), nullable=False),
        moment("began_at"),
        sa.Column("time_zone", sa.String(length=64), nullable=False),
        moment("noted_at"),
        sa.Column("noted_by_id", sa.Integer(), nullable=False),
        sa.CheckConstraint("what <> ''", name=op.f("ck_adverse_event_says_something")),
        *keys(
            "adverse_event",
            ("vaccination_id", "vaccination.id"),
            ("location_id", "location.id"),
            ("noted_by_id", "user_account.id"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_adverse_event")),
    )
    op.create_index("ix_adverse_event_vaccination_id", "adverse_event", ["vaccination_id", "id"])
    for statement in APPEND_ONLY[op.get_bind().dialect.name]:
        op.execute(statement)


def _create_calls() -> None:
    op.create_table(
        "standby_list",
        sa.Column("id", BIG, nullable=False),
        sa.Column("location_id", sa.Integer(), nullable=False),
        sa.Column("product_id", sa.Integer(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        moment("made_at"),
        sa.Column("made_by_id", sa.Integer(), nullable=False),
        *keys(
            "standby_list",
            ("location_id", "location.id"),
            ("product_id", "product.id"),
            ("made_by_id", "user_account.id"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_standby_list")),
        sa.UniqueConstraint(
            "location_id",
            "day",
            "product_id",
            name=op.f("uq_standby_list_location_id_day_product_id"),
        ),
    )
    op.create_table(
        "standby_line",
        sa.Column("id", BIG, nullable=False),
        sa.Column("list_id", BIG, nullable=False),
        sa.Column("recipient_id", BIG, nullable=False),
        sa.Column("dose_number", sa.Integer(), nullable=False),
        sa.Column("outcome", sa.String(length=12), nullable=False),
        sa.Column("caller_id", sa.Integer(), nullable=True),
        moment("claimed_until", nullable=True),
        moment("called_at", nullable=True),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.CheckConstraint(
            "outcome IN ('', 'coming', 'no_answer', 'declined', 'wrong_number')",
            name=op.f("ck_standby_line_known_outcome"),
        ),
        sa.CheckConstraint(
            "(caller_id IS NULL) = (claimed_until IS NULL)", name=op.f("ck_standby_line_claim")
        ),
        *keys(
            "standby_line",
            ("list_id", "standby_list.id"),
            ("recipient_id", "recipient.id"),
            ("caller_id", "user_account.id"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_standby_line")),
    )
    # Not unique: two records of one person on a list may be merged.
    op.create_index("ix_standby_line_list_id", "standby_line", ["list_id", "recipient_id"])
    op.create_index("ix_standby_line_recipient_id", "standby_line", ["recipient_id"])


def _create_doses_of_vials() -> None:
    op.create_table(
        "vial_dose",
        sa.Column("entry_id", BIG, nullable=False, autoincrement=False),
        sa.Column("vial_id", BIG, nullable=False),
        *keys("vial_dose", ("entry_id", "dose_entry.id"), ("vial_id", "open_vial.id")),
        sa.PrimaryKeyConstraint("entry_id", name=op.f("pk_vial_dose")),
    )
    op.create_index("ix_vial_dose_vial_id", "vial_dose", ["vial_id"])
