"""Writing in the Knowledge Base: every change is a version of its own."""

import re
import zlib

from blueprints.knowledge.models import ArticleVersion
from blueprints.knowledge.queries import Article, all_articles, find_article, get_article
from blueprints.knowledge.shipped import LANGUAGES, MAIN, find_shipped
from blueprints.knowledge.words import AUDIENCES, SHIPPED, THEMES
from portal.access.scope import Scope
from portal.audit.services import record
from portal.db import lock_number, session
from portal.errors import Conflict, Invalid
from portal.i18n import _
from portal.searching.text import fold

ARTICLE_LOCK = 35
LONGEST_TEXT = 10_000
MOST_ARTICLES = 500
RESERVED = frozenset({"new", "help"})


def save(
    scope: Scope,
    slug: str,
    language: str,
    *,
    title: str,
    theme: str,
    audience: str,
    keywords: str,
    text: str,
    seen: int,
) -> Article:
    """Save what staff wrote; the same again changes nothing.

    `seen` is the number of the version that was changed. Raises `Conflict` if a colleague saved
    another one since, `Invalid` for what is no theme or audience, `NotFound`.
    """
    scope.require("knowledge.edit")
    before = _changing(scope, slug, language, seen)
    _check(theme, audience, text)
    own = find_shipped(slug, MAIN) is None
    if own and audience == SHIPPED:
        raise Invalid(_("Choose who can read the article."), field="audience")
    origin = find_shipped(slug, language)
    based_on = origin.digest if origin else ""
    written = {
        "title": title, "theme": theme, "audience": audience, "keywords": keywords, "text": text,
    }  # fmt: skip
    known = before.language == language and before.edited and not before.outdated
    if known and all(getattr(before, name) == value for name, value in written.items()):
        return before
    return _add(scope, slug, language, before, "text", based_on=based_on, **written)


def add(
    scope: Scope,
    language: str,
    *,
    title: str,
    theme: str,
    audience: str,
    keywords: str,
    text: str,
) -> Article:
    """An article of the installation's own. Raises `Invalid`."""
    scope.require("knowledge.edit")
    _check(theme, audience, text)
    if audience == SHIPPED:
        raise Invalid(_("Choose who can read the article."), field="audience")
    if language not in LANGUAGES:
        raise Invalid(_("Choose a language from the list."), field="language")
    lock_number(ARTICLE_LOCK, 0)
    taken = {slug for slug, _language in all_articles()}
    if len(taken) >= MOST_ARTICLES:
        raise Invalid(_("There are 500 articles already. Change one of them."))
    return _add(
        scope,
        _free_slug(title, taken | RESERVED),
        language,
        None,
        "text",
        title=title,
        theme=theme,
        audience=audience,
        keywords=keywords,
        text=text,
    )


def set_back(scope: Scope, slug: str, language: str, *, seen: int) -> Article:
    """Let the text that comes with the portal count again. Raises `Conflict`, `NotFound`."""
    scope.require("knowledge.edit")
    before = _changing(scope, slug, language, seen)
    origin = find_shipped(slug, language)
    if origin is None:
        raise Conflict(_("This article does not come with the portal. Nothing was changed."))
    if before.version is None or before.version.kind == "shipped":
        return before
    return _add(scope, slug, language, before, "shipped", based_on=origin.digest)


def withdraw(scope: Scope, slug: str, language: str, *, seen: int) -> Article:
    """Show the article to editors alone, until it is saved again. Raises `Conflict`."""
    scope.require("knowledge.edit")
    before = _changing(scope, slug, language, seen)
    if before.withdrawn:
        return before
    origin = find_shipped(slug, language)
    return _add(
        scope,
        slug,
        language,
        before,
        "withdrawn",
        based_on=origin.digest if origin else "",
        title=before.title,
        theme=before.theme,
        audience=before.audience,
        keywords=before.keywords,
        text=before.text,
    )


def _changing(scope: Scope, slug: str, language: str, seen: int) -> Article:
    """The article as it is now, no colleague being able to change it any more."""
    lock_number(ARTICLE_LOCK, zlib.crc32(slug.encode()) - 2**31)
    found = get_article(scope, slug, language)
    number = found.number if found.language == language else 0
    if number != seen:
        name = found.version.by_name if found.version else ""
        raise Conflict(
            _(
                "%(name)s saved this article in the meantime. Your text isn't saved yet. Look at "
                "the newer text below, then save yours again.",
                name=name,
            )
        )
    return found


def _check(theme: str, audience: str, text: str) -> None:
    if theme not in THEMES:
        raise Invalid(_("Choose a theme from the list."), field="theme")
    if audience not in AUDIENCES:
        raise Invalid(_("Choose who can read the article."), field="audience")
    if len(text) > LONGEST_TEXT:
        raise Invalid(_("The text can have up to 10,000 characters."), field="text")


def _free_slug(title: str, taken: set[str] | frozenset[str]) -> str:
    """A name for the address that no article has yet."""
    plain = re.sub(r"[^a-z0-9]+", "-", fold(title)).strip("-")[:50].strip("-") or "article"
    number, slug = 1, plain
    while slug in taken:
        number += 1
        slug = f"{plain}-{number}"
    return slug


ACTIONS = {"text": "edited", "shipped": "set_back", "withdrawn": "withdrawn"}


def _add(
    scope: Scope, slug: str, language: str, before: Article | None, kind: str, **written: str
) -> Article:
    number = before.number if before is not None and before.language == language else 0
    version = ArticleVersion(
        slug=slug,
        language=language,
        number=number + 1,
        kind=kind,
        by_id=scope.user.id,
        by_name=scope.user.full_name,
        **written,
    )
    session().add(version)
    session().flush()
    record(
        scope.user,
        "article.added" if before is None else f"article.{ACTIONS[kind]}",
        subject="article",
        subject_id=version.id,
        location_id=None,
        summary=f"{slug} ({language}), {version.number}",
    )
    found = find_article(slug, language)
    assert found is not None
    return found
