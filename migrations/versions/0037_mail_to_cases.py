"""E-mails that answer cases: where they are answered to, and each taken in once. Finding cases by
several words."""

import sqlalchemy as sa
from alembic import op

revision = "0037"
down_revision = "0036"
branch_labels = None
depends_on = None

BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def plain_text(length: int) -> sa.String:
    return sa.String(length).with_variant(sa.String(length, collation="C"), "postgresql")


def moment(name: str, *, nullable: bool = True) -> sa.Column[object]:
    return sa.Column(name, sa.DateTime(timezone=True), nullable=nullable)


def upgrade() -> None:
    op.add_column(
        "message", sa.Column("reply_to", sa.String(254), nullable=False, server_default="")
    )
    op.create_table(
        "help_mail",
        sa.Column("id", BIG, nullable=False),
        sa.Column("digest", sa.String(64), nullable=False),
        sa.Column("message_id", sa.String(200), nullable=False),
        sa.Column("outcome", plain_text(10), nullable=False),
        sa.Column("reason", plain_text(300), nullable=False),
        sa.Column("sender", plain_text(254), nullable=False),
        sa.Column("subject", plain_text(160), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("case_id", BIG, nullable=True),
        moment("at", nullable=False),
        moment("settled_at"),
        sa.Column("settled_by_id", sa.Integer(), nullable=True),
        sa.CheckConstraint(
            "outcome IN ('joined', 'automatic', 'unmatched', 'aside')",
            name=op.f("ck_help_mail_known_outcome"),
        ),
        sa.CheckConstraint(
            "outcome <> 'joined' OR case_id IS NOT NULL", name=op.f("ck_help_mail_joined_a_case")
        ),
        sa.ForeignKeyConstraint(["case_id"], ["help_case.id"], name=op.f("fk_help_mail_case_id")),
        sa.ForeignKeyConstraint(
            ["settled_by_id"], ["user_account.id"], name=op.f("fk_help_mail_settled_by_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_help_mail")),
        sa.UniqueConstraint("digest", name=op.f("uq_help_mail_digest")),
    )
    for name, columns in (
        ("ix_help_mail_outcome", ["outcome", "settled_at", "at", "id"]),
        ("ix_help_mail_at", ["at", "id"]),
        ("ix_help_mail_case_id", ["case_id"]),
    ):
        op.create_index(op.f(name), "help_mail", columns)
    op.create_index("ix_help_case_word_case_id", "help_case_word", ["case_id", "word"])
    op.create_table(
        "help_mailbox",
        sa.Column("id", sa.Integer(), nullable=False),
        moment("lease_until"),
        sa.Column("lease_owner", sa.String(80), nullable=False),
        moment("failing_since"),
        sa.Column("last_error", sa.String(300), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_help_mailbox")),
    )
