"""Whatever a requester reads of a case by e-mail, or of what was done from it, is there in
Spanish."""

from pathlib import Path

import pytest
from babel.messages.catalog import Catalog
from babel.messages.pofile import read_po

from tests.house.source import ROOT
from tests.visitors.spoken import Text, texts_of

CATALOGUE = ROOT / "translations" / "es" / "LC_MESSAGES" / "messages.po"
# Their sentences that requesters read; others are for whoever works on the case.
CODE = {
    "blueprints/inventory/correcting/lots.py": (
        *("lot %(lot)s, expires", "“%(name)s”", "%(num)s dose", "Lot %(lot)s is in quarantine"),
    ),
    "blueprints/inventory/cases.py": ("Doses of this record", "The entry “", "%(num)s dose"),
    "blueprints/appointments/cases.py": ("The appointment for", "The recipient "),
    "blueprints/accounts/cases.py": ("Failed attempts to sign in were",),
    "blueprints/recipients/cases.py": ("Two records of one recipient",),
    "blueprints/helpdesk/remedying.py": ("Proposed:", "The proposal was"),
}
MESSAGES = ("case_opened", "case_news", "case_resolved", "case_closed")


def read() -> dict[Text, str]:
    """Every text that requesters read, and where it is."""
    found: dict[Text, str] = {}
    for name, begins in CODE.items():
        texts = [
            text
            for text in texts_of("python", ROOT / name)
            if (text if isinstance(text, str) else text[0]).startswith(begins)
        ]
        used = [
            each
            for each in begins
            if any((text if isinstance(text, str) else text[0]).startswith(each) for text in texts)
        ]
        assert len(used) == len(begins), f"{name} says nothing like {set(begins) - set(used)}"
        found |= dict.fromkeys(texts, name)
    for name in MESSAGES:
        path = Path("templates/helpdesk/messages") / f"{name}.html"
        found |= dict.fromkeys(texts_of("jinja2", ROOT / path), str(path))
    return found


def missing(catalog: Catalog) -> list[str]:
    """Texts without a translation."""
    lacking = []
    for text, place in read().items():
        one = catalog.get(text if isinstance(text, str) else text[0])
        said = one.string if one else ""
        if not said or (isinstance(said, tuple) and not all(said)):
            lacking.append(f"{place}: {text}")
    return lacking


@pytest.fixture(scope="module")
def catalog() -> Catalog:
    with CATALOGUE.open("rb") as file:
        return read_po(file, locale="es")


def test_requesters_read_it_in_spanish(catalog: Catalog) -> None:
    assert missing(catalog) == []
    catalog.delete("Case %(number)s is closed")
    assert missing(catalog) == [
        "templates/helpdesk/messages/case_closed.html: Case %(number)s is closed"
    ]
