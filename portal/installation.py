"""Bringing an instance up to date: the schema, then the product facts that come with the portal."""

import os
import sys

from sqlalchemy import create_engine

from portal import migrations
from portal.app import create_app
from portal.audit.sealing import seal_existing
from portal.backup import routine, write
from portal.backup.postgresql import ToolMissing
from portal.catalog.services import PRODUCTS, load_products
from portal.clock import now
from portal.db import db, unit_of_work
from portal.running import refuse_half_restored
from portal.settings import Settings


def bring_up_to_date(
    settings: Settings, *, restoring: bool = False
) -> tuple[str | None, str | None]:
    """Migrate the database and load the product facts; returns the revisions before and after.

    What is there is saved first, unless it is practice data or being restored. Raises
    `AlreadyLocked` for an instance whose restore did not end, unless this is part of it.
    """
    settings.instance.mkdir(mode=0o700, parents=True, exist_ok=True)
    if not restoring:
        refuse_half_restored(settings.instance)
    engine = create_engine(settings.database_url)
    try:
        known = migrations.current(engine)
        if known not in {None, migrations.newest()} and not (restoring or settings.practice):
            _save(settings, str(known))
        revisions = migrations.upgrade(engine)
    finally:
        engine.dispose()
    app = create_app(settings)
    with app.app_context():
        with unit_of_work():
            load_products(PRODUCTS)
        seal_existing()
        db.engine.dispose()
    return revisions


def _save(settings: Settings, revision: str) -> None:
    """Write a backup before the schema changes; only missing tools of PostgreSQL let it pass.

    Raises `BackupFailed`: a damaged database is not brought up to date.
    """
    name = f"before-upgrade-{revision}-{now():%Y%m%d-%H%M%S}-{os.getpid()}.tar"
    path = write.own_folder(settings) / name
    try:
        made = routine.make(settings, path, with_keys=True)
    except ToolMissing as error:
        said = f"The database is brought up to date without a backup: {error}"
    else:
        said = f"Before the database is brought up to date it was saved: {made.path}"
    sys.stdout.write(f"{said}\n")
    sys.stdout.flush()
