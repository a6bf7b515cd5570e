"""Answers by e-mail: whose words join which case, once, and what is never answered."""

import os
import signal
from datetime import timedelta
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest
import time_machine
from flask import Flask

from blueprints.helpdesk import checks, services
from blueprints.helpdesk.mail import mailboxes, taking
from blueprints.helpdesk.mail.collecting import collect
from blueprints.helpdesk.mail.taking import take_in
from blueprints.helpdesk.models import Case, CaseFile, CaseMailbox
from blueprints.helpdesk.queries import get_case
from blueprints.helpdesk.rules import CaseState, MailOutcome
from portal.access.scope import Scope
from portal.clock import now
from portal.db import unit_of_work
from portal.files.models import StoredFile
from portal.files.services import path_of
from portal.jobs.runner import JobFailed
from portal.messages.models import Message
from portal.messages.upkeep import forget_contents
from portal.settings import current
from tests.client import Browser
from tests.helpdesk.mailing import (
    ADDRESS,
    Folder,
    entries,
    letter,
    maildir,
    mails,
    outbox,
    set_up,
)
from tests.personas import Personas
from tests.processes import ChildFailed, start, together

PNG = b"\x89PNG\r\n\x1a\n" + b"0" * 40


@pytest.fixture
def box(app: Flask, asker: Scope, tmp_path: Path) -> Folder:
    """The mailbox of the help desk."""
    return maildir(app, tmp_path / "mail")


def opened(scope: Scope, agent: Scope | None = None) -> Case:
    """A case; with `agent` one that they work on."""
    with unit_of_work() as session:
        case = services.open_case(scope, topic="question", subject="Boxes", description="Two?")
        if agent is not None:
            services.assign(agent, case.id, agent.user.id)
        session.flush()
        session.expunge(case)
        return case


def state_of(case: Case) -> str:
    with unit_of_work(write=False) as session:
        return session.get_one(Case, case.id).state


def joined(case: Case) -> list[tuple[str, str]]:
    """Kind and words of what came to the case by e-mail."""
    return [(one.kind, one.text) for one in entries(case.id) if one.through == "mail"]


@pytest.mark.both_databases
def test_an_answer_of_the_requester_joins_and_is_told_to_who_works_on_it(
    app: Flask, box: Folder, asker: Scope, agent: Scope, personas: Personas
) -> None:
    case = opened(asker, agent)
    with unit_of_work():
        services.comment(agent, case.id, "How many?", asks=True)
    sent = outbox()[-1]
    assert (sent.kind, sent.address) == ("case_news", "requester@example.org")
    assert sent.reply_to == f"help+{case.token}@clinic.example"
    email = letter(case, "Three.\n\nOn Monday the help desk wrote:\n> How many?")
    box.deliver(email)
    assert collect() == "1 joined"
    (entry,) = [one for one in entries(case.id) if one.through == "mail"]
    assert (entry.kind, entry.text) == ("public", "Three.")
    assert entry.author_id == asker.user.id
    assert entry.quoted.endswith("> How many?")
    assert entry.mail_id == email["Message-ID"]
    assert state_of(case) == "open"
    told = outbox()[-1]
    assert (told.kind, told.user_id) == ("case_for_staff", agent.user.id)
    assert box.left() == []
    assert (mails()[0].sender, mails()[0].subject, mails()[0].text) == ("", "", "")
    page = Browser(app, personas).sign_in("requester")
    text = page.get(f"/help-desk/cases/{case.id}").root
    assert "Three." in text.text
    assert text.with_text("summary", "Show quoted text")


@pytest.mark.both_databases
def test_an_answer_without_the_address_is_known_by_what_it_answers(
    box: Folder, asker: Scope, agent: Scope
) -> None:
    case, other = opened(asker, agent), opened(asker)
    ours = [one.message_id for one in outbox() if one.about == f"case:{case.id}"][0]
    theirs = [one.message_id for one in outbox() if one.about == f"case:{other.id}"][0]
    box.deliver(letter(case, "One.", to=ADDRESS, in_reply_to=ours))
    box.deliver(letter(case, "Two.", to=ADDRESS, references=f"<a@b> {theirs} <c@d> {ours}"))
    box.deliver(letter(case, "Three.", to=ADDRESS, references="<a@b>"))
    assert collect() == "2 joined, 1 unmatched"
    assert joined(case) == [("public", "One."), ("public", "Two.")]
    assert joined(other) == []


