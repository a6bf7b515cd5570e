"""Argon2id, and never more than two at once."""

import threading
import time
import unicodedata

import pytest

from portal.errors import Unavailable
from portal.signing_in import hashing
from portal.signing_in.passwords import normal
from tests.threads import at_once


def test_the_parameters_are_those_of_the_recommendation() -> None:
    assert hashing.hash_password("mango luggage plinth").startswith(
        "$argon2id$v=19$m=19456,t=2,p=1$"
    )


def test_a_password_is_compared_in_its_normal_form_and_nothing_is_cut() -> None:
    text = "é" * 128
    stored = hashing.hash_password(text)
    assert hashing.verify(stored, unicodedata.normalize("NFD", text))
    assert not hashing.verify(stored, text + "é")
    assert not hashing.verify(stored, text[:-1])
    assert not hashing.verify(stored, text.upper())
    assert normal(" x ") == " x "


@pytest.mark.parametrize("stored", ["", "x", "$argon2id$v=19$m=8,t=1,p=1$", "$2b$12$abc"])
def test_a_broken_hash_matches_nothing(stored: str) -> None:
    assert not hashing.verify(stored, "no user has this password")


def test_no_more_than_two_hashes_are_made_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    present, most, lock = 0, 0, threading.Lock()

    class Slow:
        def hash(self, _text: str) -> str:
            nonlocal present, most
            with lock:
                present += 1
                most = max(most, present)
            time.sleep(0.02)
            with lock:
                present -= 1
            return "hash"

    monkeypatch.setattr(hashing, "_hasher", Slow())
    at_once(hashing.hash_password, [("x",)] * 12)
    assert most == 2


def test_who_waits_too_long_is_told_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hashing, "LONGEST_WAIT", 0.01)
    with hashing._place(), hashing._place(), pytest.raises(Unavailable):
        hashing.hash_password("x")
