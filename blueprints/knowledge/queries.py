"""Articles as their readers see them: the version of staff, else the text that was shipped."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from sqlalchemy import func, select

from blueprints.knowledge.finding import Findable, findable, rank
from blueprints.knowledge.models import ArticleVersion
from blueprints.knowledge.shipped import LANGUAGES, MAIN, ShippedArticle, shipped
from blueprints.knowledge.words import PUBLIC, READERS, SHIPPED, THEMES
from portal.access.scope import Scope
from portal.db import session
from portal.errors import NotFound


@dataclass(frozen=True, kw_only=True)
class Article:
    """An article in one language. `version` is the last one of staff, if there is any; `origin`
    the text that comes with the portal."""

    slug: str
    language: str
    title: str
    theme: str
    audience: str
    keywords: str
    text: str
    origin: ShippedArticle | None
    version: ArticleVersion | None

    @property
    def number(self) -> int:
        """The number of the version; 0 as long as nobody edited it."""
        return self.version.number if self.version else 0

    @property
    def withdrawn(self) -> bool:
        """Whether only editors see it."""
        return self.version is not None and self.version.kind == "withdrawn"

    @property
    def edited(self) -> bool:
        """Whether it says what staff wrote."""
        return self.version is not None and self.version.kind == "text"

    @property
    def outdated(self) -> bool:
        """Whether the shipped text has changed since staff edited it."""
        return (
            self.edited
            and self.version is not None
            and self.origin is not None
            and self.version.based_on != self.origin.digest
        )

    @property
    def public(self) -> bool:
        """Whether it is for people who are not signed in, too."""
        if self.withdrawn:
            return False
        if self.audience == SHIPPED:
            return self.origin is not None and self.origin.public
        return self.audience == PUBLIC

    @property
    def found_by(self) -> Findable:
        """The words it is found by."""
        return findable(self.title, self.keywords, self.text)


def may_read(scope: Scope, article: Article) -> bool:
    """Whether the article is for this user. Editors see all."""
    if scope.can("knowledge.edit") or article.public:
        return True
    if article.withdrawn:
        return False
    if article.audience == SHIPPED:
        return article.origin is not None and any(map(scope.can, article.origin.needs))
    return scope.user.profile in READERS.get(article.audience, frozenset())


def all_articles() -> dict[tuple[str, str], Article]:
    """Every article, by slug and language."""
    last = select(func.max(ArticleVersion.id)).group_by(
        ArticleVersion.slug, ArticleVersion.language
    )
    saved = session().scalars(select(ArticleVersion).where(ArticleVersion.id.in_(last)))
    versions = {(one.slug, one.language): one for one in saved}
    return {key: _article(key, versions.get(key)) for key in sorted({*shipped(), *versions})}


def find_article(slug: str, language: str) -> Article | None:
    """The article in that language, else in another one; None if there is none."""
    last = (
        select(func.max(ArticleVersion.id))
        .where(ArticleVersion.slug == slug)
        .group_by(ArticleVersion.language)
    )
    saved = session().scalars(select(ArticleVersion).where(ArticleVersion.id.in_(last)))
    versions = {one.language: one for one in saved}
    for each in _preferred(language):
        if each in versions or (slug, each) in shipped():
            return _article((slug, each), versions.get(each))
    return None


def get_article(scope: Scope, slug: str, language: str) -> Article:
    """The article, in that language if it can be. Raises `NotFound` if it is not for this user."""
    found = find_article(slug, language)
    if found is None or not may_read(scope, found):
        raise NotFound
    return found


def get_public(slug: str, language: str) -> Article:
    """An article for people who are not signed in. Raises `NotFound`."""
    found = find_article(slug, language)
    if found is None or not found.public:
        raise NotFound
    return found


def articles_for(scope: Scope | None, language: str) -> dict[str, Article]:
    """The articles for this user (None: for people who are not signed in), each in that language
    if it can be, by slug."""
    known = all_articles()
    found = {}
    for slug in dict.fromkeys(slug for slug, _language in known):
        each = next(known[slug, one] for one in _preferred(language) if (slug, one) in known)
        if each.public if scope is None else may_read(scope, each):
            found[slug] = each
    return dict(sorted(found.items(), key=lambda item: _place(item[1])))


def search(
    articles: dict[str, Article], question: str, *, most: int, offering: bool = False
) -> list[Article]:
    """Those of `articles` that answer, the best first; they are found by words of any language."""
    known = all_articles() if articles else {}
    entries = {
        slug: [known[slug, one].found_by for one in LANGUAGES if (slug, one) in known]
        for slug in articles
    }
    return [articles[slug] for slug in rank(question, entries, offering=offering)[:most]]


def for_page(articles: dict[str, Article], endpoint: str) -> list[Article]:
    """Those of `articles` that are about the page, those of its module last."""
    module = f"{endpoint.partition('.')[0]}.*"
    exact = [one for one in articles.values() if one.origin and endpoint in one.origin.pages]
    return exact or [one for one in articles.values() if one.origin and module in one.origin.pages]


def related_to(article: Article, articles: dict[str, Article]) -> list[Article]:
    """What belongs to the article, among `articles`."""
    named: Sequence[str] = article.origin.related if article.origin else ()
    if not named:
        named = [one.slug for one in articles.values() if one.theme == article.theme]
    return [articles[slug] for slug in named if slug in articles and slug != article.slug][:6]


def by_theme(articles: Iterable[Article]) -> dict[str, list[Article]]:
    """Articles by their themes, in the order of themes; empty themes are left out."""
    found: dict[str, list[Article]] = {theme: [] for theme in THEMES}
    for each in articles:
        found.setdefault(each.theme, []).append(each)
    return {theme: several for theme, several in found.items() if several}


def versions_of(slug: str, language: str) -> list[ArticleVersion]:
    """What staff saved of the article in that language, the newest first."""
    return list(
        session().scalars(
            select(ArticleVersion)
            .where(ArticleVersion.slug == slug, ArticleVersion.language == language)
            .order_by(ArticleVersion.number.desc())
            .limit(100)
        )
    )


def get_version(slug: str, language: str, number: int) -> ArticleVersion:
    """One of the saved versions. Raises `NotFound`."""
    found = session().scalar(
        select(ArticleVersion).where(
            ArticleVersion.slug == slug,
            ArticleVersion.language == language,
            ArticleVersion.number == number,
        )
    )
    if found is None:
        raise NotFound
    return found


def _preferred(language: str) -> tuple[str, ...]:
    return (language, *(one for one in LANGUAGES if one != language))


def _place(article: Article) -> tuple[int, str]:
    themes = list(THEMES)
    return themes.index(article.theme) if article.theme in themes else len(themes), article.title


def _article(key: tuple[str, str], version: ArticleVersion | None) -> Article:
    slug, language = key
    origin = shipped().get(key)
    # An own translation of a shipped article is for whom the shipped one is for.
    kept = origin or shipped().get((slug, MAIN))
    if version is not None and (version.kind != "shipped" or origin is None):
        return Article(
            slug=slug,
            language=language,
            title=version.title,
            theme=version.theme,
            audience=version.audience,
            keywords=version.keywords,
            text=version.text,
            origin=kept,
            version=version,
        )
    assert origin is not None
    return Article(
        slug=slug,
        language=language,
        title=origin.title,
        theme=origin.theme,
        audience=SHIPPED,
        keywords=origin.words,
        text=origin.text,
        origin=origin,
        version=version,
    )
