"""All routes of the module."""

from blueprints.knowledge import editing_views, views
from blueprints.knowledge.views import blueprint

__all__ = ["blueprint", "editing_views", "views"]
