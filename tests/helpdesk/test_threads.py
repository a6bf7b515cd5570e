"""Mail programs show the e-mails of a case as one conversation: each names those before it."""

from collections.abc import Callable
from email.message import EmailMessage
from pathlib import Path

import pytest
from flask import Flask

from blueprints.helpdesk import services
from blueprints.helpdesk.mail.collecting import collect
from blueprints.helpdesk.models import Case
from portal.db import unit_of_work
from portal.messages.delivery import deliver
from tests.helpdesk.mailing import letter, maildir, outbox
from tests.inventory.stock import scope_for
from tests.messages.conftest import MailServer, certificate, mail_server, mailing
from tests.personas import Personas

# Fixtures that are used by their names.
_ = (certificate, mail_server, mailing)
# Some programs make long ones.
THEIRS = f"<{'A1-' * 40}@mail.example.org>"


def case_of(number: int) -> Case:
    with unit_of_work(write=False) as session:
        found = session.get_one(Case, number)
        session.expunge(found)
        return found


def references(email: EmailMessage) -> list[str]:
    """The Message-IDs that an e-mail names, oldest first."""
    return str(email["References"] or "").split()


@pytest.mark.slow("talks to a mail server")
def test_each_email_of_a_case_names_those_before_it(
    mailing: Callable[..., Flask], mail_server: MailServer, personas: Personas, tmp_path: Path
) -> None:
    mail_server.start()
    app = mailing()
    with app.app_context():
        box = maildir(app, tmp_path / "mail")
        asker, agent = scope_for(personas, "requester"), scope_for(personas, "agent")
        with unit_of_work():
            case = services.open_case(asker, topic="question", subject="Box", description="Two?").id
            other = services.open_case(asker, topic="question", subject="Bin", description="1?").id
            services.assign(agent, case, agent.user.id)
        with unit_of_work():
            services.comment(agent, case, "How many?")
        box.deliver(letter(case_of(case), "Two of them.", message_id=THEIRS))
        assert collect() == "1 joined"
        with unit_of_work():
            services.comment(agent, case, "Thank you.")
            services.comment(agent, other, "One.")
        deliver()
    mine = [one for one in mail_server.mails if one["To"] == asker.user.email]
    opened, opened_other, news, thanks, news_other = mine
    assert references(opened) == references(opened_other) == []
    assert opened["In-Reply-To"] is None
    ids = [opened["Message-ID"], news["Message-ID"], THEIRS]
    assert references(news) == ids[:1]
    assert news["In-Reply-To"] == ids[0]
    assert references(thanks) == ids
    assert thanks["In-Reply-To"] == THEIRS
    assert references(news_other) == [opened_other["Message-ID"]]
    staff = [one for one in mail_server.mails if one["To"] == agent.user.email]
    assert references(staff[-1]) == [one["Message-ID"] for one in staff[:-1]]
    assert set(references(staff[-1])).isdisjoint(ids)


def test_a_long_thread_keeps_its_beginning_and_its_end(app: Flask, personas: Personas) -> None:
    with app.app_context():
        asker, agent = scope_for(personas, "requester"), scope_for(personas, "agent")
        with unit_of_work():
            case = services.open_case(asker, topic="question", subject="Box", description="Two?").id
        for number in range(15):
            with unit_of_work():
                services.comment(agent, case, f"Number {number}")
        mine = [one for one in outbox() if one.user_id == asker.user.id]
        named = mine[-1].answers.split()
        assert named == [mine[0].message_id, *(one.message_id for one in mine[-10:-1])]
        assert len(" ".join(named)) < 998, "a line of a header"
