"""Messages leave by channels, may be planned for later, and carry attachments."""

import sqlalchemy as sa
from alembic import op

revision = "0023"
down_revision = "0022"
branch_labels = None
depends_on = None

BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
CHECKS = {
    "known_state": "state IN ('planned', 'waiting', 'sending', 'sent', 'failed', 'cancelled', "
    "'obsolete')",
    "planned_has_moment": "state != 'planned' OR not_before IS NOT NULL",
}


def upgrade() -> None:
    _create_channels()
    _change_messages()
    op.create_table(
        "message_attachment",
        sa.Column("id", BIG, nullable=False),
        sa.Column("message_id", BIG, nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("content_type", sa.String(length=200), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["message_id"], ["message.id"], name=op.f("fk_message_attachment_message_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_message_attachment")),
    )
    op.create_index(op.f("ix_message_attachment_message_id"), "message_attachment", ["message_id"])


def _create_channels() -> None:
    """The mail server's state becomes that of the channel `email`."""
    op.create_table(
        "message_channel",
        sa.Column("channel", sa.String(length=40), nullable=False),
        sa.Column("failing_since", sa.DateTime(timezone=True), nullable=True),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("paused_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("recovering", sa.Boolean(), nullable=False),
        sa.Column("last_error", sa.String(length=300), nullable=False),
        sa.PrimaryKeyConstraint("channel", name=op.f("pk_message_channel")),
    )
    kept = "failing_since, failures, paused_until, recovering, last_error"
    op.execute(
        f"INSERT INTO message_channel (channel, {kept}) SELECT 'email', {kept} FROM mail_server"  # noqa: S608
    )
    op.drop_table("mail_server")


def _change_messages() -> None:
    # Not left to the rebuilding: SQLite's own rule which rows it holds would be lost.
    op.drop_index("ix_message_id_search", "message")
    with op.batch_alter_table("message") as table:
        table.add_column(
            sa.Column("channel", sa.String(length=40), nullable=False, server_default="email")
        )
        table.add_column(sa.Column("not_before", sa.DateTime(timezone=True), nullable=True))
        table.drop_index("ix_message_state_next_try_at")
        table.drop_constraint(op.f("ck_message_known_state"), type_="check")
        for name, rule in CHECKS.items():
            table.create_check_constraint(op.f(f"ck_message_{name}"), rule)
    with op.batch_alter_table("message") as table:
        table.alter_column("channel", server_default=None)
    for columns in (["channel", "state", "next_try_at"], ["channel", "state", "id"]):
        op.create_index(f"ix_message_{'_'.join(columns)}", "message", columns)
    op.create_index(
        "ix_message_id_search",
        "message",
        ["id", "search"],
        sqlite_where=sa.text("search <> ''"),
        postgresql_where=sa.text("search <> ''"),
    )
