"""All routes of the module."""

from blueprints.helpdesk import (
    asking_views,
    case_views,
    mail_views,
    proposal_views,
    registering_views,
    solving_views,
)
from blueprints.helpdesk.views import blueprint

__all__ = [
    "asking_views",
    "blueprint",
    "case_views",
    "mail_views",
    "proposal_views",
    "registering_views",
    "solving_views",
]
