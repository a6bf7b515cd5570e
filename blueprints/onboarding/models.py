"""Files of cases that were taken in, and those of their rows that did not go in at once."""

from datetime import datetime
from typing import Any

from sqlalchemy import (
    JSON,
    BigInteger,
    CheckConstraint,
    ForeignKey,
    Integer,
    String,
)
from sqlalchemy.orm import Mapped, mapped_column, relationship

from portal.clock import now
from portal.db import Base
from portal.imports.models import ImportRun

BIG = BigInteger().with_variant(Integer, "sqlite")


class OnboardingUpload(Base):
    """An attachment of a case and the import that took it in, once.

    `told_at` is when its result was told in the case; until then a job has still to do so.
    """

    __tablename__ = "onboarding_upload"

    id: Mapped[int] = mapped_column(primary_key=True)
    case_id: Mapped[int] = mapped_column(BIG, ForeignKey("help_case.id"), index=True)
    case_file_id: Mapped[int] = mapped_column(BIG, ForeignKey("help_case_file.id"), unique=True)
    run_id: Mapped[int] = mapped_column(ForeignKey("import_run.id"), unique=True)
    told_at: Mapped[datetime | None] = mapped_column(default=None, index=True)
    created_at: Mapped[datetime] = mapped_column(default=now)

    run: Mapped[ImportRun] = relationship(lazy="joined", innerjoin=True)


class OnboardingRow(Base):
    """A row that did not go in at once: what its cells say, by column, and what is wrong with it.

    `state`: `failed`, `undecided`, or `mended` once somebody corrected or decided it in the portal;
    `record_id` is what it led to then. `alike` are the recipients whom an undecided one looks like.
    `digest` tells whether a later file has the same row. `staged` is a failed one as its sender
    corrected it, until an agent has it loaded.
    """

    __tablename__ = "onboarding_row"
    __table_args__ = (
        CheckConstraint("state IN ('failed', 'undecided', 'mended')", "known_state"),
        CheckConstraint("(state = 'mended') = (mended_at IS NOT NULL)", "when_mended"),
    )

    run_id: Mapped[int] = mapped_column(
        ForeignKey("import_run.id", ondelete="CASCADE"), primary_key=True, autoincrement=False
    )
    row: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    state: Mapped[str] = mapped_column(String(10))
    cells: Mapped[dict[str, str]] = mapped_column(JSON)
    wrong: Mapped[list[Any]] = mapped_column(JSON)
    alike: Mapped[list[int]] = mapped_column(JSON, default=list)
    digest: Mapped[str] = mapped_column(String(64))
    staged: Mapped[dict[str, str] | None] = mapped_column(JSON(none_as_null=True), default=None)
    record_id: Mapped[int | None] = mapped_column(default=None)
    mended_by_id: Mapped[int | None] = mapped_column(ForeignKey("user_account.id"), default=None)
    mended_at: Mapped[datetime | None] = mapped_column(default=None)
