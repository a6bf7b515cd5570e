"""The articles that come with the portal say what the portal says, in both languages."""

import re
import tomllib
from collections.abc import Iterator
from functools import cache

import pytest
from babel.messages.extract import extract_from_dir
from flask import Flask

from blueprints.knowledge.rendering import labels, steps
from blueprints.knowledge.shipped import LANGUAGES, MAIN, ShippedArticle, shipped
from blueprints.knowledge.words import THEMES
from portal.module import Registry
from portal.web import guards
from tests.house.source import ROOT

ENGLISH = [article for (_slug, language), article in shipped().items() if language == MAIN]
EVERY = pytest.mark.parametrize(
    "article", shipped().values(), ids=lambda a: f"{a.slug}-{a.language}"
)
ENDS = {
    "en": ("## If something goes wrong", "## Who can help"),
    "es": ("## Si algo sale mal", "## Quién puede ayudar"),
}
LINK = re.compile(r"\]\((\S+?)\)")


@cache
def words_of_the_portal() -> frozenset[str]:
    """Every text of the portal, and the names of what people ask the help desk for."""
    methods = [
        ("portal/**.py", "python"),
        ("blueprints/**.py", "python"),
        ("templates/**", "jinja2"),
    ]
    keywords = {"_": None, "_l": None, "ngettext": (1, 2), "gettext": None}
    found = set()
    for _file, _line, message, *_more in extract_from_dir(
        ROOT, methods, keywords=keywords, directory_filter=lambda path: "/." not in path
    ):
        found.update([message] if isinstance(message, str) else message)
    topics = tomllib.loads((ROOT / "blueprints/helpdesk/topics.toml").read_text("utf-8"))
    for group in topics["group"]:
        found |= {group["name"], *(topic["name"] for topic in group["topic"])}
        found |= {group["choose"], *(field["label"] for field in group.get("field", ()))}
    return frozenset(found)


def stale(article: ShippedArticle) -> list[str]:
    """Labels that the article names and the portal does not have."""
    return [label for label in labels(article.text) if label not in words_of_the_portal()]


@EVERY
def test_every_label_that_an_article_names_is_in_the_portal(article: ShippedArticle) -> None:
    assert not stale(article)


def test_a_label_that_was_renamed_would_be_noticed() -> None:
    (one,) = [article for article in ENGLISH if article.slug == "sign-in"]
    assert "Sign In" in labels(one.text)
    text = one.text.replace("**Sign In**", "**Log On**")
    renamed = ShippedArticle(**{**one.__dict__, "text": text})
    assert stale(renamed) == ["Log On"]


@EVERY
def test_an_article_is_short_and_ends_with_what_to_do_else(article: ShippedArticle) -> None:
    assert 5 <= steps(article.text) <= 12
    assert [article.text.index(heading) for heading in ENDS[article.language]]
    assert len(article.text) < 2_600
    assert article.title
    assert len(article.title) <= 60


@pytest.mark.parametrize("article", ENGLISH, ids=lambda article: article.slug)
def test_every_article_has_its_twin_in_the_other_language(article: ShippedArticle) -> None:
    for language in LANGUAGES:
        twin = shipped()[article.slug, language]
        assert steps(twin.text) == steps(article.text)
        assert set(labels(twin.text)) == set(labels(article.text))
        assert LINK.findall(twin.text) == LINK.findall(article.text)
        assert (twin.title == article.title) == (language == MAIN)


def test_what_an_article_points_to_exists(app: Flask) -> None:
    registry: Registry = app.extensions["portal"].registry
    known = {slug for slug, _language in shipped()}
    for article in ENGLISH:
        assert article.theme in THEMES
        assert article.needs
        assert set(article.needs) <= set(registry.capabilities)
        assert set(article.related) <= known - {article.slug}
        for target in LINK.findall(article.text):
            assert target.removeprefix("article:") in known, target
        for page in article.pages:
            module = page.removesuffix(".*")
            assert page in app.view_functions or module in app.blueprints, page


def tasks(app: Flask) -> Iterator[tuple[str, str]]:
    """The pages on which somebody does something: endpoint, and the capability it needs."""
    for rule in app.url_map.iter_rules():
        access = guards.access_of(app.view_functions[rule.endpoint]) or ""
        if rule.methods and {"GET", "POST"} <= rule.methods and "." in access:
            yield rule.endpoint, access


def test_every_task_of_the_portal_has_an_article_for_whoever_does_it(app: Flask) -> None:
    registry: Registry = app.extensions["portal"].registry
    missing = []
    for endpoint, capability in tasks(app):
        wanted = {endpoint, f"{endpoint.partition('.')[0]}.*"}
        found = [one for one in ENGLISH if wanted & set(one.pages)]
        doing = registry.capabilities[capability].profiles
        if not any(
            doing <= registry.capabilities[need].profiles for one in found for need in one.needs
        ):
            missing.append(endpoint)
    assert not missing
