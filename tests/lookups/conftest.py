"""The application with the tins module."""

from tests.wizards.conftest import brands, extra_modules, lent, shelve, template_database

__all__ = ["brands", "extra_modules", "lent", "shelve", "template_database"]
