"""Two records of one person become one, and two again (SPEC F1)."""

from dataclasses import replace
from datetime import date

import pytest
from flask import Flask
from sqlalchemy import select

from blueprints.recipients.checks import found
from blueprints.recipients.finding import find
from blueprints.recipients.history import DoseElsewhere, record_elsewhere
from blueprints.recipients.merging import OWN, merge, pointers, undo
from blueprints.recipients.models import Recipient, RecipientLocation
from blueprints.recipients.queries import doses_of, get_recipient
from portal.access.scope import Scope
from portal.db import Base, unit_of_work
from portal.errors import Conflict, Invalid
from portal.messages import cancel_about, queue
from portal.messages.models import Message
from tests.client import Browser
from tests.inventory import stock
from tests.people.steps import trail
from tests.personas import Personas
from tests.recipients.people import add

pytestmark = pytest.mark.both_databases


def test_every_foreign_key_to_a_recipient_is_moved_or_dealt_with(app: Flask) -> None:
    pointing = {
        table.name
        for table in Base.metadata.sorted_tables
        for key in table.foreign_keys
        if key.target_fullname == "recipient.id"
    }
    moved = {table.name for table, _column in pointers()}
    assert pointing == moved | (OWN & pointing)
    assert "vaccination" in moved
    for table, column in pointers():
        names = [key.name for key in table.primary_key.columns]
        assert names == ["id"], f"{table.name}.{column.name}: a merge could not remember its rows"


@pytest.fixture
def agent(app: Flask, personas: Personas) -> Scope:
    with app.app_context():
        return stock.scope_for(personas, "agent")


@pytest.fixture
def two(app: Flask, personas: Personas) -> tuple[int, int]:
    """One person, registered at A and, misspelled and with a dose, at B."""
    with app.app_context():
        kept = add(stock.scope_for(personas, "provider_a"))
        there = stock.scope_for(personas, "manager_b")
        gone = add(there, "Mary", "Exampletn")
        dose = DoseElsewhere(
            product_id=stock.product_id(),
            dose_number=1,
            given_on=date(2026, 3, 1),
            where="Sample Pharmacy",
        )
        with unit_of_work():
            record_elsewhere(there, gone, dose)
        return kept, gone


def status(number: int) -> str:
    with unit_of_work(write=False) as session:
        return session.get_one(Recipient, number).dose_status


def sees(personas: Personas) -> dict[str, list[int]]:
    letters = {number: letter for letter, number in personas.locations.items()}
    with unit_of_work(write=False) as session:
        links = session.query(RecipientLocation).order_by(RecipientLocation.recipient_id).all()
        seen: dict[str, list[int]] = {}
        for link in links:
            seen.setdefault(letters[link.location_id], []).append(link.recipient_id)
        return seen


def test_merging_moves_everything_and_undoing_moves_it_back(
    app: Flask, personas: Personas, agent: Scope, two: tuple[int, int]
) -> None:
    kept, gone = two
    with app.app_context():
        with unit_of_work():
            merged = merge(agent, kept, gone, reason="registered twice").id
        assert sees(personas) == {"A": [kept], "B": [kept]}
        assert status(kept) == "dose_1_administered"
        there = stock.scope_for(personas, "manager_b")
        with unit_of_work(write=False):
            assert get_recipient(there, gone).id == kept
            assert list(doses_of([kept, gone])) == [kept]
            assert [one.recipient_id for one in find(there, "exampleton")] == [kept]
            assert list(found()) == []
        with unit_of_work():
            undo(agent, merged)
        assert sees(personas) == {"A": [kept], "B": [gone]}
        assert (status(kept), status(gone)) == ("registered", "dose_1_administered")
        with unit_of_work(write=False):
            assert list(doses_of([kept, gone])) == [gone]
            assert [one.recipient_id for one in find(there, "exampletn")] == [gone]
            assert list(found()) == []
    assert len(trail(app, "recipient.merged")) == len(trail(app, "recipient.merge_undone")) == 1


def test_messages_follow_who_they_are_about_and_come_back(
    app: Flask, agent: Scope, two: tuple[int, int]
) -> None:
    kept, gone = two

    def written() -> dict[str | None, list[str]]:
        with unit_of_work(write=False) as session:
            rows = session.execute(select(Message.about, Message.address).order_by(Message.id))
            made: dict[str | None, list[str]] = {}
            for about, address in rows:
                made.setdefault(about, []).append(address)
            return made

    with app.app_context():
        with unit_of_work():
            for number, address in ((kept, "kept"), (gone, "gone"), (gone, "gone.too")):
                queue(
                    "password_changed",
                    f"{address}@example.org",
                    context={},
                    about=f"recipient:{number}",
                )
        before = written()
        with unit_of_work():
            merged = merge(agent, kept, gone, reason="registered twice").id
        assert list(written()) == [f"recipient:{kept}"]
        with unit_of_work():
            undo(agent, merged)
        assert written() == before
        with unit_of_work():
            merge(agent, kept, gone, reason="registered twice")
        with unit_of_work():
            assert cancel_about(f"recipient:{kept}", reason="moved away") == 3


def test_what_cannot_be_merged_is_refused(app: Flask, agent: Scope, two: tuple[int, int]) -> None:
    kept, gone = two
    with app.app_context():
        with pytest.raises(Invalid), unit_of_work():
            merge(agent, kept, kept, reason="same")
        with unit_of_work():
            merge(agent, kept, gone, reason="registered twice")
        with pytest.raises(Conflict), unit_of_work():
            merge(agent, kept, gone, reason="again")
        with pytest.raises(Conflict), unit_of_work():
            merge(replace(agent), gone, kept, reason="around")


def test_an_agent_merges_and_undoes_on_the_pages(
    app: Flask, browser: Browser, personas: Personas, two: tuple[int, int]
) -> None:
    kept, gone = two
    browser.sign_in("provider_a")
    assert browser.get(f"/recipients/{kept}/merge").status == 403
    browser.sign_in("agent")
    page = browser.get(f"/recipients/{kept}/merge")
    assert "Mary Exampletn" in page.root.text
    done = browser.submit(
        page, {"other": str(gone), "reason": "registered twice"}, button="Merge", follow=True
    )
    assert "The records were merged." in done.root.text
    assert browser.get(f"/recipients/{gone}").leads_to == f"/recipients/{kept}"
    question = browser.get(done.root.with_text("a", "Undo").attributes["href"])
    back = browser.submit(question, {}, button="Undo Merge", follow=True)
    assert "Both records are used again" in back.root.text
    assert browser.get(f"/recipients/{gone}").root.one("h1").text == "Mary Exampletn"
