"""All routes of the module."""

from blueprints.appointments import (
    booking_views,
    calendar_views,
    canceling_views,
    changing_views,
    inviting_views,
    overbooking_views,
    told_views,
    twice_views,
)
from blueprints.appointments.views import blueprint

__all__ = [
    "blueprint",
    "booking_views",
    "calendar_views",
    "canceling_views",
    "changing_views",
    "inviting_views",
    "overbooking_views",
    "told_views",
    "twice_views",
]
