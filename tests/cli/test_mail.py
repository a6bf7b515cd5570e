"""`portal mail`: trying the mail server."""

import functools
import shutil
import ssl
from pathlib import Path

from tests.cli.conftest import run_portal
from tests.messages.conftest import MailServer, certificate, mail_server, server_tls

__all__ = ["certificate", "mail_server", "server_tls"]

ADDRESS = "pat@clinic.example"
SETTINGS = """
smtp_host = "localhost"
smtp_port = {port}
smtp_username = "portal"
smtp_password = "{password}"
mail_from = "The Portal <portal@example.org>"
"""


def test_a_test_mail_says_what_came_of_it_and_no_secret(
    tmp_path: Path,
    new_instance: Path,
    mail_server: MailServer,
    certificate: tuple[Path, Path],
    server_tls: ssl.SSLContext,
) -> None:
    trusting = functools.partial(run_portal, SSL_CERT_FILE=str(certificate[0]))
    shutil.copytree(new_instance, tmp_path, dirs_exist_ok=True)
    unset = trusting(tmp_path, "mail", "test", ADDRESS)
    assert unset.returncode == 1
    assert "smtp_host is not set" in unset.stderr
    settings = tmp_path / "portal.toml"
    settings.write_text(SETTINGS.format(port=mail_server.port, password="s3cret-word"))
    away = trusting(tmp_path, "mail", "test", ADDRESS)
    assert away.returncode == 1
    assert "The server cannot be reached (connection refused)." in away.stderr
    mail_server.start(tls_context=server_tls, auth_required=True)
    unknown = run_portal(tmp_path, "mail", "test", ADDRESS)
    assert "No safe connection (self-signed certificate)." in unknown.stderr
    sent = trusting(tmp_path, "mail", "test", ADDRESS)
    assert sent.returncode == 0, sent.stderr
    assert "The mail server took the e-mail." in sent.stdout
    assert mail_server.mails[0]["X-Recipient"] == ADDRESS
    assert mail_server.mails[0]["Subject"] == "CVMS: a test"
    mail_server.refuse = lambda _address: "550 No such mailbox here"
    refused = trusting(tmp_path, "mail", "test", ADDRESS)
    assert refused.returncode == 1
    assert "550 No such mailbox here" in refused.stderr
    settings.write_text(SETTINGS.format(port=mail_server.port, password="wr0ng-word"))
    wrong = trusting(tmp_path, "mail", "test", ADDRESS)
    assert "Login refused" in wrong.stderr
    no_address = trusting(tmp_path, "mail", "test", "pat")
    assert "This is not a usable e-mail address." in no_address.stderr
    for one in (away, unknown, sent, refused, wrong):
        assert "s3cret-word" not in one.stdout + one.stderr
        assert "wr0ng-word" not in one.stdout + one.stderr