@pytest.mark.both_databases
@pytest.mark.parametrize(
    ("sender", "reason"),
    [
        ("stranger@elsewhere.example", "not_theirs"),
        ("manager.b@example.org", "not_theirs"),
        ("admin@example.org", "not_theirs"),  # staff, but not of this case
        ("requester@example.org, agent@example.org", "not_theirs"),
    ],
)
def test_the_address_of_a_case_is_not_enough(
    box: Folder, asker: Scope, agent: Scope, sender: str, reason: str
) -> None:
    case = opened(asker, agent)
    before = (len(entries(case.id)), len(outbox()))
    name = box.deliver(letter(case, "Let me in.", from_=sender, **{"from": sender}))
    assert collect() == "1 unmatched"
    assert (len(entries(case.id)), len(outbox())) == before
    (noted,) = mails()
    assert (noted.reason, noted.text) == (reason, "Let me in.")
    assert box.left() == [f"{name}:2,FS"]
    assert collect() is None


@pytest.mark.both_databases
def test_what_an_agent_answers_stays_inside_unless_the_settings_say_otherwise(
    app: Flask, box: Folder, asker: Scope, agent: Scope
) -> None:
    case = opened(asker, agent)
    before = len(outbox())
    box.deliver(letter(case, "She is always late.", **{"from": agent.user.email}))
    assert collect() == "1 joined"
    assert joined(case) == [("internal", "She is always late.")]
    assert [one for one in outbox()[before:] if one.user_id == asker.user.id] == []
    set_up(app, agents_answer_by_mail=True)
    box.deliver(letter(case, "It is on its way.", **{"from": agent.user.email}))
    assert collect() == "1 joined"
    assert joined(case)[-1] == ("public", "It is on its way.")
    (told,) = [one for one in outbox()[before:] if one.user_id == asker.user.id]
    assert told.context["text"] == "It is on its way."


def test_a_copy_is_taken_in_once(box: Folder, asker: Scope) -> None:
    case = opened(asker)
    email = letter(case)
    for number in range(3):
        box.deliver(f"Received: by host{number}\n".encode() + email.as_bytes())
    assert collect() == "3 joined"
    assert len(joined(case)) == 1
    box.deliver(email)
    assert collect() == "1 joined"
    assert len(joined(case)) == 1
    same_id = letter(case, "Another text.", message_id=str(email["Message-ID"]))
    box.deliver(same_id)
    collect()
    assert [text for _kind, text in joined(case)] == ["Thank you.", "Another text."]


AUTOMATIC: list[dict[str, str]] = [
    {"auto_submitted": "auto-replied"},
    {"precedence": "bulk"},
    {"list_id": "<x.example.org>"},
    {"return_path": "<>"},
    {"subject": "Out of office"},
]


@pytest.mark.parametrize("head", AUTOMATIC, ids=[next(iter(head)) for head in AUTOMATIC])
def test_a_machine_is_never_answered(
    box: Folder, asker: Scope, agent: Scope, head: dict[str, str]
) -> None:
    case = opened(asker, agent)
    with unit_of_work():
        services.resolve(agent, case.id, "Done.")
    before = len(outbox())
    for number in range(5):
        box.deliver(letter(case, f"I am away {number}.", **head))
    assert collect() == "5 automatic"
    assert len(outbox()) == before
    assert state_of(case) == "resolved", "it is not opened again"
    assert [kind for kind, _text in joined(case)] == ["event"], "noted once a day"
    assert box.left() == []


@pytest.mark.both_databases
def test_our_own_words_are_left_out(box: Folder, asker: Scope, agent: Scope) -> None:
    case = opened(asker, agent)
    before = len(outbox())
    for sender in ("no-reply@localhost", ADDRESS, f"Help <help+{case.token}@clinic.example>"):
        box.deliver(letter(case, "Hello Rita,", **{"from": sender}))
    assert collect() == "3 automatic"
    assert (joined(case), len(outbox())) == ([], before)


