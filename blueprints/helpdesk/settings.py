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
        ("mon-fri 8:00-17:00",),
        "When the help desk is staffed, in the portal's time zone, each line as "
        '"mon-fri 8:00-17:00". Time to answer and to solve a case is counted in these hours.',
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
    mail_address: str = setting(
        "",
        "The address that people answer the e-mails of the help desk to, such as "
        "help@clinic.example. What is sent to help+…@clinic.example must arrive there, too. "
        "Empty: nothing is answered by e-mail.",
    )
    mail_folder: str = setting(
        "",
        "The maildir folder in which e-mails to that address arrive, if it is not an IMAP mailbox.",
    )
    imap_host: str = setting("", "The server of the IMAP mailbox in which they arrive.")
    imap_port: int = setting(993, "The port of that server.", least=1, most=65_535)
    imap_security: str = setting(
        "tls",
        "How the connection to it is secured; none only on the same machine.",
        choices=("tls", "starttls", "none"),
    )
    imap_username: str = setting("", "The username at that server.")
    imap_password: str = setting("", "The password at that server.", secret=True)
    imap_mailbox: str = setting("INBOX", "The folder of the mailbox that is read.")
    agents_answer_by_mail: bool = setting(
        False,
        "Whether what agents answer by e-mail is sent to the requester. No: it becomes an internal "
        "note, since anybody can write an agent's address into an e-mail.",
    )
    clamav_socket: str = setting(
        "",
        "The socket of the virus scanner ClamAV, such as /run/clamav/clamd.ctl. Empty: attachments "
        "are not scanned.",
    )
