"""What `portal.toml` may set for shipments, in its section `[modules.shipments]`."""

from dataclasses import dataclass

from portal.settings import setting


@dataclass(frozen=True)
class ShipmentSettings:
    """The settings of the module."""

    keep_files_days: int = setting(
        30,
        "How many days the file of a finished import is kept, for its annotated copy.",
        least=1,
    )