@pytest.mark.both_databases
def test_a_merged_case_goes_on_a_resolved_one_opens_and_a_closed_one_tells(
    box: Folder, asker: Scope, agent: Scope
) -> None:
    first, second, third = (opened(asker, agent) for _time in range(3))
    with unit_of_work():
        services.merge(agent, first.id, second.id)
        services.resolve(agent, second.id, "Done.")
        services.move(agent, third.id, CaseState.CLOSED)
    box.deliver(letter(first, "Not yet."))
    before = len(outbox())
    assert collect() == "1 joined"
    assert joined(second) == [("public", "Not yet.")]
    assert (state_of(second), state_of(first)) == ("open", "closed")
    for number in range(3):
        box.deliver(letter(third, f"Once more {number}."))
    assert collect() == "3 unmatched"
    assert joined(third) == []
    told = [one for one in outbox()[before:] if one.user_id == asker.user.id]
    assert [one.kind for one in told] == ["case_closed"], "once a day"
    assert {one.reason for one in mails()[1:]} == {"closed"}
    with time_machine.travel(now() + timedelta(days=1)):
        box.deliver(letter(third, "And again."))
        collect()
    assert [one.kind for one in outbox()].count("case_closed") == 2


def test_what_comes_too_often_no_longer_joins(
    box: Folder, asker: Scope, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(taking, "OF_A_CASE", ((3, timedelta(hours=1)),))
    case = opened(asker)
    for number in range(6):
        box.deliver(letter(case, f"Answer {number}."))
    assert collect() == "3 joined, 3 unmatched"
    assert len(joined(case)) == 3
    assert [one.reason for one in mails()][3:] == ["too_many"] * 3


@pytest.mark.both_databases
def test_files_are_taken_as_with_a_form_and_the_others_are_named(
    app: Flask, box: Folder, asker: Scope
) -> None:
    case = opened(asker)
    email = letter(case, "Here.")
    email.add_attachment(PNG, "image", "png", filename="../../Bïld.png")
    email.add_attachment(b"MZ\x90\0", "image", "png", filename="photo.png")
    email.add_attachment(b"<svg onload=alert(1)>", "image", "svg+xml", filename="a.svg")
    email.add_attachment(b"", "application", "pdf", filename="empty.pdf")
    email.add_attachment(b"x" * (10 * 1024 * 1024 + 1), "text", "plain", filename="long.txt")
    inner = EmailMessage()
    inner.set_content("inside")
    email.add_attachment(inner)
    for number in range(6):
        email.add_attachment(f"{number}".encode(), "text", "plain", filename=f"n{number}.txt")
    box.deliver(email)
    assert collect() == "1 joined"
    with unit_of_work(write=False) as session:
        stored = session.query(StoredFile).join(CaseFile).where(CaseFile.case_id == case.id).all()
        assert [one.name for one in stored] == ["Bïld.png", "n0.txt", "n1.txt", "n2.txt", "n3.txt"]
        assert path_of(current(), stored[0]).read_bytes() == PNG
    kind, text = joined(case)[-1]
    assert kind == "event"
    for name in ("photo.png", "a.svg", "empty.pdf", "long.txt", "2 more files"):
        assert name in text
    folder = current().uploads / "cases"
    assert len(list(folder.iterdir())) == 5, "nothing is left of what was refused"


@pytest.mark.both_databases
def test_one_bad_letter_blocks_none_and_is_named(
    box: Folder, asker: Scope, monkeypatch: pytest.MonkeyPatch
) -> None:
    case = opened(asker)
    join = taking._join

    def fails(letter: Any, *rest: Any) -> None:
        if "poison" in letter.text:
            raise RecursionError
        join(letter, *rest)

    monkeypatch.setattr(taking, "_join", fails)
    monkeypatch.setattr(mailboxes, "LARGEST", 100_000)
    names = [
        box.deliver(letter(case, "poison")),
        box.deliver(b"\x00\xff" * 50),
        box.deliver(b"Content-Type: multipart/mixed; boundary=a\n" * 100),
        box.deliver(letter(case, "x" * 200_000)),
    ]
    box.deliver(letter(case, "Fine."))
    (box.path / "new" / "0.link").symlink_to("/etc/passwd")
    with pytest.raises(JobFailed, match="cannot be read"):
        collect()
    (box.path / "new" / "0.link").unlink()
    assert collect() == "3 aside, 1 unmatched, 1 joined"
    assert joined(case) == [("public", "Fine.")]
    assert box.left() == [f"{name}:2,FS" for name in names]
    with unit_of_work(write=False):
        assert list(checks.mails()) == [
            "E-mails that could not be read, and wait in the list E-mails: 3."
        ]
    assert collect() is None


def test_a_mailbox_that_cannot_be_read_is_named(app: Flask, box: Folder, asker: Scope) -> None:
    set_up(app, mail_folder=str(box.path / "nowhere"))
    for later in (0, 40):
        with time_machine.travel(now() + timedelta(minutes=later)), pytest.raises(JobFailed):
            collect()
    with time_machine.travel(now() + timedelta(minutes=41)), unit_of_work(write=False):
        (said,) = checks.mails()
        assert "cannot be read (FileNotFoundError)" in said
    set_up(app, mail_folder=str(box.path))
    assert collect() is None
    with unit_of_work(write=False):
        assert list(checks.mails()) == []


def dies_after(function: str, box: Folder) -> None:
    """Collect in this process, which dies once the commit is through, or the letter deleted."""
    module: Any = taking if function == "_judge" else mailboxes.Maildir
    original = getattr(module, function)

    def dying(*arguments: Any) -> Any:
        if function == "delete":
            os.kill(os.getpid(), signal.SIGKILL)
        original(*arguments)
        os.kill(os.getpid(), signal.SIGKILL)

    setattr(module, function, dying)
    collect()


@pytest.mark.parametrize("moment", ["_judge", "delete"])
@pytest.mark.slow("starts and kills a process")
def test_a_process_that_dies_leaves_each_letter_joined_once(
    app: Flask, box: Folder, asker: Scope, moment: str
) -> None:
    case = opened(asker)
    for number in range(3):
        box.deliver(letter(case, f"Answer {number}."))
    with pytest.raises(ChildFailed):
        start(app, dies_after, moment, box).result()
    assert len(joined(case)) == (0 if moment == "_judge" else 1), "it died where it should"
    assert len(box.left()) == 3
    assert collect() == "another process reads the mailbox"
    with time_machine.travel(now() + timedelta(minutes=11)):
        assert collect() == "3 joined"
    assert sorted(text for _kind, text in joined(case)) == ["Answer 0.", "Answer 1.", "Answer 2."]
    assert box.left() == []


def take(_index: int, raw: bytes) -> str:
    return take_in(raw)


@pytest.mark.both_databases
@pytest.mark.slow("lets several processes race")
def test_many_processes_take_one_letter_in_once(app: Flask, box: Folder, asker: Scope) -> None:
    case = opened(asker)
    email = letter(case, "Once.")
    email.add_attachment(PNG, "image", "png", filename="a.png")
    assert together(app, 4, take, email.as_bytes()) == [MailOutcome.JOINED] * 4
    assert len(joined(case)) == 1
    assert len(list((current().uploads / "cases").iterdir())) == 1


@pytest.mark.both_databases
def test_one_process_at_a_time_reads_the_mailbox(box: Folder, asker: Scope) -> None:
    assert collect() is None
    with unit_of_work() as session:
        row = session.get_one(CaseMailbox, 1)
        row.lease_until, row.lease_owner = now() + timedelta(minutes=1), "another"
    case = opened(asker)
    box.deliver(letter(case))
    assert collect() == "another process reads the mailbox"
    assert joined(case) == []


@pytest.mark.both_databases
def test_staff_settle_what_belongs_to_no_case(
    app: Flask, box: Folder, asker: Scope, agent: Scope, personas: Personas
) -> None:
    case = opened(asker, agent)
    for text in ("Mine is Qzx7.", "Buy this."):
        box.deliver(letter(case, text, to=ADDRESS, **{"from": "rita@home.example"}))
    collect()
    before = len(outbox())
    browser = Browser(app, personas).sign_in("agent")
    assert browser.get("/help-desk/").root.with_text("a", "E-mails")
    listed = browser.get("/help-desk/mails/")
    assert len(listed.root.all("a", href="/help-desk/mails/")) <= 2
    page = browser.get("/help-desk/mails/1")
    assert "Mine is Qzx7." in page.root.text
    form = browser.get("/help-desk/mails/1/add")
    wrong = browser.submit(form, {"into": "CS-0009999"}, button="Add to Case")
    assert (wrong.status, "No case has this number." in wrong.root.text) == (422, True)
    done = browser.submit(form, {"into": case.number}, button="Add to Case", follow=True)
    assert f"Added to {case.number}" in done.root.text
    added = entries(case.id)[-1]
    assert (added.kind, added.text.endswith("Mine is Qzx7.")) == ("internal", True)
    assert [one for one in outbox()[before:] if one.user_id == asker.user.id] == []
    late = browser.get("/help-desk/mails/1/add")
    again = browser.submit(late, {"into": case.number}, button="Add to Case")
    assert again.status == 409
    settled = browser.get("/help-desk/mails/2/settle")
    assert browser.submit(settled, button="Settle E-mail").status == 303
    assert [one.text for one in mails()] == ["", ""]
    for who in ("requester", "manager_a", "provider_a"):
        other = Browser(app, personas).sign_in(who)
        assert other.get("/help-desk/mails/1").status in {403, 404}


def test_a_note_never_leaves_to_the_requester(
    app: Flask, box: Folder, asker: Scope, agent: Scope, admin: Scope, personas: Personas
) -> None:
    case = opened(asker, agent)
    with unit_of_work():
        services.watch(admin, case.id, on=True)
    before = len(outbox())
    email = letter(case, "Qzx7 secret", **{"from": agent.user.email})
    email.add_attachment(b"MZ\x90\0", "image", "png", filename="Qzx7.png")
    email.add_attachment(b"Qzx7", "text", "plain", filename="Qzx7.txt")
    box.deliver(email)
    collect()
    new = outbox()[before:]
    assert {one.user_id for one in new} == {admin.user.id, agent.user.id}
    assert all("Qzx7" not in str(one.context) for one in new)
    browser = Browser(app, personas).sign_in("requester")
    page = browser.get(f"/help-desk/cases/{case.id}")
    assert "Qzx7" not in page.root.text
    with unit_of_work(write=False) as session:
        file = session.query(CaseFile).where(CaseFile.case_id == case.id).one().id
    assert browser.get(f"/help-desk/cases/{case.id}/attachments/{file}").status == 404
    staff = Browser(app, personas).sign_in("agent")
    assert staff.get(f"/help-desk/cases/{case.id}/attachments/{file}").status == 200


def test_nothing_is_read_without_settings(
    app: Flask, box: Folder, asker: Scope, agent: Scope
) -> None:
    case = opened(asker)
    box.deliver(letter(case))
    set_up(app, mail_address="")
    assert collect() is None
    with unit_of_work():
        services.comment(agent, case.id, "Yes.")
    assert outbox()[-1].reply_to == ""
    assert outbox()[-1].context["by_mail"] is False
    assert len(box.left()) == 1


@pytest.mark.both_databases
def test_a_wiped_message_names_no_case(box: Folder, asker: Scope, agent: Scope) -> None:
    case = opened(asker, agent)
    with unit_of_work() as session:
        for one in session.query(Message):
            one.state, one.sent_at = "sent", now()
    with time_machine.travel(now() + timedelta(days=91)):
        forget_contents()
    assert {one.reply_to for one in outbox() if one.about == f"case:{case.id}"} == {""}
    with unit_of_work(write=False):
        assert get_case(agent, case.id).token
