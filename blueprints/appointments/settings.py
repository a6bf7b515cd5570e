"""What `portal.toml` may set for appointments, in its section `[modules.appointments]`."""

from dataclasses import dataclass

from portal.settings import setting


@dataclass(frozen=True)
class AppointmentSettings:
    """The settings of the module."""

    offer_grace_days: bool = setting(
        True,
        "Whether second doses may be booked from the first day that the product's days of grace "
        "allow; if not, from the recommended day.",
    )
    cancel_second_doses: bool = setting(
        False,
        "Whether staff and recipients may cancel appointments for second doses themselves, and not "
        "only through the help desk.",
    )
    people_per_contact: int = setting(
        6,
        "For how many people a day one e-mail address or phone number may be used by people who "
        "book without an account.",
        least=1,
        most=1_000,
    )
    remind_hours: tuple[str, ...] = setting(
        ("72", "24"), "How many hours before an appointment reminders are sent."
    )
    instructions: str = setting(
        "",
        "What confirmations and reminders say about coming to the appointment. Empty: to bring a "
        "photo ID, to wear short sleeves, and to stay home when sick, in the reader's language.",
    )
