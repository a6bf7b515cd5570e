"""Corrections of lot numbers and expiration dates, remedies that a second person confirms, and which
e-mails one follows."""

import sqlalchemy as sa
from alembic import op

revision = "0042"
down_revision = "0041"
branch_labels = None
depends_on = None

BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
SENTENCE = "corrections of lots are append-only"

APPEND_ONLY = {
    "sqlite": [
        f"""
        CREATE TRIGGER lot_correction_no_{action.lower()} BEFORE {action} ON lot_correction
        BEGIN SELECT RAISE(ABORT, '{SENTENCE}'); END
        """
        for action in ("UPDATE", "DELETE")
    ],
    "postgresql": [
        f"""
        CREATE FUNCTION lot_correction_append_only() RETURNS trigger LANGUAGE plpgsql AS
        $$ BEGIN RAISE EXCEPTION '{SENTENCE}'; END $$
        """,
        """
        CREATE TRIGGER lot_correction_append_only BEFORE UPDATE OR DELETE ON lot_correction
        FOR EACH ROW EXECUTE FUNCTION lot_correction_append_only()
        """,
        """
        CREATE TRIGGER lot_correction_no_truncate BEFORE TRUNCATE ON lot_correction
        FOR EACH STATEMENT EXECUTE FUNCTION lot_correction_append_only()
        """,
    ],
}


def plain_text(length: int) -> sa.String:
    return sa.String(length).with_variant(sa.String(length, collation="C"), "postgresql")


def keys(table: str, *pairs: tuple[str, str]) -> list[sa.ForeignKeyConstraint]:
    return [
        sa.ForeignKeyConstraint([column], [target], name=op.f(f"fk_{table}_{column}"))
        for column, target in pairs
    ]


def moment(name: str, *, nullable: bool) -> sa.Column[object]:
    return sa.Column(name, sa.DateTime(timezone=True), nullable=nullable)


def upgrade() -> None:
    _create_corrections()
    _create_proposals()
    # What an e-mail follows: its References.
    op.add_column("message", sa.Column("answers", sa.Text(), nullable=False, server_default=""))


def _create_corrections() -> None:
    op.create_table(
        "lot_correction",
        sa.Column("id", BIG, nullable=False),
        sa.Column("inventory_id", BIG, nullable=False),
        sa.Column("location_id", sa.Integer(), nullable=False),
        sa.Column("lot_before", plain_text(20), nullable=False),
        sa.Column("lot", plain_text(20), nullable=False),
        sa.Column("expiration_before", sa.Date(), nullable=False),
        sa.Column("expiration", sa.Date(), nullable=False),
        sa.Column("doses_given", sa.Integer(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        moment("at", nullable=False),
        sa.Column("by_id", sa.Integer(), nullable=False),
        sa.Column("proposed_by_id", sa.Integer(), nullable=True),
        sa.CheckConstraint("reason <> ''", name=op.f("ck_lot_correction_for_a_reason")),
        sa.CheckConstraint(
            "lot <> lot_before OR expiration <> expiration_before",
            name=op.f("ck_lot_correction_something_corrected"),
        ),
        sa.CheckConstraint(
            "doses_given = 0 OR (proposed_by_id IS NOT NULL AND proposed_by_id <> by_id)",
            name=op.f("ck_lot_correction_four_eyes"),
        ),
        *keys(
            "lot_correction",
            ("inventory_id", "vaccine_inventory.id"),
            ("location_id", "location.id"),
            ("by_id", "user_account.id"),
            ("proposed_by_id", "user_account.id"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_lot_correction")),
    )
    op.create_index("ix_lot_correction_inventory_id", "lot_correction", ["inventory_id", "id"])
    for statement in APPEND_ONLY[op.get_bind().dialect.name]:
        op.execute(statement)


def _create_proposals() -> None:
    op.create_table(
        "help_proposal",
        sa.Column("id", BIG, nullable=False),
        sa.Column("case_id", BIG, nullable=False),
        sa.Column("remedy", sa.String(60), nullable=False),
        sa.Column("location_id", sa.Integer(), nullable=True),
        sa.Column("answers", sa.JSON(), nullable=False),
        sa.Column("based_on", sa.String(200), nullable=False),
        sa.Column("said", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("state", sa.String(10), nullable=False),
        moment("proposed_at", nullable=False),
        sa.Column("proposed_by_id", sa.Integer(), nullable=False),
        moment("decided_at", nullable=True),
        sa.Column("decided_by_id", sa.Integer(), nullable=True),
        sa.Column("decision", sa.Text(), nullable=False),
        sa.CheckConstraint(
            "state IN ('waiting', 'confirmed', 'refused', 'withdrawn')",
            name=op.f("ck_help_proposal_known_state"),
        ),
        sa.CheckConstraint(
            "(state = 'waiting') = (decided_at IS NULL) "
            "AND (state = 'waiting') = (decided_by_id IS NULL)",
            name=op.f("ck_help_proposal_decided_by_somebody"),
        ),
        sa.CheckConstraint(
            "state NOT IN ('confirmed', 'refused') OR decided_by_id <> proposed_by_id",
            name=op.f("ck_help_proposal_four_eyes"),
        ),
        sa.CheckConstraint(
            "state <> 'refused' OR decision <> ''",
            name=op.f("ck_help_proposal_refused_for_a_reason"),
        ),
        *keys(
            "help_proposal",
            ("case_id", "help_case.id"),
            ("location_id", "location.id"),
            ("proposed_by_id", "user_account.id"),
            ("decided_by_id", "user_account.id"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_help_proposal")),
    )
    op.create_index("ix_help_proposal_case_id", "help_proposal", ["case_id", "id"])
    # One that waits of each remedy of a case.
    waiting = sa.text("state = 'waiting'")
    op.create_index(
        "uq_help_proposal_waiting",
        "help_proposal",
        ["case_id", "remedy"],
        unique=True,
        sqlite_where=waiting,
        postgresql_where=waiting,
    )
    op.create_index(
        "ix_help_proposal_location_id",
        "help_proposal",
        ["location_id", "id"],
        sqlite_where=waiting,
        postgresql_where=waiting,
    )
