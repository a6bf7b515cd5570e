"""Bringing an instance up to date: the schema, then the product facts that come with the portal."""

from collections.abc import Callable

from sqlalchemy import create_engine

from portal import migrations
from portal.app import create_app
from portal.audit.sealing import seal_existing
from portal.catalog.services import PRODUCTS, load_products
from portal.db import db, unit_of_work
from portal.running import refuse_half_restored
from portal.settings import Settings

# Called with the settings and the revision that the database has.
Saving = Callable[[Settings, str], None]


def bring_up_to_date(
    settings: Settings, *, save: Saving | None = None, restoring: bool = False
) -> tuple[str | None, str | None]:
    """Migrate the database and load the product facts; returns the revisions before and after.

    What is there is given to `save` before the schema changes. Raises `AlreadyLocked` for an
    instance whose restore did not end, unless this is part of it, and `NewerDatabase`.
    """
    settings.instance.mkdir(mode=0o700, parents=True, exist_ok=True)
    if not restoring:
        refuse_half_restored(settings.instance)
    engine = create_engine(settings.database_url)
    try:
        known = migrations.current(engine)
        migrations.refuse_newer(known)
        if save is not None and known not in {None, migrations.newest()}:
            save(settings, str(known))
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
