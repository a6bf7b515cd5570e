"""Each entry says in which profile somebody acted, and its hash covers it."""

import pytest
from flask import Flask
from sqlalchemy import select

from portal.access.profiles import Profile
from portal.access.scope import Actor
from portal.audit.chain import FIELDS, FORM, entry_hash
from portal.audit.models import AuditEntry
from portal.audit.services import record
from portal.audit.verify import verify
from tests.people.steps import reading, writing

KEY = b"k" * 32
FIRST = "eff62c0b4b839c64571e1506f87ad609f71de9d997c2689683b3b9f9628061c5"
SECOND = "3d3140b01de919c7354f4f2123f4319a4d48e327d576cd53cc86b0ece7d21c3d"


def actor(profile: Profile) -> Actor:
    return Actor(id=7, username="ada", full_name="Ada B", email="ada@example.org", profile=profile)


@pytest.mark.both_databases
def test_what_one_person_does_is_told_apart(app: Flask) -> None:
    with writing(app):
        for profile in (Profile.ADMINISTRATOR, Profile.MANAGER):
            record(actor(profile), "x.done", subject="x", subject_id=None, location_id=None)
        record(None, "x.done", subject="x", subject_id=None, location_id=None)
    with reading(app) as session:
        entries = session.scalars(select(AuditEntry).order_by(AuditEntry.number)).all()
        assert [(entry.actor_id, entry.profile) for entry in entries] == [
            (7, "administrator"),
            (7, "manager"),
            (None, ""),
        ]
        assert {entry.form for entry in entries} == {FORM}
    with app.app_context():
        assert verify().ok


def entry(form: int, **values: object) -> dict[str, object]:
    return {**dict.fromkeys(FIELDS[FORM]), "number": 1, "form": form, **values}


def test_entries_of_each_form_keep_the_hashes_they_were_written_with() -> None:
    """Computed with the versions that wrote them."""
    plain = {"actor_username": "ada", "action": "x.done", "through": "", "profile": ""}
    assert entry_hash(KEY, "0" * 64, entry(1, **plain)) == FIRST
    signed = {**plain, "through": "signed_in"}
    assert entry_hash(KEY, "0" * 64, entry(2, **signed)) == SECOND
    assert entry_hash(KEY, "0" * 64, entry(3, **signed)) not in {FIRST, SECOND}


@pytest.mark.parametrize("form", [1, 2])
def test_an_older_entry_cannot_be_given_a_profile(form: int) -> None:
    with pytest.raises(ValueError, match="says nothing"):
        entry_hash(KEY, "0" * 64, entry(form, profile="administrator"))


def test_the_profile_is_part_of_the_hash() -> None:
    hashes = {
        entry_hash(KEY, "0" * 64, entry(3, profile=profile)) for profile in ("", *map(str, Profile))
    }
    assert len(hashes) == 1 + len(Profile)
