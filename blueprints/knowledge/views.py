"""Reading the Knowledge Base."""

from flask import Blueprint, Response, request, url_for

from blueprints.knowledge.pages import chosen_language, html_of, link, public_language
from blueprints.knowledge.queries import (
    Article,
    articles_for,
    by_theme,
    for_page,
    get_article,
    get_public,
    related_to,
    search,
)
from blueprints.knowledge.shipped import LANGUAGES
from blueprints.knowledge.words import LANGUAGE_NAMES, THEMES
from portal.access.scope import Scope
from portal.i18n import speaking
from portal.searching.text import typed
from portal.web.context import scope
from portal.web.guards import needs, public
from portal.web.respond import respond

blueprint = Blueprint("knowledge", __name__)

MOST_FOUND = 25


@blueprint.get("/knowledge/")
@needs("knowledge.view")
def index() -> Response:
    """The articles for the reader by theme, or those that answer a search."""
    return _list("knowledge/index.html", scope(), chosen_language())


@blueprint.get("/knowledge/help")
@needs("knowledge.view")
def help_with() -> Response:
    """What `Help` leads to: the article about the page it was pressed on, else the list."""
    found = for_page(articles_for(scope(), chosen_language()), request.args.get("page", ""))
    if not found:
        return _list("knowledge/index.html", scope(), chosen_language())
    return _article_page("knowledge/article.html", scope(), found[0])


@blueprint.get("/knowledge/<name>")
@needs("knowledge.view")
def article(name: str) -> Response:
    """An article."""
    found = get_article(scope(), name, chosen_language())
    return _article_page("knowledge/article.html", scope(), found)


@blueprint.get("/help/")
@public("articles for people who have no account, or cannot sign in")
def public_index() -> Response:
    """The articles for people who are not signed in."""
    language = public_language()
    with speaking(language):
        return _list("knowledge/public_index.html", None, language)


@blueprint.get("/help/<name>")
@public("articles for people who have no account, or cannot sign in")
def public_article(name: str) -> Response:
    """An article for people who are not signed in."""
    language = public_language()
    with speaking(language):
        return _article_page("knowledge/public_article.html", None, get_public(name, language))


def _list(page: str, reader: Scope | None, language: str) -> Response:
    known = articles_for(reader, language)
    question = typed(request.args.get("q", ""))
    found = search(known, question, most=MOST_FOUND) if question else []
    themes = by_theme(known.values())
    return respond(
        page,
        question=question,
        found=[_line(one, language) for one in found],
        themes=[
            (theme, THEMES.get(theme, theme), [_line(one, language) for one in several])
            for theme, several in themes.items()
        ],
        language=language,
        languages=_languages(language),
        index=url_for("knowledge.index" if reader else "knowledge.public_index"),
        may_edit=reader is not None and reader.can("knowledge.edit"),
    )


def _line(article: Article, language: str) -> dict[str, object]:
    return {
        **link(article, language),
        "withdrawn": article.withdrawn,
        "outdated": article.outdated,
    }


def _languages(language: str) -> list[tuple[str, str]]:
    return [(one, LANGUAGE_NAMES[one]) for one in LANGUAGES if one != language]


def _article_page(page: str, reader: Scope | None, found: Article) -> Response:
    known = articles_for(reader, found.language)
    return respond(
        page,
        article=found,
        html=html_of(found.text, found.language),
        related=[link(one, found.language) for one in related_to(found, known)],
        theme=THEMES.get(found.theme, found.theme),
        languages=_languages(found.language),
        may_edit=reader is not None and reader.can("knowledge.edit"),
    )
