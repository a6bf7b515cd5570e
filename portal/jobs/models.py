"""The run log of the jobs."""

from datetime import datetime

from sqlalchemy import BigInteger, Index, Integer, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from portal.db import Base

BIG = BigInteger().with_variant(Integer, "sqlite")


class JobRun(Base):
    """One run of a job.

    `slot` is the number of the job's period since 1970: taking the pair (job, slot) is the right
    to run. Runs that somebody asked for have no slot; `started_at` is None until a process takes
    them.
    """

    __tablename__ = "job_run"
    __table_args__ = (
        UniqueConstraint("job", "slot"),
        Index("ix_job_run_job_id", "job", "id"),
    )

    id: Mapped[int] = mapped_column(BIG, primary_key=True)
    job: Mapped[str] = mapped_column(String(80))
    slot: Mapped[int | None] = mapped_column(BIG)
    started_at: Mapped[datetime | None] = mapped_column(index=True)
    finished_at: Mapped[datetime | None]
    ok: Mapped[bool | None]
    detail: Mapped[str] = mapped_column(String(500), default="")
    process: Mapped[str] = mapped_column(String(80), default="")
