"""A manager authorizes a dose at the provider's screen (SPEC G10): checked like a sign-in."""

import json
import logging
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import func, select, update

from blueprints.administration.services import Overriding, give
from blueprints.inventory.models import VaccineInventory
from portal.access.scope import Scope
from portal.audit.models import AuditEntry
from portal.clock import now
from portal.db import unit_of_work
from portal.drafts import Draft
from portal.errors import Invalid
from portal.people.models import User, UserSession
from portal.signing_in.countersigning import Countersignature, check
from tests.administration import chair
from tests.administration.pages import at_details, form_of, sent
from tests.administration.test_correcting import edited
from tests.appointments.booking import person
from tests.client import Browser, Page
from tests.effort import some
from tests.inventory import stock
from tests.personas import PASSPHRASE, Personas

RIGHT = "administration.override"
SIGNED = {
    "override_reason": "The physician ordered it",
    "countersigner": "manager.a",
    "countersigner_password": PASSPHRASE,
}


@pytest.fixture
def nurse(browser: Browser, manager: Scope) -> Browser:
    """A provider of A at the computer."""
    return browser.sign_in("provider_a")


def stopped(nurse: Browser, manager: Scope) -> tuple[Page, int]:
    """The review of a dose that an answer speaks against, and the lot."""
    record = chair.lot(manager)
    page = at_details(nurse, chair.arrived(manager, person(manager)), severe_allergy="yes")
    return sent(nurse, page, "Next", site="LD"), record


def entries(*actions: str) -> Sequence[AuditEntry]:
    """What the trail says of these."""
    with unit_of_work(write=False) as session:
        found = list(
            session.scalars(
                select(AuditEntry).where(AuditEntry.action.in_(actions)).order_by(AuditEntry.number)
            )
        )
        session.expunge_all()
        return found


def change(user_id: int, **values: object) -> None:
    """Change a user as an administrator would."""
    with unit_of_work() as session:
        user = session.get_one(User, user_id)
        for name, value in values.items():
            setattr(user, name, value)


def number(model: type[UserSession | Draft]) -> int:
    """How many rows there are."""
    with unit_of_work(write=False) as session:
        return session.scalar(select(func.count()).select_from(model)) or 0


def said_beside(page: Page, field: str) -> str:
    """What is wrong with a field."""
    return page.root.one(id=f"{field}-error").text


def test_staff_who_also_work_there_authorize_as_who_they_are_there(
    nurse: Browser, manager: Scope
) -> None:
    """The owner of a clinic of one room: an administrator, and its manager."""
    change(manager.user.id, profile="administrator", location_profile="manager")
    page, record = stopped(nurse, manager)
    assert sent(nurse, page, "Save", **SIGNED).root.one("h1").text == "Saved"
    assert chair.left(record) == (9, 1)
    for action in ("user.password_confirmed", "vaccination.authorized"):
        assert [entry.profile for entry in entries(action)] == ["manager"]


def test_both_names_are_on_the_record(nurse: Browser, manager: Scope, provider: Scope) -> None:
    page, record = stopped(nurse, manager)
    sessions = number(UserSession)
    saved = sent(nurse, page, "Save", **SIGNED)
    assert saved.root.one("h1").text == "Saved"
    assert chair.left(record) == (9, 1)
    assert number(UserSession) == sessions
    (version,) = chair.versions(1)
    assert (version.override_of, version.override_reason) == (
        "contraindicated",
        "The physician ordered it",
    )
    assert (version.recorded_by_id, version.overridden_by_id) == (
        provider.user.id,
        manager.user.id,
    )
    assert chair.wrong() == []
    shown = nurse.get("/administration/vaccinations/1").root.text
    assert (
        "(Answer that speaks against it), authorized by Manager A: The physician ordered it"
        in shown
    )
    assert "by Provider A" in shown
    listed = nurse.get("/administration/?view=overridden").root.text
    assert "Given against a rule" in listed
    assert "Manager A" in listed
    assert nurse.get("/account").root.text.count("Provider A")


def test_the_trail_names_both(nurse: Browser, manager: Scope, provider: Scope) -> None:
    page, _record = stopped(nurse, manager)
    sent(nurse, page, "Save", **SIGNED)
    found = entries("user.password_confirmed", "vaccination.overridden", "vaccination.authorized")
    assert [(one.action, one.actor_id, one.through) for one in found] == [
        ("user.password_confirmed", manager.user.id, "page"),
        ("vaccination.overridden", provider.user.id, "signed_in"),
        ("vaccination.authorized", manager.user.id, "page"),
    ]
    assert found[0].values_after == {"at_screen_of": provider.user.id}
    assert found[1].values_after["authorized_by"] == manager.user.id
    assert found[2].values_after["recorded_by"] == provider.user.id
    assert not entries("user.signed_in")


