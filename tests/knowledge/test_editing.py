"""What staff write goes before what is shipped, and nothing of either is lost."""

import pytest
from sqlalchemy import select, text
from sqlalchemy.exc import DBAPIError

from blueprints.knowledge import checks, queries, services
from blueprints.knowledge import shipped as files
from blueprints.knowledge.queries import Article, all_articles, get_article, versions_of
from blueprints.knowledge.shipped import ShippedArticle, shipped
from portal.access.scope import Scope
from portal.audit.models import AuditEntry
from portal.db import unit_of_work
from portal.errors import Conflict, Forbidden, Invalid, NotFound

SLUG = "sign-in"
OURS = "1. Ask the front desk."


def of(scope: Scope, slug: str = SLUG, language: str = "en") -> Article:
    with unit_of_work(write=False) as session:
        found = get_article(scope, slug, language)
        session.expunge_all()
        return found


def save(scope: Scope, slug: str = SLUG, language: str = "en", **changes: object) -> Article:
    """Save the article with these changes, as a form would that was opened just now."""
    with unit_of_work() as session:
        found = get_article(scope, slug, language)
        written = {
            name: getattr(found, name)
            for name in ("title", "theme", "audience", "keywords", "text")
        } | {"seen": found.number, **changes}
        saved = services.save(scope, slug, language, **written)  # type: ignore[arg-type]
        session.expunge_all()
        return saved


def test_what_staff_wrote_goes_first_in_its_language_only(agent: Scope) -> None:
    save(agent, text=OURS, title="Come in")
    assert (of(agent).text, of(agent).title) == (OURS, "Come in")
    assert of(agent, language="es").text == shipped()[SLUG, "es"].text
    with unit_of_work(write=False):
        assert all_articles()[SLUG, "en"].text == OURS


@pytest.mark.both_databases
def test_who_saves_over_a_newer_version_is_told_and_loses_nothing(agent: Scope) -> None:
    save(agent, text=OURS)
    with pytest.raises(Conflict, match="saved this article in the meantime"):
        save(agent, text="Mine", seen=0)
    assert of(agent).text == OURS
    assert save(agent, text="Mine", seen=1).number == 2
    with unit_of_work(write=False):
        saved = [(one.number, one.text) for one in versions_of(SLUG, "en")]
    assert saved == [(2, "Mine"), (1, OURS)]


@pytest.mark.both_databases
def test_versions_cannot_be_changed_even_by_hand(agent: Scope) -> None:
    save(agent, text=OURS)
    for statement in ("UPDATE article_version SET text = ''", "DELETE FROM article_version"):
        with pytest.raises(DBAPIError, match="append-only"), unit_of_work() as session:
            session.execute(text(statement))


def test_saving_the_same_again_changes_nothing(agent: Scope) -> None:
    save(agent, text=OURS)
    assert save(agent, text=OURS).number == 1


def test_each_change_is_in_the_audit_trail(agent: Scope) -> None:
    save(agent, text=OURS)
    with unit_of_work() as session:
        services.withdraw(agent, SLUG, "en", seen=1)
        services.set_back(agent, SLUG, "en", seen=2)
        services.add(
            agent, "en", title="New", theme="start", audience="clinic", keywords="", text="x"
        )
    with unit_of_work(write=False) as session:
        noted = session.execute(
            select(AuditEntry.action, AuditEntry.actor_username)
            .where(AuditEntry.subject == "article")
            .order_by(AuditEntry.number)
        ).all()
    actions = ("edited", "withdrawn", "set_back", "added")
    assert list(map(tuple, noted)) == [(f"article.{action}", "agent") for action in actions]


def test_a_newer_release_never_overwrites_and_is_seen(
    agent: Scope, monkeypatch: pytest.MonkeyPatch
) -> None:
    save(agent, text=OURS)
    assert not of(agent).outdated
    newer = dict(shipped())
    newer[SLUG, "en"] = ShippedArticle(**{**newer[SLUG, "en"].__dict__, "text": "1. Newer."})
    for module in (files, queries):
        monkeypatch.setattr(module, "shipped", lambda: newer)
    assert (of(agent).text, of(agent).outdated) == (OURS, True)
    # Saved once more, the newer text was seen.
    assert save(agent, text=OURS).number == 2
    assert not of(agent).outdated
    with unit_of_work():
        services.set_back(agent, SLUG, "en", seen=2)
    assert (of(agent).text, of(agent).outdated, of(agent).edited) == ("1. Newer.", False, False)


def test_what_is_withdrawn_is_there_for_editors_alone(agent: Scope, provider: Scope) -> None:
    assert of(provider).slug == SLUG
    with unit_of_work():
        services.withdraw(agent, SLUG, "en", seen=0)
    with pytest.raises(NotFound):
        of(provider)
    assert of(agent).withdrawn
    save(agent, text=OURS)
    assert of(provider).text == OURS


@pytest.mark.parametrize(
    ("audience", "may"),
    [("everyone", "pr"), ("public", "pr"), ("clinic", "p"), ("managers", ""), ("staff", "")],
)
def test_an_own_article_is_for_whom_it_is_for(
    agent: Scope, provider: Scope, requester: Scope, audience: str, may: str
) -> None:
    written = {"theme": "start", "keywords": "", "text": "1. Do it."}
    with unit_of_work():
        made = services.add(agent, "en", title="Für die Älteren!", audience=audience, **written)
    assert made.slug == "fur-die-alteren"
    for letter, scope in (("p", provider), ("r", requester)):
        if letter in may:
            assert of(scope, made.slug).text == "1. Do it."
        else:
            with pytest.raises(NotFound):
                of(scope, made.slug)
    with unit_of_work():
        again = services.add(agent, "en", title="Für die Älteren", audience=audience, **written)
    assert again.slug == "fur-die-alteren-2"


def test_only_editors_write_and_only_what_can_be(agent: Scope, provider: Scope) -> None:
    with pytest.raises(Forbidden):
        save(provider, text=OURS)
    for service in (services.withdraw, services.set_back):
        with pytest.raises(Forbidden), unit_of_work():
            service(provider, SLUG, "en", seen=0)
    for field, change in (
        ("theme", {"theme": "nothing"}),
        ("audience", {"audience": "nobody"}),
        ("text", {"text": "x" * 10_001}),
    ):
        with pytest.raises(Invalid) as refused:
            save(agent, **change)
        assert refused.value.field == field
    with pytest.raises(NotFound):
        save(agent, "no-such-article", text=OURS)


def test_the_check_misses_a_version(agent: Scope) -> None:
    save(agent, text=OURS)
    with unit_of_work() as session:
        session.execute(
            text(
                "INSERT INTO article_version (slug, language, number, kind, title, theme, audience,"
                " keywords, text, based_on, by_id, by_name, at) SELECT slug, language, 3, kind,"
                " title, theme, audience, keywords, text, based_on, by_id, by_name, at"
                " FROM article_version"
            )
        )
    with unit_of_work(write=False):
        assert list(checks.articles()) == ["A version of the article sign-in (en) is missing."]
