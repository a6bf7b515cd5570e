"""Real mail servers: a conversation by SMTP and IMAP, and two portals that write to one another."""

import grp
import os
import pwd
import shutil
import smtplib
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest
from flask import Flask

from blueprints.helpdesk import services
from blueprints.helpdesk.mail.collecting import collect
from blueprints.helpdesk.models import Case
from blueprints.helpdesk.rules import CaseState
from portal.app import create_app
from portal.db import db, unit_of_work
from portal.jobs.runner import JobFailed
from portal.messages.delivery import deliver
from portal.people.models import User
from portal.settings import load_settings
from tests.effort import some
from tests.helpdesk.mailing import ADDRESS, Folder, entries, letter, maildir, outbox, set_up
from tests.inventory.stock import scope_for
from tests.messages.conftest import MailServer, certificate, free_port, mail_server, mailing
from tests.personas import Personas

# Fixtures that are used by their names.
_ = (certificate, mail_server, mailing)
PASSWORD = 's3cret "word\\'


class Dovecot:
    """A real IMAP server with one mailbox."""

    def __init__(self, folder: Path, certificate: tuple[Path, Path]) -> None:
        self.folder, self.port, self.plain_port = folder, free_port(), free_port()
        folder.chmod(0o755)
        self.mail = folder / "mail"
        for part in ("tmp", "new", "cur"):
            (self.mail / part).mkdir(parents=True)
        # As root it reads mailboxes as somebody else, otherwise as whoever runs the test.
        who = pwd.getpwnam("nobody") if os.geteuid() == 0 else pwd.getpwuid(os.geteuid())
        me = pwd.getpwuid(os.geteuid()).pw_name
        for path in (folder, self.mail, *self.mail.iterdir()):
            os.chown(path, who.pw_uid, who.pw_gid)
        (folder / "users").write_text(f"portal:{{PLAIN}}{PASSWORD}::::::\n")
        config = folder / "dovecot.conf"
        config.write_text(f"""
protocols = imap
base_dir = {folder}/run
state_dir = {folder}/state
log_path = {folder}/log
listen = 127.0.0.1
default_internal_user = {me}
default_internal_group = {grp.getgrgid(os.getegid()).gr_name}
default_login_user = {who.pw_name}
mail_location = maildir:{self.mail}
first_valid_uid = 1
first_valid_gid = 1
ssl = yes
ssl_cert = <{certificate[0]}
ssl_key = <{certificate[1]}
disable_plaintext_auth = yes
passdb {{
  driver = passwd-file
  args = scheme=PLAIN username_format=%u {folder}/users
}}
userdb {{
  driver = static
  args = uid={who.pw_uid} gid={who.pw_gid} home={folder}
}}
service imap-login {{
  chroot =
  inet_listener imap {{
    port = {self.plain_port}
  }}
  inet_listener imaps {{
    port = {self.port}
    ssl = yes
  }}
}}
service anvil {{
  chroot =
}}
""")
        self.process = subprocess.Popen(["/usr/sbin/dovecot", "-F", "-c", str(config)])

    def wait(self) -> None:
        """Until it answers."""
        for _attempt in range(100):
            try:
                socket.create_connection(("127.0.0.1", self.port), 1).close()
                return
            except OSError:
                time.sleep(0.1)
        log = self.folder / "log"
        raise AssertionError(log.read_text() if log.exists() else "dovecot did not start")

    def stop(self) -> None:
        self.process.terminate()
        self.process.wait(10)


@pytest.fixture
def dovecot(tmp_path: Path, certificate: tuple[Path, Path]) -> Iterator[Dovecot]:
    # Paths of its sockets have few letters.
    folder = Path(subprocess.check_output(["mktemp", "-d", "/tmp/dove-XXXX"], text=True).strip())
    server = Dovecot(folder, certificate)
    try:
        server.wait()
        yield server
    finally:
        server.stop()
        shutil.rmtree(folder, ignore_errors=True)


def passes_on(server: MailServer, folders: dict[str, Folder]) -> MailServer:
    """A mail server that puts what is for these domains into their mailboxes, as others do."""

    def take(email: EmailMessage) -> str:
        folder = folders.get(str(email["To"]).rpartition("@")[2].strip("> "))
        if folder is not None:
            folder.deliver(email)
        return ""

    server.answer = take
    return server.start()