def test_nothing_of_the_password_is_kept_or_comes_back(
    nurse: Browser, manager: Scope, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    page, record = stopped(nurse, manager)
    secret = "nobody types this one here"  # noqa: S105
    wrong = {**SIGNED, "countersigner_password": secret}
    refused = sent(nurse, page, "Save", **wrong)
    assert refused.status == 422
    assert "not right" in said_beside(refused, "countersigner_password")
    assert "The physician ordered it" in refused.root.text
    assert secret not in refused.html
    paused = sent(nurse, refused, "Pause", **wrong)
    assert "Paused" in paused.root.text
    with unit_of_work(write=False) as session:
        kept = json.dumps([draft.data for draft in session.scalars(select(Draft))])
    assert "The physician ordered it" in kept
    assert secret not in kept
    assert "manager.a" not in kept
    assert secret not in caplog.text
    assert chair.left(record) == (10, 0)


def test_a_pause_forgets_who_authorized(nurse: Browser, manager: Scope) -> None:
    page, record = stopped(nurse, manager)
    address = form_of(page).attributes["action"]
    sent(nurse, page, "Pause", **SIGNED)
    again = nurse.get(address)
    assert [
        again.root.one("input", name=name).attributes.get("value", "")
        for name in SIGNED
        if name != "override_reason"
    ] == ["", ""]
    refused = sent(nurse, again, "Save")
    assert refused.status == 409
    assert "Only a location manager can authorize it" in refused.root.text
    assert chair.left(record) == (10, 0)
    assert not entries("user.password_confirmed")


def test_a_wrong_password_is_a_failed_sign_in(nurse: Browser, manager: Scope) -> None:
    page, record = stopped(nurse, manager)
    for _attempt in range(10):
        page = sent(nurse, page, "Save", **{**SIGNED, "countersigner_password": "wrong one"})
        assert "not right" in said_beside(page, "countersigner_password")
    failed = entries("user.sign_in_failed")
    assert {one.subject_id for one in failed} == {manager.user.id}
    assert len(failed) == 10
    page = sent(nurse, page, "Save", **SIGNED)
    assert "Too many attempts" in said_beside(page, "countersigner_password")
    assert [one.subject_id for one in entries("user.sign_in_throttled")] == [manager.user.id]
    door = Browser(nurse.app, nurse.personas)
    entering = {"username": "manager.a", "password": PASSPHRASE}
    assert door.submit(door.get("/sign-in"), entering, action="/sign-in").status == 429
    assert chair.left(record) == (10, 0)


def test_a_right_password_counts_no_attempt(manager: Scope, provider: Scope) -> None:
    for _attempt in range(12):
        made = check(provider, RIGHT, "manager.a", PASSPHRASE, address="10.0.0.1")
        assert made.refusal is None


@pytest.mark.parametrize(
    ("who", "field", "sentence"),
    some(
        [
            ("provider.a", "countersigner", "Ask another person"),
            ("readonly.a", "countersigner", "may not authorize this here"),
            ("manager.b", "countersigner", "may not authorize this here"),
            ("admin", "countersigner", "may not authorize this here"),
            ("nobody.at.all", "countersigner_password", "not right"),
        ],
        short=3,
    ),
)
def test_who_may_not_authorizes_nothing(
    nurse: Browser, manager: Scope, who: str, field: str, sentence: str
) -> None:
    page, record = stopped(nurse, manager)
    refused = sent(nurse, page, "Save", **{**SIGNED, "countersigner": who})
    assert refused.status == 422
    assert sentence in said_beside(refused, field)
    assert chair.left(record) == (10, 0)
    assert not entries("user.password_confirmed")


@pytest.mark.parametrize(
    ("changes", "field", "sentence"),
    some(
        [
            ({"active": False}, "countersigner_password", "not right"),
            ({"password_hash": None}, "countersigner_password", "not right"),
            (
                {"must_change_password": True},
                "countersigner_password",
                "choose a new password first",
            ),
            ({"profile": "provider"}, "countersigner", "may not authorize this here"),
        ],
        short=2,
    ),
)
def test_an_account_that_cannot_be_used_authorizes_nothing(
    nurse: Browser,
    manager: Scope,
    personas: Personas,
    changes: dict[str, object],
    field: str,
    sentence: str,
) -> None:
    page, record = stopped(nurse, manager)
    change(personas.users["manager_a"], **changes)
    refused = sent(nurse, page, "Save", **SIGNED)
    assert sentence in said_beside(refused, field)
    assert chair.left(record) == (10, 0)


@pytest.mark.parametrize(
    "changes", [{"active": False}, {"password_hash": "another"}, {"profile": "provider"}]
)
def test_what_changed_since_the_password_was_compared_counts(
    manager: Scope, provider: Scope, personas: Personas, changes: dict[str, object]
) -> None:
    signature = check(provider, RIGHT, "manager.a", PASSPHRASE, address="10.0.0.1")
    change(personas.users["manager_a"], **changes)
    with pytest.raises(Invalid):
        _give(manager, provider, chair.lot(manager), signature)


def test_the_same_person_never_counts_twice(manager: Scope, provider: Scope) -> None:
    """Neither as whoever records the dose, nor as whoever gave it."""
    record = chair.lot(manager)
    own = check(provider, RIGHT, "provider.a", PASSPHRASE, address="10.0.0.1")
    with pytest.raises(Invalid, match="another person"):
        _give(manager, provider, record, own)
    signature = check(provider, RIGHT, "manager.a", PASSPHRASE, address="10.0.0.1")
    with pytest.raises(Invalid, match="gave the dose"):
        _give(manager, provider, record, signature, given_by_id=manager.user.id)
    with pytest.raises(Invalid, match="gave the dose"):
        _give(manager, provider, record, signature, given_by_id=None, given_by="manager  a")


def test_nor_by_correcting_who_gave_it(manager: Scope, provider: Scope) -> None:
    signature = check(provider, RIGHT, "manager.a", PASSPHRASE, address="10.0.0.1")
    _give(manager, provider, chair.lot(manager), signature)
    with pytest.raises(Invalid, match="gave the dose"):
        edited(provider, 1, given_by_id=manager.user.id)
    edited(provider, 1, site="RD")


def _give(
    manager: Scope, provider: Scope, record: int, signature: Countersignature, **more: Any
) -> None:
    child = person(manager, f"Nina{signature.user_id}", birth_date=stock.day(365 * 10))
    wanted = chair.giving(provider, chair.arrived(manager, child), record, **more)
    decided = Overriding(reason="Ordered", seen=("too_young",), signature=signature)
    with unit_of_work():
        give(provider, type(wanted)(**{**vars(wanted), "overriding": decided}))


def test_a_reason_is_needed(nurse: Browser, manager: Scope) -> None:
    page, record = stopped(nurse, manager)
    refused = sent(nurse, page, "Save", **{**SIGNED, "override_reason": " "})
    assert "enter the reason" in refused.root.text
    assert chair.left(record) == (10, 0)


def test_a_final_stop_stays_final(manager: Scope, provider: Scope) -> None:
    record = chair.lot(manager)
    with unit_of_work() as session:
        session.get_one(VaccineInventory, record).quarantined = True
    signature = check(provider, RIGHT, "manager.a", PASSPHRASE, address="10.0.0.1")
    with pytest.raises(Invalid, match="is in quarantine"):
        _give(manager, provider, record, signature)


def test_who_may_override_alone_is_asked_for_no_password(browser: Browser, manager: Scope) -> None:
    page, _record = stopped(browser.sign_in("manager_a"), manager)
    assert page.root.all("input", name="countersigner") == []
    saved = sent(
        browser,
        page,
        "Save",
        override_reason="Ordered",
        countersigner="x",
        countersigner_password="y",
    )
    assert saved.root.one("h1").text == "Saved"
    assert not entries("user.sign_in_failed", "vaccination.authorized")
    assert "authorized_by" not in entries("vaccination.overridden")[0].values_after


def test_no_password_is_compared_for_who_is_not_signed_in_or_on_another_step(
    nurse: Browser, manager: Scope
) -> None:
    page, _record = stopped(nurse, manager)
    address = form_of(page).attributes["action"]
    sent(nurse, page, "Previous", **{**SIGNED, "countersigner_password": "wrong one"})
    stranger = Browser(nurse.app, nurse.personas)
    assert stranger.post(address, {**SIGNED, "go": "finish"}).status in {302, 303, 400, 403}
    assert not entries("user.sign_in_failed", "user.password_confirmed")


def in_the_hospital(manager: Scope, provider: Scope) -> tuple[int, int]:
    """A dose of today that a provider recorded with the lot of the wrong vial, and the right lot,
    which is of a vaccine for younger people."""
    moderna, orange = chair.lot(manager, "MOD1"), chair.lot(manager, "ORG1", key="PFR-ORANGE")
    return chair.gave(provider, chair.arrived(manager, person(manager)), moderna), orange


def test_a_provider_corrects_against_a_rule_with_a_manager_at_the_screen(
    nurse: Browser, manager: Scope, provider: Scope
) -> None:
    made, orange = in_the_hospital(manager, provider)
    form = nurse.get(f"/administration/vaccinations/{made}/lot")
    assert not form.root.all("input", name="countersigner"), "nothing speaks against it so far"
    values = {"lot": str(orange), "why": "It was the orange one"}
    refused = nurse.submit(form, values, button="Change Lot")
    assert refused.status == 409
    assert "Only a location manager can authorize this dose" in refused.root.text
    assert "A rule speaks against this correction" in refused.root.text
    assert "Do not give this dose" not in refused.root.text
    wrong = {**values, **SIGNED, "countersigner_password": "not this one"}
    refused = nurse.submit(refused, wrong, button="Change Lot")
    assert "not right" in said_beside(refused, "countersigner_password")
    assert "not this one" not in refused.html
    assert chair.left(orange) == (10, 0)
    done = nurse.submit(refused, {**values, **SIGNED}, button="Change Lot", follow=True)
    assert "authorized by Manager A: The physician ordered it" in done.root.text
    assert chair.left(orange) == (9, 1)
    newest = chair.versions(made)[-1]
    assert (newest.recorded_by_id, newest.overridden_by_id) == (provider.user.id, manager.user.id)
    (authorized,) = entries("vaccination.authorized")
    assert authorized.actor_id == manager.user.id
    assert authorized.values_after == {"vaccination": made, "recorded_by": provider.user.id}
    # What was authorized stays so while it is the same dose.
    form = nurse.get(f"/administration/vaccinations/{made}/edit")
    done = nurse.submit(form, {"site": "RD", "why": "Right arm"}, button="Save", follow=True)
    assert "authorized by Manager A" in done.root.text
    assert len(entries("vaccination.authorized")) == 1


def test_who_gave_the_dose_authorizes_no_correction(
    nurse: Browser, manager: Scope, provider: Scope
) -> None:
    made, orange = in_the_hospital(manager, provider)
    edited(provider, made, given_by_id=manager.user.id)
    form = nurse.get(f"/administration/vaccinations/{made}/lot")
    values = {"lot": str(orange), "why": "It was the orange one", "stops": "too_old", **SIGNED}
    refused = nurse.submit(form, values, button="Change Lot")
    assert "gave the dose" in said_beside(refused, "countersigner")
    assert chair.left(orange) == (10, 0)


def test_a_correction_compares_no_password_of_strangers_or_for_a_scan(
    nurse: Browser, manager: Scope, provider: Scope
) -> None:
    made, orange = in_the_hospital(manager, provider)
    address = f"/administration/vaccinations/{made}/lot"
    wrong = {**SIGNED, "countersigner_password": "not this one"}
    form = nurse.get(address)
    nurse.submit(form, {**wrong, "scan": "MOD1", "assist": "scan"}, button="Choose by code")
    stranger = Browser(nurse.app, nurse.personas)
    answer = stranger.post(address, {**wrong, "lot": str(orange), "why": "x"})
    assert answer.status in {302, 303, 400, 403}
    assert not entries("user.sign_in_failed", "user.password_confirmed")


def test_a_correction_that_came_too_late_keeps_neither_name_nor_password(
    nurse: Browser, manager: Scope, provider: Scope
) -> None:
    made, orange = in_the_hospital(manager, provider)
    form = nurse.get(f"/administration/vaccinations/{made}/lot")
    values = {"lot": str(orange), "why": "It was the orange one"}
    refused = nurse.submit(form, values, button="Change Lot")
    with unit_of_work() as session:
        session.execute(update(UserSession).values(last_seen_at=now() - timedelta(hours=1)))
    nurse.submit(refused, {**values, **SIGNED}, button="Change Lot")
    with unit_of_work(write=False) as session:
        kept = json.dumps([draft.data for draft in session.scalars(select(Draft))])
    assert "It was the orange one" in kept
    assert "manager.a" not in kept
    assert PASSPHRASE not in kept
