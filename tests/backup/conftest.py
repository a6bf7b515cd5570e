"""An instance whose backups are tested."""

import pytest
from flask import Flask

from portal.db import db
from portal.settings import Settings
from tests.personas import Personas


@pytest.fixture
def settings(app: Flask, personas: Personas) -> Settings:
    """The test's instance, with one upload; nobody is connected to its database."""
    found: Settings = app.extensions["portal"].settings
    found.instance.chmod(0o700)
    found.uploads.mkdir(exist_ok=True)
    (found.uploads / "0123abcd").write_bytes(b"what somebody attached" * 100)
    with app.app_context():
        db.engine.dispose()
    return found
