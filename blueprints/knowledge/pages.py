"""What the pages of the Knowledge Base share."""

from flask import request, url_for
from flask_babel import get_locale
from markupsafe import Markup

from blueprints.knowledge.queries import Article
from blueprints.knowledge.rendering import rendered
from blueprints.knowledge.shipped import LANGUAGES, MAIN
from portal.web.context import find_scope

LONGEST_PAGE = 80


def reader_language() -> str:
    """The language that the reader's portal speaks, if articles are written in it."""
    found = str(get_locale() or MAIN).partition("_")[0]
    return found if found in LANGUAGES else MAIN


def chosen_language() -> str:
    """The language that was asked for, else the reader's."""
    wanted = request.args.get("language", "")
    return wanted if wanted in LANGUAGES else reader_language()


def public_language() -> str:
    """The language of a page for people who are not signed in: that which was asked for, else the
    first of their browser's that articles are written in."""
    wanted = request.args.get("language", "")
    if wanted in LANGUAGES:
        return wanted
    return request.accept_languages.best_match(LANGUAGES, MAIN) or MAIN


def address(slug: str, language: str = "") -> str:
    """The address of an article, for who is signed in or not."""
    endpoint = "knowledge.article" if find_scope() else "knowledge.public_article"
    usual = reader_language() if find_scope() else ""
    other = language if language and language != usual else None
    return url_for(endpoint, name=slug, language=other)


def html_of(text: str, language: str) -> Markup:
    """The text of an article in that language, links leading to articles in the same."""
    who = "" if find_scope() else "public"
    return rendered(
        text,
        f"{reader_language()} {language} {who}",
        request.script_root,
        lambda slug: address(slug, language),
    )


def link(article: Article, language: str = "") -> dict[str, str]:
    """An article as a link."""
    return {
        "title": article.title,
        "href": address(article.slug, language),
        "lang": article.language,
    }
