"""Every page of visitors × the right link and every wrong one; every other page × a visitor.

Which kinds of records visitors reach is found in the registry; how to come by their links is said
by the `samples.py` of the module (`Access.visits`).
"""

import base64
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from io import BytesIO

import pytest
from flask import Flask
from pypdf import PdfReader
from werkzeug.routing import Rule
from werkzeug.test import TestResponse

from portal import clock
from portal.db import unit_of_work
from portal.submissions import new_operation_id
from portal.visits import links
from portal.web import guards
from tests.access.test_matrix import HTMX, Matrix, check_get, check_headers, everything, token_of
from tests.client import Page, parse
from tests.personas import Personas
from tests.samples import Links, together

pytestmark = pytest.mark.slow("makes one of everything")

MARK = "Qzx7Vbw9Kjp"
LONG = datetime(2100, 1, 1, tzinfo=UTC)


@pytest.fixture
def matrix(app: Flask, personas: Personas) -> Matrix:
    """One of everything; location B carries the mark in every text there is."""
    return Matrix(app, personas, mark=MARK, at="B")


def pages_of_visitors(matrix: Matrix) -> list[tuple[str, Rule]]:
    """Each rule that takes a link, with the kind of record it leads to."""
    views = matrix.app.view_functions
    found = [
        (guards.visited_by(views[rule.endpoint]), rule) for rule in matrix.app.url_map.iter_rules()
    ]
    return [(kind, rule) for kind, rule in found if kind]


def sample(kind: str) -> Links:
    """How to come by the links of a kind."""
    known = together(lambda samples: samples.access.visits)
    if kind not in known:
        pytest.fail(
            f"Nobody knows what visitors of {kind!r} hold. Add it to tests/<module>/samples.py: "
            f"Samples(access=Access(visits={{{kind!r}: Links(...)}}))"
        )
    found: Links = known[kind]
    return found


def link(matrix: Matrix, kind: str, letter: str, *, of: str = "", until: datetime = LONG) -> str:
    """The token of the record of that location, as it is now; `of` makes it one of another kind."""
    number = matrix.made.ids[sample(kind).of][letter]
    with matrix.app.app_context(), unit_of_work(write=False):
        standing = links.standing_of(kind, number)
        version = standing.version if standing else 0
        return links.token_of(of or kind, number, version, until=until)


def tampered(token: str, of_other: str) -> str:
    """The record of the one link under the seal of the other."""
    mine, other = base64.urlsafe_b64decode(token), base64.urlsafe_b64decode(of_other)
    return base64.urlsafe_b64encode(other[: -links.MAC_BYTES] + mine[-links.MAC_BYTES :]).decode()


WRONG: dict[str, Callable[[Matrix, str], str]] = {
    "nonsense": lambda _matrix, _kind: "nonsense",
    "another's": lambda matrix, kind: tampered(link(matrix, kind, "A"), link(matrix, kind, "B")),
    "of another kind": lambda matrix, kind: link(matrix, kind, "A", of="nothing"),
    "expired": lambda matrix, kind: link(
        matrix, kind, "A", until=clock.now() - timedelta(minutes=2)
    ),
    "withdrawn": lambda matrix, kind: withdrawn(matrix, kind),
}


def withdrawn(matrix: Matrix, kind: str) -> str:
    """A link that was good until its record changed."""
    token = link(matrix, kind, "A")
    with matrix.app.app_context():
        sample(kind).withdraw(matrix.made.ids[sample(kind).of]["A"])
    return token


def url(matrix: Matrix, rule: Rule, token: str) -> str:
    with matrix.app.test_request_context():
        from flask import url_for

        return url_for(rule.endpoint, token=token)


def said(response: TestResponse) -> str:
    """The text of a page, or of a PDF."""
    content = response.get_data()
    if response.mimetype == "application/pdf":
        return "".join(page.extract_text() for page in PdfReader(BytesIO(content)).pages)
    return content.decode()


def protected(response: TestResponse) -> None:
    check_headers(response)
    assert response.headers["Referrer-Policy"] == "no-referrer"
    assert response.headers["X-Robots-Tag"] == "noindex, nofollow"


