"""What both lists say stays what became of the transfer; an upgrade fills them."""

from urllib.parse import quote

import pytest
from alembic.migration import MigrationContext
from alembic.operations import Operations
from flask import Flask
from sqlalchemy import Engine, create_engine, delete, inspect, text, update

from blueprints.transfers import services
from blueprints.transfers.checks import listed
from blueprints.transfers.models import TransferSide
from blueprints.transfers.queries import SentTransfer
from migrations.listing import drop_counter, drop_search
from portal import migrations
from portal.access.scope import Scope
from portal.db import db, unit_of_work
from tests.client import Browser
from tests.inventory import stock
from tests.transfers.boxes import numbers, receive, rows, send, wrong


@pytest.mark.parametrize(
    ("what", "words"),
    [
        ("", "Partly received, rest in transit"),
        ("refuse", "Partly received, rest refused"),
        ("cancel", "Partly received, rest canceled"),
        ("receive", "Received"),
    ],
)
def test_both_locations_read_what_became_of_several_records(
    browser: Browser, scope: Scope, other: Scope, what: str, words: str
) -> None:
    first, second = stock.add(scope), stock.add(scope, lot="LOT2")
    sent = send(scope, other, first, second)
    receive(other, sent)
    if what == "receive":
        receive(other, sent, line=1)
    elif what:
        with unit_of_work():
            act = getattr(services, what)
            act(other if what == "refuse" else scope, sent.transfer.id, note="Too many")
    for who in ("manager_a", "manager_b"):
        browser.sign_in(who)
        ((*_row, status),) = rows(browser.get("/transfers/?view=all"))
        assert status == words
        phrase = {"refuse": "refused", "cancel": "canceled", "receive": "received"}
        for typed in {words, phrase.get(what, "in transit")}:
            assert numbers(browser, f"view=all&q={quote(typed)}") == [sent.number], typed
    assert len(numbers(browser, "view=inbound")) == (0 if what else 1)
    assert wrong() == []


@pytest.mark.parametrize(("what", "words"), [("refuse", "Refused"), ("cancel", "Canceled")])
def test_what_came_back_is_called_so(
    browser: Browser, scope: Scope, other: Scope, what: str, words: str
) -> None:
    sent = send(scope, other, stock.add(scope))
    with unit_of_work():
        getattr(services, what)(
            other if what == "refuse" else scope, sent.transfer.id, note="Wrong box"
        )
    for who in ("manager_a", "manager_b"):
        browser.sign_in(who)
        ((*_row, status),) = rows(browser.get("/transfers/?view=all"))
        assert status == words
    assert wrong() == []


@pytest.mark.both_databases
def test_a_list_that_says_something_else_is_found_by_the_check(
    scope: Scope, sent: dict[str, SentTransfer]
) -> None:
    assert wrong() == []
    with unit_of_work() as session:
        session.execute(
            update(TransferSide)
            .where(
                TransferSide.transfer_id == sent["in"].transfer.id, TransferSide.direction == "in"
            )
            .values(state="received")
        )
        session.execute(
            delete(TransferSide).where(
                TransferSide.transfer_id == sent["done"].transfer.id,
                TransferSide.direction == "out",
            )
        )
    with unit_of_work(write=False):
        found = list(listed())
    assert [sentence.partition(";")[0] for sentence in found] == [
        f"Transfer {sent['done'].transfer.id} is received, 5 doses",
        f"Transfer {sent['in'].transfer.id} is in_transit, 4 doses",
    ]


def sides(engine: Engine) -> list[tuple[object, ...]]:
    """Everything the lists read, without the rows' own ids."""
    names = [one["name"] for one in inspect(engine).get_columns("transfer_side")]
    columns = ", ".join(name for name in names if name != "id")
    with engine.connect() as connection:
        found = connection.execute(text(f"SELECT {columns} FROM transfer_side"))
        return sorted((tuple(row) for row in found), key=repr)


@pytest.mark.both_databases
def test_transfers_of_an_older_version_are_listed_after_the_upgrade(
    app: Flask, scope: Scope, other: Scope, browser: Browser, sent: dict[str, SentTransfer]
) -> None:
    with unit_of_work():
        services.cancel(scope, sent["three"].transfer.id, note="Not needed")
    engine = create_engine(db.engine.url)
    before = sides(engine)
    assert len(before) == 6
    migration = next(
        path.name[:4]
        for path in sorted((migrations.FOLDER / "versions").glob("*.py"))
        if "lists_of_transfers" in path.name
    )
    db.session.remove()
    db.engine.dispose()
    with engine.begin() as connection:
        op = Operations(MigrationContext.configure(connection))
        drop_counter(op, "transfer_side")
        drop_search(op, "transfer_side")
        connection.execute(text("DROP TABLE transfer_side"))
        connection.execute(
            text("UPDATE alembic_version SET version_num = :older"),
            {"older": f"{int(migration) - 1:04}"},
        )
    migrations.upgrade(engine, to=migration)
    with engine.begin() as connection:
        connection.execute(
            text("UPDATE alembic_version SET version_num = :newest"),
            {"newest": migrations.newest()},
        )
    assert sides(engine) == before
    engine.dispose()
    assert wrong() == []
    assert sorted(numbers(browser, "view=all&q=pfizer")) == [sent["three"].number]
