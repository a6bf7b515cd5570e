"""The settings of the inventory, as `portal.toml` may set them."""

from portal.settings import current

EXPIRY_WARNING_DAYS = 14


def warn_days() -> int:
    """How many days ahead expiring lots are pointed out (`expiry_warning_days`)."""
    own = current().modules.get("inventory", {})
    return int(own.get("expiry_warning_days", EXPIRY_WARNING_DAYS))
