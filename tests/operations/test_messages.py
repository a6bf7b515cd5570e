"""The outbox as the administrator sees it."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import time_machine
from flask import Flask
from sqlalchemy import select, update

from portal.audit.models import AuditEntry
from portal.db import unit_of_work
from portal.messages.models import ChannelState, Message
from tests.client import Browser, fields_of

Promise = Callable[..., None]


def change(app: Flask, **values: object) -> None:
    with app.app_context(), unit_of_work() as current:
        current.execute(update(Message).values(**values))


def state(app: Flask) -> tuple[str, str]:
    with app.app_context(), unit_of_work(write=False) as current:
        return tuple(current.execute(select(Message.state, Message.reason)).one())  # type: ignore[return-value]


def audited(app: Flask) -> list[str]:
    with app.app_context(), unit_of_work(write=False) as current:
        return list(current.scalars(select(AuditEntry.action).order_by(AuditEntry.number)))


def test_the_list_shows_states_counts_and_pages(
    administrator: Browser, app: Flask, promise: Promise
) -> None:
    assert "No messages" in administrator.get("/operations").root.text
    for _number in range(60):
        promise()
    page = administrator.get("/operations")
    assert len(page.root.all("tbody")[0].all("tr")) == 50
    assert page.root.with_text("a", "Waiting (60)")
    assert "has been waiting since" in page.root.text
    more = administrator.get(page.root.with_text("a", "Next").attributes["href"])
    assert len(more.root.all("tbody")[0].all("tr")) == 10
    assert not [link for link in more.root.all("a") if link.text == "Next"]
    assert "No messages" in administrator.get("/operations?state=failed").root.text
    for odd in ("?state=x", "?below=x", "?below=-1", f"?below={10**30}", "?below=%C2%B2"):
        assert administrator.get(f"/operations{odd}").status == 200


def test_the_list_alone_is_fetched_by_htmx(administrator: Browser, promise: Promise) -> None:
    promise()
    part = administrator.get("/operations?state=waiting", region="messages")
    assert part.status == 200
    assert [one.attributes["id"] for one in part.root.children if not isinstance(one, str)] == [
        "messages"
    ]


def test_it_says_that_no_mail_server_is_set_up(administrator: Browser, promise: Promise) -> None:
    promise()
    assert "No mail server is set up" in administrator.get("/operations").root.text


def test_a_message_is_shown_as_its_reader_sees_it_but_for_secrets(
    administrator: Browser, app: Flask, promise: Promise
) -> None:
    promise(secret={"token": "abc123"})
    page = administrator.get("/operations/messages/1")
    assert "News for <b>Jane</b>" in page.root.text
    assert "Hello <b>Jane</b>, your link is ••••••." in page.root.text
    assert "<p>Hello &lt;b&gt;Jane&lt;/b&gt;</p>" in page.root.text
    assert "abc123" not in page.html
    assert audited(app) == ["message.viewed"]


def test_what_cannot_be_written_and_what_was_wiped_is_said(
    administrator: Browser, app: Flask, promise: Promise
) -> None:
    promise()
    change(app, kind="nothing")
    assert (
        "cannot be written (TemplateNotFound)"
        in administrator.get("/operations/messages/1").root.text
    )
    change(app, context={}, address="", state="cancelled", reason="x")
    assert "deleted after 90 days" in administrator.get("/operations/messages/1").root.text


def test_a_failed_message_is_tried_again(
    administrator: Browser, app: Flask, promise: Promise
) -> None:
    promise()
    change(app, state="failed", last_error="The server refused it.", attempts=3)
    page = administrator.get("/operations/messages/1")
    assert "The server refused it." in page.root.text
    answer = administrator.submit(page, button="Try again")
    assert answer.leads_to == "/operations/messages/1"
    assert state(app) == ("waiting", "")
    assert "message.tried_again" in audited(app)
    again = administrator.submit(page, button="Try again", follow=True)
    assert "already saved" in again.root.text
    assert audited(app).count("message.tried_again") == 1


def test_a_message_that_is_of_no_use_any_more_is_not_tried_again(
    administrator: Browser, app: Flask, promise: Promise
) -> None:
    late = datetime.now(UTC) - timedelta(minutes=1)
    promise()
    page = administrator.get("/operations/messages/1")
    change(app, state="failed", last_error="x", not_after=late)
    answer = administrator.submit(page, button="Try again")
    assert answer.status == 409
    assert "It is too late for this message" in answer.root.text
    assert state(app) == ("failed", "")
    with app.app_context(), unit_of_work(write=False) as current:
        assert current.scalar(select(Message.not_after)) == late


def test_trying_again_keeps_the_moment_after_which_it_is_too_late(
    administrator: Browser, app: Flask, promise: Promise
) -> None:
    later = datetime.now(UTC) + timedelta(hours=1)
    promise()
    change(app, state="failed", last_error="x", not_after=later)
    administrator.submit(administrator.get("/operations/messages/1"), button="Try again")
    assert state(app) == ("waiting", "")
    with app.app_context(), unit_of_work(write=False) as current:
        assert current.scalar(select(Message.not_after)) == later


def test_what_was_wiped_is_not_tried_again(
    administrator: Browser, app: Flask, promise: Promise
) -> None:
    promise()
    change(app, state="failed", last_error="x", context={}, address="")
    page = administrator.get("/operations/messages/1")
    assert administrator.submit(page, button="Try again").status == 409
    assert state(app) == ("failed", "")


def test_a_message_is_cancelled_with_a_reason(
    administrator: Browser, app: Flask, promise: Promise
) -> None:
    promise(secret={"token": "x"})
    page = administrator.get("/operations/messages/1")
    form = {"action": "/operations/messages/1/cancel"}
    empty = administrator.submit(page, {"reason": "  "}, **form)
    assert empty.status == 422
    assert empty.root.all(role="alert")
    long = administrator.submit(empty, {"reason": "x" * 201}, **form)
    assert long.status == 422
    assert fields_of(long.form(**form))["reason"] == "x" * 201
    assert state(app) == ("waiting", "")
    answer = administrator.submit(long, {"reason": "Sent by phone"}, **form, follow=True)
    assert "Sent by phone" in answer.root.text
    assert state(app) == ("cancelled", "Sent by phone")
    assert audited(app)[-2:] == ["message.cancelled", "message.viewed"]
    assert not answer.root.all("form", **form)


def test_a_message_that_left_meanwhile_is_neither_cancelled_nor_sent_again(
    administrator: Browser, app: Flask, promise: Promise
) -> None:
    promise()
    page = administrator.get("/operations/messages/1")
    change(app, state="sent", sent_at=datetime.now(UTC))
    assert administrator.submit(page, button="Try again").status == 409
    form = {"action": "/operations/messages/1/cancel"}
    assert administrator.submit(page, {"reason": "x"}, **form).status == 409
    assert state(app) == ("sent", "")


def test_everything_that_waits_is_tried_again_at_once(
    administrator: Browser, app: Flask, promise: Promise
) -> None:
    object.__setattr__(app.extensions["portal"].settings, "smtp_host", "mail.example.org")
    later = datetime.now(UTC) + timedelta(hours=1)
    promise()
    change(app, next_try_at=later)
    with app.app_context(), unit_of_work() as current:
        current.execute(
            update(ChannelState).values(
                failing_since=datetime.now(UTC),
                paused_until=later,
                last_error="Login refused (535).",
            )
        )
    page = administrator.get("/operations")
    assert "The mail server has not been reachable since" in page.root.text
    assert "Login refused (535)." in page.root.text
    administrator.submit(page, button="Try all again")
    with app.app_context(), unit_of_work(write=False) as current:
        assert current.scalar(select(Message.next_try_at)) < later
        assert current.get_one(ChannelState, "email").paused_until is None
    assert audited(app) == ["message.all_tried_again"]


def test_home_warns_of_messages_that_wait_or_failed(
    administrator: Browser, app: Flask, promise: Promise
) -> None:
    assert not administrator.get("/").root.all(id="card-messages")
    promise()
    assert not administrator.get("/").root.all(id="card-messages")
    with time_machine.travel(datetime.now(UTC) + timedelta(minutes=6)):
        card = administrator.get("/").root.one("section", **{"aria-labelledby": "card-messages"})
        assert "1 message waits. No mail server is set up" in card.text
        assert card.with_text("a", "Messages").attributes["href"] == "/operations?state=waiting"
        change(app, state="failed", last_error="x")
        card = administrator.get("/").root.one("section", **{"aria-labelledby": "card-messages"})
        assert "1 message failed." in card.text
        other = administrator.sign_in("manager_a").get("/")
        assert not other.root.all(id="card-messages")
