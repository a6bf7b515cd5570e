"""When a location wants to be warned: its own thresholds, or what `portal.toml` sets for all."""

from dataclasses import dataclass

from blueprints.inventory.models import StockThreshold
from portal.db import session
from portal.settings import of_module, setting

CACHE = "inventory_thresholds"


@dataclass(frozen=True)
class InventorySettings:
    """What `portal.toml` may set in its section `[modules.inventory]`."""

    expiry_warning_days: int = setting(
        14,
        "How many days ahead of its expiration date a lot is pointed out, where a location has not "
        "set its own number.",
        least=0,
    )
    low_stock_doses: int = setting(
        20,
        "Below how many usable doses of a vaccine the stock is called low, where a location has "
        "not set its own number; 0 for never.",
        least=0,
    )


@dataclass(frozen=True)
class Thresholds:
    """How many days ahead expiring lots are pointed out, and below how many usable doses of a
    vaccine the stock is low (0: never)."""

    expiry_days: int
    low_doses: int


def thresholds(location_id: int) -> Thresholds:
    """Those of a location; asked of the database once in a unit of work."""
    known: dict[int, Thresholds] = session().info.setdefault(CACHE, {})
    if location_id not in known:
        own = session().get(StockThreshold, location_id)
        known[location_id] = Thresholds(own.expiry_days, own.low_doses) if own else usual()
    return known[location_id]


def usual() -> Thresholds:
    """What holds where a location has said nothing."""
    own = of_module(InventorySettings)
    return Thresholds(own.expiry_warning_days, own.low_stock_doses)


def warn_days(location_id: int) -> int:
    """How many days ahead expiring lots are pointed out at a location."""
    return thresholds(location_id).expiry_days