@pytest.mark.thorough
@pytest.mark.slow("starts a mail server")
def test_a_conversation_by_smtp_and_imap(
    mailing: Callable[..., Flask],
    mail_server: MailServer,
    dovecot: Dovecot,
    certificate: tuple[Path, Path],
    personas: Personas,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate[0]))
    passes_on(mail_server, {"clinic.example": Folder(dovecot.mail)})
    app = mailing()
    imap = {
        "mail_address": ADDRESS,
        "imap_host": "localhost",
        "imap_port": dovecot.port,
        "imap_username": "portal",
        "imap_password": PASSWORD,
    }
    set_up(app, **imap)
    with app.app_context():
        asker, agent = scope_for(personas, "requester"), scope_for(personas, "agent")
        with unit_of_work():
            case = services.open_case(asker, topic="question", subject="Box", description="Two?").id
            services.assign(agent, case, agent.user.id)
        for number in range(2):
            deliver()
            ours = [mail for mail in mail_server.mails if mail["To"] == asker.user.email][-1]
            assert ours["Auto-Submitted"] == "auto-generated"
            answer = EmailMessage()
            answer["From"], answer["To"] = asker.user.email, ours["Reply-To"]
            answer["Subject"], answer["In-Reply-To"] = f"Re: {ours['Subject']}", ours["Message-ID"]
            answer["Message-ID"] = f"<{number}@example.org>"
            quoted = "\n".join(
                f"> {line}" for line in ours.get_body(("plain",)).get_content().split("\n")
            )  # type: ignore[union-attr]
            answer.set_content(f"Answer {number}, mit Grüßen\n\nOn Monday, we wrote:\n{quoted}")
            with smtplib.SMTP("127.0.0.1", mail_server.port) as client:
                client.send_message(answer)
            if number:  # the second time without TLS from the start
                set_up(app, imap_security="starttls", imap_port=dovecot.plain_port)
            assert collect() == "1 joined"
            assert collect() is None
            entry = [one for one in entries(case) if one.through == "mail"][-1]
            assert (entry.kind, entry.text) == ("public", f"Answer {number}, mit Grüßen")
            assert "above this line" in entry.quoted
            with unit_of_work():
                services.comment(agent, case, f"And then? {number}")
        assert Folder(dovecot.mail).left() == []
        stranger = letter(_case(case), "Let me in.", **{"from": "x@elsewhere.example"})
        Folder(dovecot.mail).deliver(stranger)
        assert collect() == "1 unmatched"
        assert collect() is None
        (left,) = Folder(dovecot.mail).left()
        assert "F" in left.partition(":2,")[2]
        for wrong in ({"imap_password": "wrong"}, {"imap_mailbox": "nowhere"}):
            set_up(app, **{**imap, "imap_security": "tls", **wrong})
            with pytest.raises(JobFailed) as failed:
                collect()
            assert PASSWORD not in str(failed.value)
        monkeypatch.delenv("SSL_CERT_FILE")
        set_up(app, **{**imap, "imap_security": "tls"})
        with pytest.raises(JobFailed, match="self-signed certificate"):
            collect()
    assert PASSWORD not in repr(app.extensions["portal"].module_settings)


def _case(number: int) -> Case:
    with unit_of_work(write=False) as session:
        found = session.get_one(Case, number)
        session.expunge(found)
        return found


class Desk:
    """One of two portals: its application, its mailbox, and the case of the other one's there."""

    def __init__(self, app: Flask, host: str, other: str, personas: Personas, path: Path) -> None:
        self.app = app
        self.folder = maildir(app, path)
        set_up(app, mail_address=f"help@{host}")
        with app.app_context():
            with unit_of_work() as session:
                session.get_one(User, personas.users["requester"]).email = f"help@{other}"
            asker, self.agent = scope_for(personas, "requester"), scope_for(personas, "agent")
            with unit_of_work():
                self.case = services.open_case(
                    asker, topic="question", subject="Boxes", description="Two?"
                ).id
                services.assign(self.agent, self.case, self.agent.user.id)
            self.token = _case(self.case).token

    def work(self) -> None:
        with self.app.app_context():
            deliver()
            collect()
            deliver()

    def said(self) -> int:
        """How many messages it ever promised."""
        with self.app.app_context():
            return len(outbox())


@pytest.mark.parametrize(
    ("closed", "stripped"),
    some([(False, True), (True, True), (False, False), (True, False)], short=2),
    ids=lambda given: "yes" if given else "no",
)
@pytest.mark.slow("runs two portals")
def test_two_portals_that_write_to_one_another_fall_silent(
    mailing: Callable[..., Flask],
    mail_server: MailServer,
    template_database: str,
    database_kind: str,
    personas: Personas,
    tmp_path: Path,
    stripped: bool,
    closed: bool,
) -> None:
    if database_kind != "sqlite":
        pytest.skip("the second portal has a file of its own")
    shutil.copy(template_database.removeprefix("sqlite:///"), tmp_path / "other.sqlite")
    values: dict[str, Any] = {
        "smtp_host": "127.0.0.1",
        "smtp_port": mail_server.port,
        "smtp_security": "none",
        "mail_per_minute": 0,
    }
    first = mailing(mail_from="Help <help@a.example>")
    second = create_app(
        load_settings(
            tmp_path / "other",
            database_url=f"sqlite:///{tmp_path / 'other.sqlite'}",
            jobs="off",
            mail_from="Help <help@b.example>",
            **values,
        )
    )
    desks = {
        "a.example": Desk(first, "a.example", "b.example", personas, tmp_path / "a"),
        "b.example": Desk(second, "b.example", "a.example", personas, tmp_path / "b"),
    }

    def passes(email: EmailMessage) -> str:
        """The worst of servers: it takes away what says that a machine wrote it, and sends it to
        the address of the case there."""
        desk = desks.get(str(email["To"]).rpartition("@")[2])
        if desk is None:
            return ""
        changed = EmailMessage()
        for name, value in email.items():
            if name.lower() != "to" and not (stripped and name.lower() == "auto-submitted"):
                changed[name] = value
        changed["To"] = str(email["To"]).replace("help@", f"help+{desk.token}@")
        changed.set_payload(email.get_payload())  # type: ignore[arg-type]
        desk.folder.deliver(changed)
        return ""

    mail_server.answer = passes
    mail_server.start()
    for desk in desks.values():
        with desk.app.app_context(), unit_of_work():
            services.comment(desk.agent, desk.case, "How many?", asks=True)
            if closed:
                services.move(desk.agent, desk.case, CaseState.CLOSED)
    said = []
    for _round in range(6):
        for desk in desks.values():
            desk.work()
        said.append(sum(desk.said() for desk in desks.values()))
    assert said[2] == said[-1], said
    assert said[-1] < 30
    if stripped:  # it did arrive where it could have gone round
        for desk in desks.values():
            with desk.app.app_context():
                assert closed or any(one.through == "mail" for one in entries(desk.case))
    with second.app_context():
        db.engine.dispose()
