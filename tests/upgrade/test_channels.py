"""An outbox from before there were channels keeps all it holds."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import create_engine, text

from portal import migrations
from portal.app import create_app
from portal.db import db
from portal.messages.claims import claim
from portal.settings import load_settings
from tests.upgrade.conftest import Empty

pytestmark = pytest.mark.both_databases

STATES = ("waiting", "sending", "sent", "failed", "cancelled")


def test_an_outbox_in_an_outage_goes_on_where_it_was(empty: Empty, tmp_path: Path) -> None:
    url, moment = empty(), datetime.now(UTC)
    engine = create_engine(url)
    migrations.upgrade(engine, to="0022")
    values = {"at": moment, "lease": moment - timedelta(hours=1)}
    with engine.begin() as connection:
        for state in STATES:
            connection.execute(
                text(
                    "INSERT INTO message (kind, address, language, context, state, reason,"
                    " attempts, next_try_at, lease_until, lease_owner, message_id, created_at,"
                    " sent_at, last_error, search) VALUES ('test', 'a@example.org', 'en', '{}',"
                    " :state, 'r', 2, :at, :lease, 'dead', :state, :at, :at, 'e', 'a')"
                ),
                {"state": state, **values},
            )
        connection.execute(
            text("UPDATE mail_server SET failing_since = :at, failures = 7, last_error = 'down'"),
            values,
        )
    migrations.upgrade(engine)
    with engine.connect() as connection:
        rows = connection.execute(text("SELECT state, channel FROM message ORDER BY id")).all()
        server = connection.execute(
            text("SELECT channel, failures, last_error FROM message_channel")
        ).all()
    engine.dispose()
    assert [tuple(row) for row in rows] == [(state, "email") for state in STATES]
    assert [tuple(row) for row in server] == [("email", 7, "down")]
    app = create_app(load_settings(tmp_path / "instance", database_url=url, jobs="off"))
    with app.app_context():
        assert [one.message_id for one in claim("somebody")] == ["waiting", "sending"]
        db.engine.dispose()
