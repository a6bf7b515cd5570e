"""What `portal.toml` may set for recipients, in its section `[modules.recipients]`."""

from dataclasses import dataclass

from portal.settings import setting

GROUPS = (
    "Health care worker",
    "Long-term care staff or resident",
    "65 or older",
    "Frontline essential worker",
    "High-risk medical condition",
    "Other essential worker",
    "Everyone else",
)


@dataclass(frozen=True)
class RecipientSettings:
    """The settings of the module."""

    eligibility_groups: tuple[str, ...] = setting(
        GROUPS, "The eligibility groups to choose from when a recipient is registered."
    )
    vaccine_group: str = setting(
        "COVID-19",
        "What the program vaccinates against, as the product list names it. Dose statuses and "
        "appointments follow its doses; those of other vaccines are recorded only.",
    )
