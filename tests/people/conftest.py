"""Fixtures of the tests of signing in and of accounts."""

from collections.abc import Callable

import pytest
from flask import Flask

from portal.signing_in import hashing
from tests.client import Browser
from tests.personas import Personas


@pytest.fixture
def another(app: Flask, personas: Personas) -> Callable[[], Browser]:
    """Makes further browsers."""
    return lambda: Browser(app, personas)


@pytest.fixture
def cheap_hashes(monkeypatch: pytest.MonkeyPatch) -> None:
    """For tests of races, in which the hash's price is of no interest."""
    from argon2 import PasswordHasher

    cheap = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
    monkeypatch.setattr(hashing, "_hasher", cheap)
