"""What the vaccine coordinators are told of shipments, through a real mail server (SPEC C4)."""

from collections.abc import Callable
from email.message import EmailMessage

import pytest
from flask import Flask
from sqlalchemy import update

from portal.db import unit_of_work
from portal.messages import delivery
from portal.messages.models import Message, MessageState
from portal.places.models import Location
from tests.messages.conftest import MailServer, mail_server, mailing
from tests.people.steps import change
from tests.personas import Personas
from tests.shipments.files import csv, row, take_in

Mailing = Callable[..., Flask]
__all__ = ["mail_server", "mailing"]
PRIMARY, BACKUP = "coordinator.a@example.org", "backup.a@example.org"
FIELDS = {
    "Date Shipped": "02/01/2021",
    "Quantity Shipped": "300",
    "Manufacturer": "Moderna",
    "NDC Number": "80777-0273-99",
    "Lot Number": "011J20A",
    "ExIS Order Number": "EX21-1",
    "Carrier": "UPS",
    "Shipment Tracking Number": "1Z999AA10123456784",
}


@pytest.fixture
def portal(mailing: Mailing, mail_server: MailServer) -> Flask:  # noqa: F811
    """The application, sending to a mail server that runs."""
    mail_server.start()
    return mailing()


def deliver(app: Flask) -> None:
    with app.app_context():
        delivery.deliver()


def text_of(email: EmailMessage, kind: str = "plain") -> str:
    body = email.get_body((kind,))
    assert body is not None
    return str(body.get_content())


def coordinators(app: Flask, personas: Personas, **values: str) -> None:
    with app.app_context(), unit_of_work() as session:
        for name, value in values.items():
            setattr(session.get_one(Location, personas.locations["A"]), name, value)


def said(server: MailServer) -> list[tuple[str, bool]]:
    """Who got mail, and whether it was a correction, in order of addresses."""
    return sorted((str(one["To"]), "Corrected" in str(one["Subject"])) for one in server.mails)


def test_both_coordinators_get_all_eight_fields(
    portal: Flask,
    mail_server: MailServer,  # noqa: F811
) -> None:
    take_in(portal, csv(row()))
    deliver(portal)
    assert said(mail_server) == [(BACKUP, False), (PRIMARY, False)]
    for email in mail_server.mails:
        assert "Moderna COVID-19 Vaccine" in str(email["Subject"])
        for label, value in FIELDS.items():
            assert f"{label}: {value}" in text_of(email)
            assert label in text_of(email, "html")
            assert value in text_of(email, "html")
        assert "https://vaccines.example.org/shipments/1" in text_of(email)


def test_one_mail_for_each_vaccine_of_a_shipment(
    portal: Flask,
    mail_server: MailServer,  # noqa: F811
) -> None:
    janssen = row(ndc="59676-0580-15", maker="Janssen", lot="1805018", doses="50")
    take_in(portal, csv(row(), janssen, row(id="SHP-2", pin="NCA650002")))
    deliver(portal)
    assert len(mail_server.mails) == 6
    to_a = [one for one in mail_server.mails if str(one["To"]) == PRIMARY]
    assert {"Moderna" in str(one["Subject"]) for one in to_a} == {True, False}
    assert not [one for one in to_a if "SHP-2" in text_of(one)]


def test_the_same_file_twice_tells_nothing_more(
    portal: Flask,
    mail_server: MailServer,  # noqa: F811
) -> None:
    for _time in range(3):
        take_in(portal, csv(row(), row()))
        deliver(portal)
    assert len(mail_server.mails) == 2


def test_one_address_for_both_is_told_once(
    portal: Flask,
    mail_server: MailServer,
    personas: Personas,  # noqa: F811
) -> None:
    coordinators(portal, personas, backup_email=PRIMARY)
    take_in(portal, csv(row()))
    deliver(portal)
    assert said(mail_server) == [(PRIMARY, False)]


def test_without_coordinators_the_active_managers_are_told(
    portal: Flask,
    mail_server: MailServer,
    personas: Personas,  # noqa: F811
) -> None:
    coordinators(portal, personas, coordinator_email="", backup_email="")
    take_in(portal, csv(row()))
    deliver(portal)
    assert said(mail_server) == [
        ("manager.a@example.org", False),
        ("manager.ab@example.org", False),
    ]


def test_managers_who_never_registered_are_not_told(
    portal: Flask,
    mail_server: MailServer,
    personas: Personas,  # noqa: F811
) -> None:
    coordinators(portal, personas, coordinator_email="", backup_email="")
    change(portal, personas.users["manager_ab"], password_hash=None)
    take_in(portal, csv(row()))
    deliver(portal)
    assert said(mail_server) == [("manager.a@example.org", False)]
    change(portal, personas.users["manager_a"], password_hash=None)
    take_in(portal, csv(row(id="SHP-2")))
    deliver(portal)
    assert len(mail_server.mails) == 1, "the shipment is there, and nobody is written to"


