"""The careless portal for a real server."""

from portal.app import create_app
from tests.inventory.careless import FORMS

for module, name, function in FORMS:
    setattr(module, name, function)
app = create_app()
