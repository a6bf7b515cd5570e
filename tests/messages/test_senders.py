"""Who messages come from, as the mail server and the reader see it; and messages that cannot be
put into the form that mail servers take."""

import pytest

from portal import messages
from portal.db import unit_of_work
from portal.messages.delivery import deliver
from tests.effort import some
from tests.messages.conftest import MailServer
from tests.messages.steps import Mailing, promise, rows, states


@pytest.mark.parametrize(
    ("written", "name"),
    some(
        [
            ("no-reply@example.org", ""),
            ("<no-reply@example.org>", ""),
            ("CVMS Support Team <no-reply@example.org>", "CVMS Support Team"),
            ("CVMS, Support <no-reply@example.org>", "CVMS, Support"),
            ('"CVMS, Support" <no-reply@example.org>', "CVMS, Support"),
            ("CVMS (Support) [East] <no-reply@example.org>", "CVMS (Support) [East]"),
            ("CVMS <East> <no-reply@example.org>", "CVMS <East>"),
            ("clinic@home <no-reply@example.org>", "clinic@home"),
            ("Dr. O'Brien: Flu; COVID <no-reply@example.org>", "Dr. O'Brien: Flu; COVID"),
            ("Clínica, Este <no-reply@example.org>", "Clínica, Este"),
            ('The "Best" Clinic <no-reply@example.org>', 'The "Best" Clinic'),
        ],
        short=5,
    ),
)
def test_a_sender_is_written_so_that_its_address_stays_one(
    written: str, name: str, mailing: Mailing, mail_server: MailServer
) -> None:
    mail_server.start()
    with mailing(mail_from=written, mail_reply_to=written).app_context():
        promise()
        assert deliver() == "1 sent"
    (email,) = mail_server.mails
    assert email["X-Sender"] == "no-reply@example.org"
    for header in ("From", "Reply-To"):
        (known,) = email[header].addresses
        assert (known.display_name, known.addr_spec) == (name, "no-reply@example.org")


@pytest.mark.parametrize(
    ("typed", "attempts"),
    [
        # Half of a character, as some programs cut it: refused when the headers are written.
        ("\ud83d", 1),
        # Broken code of a header beside a letter: only found when the message is put together.
        ("漢 =?utf-8?q?=C3?=", 1),
    ],
)
def test_a_message_that_cannot_be_encoded_fails_visibly_and_stops_no_other(
    typed: str, attempts: int, mailing: Mailing, mail_server: MailServer
) -> None:
    mail_server.start()
    with mailing().app_context():
        promise()
        with unit_of_work():
            context = {"name": "x"}
            messages.queue("test", "b@example.org", context=context, secret={"what": typed})
        promise(2, start=1)
        assert deliver() == "3 sent, 1 failed"
        assert states() == ["sent", "failed", "sent", "sent"]
        failed = rows()[1]
        assert failed.last_error.startswith("Cannot be written: UnicodeEncodeError at ")
        assert (failed.lease_owner, failed.attempts) == (None, attempts)
        assert deliver() is None
    assert [str(email["To"]) for email in mail_server.mails] == [
        f"p{number}@example.org" for number in range(3)
    ]