def test_a_correction_replaces_what_was_not_sent(
    portal: Flask,
    mail_server: MailServer,  # noqa: F811
) -> None:
    take_in(portal, csv(row()))
    take_in(portal, csv(row(order="EX21-2")))
    deliver(portal)
    assert said(mail_server) == [(BACKUP, False), (PRIMARY, False)]
    assert all("EX21-2" in text_of(one) for one in mail_server.mails)


def test_another_manufacturer_is_a_correction_too(
    portal: Flask,
    mail_server: MailServer,  # noqa: F811
) -> None:
    take_in(portal, csv(row()))
    deliver(portal)
    run = take_in(portal, csv(row(maker="Moderna US")))
    assert (run.updated, run.unchanged) == (1, 0)
    deliver(portal)
    to_primary = [one for one in mail_server.mails if str(one["To"]) == PRIMARY]
    assert ["Corrected" in str(one["Subject"]) for one in to_primary] == [False, True]
    assert "Manufacturer: Moderna US" in text_of(to_primary[-1])


def test_a_correction_of_what_was_sent_says_so_each_time(
    portal: Flask,
    mail_server: MailServer,  # noqa: F811
) -> None:
    for order in ("EX21-1", "EX21-2", "EX21-3"):
        take_in(portal, csv(row(order=order)))
        deliver(portal)
    to_primary = [one for one in mail_server.mails if str(one["To"]) == PRIMARY]
    assert ["Corrected" in str(one["Subject"]) for one in to_primary] == [False, True, True]
    for label, value in {**FIELDS, "ExIS Order Number": "EX21-3"}.items():
        assert f"{label}: {value}" in text_of(to_primary[-1])


def test_a_correction_of_an_unsent_correction_is_a_correction_still(
    portal: Flask,
    mail_server: MailServer,  # noqa: F811
) -> None:
    take_in(portal, csv(row()))
    deliver(portal)
    take_in(portal, csv(row(order="EX21-2")))
    take_in(portal, csv(row(order="EX21-3")))
    deliver(portal)
    to_primary = [one for one in mail_server.mails if str(one["To"]) == PRIMARY]
    assert ["Corrected" in str(one["Subject"]) for one in to_primary] == [False, True]
    assert "EX21-3" in text_of(to_primary[-1])


def test_only_who_has_read_the_first_version_is_sent_a_correction(
    portal: Flask,
    mail_server: MailServer,  # noqa: F811
) -> None:
    take_in(portal, csv(row()))
    mail_server.refuse = lambda address: "451 later" if address == BACKUP else ""
    deliver(portal)
    mail_server.refuse = lambda address: ""
    take_in(portal, csv(row(order="EX21-2")))
    deliver(portal)
    assert said(mail_server) == [(BACKUP, False), (PRIMARY, False), (PRIMARY, True)]


def test_a_correction_that_moves_the_shipment_tells_the_new_location_afresh(
    portal: Flask,
    mail_server: MailServer,  # noqa: F811
) -> None:
    take_in(portal, csv(row()))
    deliver(portal)
    mail_server.mails.clear()
    take_in(portal, csv(row(pin="NCA650002")))
    deliver(portal)
    assert said(mail_server) == [
        (BACKUP, False),
        ("backup.b@example.org", False),
        (PRIMARY, False),
        ("coordinator.b@example.org", False),
    ]


def test_a_refused_row_tells_nobody(portal: Flask, mail_server: MailServer) -> None:  # noqa: F811
    take_in(portal, csv(row(doses="0"), row(id="SHP-2", pin="NCA999999")))
    deliver(portal)
    assert mail_server.mails == []


def test_a_mail_server_that_is_down_delays_and_loses_nothing(
    mailing: Mailing,
    mail_server: MailServer,  # noqa: F811
) -> None:
    app = mailing()
    take_in(app, csv(row()))
    deliver(app)
    mail_server.start()
    with app.app_context():
        with unit_of_work() as session:
            session.execute(update(Message).values(next_try_at=Message.created_at))
            from portal.messages.models import ChannelState

            session.execute(update(ChannelState).values(paused_until=None))
        delivery.deliver()
        with unit_of_work(write=False) as session:
            assert set(
                session.scalars(Message.__table__.select().with_only_columns(Message.state))
            ) == {  # noqa: E501
                MessageState.SENT
            }
    assert said(mail_server) == [(BACKUP, False), (PRIMARY, False)]


def test_an_address_as_long_as_one_may_be_is_told(
    portal: Flask,
    mail_server: MailServer,
    personas: Personas,  # noqa: F811
) -> None:
    longest = "a" * 60 + "@" + ".".join(["b" * 60] * 3) + ".org"
    coordinators(portal, personas, coordinator_email=longest)
    assert take_in(portal, csv(row())).state == "finished"
    deliver(portal)
    assert (longest, False) in said(mail_server)
