"""A correction that sends a shipment elsewhere: who is told, and where it is on record."""

from collections.abc import Callable

import pytest
from flask import Flask
from sqlalchemy import select

from portal.audit.models import AuditEntry
from portal.db import unit_of_work
from portal.messages import delivery
from tests.messages.conftest import MailServer, mail_server, mailing
from tests.personas import Personas
from tests.shipments.files import csv, row, take_in

__all__ = ["mail_server", "mailing"]
AT_A = ["backup.a@example.org", "coordinator.a@example.org"]
AT_B = ["backup.b@example.org", "coordinator.b@example.org"]
ELSEWHERE = {"pin": "NCA650002", "order": "EX21-ELSEWHERE", "doses": "310"}


@pytest.fixture
def portal(
    mailing: Callable[..., Flask],  # noqa: F811
    mail_server: MailServer,  # noqa: F811
) -> Flask:
    """The application, sending to a mail server that runs."""
    mail_server.start()
    return mailing()


def mails_after(app: Flask, server: MailServer, *, sent: bool = True, **changes: str) -> list[str]:
    """Take a file in and deliver (or not yet); who got which kind of mail, by address."""
    server.mails.clear()
    take_in(app, csv(row(**changes)))
    if sent:
        with app.app_context():
            delivery.deliver()
    return sorted(f"{one['To']} {str(one['Subject']).split(':')[0]}" for one in server.mails)


def each(addresses: list[str], subject: str) -> list[str]:
    return [f"{address} {subject}" for address in addresses]


FRESH, CORRECTED = "A vaccine shipment is on its way", "Corrected"
GONE = "No longer on its way to you"


@pytest.mark.both_databases
def test_whoever_was_told_hears_that_the_shipment_goes_elsewhere(
    portal: Flask,
    mail_server: MailServer,  # noqa: F811
) -> None:
    assert mails_after(portal, mail_server) == each(AT_A, FRESH)
    told = mails_after(portal, mail_server, **ELSEWHERE)
    assert told == sorted(each(AT_A, GONE) + each(AT_B, FRESH))
    for mail in mail_server.mails:
        if str(mail["To"]) in AT_A:
            body = mail.get_body(("plain",))
            assert body is not None
            text = str(body.get_content())
            assert "no longer goes to you" in text
            assert "Lot Number: 011J20A" in text
            assert "EX21-ELSEWHERE" not in text, "where it goes is not theirs to know"
            assert "310" not in text


@pytest.mark.both_databases
def test_a_withdrawal_is_said_once_and_a_return_is_announced_afresh(
    portal: Flask,
    mail_server: MailServer,  # noqa: F811
) -> None:
    mails_after(portal, mail_server)
    mails_after(portal, mail_server, pin="NCA650002")
    again = mails_after(portal, mail_server, pin="NCA650002", doses="310")
    assert again == each(AT_B, CORRECTED)
    back = mails_after(portal, mail_server)
    assert back == sorted(each(AT_A, FRESH) + each(AT_B, GONE))


def test_nobody_hears_of_a_move_before_the_first_mail_had_left(
    portal: Flask,
    mail_server: MailServer,  # noqa: F811
) -> None:
    mails_after(portal, mail_server, sent=False)
    assert mails_after(portal, mail_server, pin="NCA650002") == each(AT_B, FRESH)


def test_a_move_that_is_taken_back_in_time_is_a_correction(
    portal: Flask,
    mail_server: MailServer,  # noqa: F811
) -> None:
    mails_after(portal, mail_server)
    mails_after(portal, mail_server, sent=False, pin="NCA650002")
    assert mails_after(portal, mail_server) == each(AT_A, CORRECTED)


def test_a_move_is_on_record_at_both_locations(app: Flask, personas: Personas) -> None:
    take_in(app, csv(row()))
    take_in(app, csv(row(pin="NCA650002")))
    with app.app_context(), unit_of_work(write=False) as session:
        places = session.scalars(
            select(AuditEntry.location_id).where(AuditEntry.action == "shipment.corrected")
        )
        assert set(places) == {personas.locations["A"], personas.locations["B"]}
