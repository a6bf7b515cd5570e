"""Articles are found by words of either language, however they are typed."""

import pytest

from blueprints.knowledge.finding import findable, rank
from blueprints.knowledge.queries import articles_for, for_page, search
from portal.access.scope import Scope
from portal.db import unit_of_work


def found(scope: Scope | None, question: str, *, offering: bool = False) -> list[str]:
    with unit_of_work(write=False):
        known = articles_for(scope, "en")
        return [one.slug for one in search(known, question, most=3, offering=offering)]


@pytest.mark.parametrize(
    ("question", "slug"),
    [
        ("wastage", "record-wastage"),
        ("broken vial", "record-wastage"),
        ("how do i reverse a wrong entry of doses", "correct-inventory"),
        ("perdida", "record-wastage"),
        ("PÉRDIDA", "record-wastage"),
        ("contraseña", "change-password"),
        ("olvide contrasena", "forgot-password"),
        ("second dos", "book-the-second-dose"),
        ("segunda dosis", "book-the-second-dose"),
        ("reschedule", "change-an-appointment"),
        ("who was told", "who-was-told"),
        ("call list", "who-could-come"),
        ("certificate", "proof-of-vaccination"),
        ("walk in", "walk-in"),
        ("recall", "recall-a-lot"),
        ("too warm", "record-a-return"),
    ],
)
def test_the_best_comes_first(agent: Scope, question: str, slug: str) -> None:
    assert found(agent, question)[0] == slug


@pytest.mark.parametrize(
    ("subject", "slug"),
    [
        ("A shipment is missing doses", "receive-a-shipment"),
        ("Nurse cannot sign in, she forgot the password", "forgot-password"),
        ("please cancel a second dose appointment", "cancel-appointments"),
        ("El envío no llegó", "receive-a-shipment"),
    ],
)
def test_a_subject_is_answered(agent: Scope, subject: str, slug: str) -> None:
    assert slug in found(agent, subject, offering=True)


@pytest.mark.parametrize("subject", ["", "a", "the and of", "zzz qqq", "%_\0", "?!", "hello"])
def test_what_says_nothing_is_answered_by_nothing(agent: Scope, subject: str) -> None:
    assert found(agent, subject, offering=True) == []


def test_a_word_of_the_title_counts_more_than_one_of_the_text() -> None:
    entries = {
        "text": [findable("Other", "", "doses are counted")],
        "title": [findable("Count doses", "", "nothing")],
        "begins": [findable("Counting doses", "", "nothing")],
    }
    assert rank("count", entries) == ["title", "begins", "text"]
    assert rank("count nothing-else", entries)[0] == "title"


def test_help_finds_the_article_about_the_page(agent: Scope, requester: Scope) -> None:
    with unit_of_work(write=False):
        known = articles_for(agent, "en")
        assert for_page(known, "shipments.record")[0].slug == "receive-a-shipment"
        assert for_page(known, "counts.enter")[0].slug == "count-the-inventory"
        assert for_page(known, "people.nothing") == []
        assert for_page(articles_for(requester, "en"), "shipments.record") == []
