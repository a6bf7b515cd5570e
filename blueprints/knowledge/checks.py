"""What `portal check` proves of the Knowledge Base."""

from collections.abc import Iterator

from sqlalchemy import func, select

from blueprints.knowledge.models import ArticleVersion
from portal.db import session


def articles() -> Iterator[str]:
    """Articles of which a version is missing."""
    found = session().execute(
        select(ArticleVersion.slug, ArticleVersion.language)
        .group_by(ArticleVersion.slug, ArticleVersion.language)
        .having(func.max(ArticleVersion.number) != func.count())
    )
    for slug, language in found:
        yield f"A version of the article {slug} ({language}) is missing."
