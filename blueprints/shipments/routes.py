"""All routes of the module, for its announcement."""

from blueprints.shipments import closing_views, import_views
from blueprints.shipments.views import blueprint

__all__ = ["blueprint", "closing_views", "import_views"]
