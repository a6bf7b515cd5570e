"""What staff wrote in the Knowledge Base: versions of articles, of which the last one counts."""

from datetime import datetime

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Integer, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from portal.clock import now
from portal.db import Base, plain_text

BIG = BigInteger().with_variant(Integer, "sqlite")


class ArticleVersion(Base):
    """An article in one language as it was saved. The database holds it append-only.

    `kind`: `text`, or, without a text, `shipped` (the text that comes with the portal counts again)
    or `withdrawn` (nobody but editors sees the article). `based_on` is the digest of the shipped
    text at that time; empty for an article that never was shipped.
    """

    __tablename__ = "article_version"
    __table_args__ = (
        CheckConstraint("kind IN ('text', 'shipped', 'withdrawn')", "known_kind"),
        UniqueConstraint("slug", "language", "number"),
    )

    id: Mapped[int] = mapped_column(BIG, primary_key=True)
    slug: Mapped[str] = mapped_column(plain_text(60))
    language: Mapped[str] = mapped_column(plain_text(8))
    number: Mapped[int]
    kind: Mapped[str] = mapped_column(plain_text(9))
    title: Mapped[str] = mapped_column(plain_text(120), default="")
    theme: Mapped[str] = mapped_column(plain_text(20), default="")
    audience: Mapped[str] = mapped_column(plain_text(10), default="")
    keywords: Mapped[str] = mapped_column(plain_text(200), default="")
    text: Mapped[str] = mapped_column(Text, default="")
    based_on: Mapped[str] = mapped_column(plain_text(64), default="")
    by_id: Mapped[int] = mapped_column(ForeignKey("user_account.id"))
    by_name: Mapped[str] = mapped_column(plain_text(161))
    at: Mapped[datetime] = mapped_column(default=now)
