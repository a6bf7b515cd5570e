"""What a refused form was answered with, kept for a short while on the server: so its browser finds
the form again by Back, and does not send it once more by Reload. Nothing is kept in the browser."""

import zlib
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Index, LargeBinary, String, delete, func, select
from sqlalchemy.orm import Mapped, mapped_column

from portal.clock import now
from portal.db import Base, session, unit_of_work
from portal.formats.numbers import LARGEST_ID

KEPT = timedelta(hours=1)
MOST = 8
MOST_OF_STRANGERS = 300
LARGEST = 512 * 1024


class RefusedPage(Base):
    """The page that one browser was answered with; `browser` and `page` are digests of the
    browser's key and of the page's path. `holder` says who asked, in which location and profile;
    it is empty for strangers."""

    __tablename__ = "refused_page"
    __table_args__ = (Index("ix_refused_page_browser", "browser", "id"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    browser: Mapped[str] = mapped_column(String(64))
    holder: Mapped[str] = mapped_column(String(80))
    page: Mapped[str] = mapped_column(String(64))
    status: Mapped[int]
    content: Mapped[bytes] = mapped_column(LargeBinary)
    at: Mapped[datetime] = mapped_column(default=now, index=True)


@dataclass(frozen=True)
class KeptFor:
    """Whose page it is: the digest of the browser's key, and who acts in it."""

    browser: str
    who: str


def keep(holder: KeptFor, *, page: str, status: int, content: bytes) -> int | None:
    """Keep a page; its number. None for one that is too large.

    Of one browser the last eight are kept, of all strangers together the last 300.
    """
    if len(content) > LARGEST:
        return None
    current = session()
    kept = RefusedPage(
        browser=holder.browser,
        holder=holder.who,
        page=page,
        status=status,
        content=zlib.compress(content),
    )
    current.add(kept)
    current.flush()
    older = (
        select(RefusedPage.id)
        .where(RefusedPage.browser == holder.browser)
        .order_by(RefusedPage.id.desc())
        .offset(MOST)
    )
    _delete(RefusedPage.id.in_(older))
    if not holder.who:
        strangers = RefusedPage.holder == ""
        number = current.scalar(select(func.count()).select_from(RefusedPage).where(strangers))
        if (number or 0) > MOST_OF_STRANGERS:
            newest = select(RefusedPage.id).where(strangers).order_by(RefusedPage.id.desc())
            _delete(strangers, RefusedPage.id.not_in(newest.limit(MOST_OF_STRANGERS)))
    return kept.id


def find(holder: KeptFor, number: int, *, page: str) -> tuple[int, bytes] | None:
    """Status and content of a page that was kept for this holder; None if there is none (any
    more)."""
    if not 0 < number <= LARGEST_ID:
        return None
    found = session().scalar(
        select(RefusedPage).where(
            RefusedPage.id == number,
            RefusedPage.browser == holder.browser,
            RefusedPage.holder == holder.who,
            RefusedPage.page == page,
            RefusedPage.at >= now() - KEPT,
        )
    )
    return (found.status, zlib.decompress(found.content)) if found else None


def forget(browser: str, *, page: str) -> None:
    """Delete what is kept of the forms of a page: one of them was taken."""
    _delete(RefusedPage.browser == browser, RefusedPage.page == page)


def _delete(*which: object) -> None:
    session().execute(
        delete(RefusedPage).where(*which).execution_options(synchronize_session=False)  # type: ignore[arg-type]
    )


def forget_old() -> None:
    """Delete what is older than an hour (a job of the platform)."""
    with unit_of_work():
        _delete(RefusedPage.at < now() - KEPT)
