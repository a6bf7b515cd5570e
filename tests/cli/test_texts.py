"""`portal texts`: trying the gateway, and sending again to who asked for it."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.conftest import run_portal
from tests.messages.text_gateway import TextGateway

NUMBER = "+12525550100"


@pytest.fixture
def gateway(tmp_path: Path, new_instance: Path) -> Iterator[TextGateway]:
    """A gateway that the instance of the test sends to."""
    made = TextGateway()
    shutil.copytree(new_instance, tmp_path, dirs_exist_ok=True)
    (tmp_path / "portal.toml").write_text(
        f'text_gateway = "{made.described(tmp_path)}"\ntext_secret = "s3cret-t0ken"\n'
    )
    yield made
    made.stop()


def test_a_test_text_says_what_came_of_it_and_no_secret(
    tmp_path: Path, gateway: TextGateway
) -> None:
    away = run_portal(tmp_path, "texts", "test", NUMBER)
    assert away.returncode == 1
    assert "The gateway cannot be reached (connection refused)." in away.stderr
    gateway.start()
    sent = run_portal(tmp_path, "texts", "test", NUMBER)
    assert sent.returncode == 0
    assert "The gateway took the text." in sent.stdout
    assert gateway.asked[0].json["text"] == "CVMS: This is a test."
    gateway.answer = lambda _asked: (401, {}, {})
    refused = run_portal(tmp_path, "texts", "test", NUMBER)
    assert "refuses our account or settings (401)" in refused.stderr
    wrong = run_portal(tmp_path, "texts", "test", "252-555-0100")
    assert "This is not a usable mobile phone number." in wrong.stderr
    for one in (away, sent, refused, wrong):
        assert "s3cret-t0ken" not in one.stdout + one.stderr


def test_who_asked_for_texts_again_gets_them(tmp_path: Path, gateway: TextGateway) -> None:
    said = run_portal(tmp_path, "texts", "allow", NUMBER)
    assert (said.returncode, said.stdout) == (0, "Nothing kept texts from this number.\n")
