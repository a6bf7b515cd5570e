"""A mail speaks the language of who reads it, whoever made it be sent."""

import re
from email.message import EmailMessage
from pathlib import Path

import pytest
from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_file
from babel.messages.mofile import write_mo
from flask import Flask

from portal.db import unit_of_work
from portal.messages.delivery import deliver
from portal.people.models import User
from tests.client import Browser
from tests.effort import some
from tests.house.source import ROOT
from tests.inventory import stock
from tests.messages.conftest import MailServer
from tests.messages.steps import Mailing, rows
from tests.personas import Personas
from tests.transfers.boxes import send

# Nested where a translated reason stands in a translated sentence.
TRANSLATED = re.compile(r"⟦[^⟦⟧]*⟧")
# What is nobody's language: names, lots, figures, addresses, and what people wrote themselves.
DATA = re.compile(
    r"https?://\S+|Moderna COVID-19 Vaccine \(max 10/11-dose vial, 5 mL\)|LOT\d|Box was warm"
    r"|Wrong clinic|Maker said so|One was gone|Portal|\bbr\b"
)


def bracketed(folder: Path) -> Path:
    """A catalogue that puts whatever the mails say, and every reason, into ⟦brackets⟧."""
    catalog = Catalog(locale="es")
    sources = [("python", ROOT / "blueprints" / "inventory" / "ledger" / "reasons.py")]
    for pattern in ("**/messages/*", "**/_message.html"):
        sources += [("jinja2", path) for path in sorted((ROOT / "templates").glob(pattern))]
    for method, path in sources:
        for _line, text, _comments, _context in extract_from_file(method, path):
            forms = (text,) if isinstance(text, str) else tuple(text)
            put = tuple(f"⟦{form}⟧" for form in forms)
            catalog.add(text, put[0] if isinstance(text, str) else put)
    place = folder / "es" / "LC_MESSAGES"
    place.mkdir(parents=True)
    with (place / "messages.mo").open("wb") as file:
        write_mo(file, catalog)
    return folder


@pytest.fixture
def bilingual(mailing: Mailing, mail_server: MailServer, tmp_path: Path) -> Flask:
    """The application with a second language, and mail that leaves."""
    mail_server.start()
    app = mailing(languages=("en", "es"), product_name="Portal", help_phone="")
    app.extensions["babel"].translation_directories[:] = [str(bracketed(tmp_path / "bracketed"))]
    return app


def speak(personas: Personas, **languages: str) -> None:
    """Say who speaks what."""
    with unit_of_work() as session:
        for who, language in languages.items():
            session.get_one(User, personas.users[who]).language = language


def act(app: Flask, personas: Personas, who: str, path: str, **values: str) -> None:
    """Open a page as somebody and press its only button."""
    browser = Browser(app, personas).sign_in(who)
    page = browser.get(path)
    form = next(one for one in page.root.one("main").all("form") if one.all("textarea"))
    button = form.all("button", type="submit")[0].text
    assert browser.submit(page, values, button=button).status == 303, path


def receive(app: Flask, personas: Personas, line: int) -> None:
    """Receive three of four doses, as B's manager."""
    browser = Browser(app, personas).sign_in("manager_b")
    form = browser.submit(
        browser.get(f"/transfers/inbound?line={line}"), button="Next", follow=True
    )
    values = {
        "date_received": f"{stock.day():%m/%d/%Y}",
        "doses_received": "3",
        "difference_reason": "lost_transit",
        "note": "One was gone",
    }
    done = browser.submit(form, values, button="Next", follow=True)
    assert "⟦Lost in transit⟧" in done.root.text, "B's manager reads pages in the other language"


def texts(mail: EmailMessage) -> list[str]:
    """Subject and both bodies, without the mark-up."""
    found = [str(mail["Subject"])]
    for kind in ("plain", "html"):
        body = mail.get_body((kind,))
        assert body is not None
        found.append(re.sub(r"<style.*?</style>|<[^>]+>", " ", body.get_content(), flags=re.S))
    return found


def outside(text: str) -> str:
    """What nobody has translated of a text."""
    while TRANSLATED.search(text):
        text = TRANSLATED.sub("", text)
    return " ".join(re.findall(r"[A-Za-z]{2,}", DATA.sub("", text)))


def of_a_week(app: Flask, personas: Personas) -> None:
    """Whatever makes mails between the two locations: A's people speak English, B's Spanish."""
    with app.app_context():
        scope, other = (stock.scope_for(personas, who) for who in ("manager_a", "manager_b"))
        record, theirs = stock.add(scope, lot="LOT1"), stock.add(other, lot="LOT2")
        sent = [send(scope, other, record) for _each in range(3)]
        deliver()
    # Each request finds out by itself what its user speaks.
    receive(app, personas, sent[0].lines[0].row.id)
    path = f"/transfers/{sent[1].transfer.id}/refuse"
    act(app, personas, "manager_b", path, note="Box was warm", usable="yes")
    path = f"/transfers/{sent[2].transfer.id}/cancel"
    act(app, personas, "manager_a", path, note="Wrong clinic")
    for number, (who, held) in enumerate((("manager_a", record), ("manager_b", theirs)), 1):
        path = f"/vaccine-inventory/{held}/quarantine"
        act(app, personas, who, path, reason="too_warm", note="")
        with app.app_context():
            deliver()  # the release would take back what has not left
        path = f"/vaccine-inventory/quarantine/{number}/release"
        act(app, personas, who, path, note="Maker said so")


@pytest.mark.parametrize("reader", some(["es", "en"], short=1))
def test_every_mail_is_in_the_language_of_its_reader_throughout(
    bilingual: Flask, mail_server: MailServer, personas: Personas, reader: str
) -> None:
    """Who works at both locations, and so gets all mails, speaks the one or the other."""
    with bilingual.app_context():
        speak(personas, manager_a="en", manager_b="es", manager_ab=reader)
    of_a_week(bilingual, personas)
    with bilingual.app_context():
        assert {row.kind for row in rows()} == {
            *("transfer_sent", "transfer_received", "transfer_refused", "transfer_cancelled"),
            *("quarantine_placed", "quarantine_released"),
        }
        deliver()
    languages = {"manager.a@example.org": "en", "manager.b@example.org": "es"}
    said = []
    for mail in mail_server.mails:
        language = languages.get(str(mail["To"]), reader)
        assert mail["Content-Language"] == language
        for text in texts(mail):
            if language == "en":
                assert "⟦" not in text
            else:
                assert outside(text) == "", text
        said.append((language, " ".join(texts(mail))))
    of_reader = " ".join(text for language, text in said if language == reader)
    for reason in ("Lost in transit", "Stored too warm"):
        assert (f"⟦{reason}⟧" if reader == "es" else reason) in of_reader
