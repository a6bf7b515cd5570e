"""All routes of the module."""

from blueprints.recipients import registering
from blueprints.recipients.views import blueprint

__all__ = ["blueprint", "registering"]
