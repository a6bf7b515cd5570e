"""What a password must be. Pure rules."""

import itertools
import unicodedata

import pytest

from portal.errors import Invalid
from portal.signing_in import passwords
from portal.signing_in.passwords import FOLDER, check, normal, weakness

NAMES = (
    "COVID-19 Vaccine Management System (CVMS)",
    "CVMS",
    "jane.whitfield",
    "Jane",
    "Whitfield",
    "jane.whitfield@beaufort.example",
    "Beaufort Family Practice",
    "Clinic B",
)


@pytest.mark.parametrize(
    "password",
    [
        "violin cabbage thirteen lamps",
        "mango luggage plinth",
        "Tr0ub4dor&3xkcd-sense",
        "my dog ate forty pancakes",
        "q8#Lm2!vRz7&wXp4",
        "  blanks at the ends count  ",
        "我们今天吃什么好呢朋友们一起来吧真好",
        "🐸🎻🥬🚲🪁🧦🪗🥝🛶🦆🎈🧲🪜🥁🦷",
        "Österreichische Käsekrainer",
        "correct zebra battery tulip",
        "violin violin lamp 21",
        "lamp83746152937",
        "otter-violin-2021",
    ],
)
def test_long_and_uncommon_ones_are_accepted(password: str) -> None:
    assert weakness(password, names=NAMES) is None


def test_the_length_is_counted_in_code_points() -> None:
    text = "".join(chr(0x4E00 + 7 * number) for number in range(130))
    assert weakness(text[:14]) == "Use at least 15 characters."
    assert weakness(text[:15]) is None
    assert weakness(text[:128]) is None
    assert weakness(text[:129]) == "Use at most 128 characters."


def test_composed_and_decomposed_accents_are_the_same_password() -> None:
    composed = unicodedata.normalize("NFC", "énorme éléphant été")
    decomposed = unicodedata.normalize("NFD", composed)
    assert composed != decomposed
    assert normal(composed) == normal(decomposed)
    assert weakness(unicodedata.normalize("NFD", "é" * 7 + "abcdefg")) == (
        "Use at least 15 characters."
    )


@pytest.mark.parametrize(
    ("password", "reason"),
    [
        ("aaaaaaaaaaaaaaa", "repeats the same few characters"),
        ("abababababababab", "repeats the same few characters"),
        ("1111222233334444", "repeats the same few characters"),
        ("123456789012345", "in a row"),
        ("987654321098765", "in a row"),
        ("qwertyuiopasdfghjkl", "in a row"),
        ("1q2w3e4r5t6y7u8i", "in a row"),
        ("1qaz2wsx3edc4rfv", "in a row"),
        ("abcdefghijklmnop", "in a row"),
        ("zyxwvutsrqponmlk", "in a row"),
        ("QWERTYUIOP12345!!", "in a row"),
        ("passwordpassword", "repeats the same piece"),
        ("letmeinletmeinlet", "repeats the same piece"),
        ("hunter2!hunter2!hunter2!", "repeats the same piece"),
        ("P@ssw0rd P@ssw0rd 1", "uses common words"),
        ("password2021password", "uses common words"),
        ("Summer2021!Summer2020", "uses common words"),
        ("iloveyoubaby12345", "very short words"),
        ("ILoveMyDaughter2019", "uses common words"),
        ("vaccine-clinic-2021", "uses common words"),
        ("cvms cvms vaccine 21", "uses common words"),
        ("jane.whitfield.2021", "uses common words"),
        ("Whitfield Jane 1984!", "uses common words"),
        ("Beaufort Practice 1", "uses common words"),
        ("BeaufortFamilyPractice", "uses common words"),
        ("Clinic B Beaufort 21", "uses common words"),
        ("practice makes perfect", "well known"),
        ("Correct Horse Battery Staple!", "well known"),
        ("correcthorsebatterystaple1", "well known"),
        ("to be or not to be", "well known"),
        ("vaccinevaccine1", "uses common words"),
        ("PasswordPassword1", "uses common words"),
        ("violinviolin123", "repeats the same piece"),
        ("12violin34violin", "repeats the same piece"),
        ("Violin2020Violin2021", "repeats the same piece"),
        ("V1olin+Violin+2021", "repeats the same piece"),
        ("cabbagecabbage!7", "repeats the same piece"),
        ("c4bb4ge-Cabbage-77", "repeats the same piece"),
        ("ange1icangelic#99", "repeats the same piece"),
        ("violin-niloiv-2021", "repeats the same piece"),
        ("niloivniloiv2021", "repeats the same piece"),
        ("drowssap2021terces", "uses common words"),
        ("9eniccaveniccav", "uses common words"),
        ("dl3iftihw-enaj-19", "uses common words"),
        ("v4ccineP4ssw0rd7", "uses common words"),
        ("has a nul \0 character in it", "cannot be used"),
    ],
)
def test_what_guessers_try_first_is_refused_with_the_reason(password: str, reason: str) -> None:
    found = weakness(password, names=NAMES)
    assert found is not None
    assert reason in found


def test_the_refusal_names_its_field() -> None:
    with pytest.raises(Invalid) as caught:
        check("short", field="new_password")
    assert caught.value.field == "new_password"


def test_names_are_only_refused_where_they_are_names() -> None:
    assert weakness("Whitfield Jane 1984!") is None
    assert weakness("Whitfield Jane 1984!", names=NAMES) is not None
    assert weakness("Whitfield likes otters", names=NAMES) is None


def common() -> list[str]:
    words: set[str] = set()
    for line in (FOLDER / "common_words.txt").read_text("utf-8").splitlines():
        if not line.startswith(("#", "+")):
            words.update(line.split())
    return sorted(words)


def compiled() -> list[str]:
    """The common long passwords that follow from the common words: doubled, tripled, with years
    and digits, two together."""
    words = common()
    made = [word * times for word in words for times in (2, 3, 4)]
    made += [f"{word}{word.title()}{year}" for word in words for year in (1, 123, 1990, 2020, 2021)]
    made += [
        f"{one}{other}{tail}"
        for one, other, tail in zip(
            words, reversed(words), itertools.cycle(["", "1", "12", "123", "!", "2021"])
        )
    ]
    made += [f"{year}{word}{word}!" for word in words for year in (1985, 2000)]
    return [password for password in made if 15 <= len(password) <= 128]


def test_thousands_of_common_long_passwords_are_refused() -> None:
    candidates = compiled()
    assert len(set(candidates)) >= 3_000
    assert len(common()) >= 600
    assert [password for password in candidates if weakness(password) is None] == []


@pytest.mark.timeout(20)
def test_no_text_keeps_the_judge_busy() -> None:
    for text in ("a1" * 64, "lovely" * 21, "x" * 1_000_000, "abcdefgh" * 16, "qwertz12" * 16):
        weakness(text, names=NAMES)


def test_no_rule_of_composition() -> None:
    assert weakness("onlysmallletterszebra wurst") is None
    assert passwords.SHORTEST == 15
