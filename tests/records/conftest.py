"""The application with the tins module."""

from tests.wizards.conftest import app, brands, browser, lent, personas, shelve, template_database

__all__ = ["app", "brands", "browser", "lent", "personas", "shelve", "template_database"]
