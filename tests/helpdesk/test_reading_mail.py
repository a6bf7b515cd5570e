"""What is made of e-mails of every kind, before anything is asked of the database."""

import random
from email.message import EmailMessage

import pytest

from blueprints.helpdesk.mail import bounds, texts
from blueprints.helpdesk.mail.bounds import NotTakenApart
from blueprints.helpdesk.mail.reading import MOST_FILES_READ, Letter, read_letter
from tests.effort import amount, seed
from tests.work import watching

HEAD = "From: Rita <rita@example.org>\nTo: help@clinic.example\nSubject: Re: Case\n"


def read(head: str = "", body: str = "Thank you.") -> Letter:
    return read_letter(f"{HEAD}{head}\n{body}".encode())


AUTOMATIC = [
    ("Auto-Submitted: auto-replied\n", "Auto-Submitted"),
    ("Auto-Submitted: auto-generated\n", "Auto-Submitted"),
    ("Auto-Submitted: AUTO-NOTIFIED; owner=x\n", "Auto-Submitted"),
    ("auto-submitted: auto-generated (rejected)\n", "Auto-Submitted"),
    ("Auto-Submitted: no\n", ""),
    ("Auto-Submitted: No; really\n", ""),
    ("Precedence: bulk\n", "Precedence"),
    ("Precedence: junk\n", "Precedence"),
    ("Precedence:  LIST\n", "Precedence"),
    ("Precedence: auto_reply\n", "Precedence"),
    ("Precedence: first-class\n", ""),
    ("List-Id: <clinic.lists.example.org>\n", "List-Id"),
    ("List-Unsubscribe: <mailto:off@example.org>\n", "List-Unsubscribe"),
    ("X-Autoreply: yes\n", "X-Autoreply"),
    ("X-Autorespond: away\n", "X-Autorespond"),
    ("X-Failed-Recipients: a@example.org\n", "X-Failed-Recipients"),
    ("X-Loop: help@elsewhere.example\n", "X-Loop"),
    ("Return-Path: <>\n", "Return-Path"),
    ("Return-Path: < >\n", "Return-Path"),
    ("Return-Path: <rita@example.org>\n", ""),
    ("Return-Path: <bounces+7=a@example.org>\n", "From"),
    ("Sender: MAILER-DAEMON@example.org\n", "From"),
    ("Sender: mailerdaemon@example.org\n", "From"),
    ("Sender: postmaster@example.org\n", "From"),
    ("Sender: no-reply@example.org\n", "From"),
    ("Sender: DoNotReply@example.org\n", "From"),
    ("Sender: noreply-x@example.org\n", "From"),
    ("Sender: noraply@example.org\n", ""),
    ("Content-Type: multipart/report; boundary=x\n", "Content-Type"),
    ("X-Auto-Response-Suppress: OOF\n", ""),
    ("X-Priority: 1\n", ""),
]
SUBJECTS = [
    ("Automatic reply: Case CS-0000001: there is news", True),
    ("Automatische Antwort", False),
    ("Out of Office: vacation", True),
    ("Re: Out of office", True),
    ("out-of-office until Monday", True),
    ("Auto-Reply: away", True),
    ("Autoreply", True),
    ("Respuesta automática: fuera", True),
    ("=?utf-8?q?Respuesta_autom=C3=A1tica?=", True),
    ("Undeliverable: your message", True),
    ("Delivery Status Notification (Failure)", True),
    ("Mail delivery failed: returning message to sender", True),
    ("Failure notice", True),
    ("We were out of office chairs", False),
    ("Re: Case CS-0000001: there is news", False),
    ("The office is out of ice", False),
]


@pytest.mark.parametrize(("head", "why"), AUTOMATIC, ids=[head.strip() for head, _why in AUTOMATIC])
def test_what_a_machine_sends_is_known_by_its_head(head: str, why: str) -> None:
    assert read(head).automatic == why


@pytest.mark.parametrize(("subject", "automatic"), SUBJECTS)
def test_or_by_its_subject(subject: str, automatic: bool) -> None:
    raw = f"From: rita@example.org\nSubject: {subject}\n\nAway."
    assert read_letter(raw.encode()).automatic == ("Subject" if automatic else "")


