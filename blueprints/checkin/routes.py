"""All routes of the module."""

from blueprints.checkin import arrival_views
from blueprints.checkin.views import blueprint

__all__ = ["arrival_views", "blueprint"]
