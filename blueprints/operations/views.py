"""All routes of `Operations`."""

from blueprints.operations import audit_views, job_views, message_views, refusal_views
from blueprints.operations.pages import blueprint

__all__ = ["audit_views", "blueprint", "job_views", "message_views", "refusal_views"]
