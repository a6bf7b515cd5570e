"""Alembic's entry: each migration runs in one transaction, one runner at a time."""

import sys
from pathlib import Path

from alembic import context
from sqlalchemy import create_engine, event, text

import portal.models  # noqa: F401
from portal.db import Base

# Migrations share `migrations/listing.py`, from wherever the portal was started.
ROOT = str(Path(__file__).resolve().parent.parent)
if ROOT not in sys.path:
    sys.path.insert(0, ROOT)

url = context.config.attributes["url"]


def run() -> None:
    """Run the wanted migrations on the database at `url`."""
    engine = create_engine(url)
    sqlite = engine.dialect.name == "sqlite"
    if sqlite:

        @event.listens_for(engine, "connect")
        def _connect(connection, _record):  # type: ignore[no-untyped-def]
            connection.isolation_level = None
            connection.execute("PRAGMA journal_mode=WAL")
            connection.execute("PRAGMA synchronous=FULL")
            connection.execute("PRAGMA busy_timeout=60000")

        @event.listens_for(engine, "begin")
        def _begin(connection):  # type: ignore[no-untyped-def]
            connection.exec_driver_sql("BEGIN IMMEDIATE")

    with engine.connect() as connection:
        context.configure(
            connection=connection,
            target_metadata=Base.metadata,
            render_as_batch=sqlite,
            transactional_ddl=True,
        )
        with context.begin_transaction():
            if not sqlite:
                connection.execute(text("SELECT pg_advisory_xact_lock(20210224)"))
            context.run_migrations()
    engine.dispose()


run()
