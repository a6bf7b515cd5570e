"""All routes of the module."""

from blueprints.recipients import history_views, registering
from blueprints.recipients.views import blueprint

__all__ = ["blueprint", "history_views", "registering"]
