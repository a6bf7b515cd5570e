"""All routes of the module on one blueprint."""

from blueprints.administration import correcting_views, day_views, views
from blueprints.administration.views import blueprint

__all__ = ["blueprint", "correcting_views", "day_views", "views"]
