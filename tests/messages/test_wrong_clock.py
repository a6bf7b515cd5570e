"""A clock that ran ahead and was put right does not hold the mail up until it has caught up."""

from datetime import UTC, datetime, timedelta

import pytest
import time_machine

from portal.messages import claims
from portal.messages.delivery import deliver
from tests.messages.conftest import MailServer
from tests.messages.steps import Mailing, promise, server_row, states

RIGHT = datetime(2026, 11, 20, 14, tzinfo=UTC)
AHEAD = RIGHT + timedelta(days=200)


@pytest.mark.both_databases
def test_a_server_rests_no_longer_than_it_would(mailing: Mailing, mail_server: MailServer) -> None:
    with time_machine.travel(RIGHT, tick=False) as clock, mailing().app_context():
        promise(2)
        clock.move_to(AHEAD)
        deliver()
        paused = server_row().paused_until
        assert paused is not None
        assert paused > AHEAD
        mail_server.start()
        clock.move_to(RIGHT)
        assert deliver() == "2 sent"


def test_a_pause_of_now_is_kept(mailing: Mailing, mail_server: MailServer) -> None:
    with time_machine.travel(RIGHT, tick=False), mailing().app_context():
        promise(1)
        deliver()
        mail_server.start()
        assert deliver() is None
        assert states() == ["waiting"]


def test_a_message_that_was_refused_is_tried_again(
    mailing: Mailing, mail_server: MailServer
) -> None:
    mail_server.start()
    mail_server.answer = lambda _email: "451 later"
    app = mailing(mail_per_minute=1)
    with time_machine.travel(AHEAD, tick=False) as clock, app.app_context():
        promise(1)
        assert deliver() == "1 to be tried again"
        mail_server.answer = lambda _email: ""
        assert deliver() is None, "the gap is kept"
        clock.move_to(RIGHT)
        assert deliver() == "1 sent"


def test_a_message_that_somebody_took_is_taken_over(
    mailing: Mailing, mail_server: MailServer
) -> None:
    mail_server.start()
    with time_machine.travel(AHEAD, tick=False) as clock, mailing().app_context():
        promise(1)
        assert len(claims.claim("somebody who died")) == 1
        assert deliver() is None
        clock.move_to(RIGHT)
        assert deliver() == "1 sent"
