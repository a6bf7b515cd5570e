"""What a user typed and has not finished yet (SPEC A1, B5)."""

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from portal.clock import now
from portal.db import Base


class Draft(Base):
    """One user's unfinished wizard, or a form that arrived after the session had timed out.

    `data` holds what was typed, as it was typed; it is emptied when the draft is finished or
    discarded. `version` counts the changes of `data`, so that nobody finishes what another
    window changed unseen.
    """

    __tablename__ = "draft"
    __table_args__ = (Index("ix_draft_user_id_updated_at", "user_id", "updated_at"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("user_account.id"))
    location_id: Mapped[int | None] = mapped_column(ForeignKey("location.id"), index=True)
    kind: Mapped[str] = mapped_column(String(8))
    name: Mapped[str] = mapped_column(String(500))
    title: Mapped[str] = mapped_column(String(160))
    step: Mapped[str] = mapped_column(String(40), default="")
    reason: Mapped[str] = mapped_column(String(8))
    data: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)
    version: Mapped[int] = mapped_column(default=1)
    created_at: Mapped[datetime] = mapped_column(default=now)
    updated_at: Mapped[datetime] = mapped_column(default=now, index=True)
    finished_at: Mapped[datetime | None] = mapped_column(default=None)
    discarded_at: Mapped[datetime | None] = mapped_column(default=None)
    result: Mapped[str] = mapped_column(String(500), default="")


WIZARD = "wizard"
FORM = "form"

STARTED = "started"
PAUSED = "paused"
LATE = "late"
