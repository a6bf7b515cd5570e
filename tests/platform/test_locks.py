"""Who locks a row sees it as others have left it, also where it was read before."""

import pytest
from flask import Flask
from sqlalchemy import select, update

from portal.db import db, is_sqlite, lock, unit_of_work
from portal.people.models import User
from tests.personas import Personas

pytestmark = pytest.mark.both_databases


def test_what_was_read_before_is_read_again_under_the_lock(app: Flask, personas: Personas) -> None:
    number = personas.users["agent"]
    with app.app_context():
        if is_sqlite():
            pytest.skip("on SQLite nobody writes beside a unit that writes")
        with unit_of_work() as session:
            before = session.get_one(User, number)
            with db.engine.begin() as other:
                other.execute(update(User).where(User.id == number).values(first_name="Renamed"))
            lock(select(User).where(User.id == number), name=("user_account", number))
            assert before.first_name == "Renamed"
