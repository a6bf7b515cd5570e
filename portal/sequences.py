"""PostgreSQL's sequences, which may lag behind the ids of a database that was copied by hand."""

from sqlalchemy import func, select, text

from portal.db import Base, is_sqlite, session


def catch_up(*models: type[Base]) -> None:
    """Let the next ids of `models` lie beyond those that are there. SQLite does so by itself."""
    if is_sqlite():
        return
    for model in models:
        key = model.__table__.c.id
        highest = session().scalar(select(func.max(key)))
        if highest is not None:
            session().execute(
                text(
                    "SELECT setval(own.sequence, :highest) "
                    "FROM (SELECT pg_get_serial_sequence(:table, 'id')::regclass AS sequence) own "
                    "WHERE coalesce(pg_sequence_last_value(own.sequence), 0) < :highest"
                ),
                {"highest": highest, "table": model.__tablename__},
            )
