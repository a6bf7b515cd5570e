"""What `portal check` says of recipients whose lists or searches were damaged."""

import pytest
from flask import Flask
from sqlalchemy import delete, insert, update

from blueprints.recipients.checks import found
from blueprints.recipients.models import RecipientLocation, RecipientWord
from portal.db import unit_of_work
from tests.inventory import stock
from tests.personas import Personas
from tests.recipients.people import add

DAMAGE = {
    "listed": update(RecipientLocation).values(last_name="Other"),
    "word lost": delete(RecipientWord).where(RecipientWord.word == "maria"),
    "word too many": insert(RecipientWord).values(location_id=1, word="x", recipient_id=1),
}


@pytest.mark.parametrize("kind", DAMAGE)
def test_damage_is_found(app: Flask, personas: Personas, kind: str) -> None:
    with app.app_context():
        add(stock.scope_for(personas, "provider_a"))
        with unit_of_work(write=False):
            assert list(found()) == []
        with unit_of_work() as session:
            session.execute(DAMAGE[kind])
        with unit_of_work(write=False):
            assert len(list(found())) == 1
