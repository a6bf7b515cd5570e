"""All routes of the module."""

from blueprints.recipients import history_views, merge_views, registering_views
from blueprints.recipients.views import blueprint

__all__ = ["blueprint", "history_views", "merge_views", "registering_views"]
