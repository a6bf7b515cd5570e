"""What `portal.toml` may set for the help desk, in its section `[modules.helpdesk]`."""

from dataclasses import dataclass

from portal.settings import setting


@dataclass(frozen=True)
class HelpDeskSettings:
    """The settings of the module."""

    registration_code: str = setting(
        "VAC2021",
        "The registration code for people without a Provider PIN. Empty: only a Provider PIN lets "
        "people register.",
    )
    hours: tuple[str, ...] = setting(
        ("mon-fri 7:00-19:00", "sat-sun 10:00-18:00"),
        "When the help desk is staffed, in the portal's time zone, each line as "
        '"mon-fri 7:00-19:00". Time to answer and to solve a case is counted in these hours.',
    )
    answer_hours: int = setting(
        4, "Within how many such hours a case gets its first answer.", least=1, most=1_000
    )
    solution_hours: int = setting(
        24, "Within how many such hours a case is solved.", least=1, most=10_000
    )
    close_after_days: int = setting(
        7, "After how many days a resolved case is closed.", least=1, most=365
    )
    canned: tuple[str, ...] = setting(
        (),
        'Answers that agents can choose, each as "Title: text".',
    )