@pytest.mark.parametrize(
    ("given", "sender"),
    [
        ("rita@example.org", "rita@example.org"),
        ("Rita Quist <Rita@Example.ORG>", "rita@example.org"),
        ('"Quist, Rita" <rita@example.org>', "rita@example.org"),
        ("=?utf-8?q?Rita_Qu=C3=AFst?= <rita@example.org>", "rita@example.org"),
        ('"agent@example.org" <rita@example.org>', "rita@example.org"),
        ("rita@example.org, agent@example.org", ""),
        ("rita@example.org\nFrom: agent@example.org", ""),
        ("rita@example.org\nFrom: Rita <rita@example.org>", "rita@example.org"),
        ("undisclosed", ""),
        ("<>", ""),
        ("x" * 300 + "@example.org", ""),
        ("ríta@example.org", ""),
    ],
)
def test_a_sender_is_one_address(given: str, sender: str) -> None:
    assert read_letter(f"From: {given}\nSubject: x\n\nHello".encode()).sender == sender


FOLDED = [
    ("Yes.\n\nOn Mon, Nov 30, 2026 at 9:00 AM Help <h@x> wrote:\n> What?\n> Who?", "Yes."),
    ("Yes.\n\nOn Mon, Nov 30, 2026 at 9:00 AM\nHelp Desk <h@x>\nwrote:\n\n> What?", "Yes."),
    ("Sí.\n\nEl lun, 30 nov 2026 a las 9:00, Help (<h@x>) escribió:\n\n> What?", "Sí."),
    ("Yes.\n\n-----Original Message-----\nFrom: Help\nWhat?", "Yes."),
    ("Yes.\n\n---------- Forwarded message ---------\nWhat?", "Yes."),
    ("Yes.\n________________________________\nFrom: H\nSent: M\nSubject: C\n\nWhat?", "Yes."),
    ("Yes.\n\nDe: Help\nEnviado: lunes\nPara: R\nAsunto: Case\n\nWhat?", "Yes."),
    ("Yes.\n\n##- Please type your answer above this line. -##\nHello Rita,", "Yes."),
    ("Yes.\n\n> ##- Escriba encima -##\n> Hello Rita,", "Yes."),
    ("Yes.\n> What?", "Yes."),
    ("From: the freezer we took two boxes.\nThat is all.", None),
    ("I think 3 > 2.\n> What?\nNo.", None),
    ("> What?\nYes.", None),
    ("On Monday he wrote:\nno dose was lost.", None),
    ("Yes.\n\n--\nRita Quist", None),
]  # fmt: skip


@pytest.mark.parametrize(("text", "said"), FOLDED)
def test_what_is_repeated_is_folded_and_nothing_is_lost(text: str, said: str | None) -> None:
    letter = read("", text)
    assert letter.text == (text if said is None else said)
    assert bool(letter.quoted) is (said is not None)
    kept = f"{letter.text}\n{letter.quoted}".split()
    assert sorted(kept) == sorted(text.split())


def test_html_becomes_plain_text_and_nothing_in_it_runs() -> None:
    page = (
        "<html><head><title>no</title><style>p{}</style></head><body><p>Two boxes &amp; a "
        "<b>half</b>.</p><script>alert(1)</script><img src=x onerror=alert(2)><br>Bye"
        "<blockquote><p>##- above -##</p>What?<script>x</script></blockquote></body></html>"
    )
    letter = read("Content-Type: text/html; charset=utf-8\n", page)
    assert letter.text == "Two boxes & a half.\nBye"
    assert letter.quoted == "> ##- above -##\n> What?"


@pytest.mark.parametrize(
    ("charset", "raw", "text"),
    [
        ("iso-8859-1", "Grüße".encode("latin-1"), "Grüße"),
        ("windows-1252", "“Yes”".encode("cp1252"), "“Yes”"),
        ("utf-16", "Yes".encode("utf-16"), "Yes"),
        ("gb2312", "你好".encode("gb2312"), "你好"),
        ("x-nobody-knows", "Grüße".encode(), "Grüße"),
        ("utf-8", "Grüße".encode("latin-1"), "Grüße"),
        ("us-ascii", "“Yes”".encode(), "“Yes”"),
        ("punycode", b"Yes", "Yes"),
        ("idna", b"Yes", "Yes"),
        ("base64", b"Yes", "Yes"),
        ("rot13", b"Yes", "Yes"),
        ("unicode_escape", b"Yes", "Yes"),
        ("../../etc/passwd", b"Yes", "Yes"),
        ("utf-7", b"+2AA-x", "?x"),
        ("", b"a\x00b\x1bc", "abc"),
    ],
)
def test_every_charset_gives_letters_that_can_be_kept(charset: str, raw: bytes, text: str) -> None:
    named = f'; charset="{charset}"' if charset else ""
    letter = read_letter(f"{HEAD}Content-Type: text/plain{named}\n\n".encode() + raw)
    assert letter.text == text
    letter.text.encode("utf-8")