@pytest.mark.parametrize("who", ["nobody", "manager_b", "admin"])
def test_the_right_link_opens_its_own_record_and_no_other(matrix: Matrix, who: str) -> None:
    client = matrix.client(who)
    assert pages_of_visitors(matrix)
    for kind, rule in pages_of_visitors(matrix):
        for letter in "AB":
            response = client.get(url(matrix, rule, link(matrix, kind, letter)))
            protected(response)
            text = said(response)
            assert response.status_code in {200, 303, 409}, rule.rule
            assert letter == "B" or MARK.casefold() not in text.casefold(), rule.rule
            Page(response)


def test_what_a_link_shows_is_that_record(matrix: Matrix) -> None:
    """The mark would be seen, so the test above looks in the right place."""
    client = matrix.client("nobody")
    for kind, visit in matrix.registry.visits.items():
        (rule,) = matrix.app.url_map.iter_rules(visit.endpoint)
        shown = said(client.get(url(matrix, rule, link(matrix, kind, "B"))))
        assert (MARK.casefold() in shown.casefold()) != sample(kind).anonymous


@pytest.mark.parametrize("who", ["nobody", pytest.param("manager_a", marks=pytest.mark.thorough)])
@pytest.mark.parametrize("why", list(WRONG))
def test_a_wrong_link_shows_nothing_and_does_nothing(matrix: Matrix, why: str, who: str) -> None:
    client = matrix.client(who)
    csrf = token_of(client)
    tokens = {kind: WRONG[why](matrix, kind) for kind in matrix.registry.visits}
    before = everything(matrix.app)
    status = 410 if why in {"expired", "withdrawn"} else 404
    for kind, rule in pages_of_visitors(matrix):
        place = url(matrix, rule, tokens[kind])
        if "GET" in (rule.methods or ()):
            response = client.get(place)
            assert response.status_code == status, rule.rule
            protected(response)
            page = parse(response.get_data(as_text=True))
            assert page.one("h1").text.startswith("This link")
        if "POST" in (rule.methods or ()):
            sent = {"csrf_token": csrf, "operation_id": new_operation_id(), "reason": "x"}
            assert client.post(place, data=sent).status_code == status, rule.rule
    assert everything(matrix.app) == before


def test_no_form_of_a_visitor_is_taken_without_its_token(matrix: Matrix) -> None:
    client = matrix.client("nobody")
    for kind, rule in pages_of_visitors(matrix):
        if "POST" in (rule.methods or ()):
            place = url(matrix, rule, link(matrix, kind, "A"))
            assert client.post(place, data={"reason": "x"}).status_code == 400, rule.rule


def test_a_visitor_is_nobody_on_every_other_page(matrix: Matrix) -> None:
    client, wrong = matrix.client("nobody"), []
    for kind, visit in matrix.registry.visits.items():
        (rule,) = matrix.app.url_map.iter_rules(visit.endpoint)
        assert client.get(url(matrix, rule, link(matrix, kind, "A"))).status_code == 200
    csrf = token_of(client)
    for ask in matrix.asks("nobody"):
        for htmx in (False, True):
            headers = HTMX if htmx else {}
            try:
                response = client.get(matrix.url(ask), headers=headers)
                check_get(matrix, "nobody", ask, response, htmx=htmx)
                if matrix.needed(ask) != guards.PUBLIC:
                    data = {"csrf_token": csrf, "operation_id": new_operation_id()}
                    answer = client.post(matrix.url(ask), data=data, headers=headers)
                    view = matrix.app.view_functions[ask.rule.endpoint]
                    if htmx and getattr(view, guards.WHILE_TYPING, False):
                        # The page stays as it is, with what is being typed.
                        assert (answer.status_code, answer.data) == (204, b"")
                        continue
                    assert answer.status_code in {200, 303, 405}
                    assert answer.status_code == 405 or "/sign-in" in str(answer.headers)
            except AssertionError:
                wrong.append(f"{ask}{' htmx' if htmx else ''}")
    assert wrong == []
