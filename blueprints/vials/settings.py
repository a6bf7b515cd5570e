"""What `portal.toml` may set for open vials, in its section `[modules.vials]`."""

from dataclasses import dataclass

from portal.settings import setting


@dataclass(frozen=True)
class VialSettings:
    """The settings of the module."""

    warn_minutes: int = setting(
        90,
        "How many minutes before an open vial may no longer be used, or before the location "
        "closes, `Home` points it out.",
        least=0,
        most=1_440,
    )