def test_a_copy_is_the_same_and_another_text_is_not() -> None:
    first = read("Message-ID: <a@b>\nReceived: one\n")
    assert read("Received: two\nMessage-ID: <a@b>\nDelivered-To: x\n").digest == first.digest
    assert read("Message-ID: <a@b>\n", "No.").digest != first.digest
    assert read("Message-ID: <c@b>\n").digest != first.digest
    crlf = read_letter(f"{HEAD}Message-ID: <a@b>\n\nThank you.".replace("\n", "\r\n").encode())
    assert crlf.digest == first.digest


def test_few_of_a_thousand_files_are_read_and_the_rest_is_counted() -> None:
    parts = [
        "\n\nHere.\n",
        *(f'\nContent-Type: image/png; name="{n}.png"\n\nx\n' for n in range(1_000)),
    ]
    body = "--b".join(["", *parts]) + "--b--\n"
    letter = read("Content-Type: multipart/mixed; boundary=b\n", body)
    assert (len(letter.files), letter.more_files) == (MOST_FILES_READ, 1_000 - MOST_FILES_READ)
    assert letter.text == "Here."


def nested(depth: int) -> bytes:
    lines = [HEAD.rstrip()]
    for number in range(depth):
        lines += [f"Content-Type: multipart/mixed; boundary=b{number}", "", f"--b{number}"]
    return "\n".join([*lines, "Content-Type: text/plain", "", "Deep."]).encode()


HOSTILE = {
    "large": b"x" * (bounds.LARGEST + 1),
    "lines": HEAD.encode() + b"\n" + b"\n" * (bounds.MOST_LINES + 1),
    "head": b"X-A: " + b"a" * (bounds.LONGEST_HEAD + 1),
    "deep": nested(bounds.MOST_CONTAINERS + 1),
    "very deep": nested(20_000),
    "letters in letters": HEAD.encode() + b"Content-Type: message/rfc822\n\n" * 5_000,
    "long type": HEAD.encode() + b"Content-Type: text/plain" + b";a=\n b" * 5_000 + b"\n\nx",
    "quotes": HEAD.encode() + b"Content-Disposition: x" + b';"' * 20_000 + b"\n\nx",
}


@pytest.mark.parametrize("raw", HOSTILE.values(), ids=HOSTILE)
def test_what_would_cost_too_much_is_not_taken_apart(
    raw: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    def parse(*_arguments: object, **_named: object) -> None:
        raise AssertionError("it was taken apart")

    monkeypatch.setattr("blueprints.helpdesk.mail.reading.message_from_bytes", parse)
    with pytest.raises(NotTakenApart, match=r"\w"):
        read_letter(raw)


def test_what_is_just_allowed_is_read() -> None:
    assert read_letter(nested(bounds.MOST_CONTAINERS)).text == "Deep."


def test_work_grows_with_the_length_and_no_faster() -> None:
    pieces = {
        "tags": "<p>a", "quotes": "<blockquote>", "comments": "<!--", "signs": "<", "ends": "</p",
        "lines": "> a\n", "wrote": "On x\n", "from": "From: a\n", "blank": "\n", "entities": "&#1;",
    }  # fmt: skip
    with watching() as watch:
        for name, piece in pieces.items():
            work = [
                watch.work_of(lambda text: texts.unfold(texts.clean(texts.of_html(text))), text)
                for text in (piece * 500, piece * 4_000)
            ]
            assert work[1].units <= 10 * work[0].units + 500, name


def test_whatever_is_broken_is_read_or_refused() -> None:
    chance = random.Random(seed(11))
    good = EmailMessage()
    good["From"], good["Subject"] = "rita@example.org", "Grüße"
    good.set_content("Hello\n> a\n")
    good.add_alternative("<p>Hello", subtype="html")
    good.add_attachment(b"\x00\xff" * 40, "image", "png", filename="Bïld.png")
    raw = good.as_bytes()
    read_letters = 0
    for _round in range(amount(short=300, full=20_000)):
        broken = bytearray(raw)
        for _change in range(chance.randrange(1, 6)):
            place = chance.randrange(len(broken))
            match chance.randrange(3):
                case 0:
                    broken[place] = chance.randrange(256)
                case 1:
                    del broken[place : place + chance.randrange(60)]
                case _:
                    broken[place:place] = chance.choice(
                        (b"\n\n", b"\r", b"\x00", b"=?utf-8?b?", b"?=", b'"', b";", b"--", b"\xff")
                    )
        try:
            letter = read_letter(bytes(broken))
        except NotTakenApart:
            continue
        read_letters += 1
        for text in (letter.text, letter.quoted, letter.subject, letter.sender):
            assert "\0" not in text
            text.encode("utf-8")
    assert read_letters
