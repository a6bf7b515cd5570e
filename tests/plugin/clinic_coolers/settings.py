"""What `portal.toml` may set, and what things are called."""

from dataclasses import dataclass

from portal.i18n import _l
from portal.settings import setting

WORDS = {
    "cooler_lent": _l("Cooler lent"),
    "cooler_due": _l("Cooler due"),
    "cooler": _l("Cooler"),
}


@dataclass(frozen=True)
class CoolerSettings:
    """The settings of the module."""

    remind_days: int = setting(2, "How many days ahead a reminder is sent.", least=0, most=60)
    pager_address: str = setting("", "Host and port of the pager service; empty: none.")
    urgency: str = setting("normal", "How loud pagers are.", choices=("normal", "loud"))
