"""The pages that correct a record (SPEC G9)."""

from zoneinfo import ZoneInfo

import pytest

from portal.access.scope import Scope
from tests.administration import chair
from tests.appointments.booking import person
from tests.client import Browser
from tests.inventory import stock


@pytest.fixture
def boss(browser: Browser, manager: Scope) -> Browser:
    """The manager of A at the computer."""
    return browser.sign_in("manager_a")


def test_details_are_edited_with_a_reason(boss: Browser, manager: Scope) -> None:
    made = chair.gave(manager, chair.arrived(manager, person(manager)), chair.lot(manager))
    record = boss.get(f"/administration/vaccinations/{made}")
    form = boss.get(record.root.with_text("a", "Edit Details").attributes["href"])
    refused = boss.submit(form, {"site": "RD"}, button="Save")
    assert refused.status == 422
    done = boss.submit(form, {"site": "RD", "why": "Wrong arm"}, button="Save", follow=True)
    assert "Right arm" in done.root.text
    first, second = chair.versions(made)
    assert second.given_at == first.given_at, "seconds are kept"
    related = boss.get(f"/administration/vaccinations/{made}?tab=related")
    assert "Changed: Wrong arm" in related.root.text
    assert "Left arm" in related.root.text


def test_the_zone_is_that_of_the_day_of_the_dose(boss: Browser, manager: Scope) -> None:
    """Winter and summer are called differently: one of these days is of the other."""
    lot = chair.lot(manager, received_on=stock.day(250))
    for days in (1, 120, 240):
        at = chair.ago(days)
        made = chair.gave(manager, chair.arrived(manager, person(manager)), lot, given_at=at)
        shown = boss.get(f"/administration/vaccinations/{made}/edit").root.text
        zone = at.astimezone(ZoneInfo(manager.place.time_zone)).tzname()
        assert f"Times are those of this location ({zone})." in shown


def test_the_lot_is_changed(boss: Browser, manager: Scope) -> None:
    wrong, right = chair.lot(manager, "WRONG"), chair.lot(manager, "RIGHT")
    made = chair.gave(manager, chair.arrived(manager, person(manager)), wrong)
    form = boss.get(f"/administration/vaccinations/{made}/lot")
    done = boss.submit(
        form, {"lot": str(right), "why": "Wrong vial"}, button="Change Lot", follow=True
    )
    assert "The record was changed" in done.root.text
    assert (chair.left(wrong), chair.left(right)) == ((10, 0), (9, 1))


def test_another_product_needs_an_override(boss: Browser, manager: Scope) -> None:
    moderna = chair.lot(manager, "MOD1")
    orange = chair.lot(manager, "ORG1", key="PFR-ORANGE")
    made = chair.gave(manager, chair.arrived(manager, person(manager)), moderna)
    form = boss.get(f"/administration/vaccinations/{made}/lot")
    values = {"lot": str(orange), "why": "It was the orange one"}
    refused = boss.submit(form, values, button="Change Lot")
    assert refused.status == 409
    assert "Too old for Pfizer-BioNTech 5-11 y" in refused.root.text
    done = boss.submit(
        refused, {**values, "override_reason": "It was given"}, button="Change Lot", follow=True
    )
    assert "Given against a rule (Too old), authorized by Manager A: It was given" in done.root.text
    assert (chair.left(moderna), chair.left(orange)) == ((10, 0), (9, 1))


def test_an_old_record_is_edited_after_its_lot_expired(boss: Browser, manager: Scope) -> None:
    """Situation 15: the lot is still on the page, and the record can be saved."""
    record = chair.lot(manager, "OLD1", expiration_date=stock.day(1))
    arrival = chair.arrived(manager, person(manager))
    made = chair.gave(manager, arrival, record, given_at=chair.ago(2))
    page = boss.get(f"/administration/vaccinations/{made}/lot")
    radio = page.root.one("input", type="radio", name="lot", value=str(record))
    assert "checked" in radio.attributes
    form = boss.get(f"/administration/vaccinations/{made}/edit")
    done = boss.submit(form, {"site": "RT", "why": "Thigh"}, button="Save", follow=True)
    assert "Right thigh" in done.root.text


def test_a_record_is_removed_with_a_reason(boss: Browser, manager: Scope) -> None:
    lot = chair.lot(manager)
    made = chair.gave(manager, chair.arrived(manager, person(manager)), lot)
    form = boss.get(f"/administration/vaccinations/{made}/remove")
    done = boss.submit(form, {"reason": "Another person"}, button="Remove", follow=True)
    assert "This record was removed: Another person" in done.root.text
    assert chair.left(lot) == (10, 0)
    person_page = boss.get(f"/recipients/{chair.dose(made).recipient_id}?tab=related")
    assert "(removed)" in person_page.root.text


def test_somebody_elses_change_is_shown(boss: Browser, manager: Scope) -> None:
    made = chair.gave(manager, chair.arrived(manager, person(manager)), chair.lot(manager))
    form = boss.get(f"/administration/vaccinations/{made}/edit")
    boss.submit(form, {"site": "RD", "why": "Wrong arm"}, button="Save")
    late = boss.submit(
        form, {"site": "LT", "why": "Thigh", "operation_id": "x" * 22}, button="Save"
    )
    assert late.status == 409
    assert "Someone else changed this record" in late.root.text


def test_a_provider_is_told_whose_records_are_corrected(browser: Browser, manager: Scope) -> None:
    made = chair.gave(manager, chair.arrived(manager, person(manager)), chair.lot(manager))
    nurse = browser.sign_in("provider_a")
    answer = nurse.get(f"/administration/vaccinations/{made}/edit")
    assert "Providers correct their own records of today" in answer.root.text
    assert not answer.root.all("textarea")
