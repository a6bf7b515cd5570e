"""The application with the tins module."""

from tests.wizards.conftest import app, brands, browser, personas, shelve

__all__ = ["app", "brands", "browser", "personas", "shelve"]
