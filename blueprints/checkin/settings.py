"""What `portal.toml` may set for the check-in, in its section `[modules.checkin]`."""

from dataclasses import dataclass

from portal.settings import setting


@dataclass(frozen=True)
class CheckInSettings:
    """The settings of the module."""

    no_show_minutes: int = setting(
        60,
        "How many minutes after the time of an appointment somebody who is not there counts as a "
        "no-show. Whoever comes later can still be checked in.",
        least=5,
        most=600,
    )
    refresh_seconds: int = setting(
        30,
        "How many seconds apart a page that shows who is here asks whether something changed.",
        least=5,
        most=600,
    )
