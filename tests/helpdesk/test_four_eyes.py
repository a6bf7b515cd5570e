"""A lot number or expiration date is corrected from a case (SPEC D4, H8): in one step as long as
nothing was given, by two people after that; everything that names the lot follows."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import date, timedelta

import pytest
import time_machine
from flask import Flask
from sqlalchemy import select

from blueprints.administration.correcting import edit, remove
from blueprints.helpdesk import carrying, remedying, services
from blueprints.helpdesk.models import Case, CaseProposal, CaseRemedy
from blueprints.helpdesk.queries import list_to_decide
from blueprints.helpdesk.rules import CaseState
from blueprints.inventory.correcting.lots import LotCorrecting, LotFacts
from blueprints.inventory.models import LotCorrection, VaccineInventory
from blueprints.inventory.quarantine import services as quarantine
from blueprints.inventory.rules import Kind
from blueprints.proof.queries import proof_of
from blueprints.recipients.models import Recipient
from blueprints.transfers.models import TransferSide
from portal.access.scope import Scope
from portal.audit.verify import faults
from portal.clock import now
from portal.db import session, unit_of_work
from portal.errors import Conflict, Invalid, NotFound, PortalError
from portal.messages.models import Message
from portal.people.models import User
from tests.administration import chair
from tests.appointments.booking import person
from tests.client import Browser
from tests.helpdesk.mailing import entries, outbox
from tests.inventory import stock
from tests.inventory.stock import scope_for
from tests.personas import Personas
from tests.transfers.boxes import send

NAME = "inventory.correct_lot"
RIGHT = {"lot": "L9", "expiration_date": "2027-01-31", "month_only": "yes"}


@pytest.fixture
def manager(asker: Scope, personas: Personas) -> Scope:
    """The manager of location A."""
    return scope_for(personas, "manager_a")


def case_about(scope: Scope, record: int) -> int:
    with unit_of_work():
        return services.open_case(
            scope,
            topic="inventory",
            subject="Wrong lot",
            description="It is L9.",
            about=("inventory", record),
        ).id


def carried_out(
    scope: Scope, case: int, answers: Mapping[str, str] = RIGHT, reason: str = "Label read wrong"
) -> str:
    with unit_of_work():
        return remedying.carry_out(scope, case, NAME, reason, answers)


def facts(record: int) -> tuple[str, str, date]:
    """Name, lot and expiration date of a record."""
    with unit_of_work(write=False):
        found = session().get_one(VaccineInventory, record)
        return found.name, found.lot, found.expiration_date


def proposal_of(case: int) -> CaseProposal:
    """The newest proposal of a case."""
    with unit_of_work(write=False) as current:
        query = select(CaseProposal).where(CaseProposal.case_id == case)
        found = current.scalars(query.order_by(CaseProposal.id.desc())).first()
        assert found is not None
        current.expunge(found)
        return found


def confirmed(scope: Scope, case: int) -> str:
    """Confirm the newest proposal of a case."""
    number = proposal_of(case).id
    with unit_of_work():
        return remedying.confirm(scope, number)


def given(manager: Scope, record: int, name: str = "Maria") -> int:
    """A dose of the record was given; the vaccination's id."""
    return chair.gave(manager, chair.arrived(manager, person(manager, name)), record)


def broken() -> list[str]:
    """What the checks and the trail say is wrong."""
    found = chair.wrong()
    with unit_of_work(write=False):
        return [*found, *faults()]


@pytest.mark.both_databases
def test_without_given_doses_one_agent_does_it(
    app: Flask, personas: Personas, manager: Scope, agent: Scope
) -> None:
    record = chair.lot(manager)
    case = case_about(manager, record)
    staff = Browser(app, personas).sign_in("agent")
    label = "Correct Lot Number or Expiration Date"
    link = staff.get(f"/help-desk/cases/{case}").root.with_text("a", label)
    form = staff.get(link.attributes["href"])
    assert "lot L1, expires 06/30/2027" in form.root.text
    refused = staff.submit(form, {"reason": "No change"}, button=label)
    assert refused.status == 422
    assert "The record says this already" in refused.root.text
    wanted = {"lot": "L9", "expiration_date": "01/2027", "reason": "Label read wrong"}
    done = staff.submit(form, wanted, button=label, follow=True)
    assert "was corrected from lot L1, expires 06/30/2027 to lot L9, expires 01/31/2027" in (
        done.root.text
    )
    assert facts(record) == (f"{chair.MODERNA} – L9", "L9", date(2027, 1, 31))
    mine = Browser(app, personas).sign_in("manager_a")
    assert "to lot L9" in mine.get(f"/help-desk/cases/{case}").root.text
    history = mine.get(f"/vaccine-inventory/{record}?tab=related").root.text
    assert "L1, expires 06/30/2027" in history
    assert "Label read wrong" in history
    assert broken() == []
    with unit_of_work(), pytest.raises(Conflict):
        remedying.carry_out(agent, case, NAME, "again", {**RIGHT, "lot": "L8"})


@pytest.mark.both_databases
def test_with_given_doses_somebody_else_confirms(
    app: Flask, personas: Personas, manager: Scope, agent: Scope, admin: Scope
) -> None:
    record = chair.lot(manager)
    dose = given(manager, record)
    case = case_about(manager, record)
    before = len(outbox())
    said = carried_out(agent, case)
    assert "nothing has changed yet" in said
    assert facts(record)[1:] == ("L1", stock.FAR)
    assert chair.dose(dose).lot_number == "L1"
    told = {one.kind: one for one in outbox()[before:]}
    assert set(told) == {"case_news", "case_decide"}
    assert "1 dose of it was given" in entries(case)[-1].text
    proposal = proposal_of(case)
    with unit_of_work(), pytest.raises(Conflict, match="yourself"):
        remedying.confirm(agent, proposal.id)
    with unit_of_work(), pytest.raises(Conflict, match="yourself"):
        remedying.refuse(agent, proposal.id, "No")
    with unit_of_work(), pytest.raises(Conflict, match="waits to be confirmed"):
        remedying.carry_out(admin, case, NAME, "mine", RIGHT)
    with unit_of_work():
        remedying.confirm(admin, proposal.id)
    assert facts(record) == (f"{chair.MODERNA} – L9", "L9", date(2027, 1, 31))
    fact = chair.dose(dose)
    assert (fact.lot_number, fact.expiration_date) == ("L9", date(2027, 1, 31))
    first, second = chair.versions(dose)
    assert (second.version, second.recorded_by_id) == (2, admin.user.id)
    assert first.entry_id == second.entry_id
    assert "Label read wrong" in second.why
    with unit_of_work(write=False) as current:
        row = current.scalars(select(LotCorrection)).one()
        assert (row.by_id, row.proposed_by_id) == (admin.user.id, agent.user.id)
        assert (row.lot_before, row.doses_given) == ("L1", 1)
    mine = Browser(app, personas).sign_in("manager_a")
    page = mine.get(f"/administration/vaccinations/{dose}?tab=related").root
    shown = [(each.text) for each in page.all("section") if "Version" in each.text]
    assert any("Version 1" in text and "L1" in text and "06/30/2027" in text for text in shown)
    assert any("Version 2" in text and "L9" in text for text in shown)
    assert "L9" in mine.get(f"/recipients/{fact.recipient_id}?tab=related").root.text
    with app.test_request_context(), unit_of_work(write=False):
        assert [
            one.lot for one in proof_of(session().get_one(Recipient, fact.recipient_id)).doses
        ] == ["L9"]
    assert broken() == []
    with unit_of_work(), pytest.raises(Conflict, match="confirmed already"):
        remedying.confirm(admin, proposal.id)


@pytest.mark.both_databases
def test_who_was_told_of_the_dose_is_not_told_again(
    manager: Scope, agent: Scope, admin: Scope
) -> None:
    record = chair.lot(manager)
    told, waits, failed = (given(manager, record, name) for name in ("Told", "Waits", "Failed"))
    with unit_of_work() as current:
        for dose, state in ((told, "sent"), (failed, "failed")):
            about = f"vaccination:{dose}"
            values = {"state": state, "sent_at": now() if state == "sent" else None}
            assert current.query(Message).filter_by(about=about).update(values) == 1
    case = case_about(manager, record)
    carried_out(agent, case)
    confirmed(admin, case)
    found = {
        dose: [
            (one.kind, one.state, one.context["version"])
            for one in outbox()
            if one.about == f"vaccination:{dose}"
        ]
        for dose in (told, waits, failed)
    }
    kind = "vaccination_given"
    assert found == {
        told: [(kind, "sent", 1)],
        waits: [(kind, "cancelled", 1), (kind, "waiting", 2)],
        failed: [(kind, "failed", 1)],
    }


def test_the_locations_manager_may_confirm_and_others_may_not(
    app: Flask, personas: Personas, manager: Scope, agent: Scope, admin: Scope
) -> None:
    record = chair.lot(manager)
    given(manager, record)
    case = case_about(admin, record)
    carried_out(agent, case)
    number = proposal_of(case).id
    told = [one for one in outbox() if one.kind == "case_decide"]
    assert manager.user.id in {one.user_id for one in told}
    assert agent.user.id not in {one.user_id for one in told}
    other = scope_for(personas, "manager_b")
    with unit_of_work(), pytest.raises(NotFound):
        remedying.confirm(other, number)
    for who in ("provider_a", "readonly_a", "requester"):
        stranger = scope_for(personas, who)
        with unit_of_work(), pytest.raises(PortalError):
            remedying.confirm(stranger, number)
    mine = Browser(app, personas).sign_in("manager_a")
    page = mine.get(f"/help-desk/proposals/{number}")
    ask = mine.get(page.root.with_text("a", "Confirm Proposal").attributes["href"])
    assert "lot L9" in ask.root.text
    done = mine.submit(ask, {}, button="Confirm Proposal", follow=True)
    assert done.status == 200
    assert "Confirmed" in done.root.text
    assert facts(record)[1] == "L9"


@pytest.mark.both_databases
def test_a_refusal_says_why_and_changes_nothing(
    app: Flask, personas: Personas, manager: Scope, agent: Scope
) -> None:
    record = chair.lot(manager)
    given(manager, record)
    case = case_about(manager, record)
    carried_out(agent, case)
    number = proposal_of(case).id
    mine = Browser(app, personas).sign_in("manager_a")
    form = mine.get(f"/help-desk/proposals/{number}/refuse")
    assert mine.submit(form, {"reason": ""}, button="Refuse Proposal").status == 422
    page = mine.submit(form, {"reason": "It is L1"}, button="Refuse Proposal", follow=True)
    assert "Refused" in page.root.text
    assert "It is L1" in page.root.text
    assert facts(record)[1] == "L1"
    with unit_of_work(), pytest.raises(Conflict, match="refused already"):
        remedying.confirm(manager, number)
    # It can be proposed again.
    carried_out(agent, case)
    assert proposal_of(case).id != number


def test_who_proposed_it_withdraws_it(manager: Scope, agent: Scope, admin: Scope) -> None:
    record = chair.lot(manager)
    given(manager, record)
    case = case_about(manager, record)
    carried_out(agent, case)
    number = proposal_of(case).id
    with unit_of_work(), pytest.raises(Conflict, match="Refuse it instead"):
        remedying.withdraw(admin, number)
    assert {one.state for one in outbox() if one.kind == "case_decide"} == {"waiting"}
    with unit_of_work():
        remedying.withdraw(agent, number)
    assert proposal_of(case).state == "withdrawn"
    # Nobody is asked by mail to decide on what was decided.
    assert {one.state for one in outbox() if one.kind == "case_decide"} == {"cancelled"}
    with unit_of_work(), pytest.raises(Conflict, match="was withdrawn"):
        remedying.confirm(admin, number)
    assert "was withdrawn" in entries(case)[-1].text


@pytest.mark.both_databases
def test_a_case_stays_open_while_a_proposal_waits(
    app: Flask, personas: Personas, manager: Scope, agent: Scope, admin: Scope
) -> None:
    record = chair.lot(manager)
    given(manager, record)
    case, other = case_about(manager, record), case_about(manager, record)
    carried_out(agent, case)
    staff = Browser(app, personas).sign_in("agent")
    for turn in (
        lambda: services.move(agent, case, CaseState.CLOSED),
        lambda: services.merge(agent, case, other),
    ):
        with unit_of_work(), pytest.raises(Conflict, match="under Proposals"):
            turn()
    with unit_of_work():
        services.resolve(agent, case, "It will be L9.")
    with time_machine.travel(now() + timedelta(days=90)):
        with unit_of_work():
            assert services.close_old() == "0 cases"
        assert "Proposal" in staff.sign_in("admin").get("/").root.text
        confirmed(admin, case)
        with unit_of_work():
            assert services.close_old() == "1 cases"
    assert facts(record)[1] == "L9"


@pytest.mark.both_databases
def test_only_what_can_be_decided_is_shown(manager: Scope, agent: Scope, admin: Scope) -> None:
    record = chair.lot(manager)
    given(manager, record)
    closed, done, waits = (case_about(manager, record) for _turn in range(3))
    for case in (closed, done, waits):
        carried_out(agent, case)
    with unit_of_work() as current:
        # As they were left by what did not ask.
        current.get_one(Case, closed).state = CaseState.CLOSED
        current.get_one(Case, closed).closed_at = now()
        current.add(CaseRemedy(case_id=done, name=NAME, done_by_id=admin.user.id))
    for scope in (manager, admin):
        with unit_of_work(write=False):
            assert [one.case_id for one in list_to_decide(scope, most=9)] == [waits]
    with unit_of_work():
        services.move(agent, done, CaseState.CLOSED)


@pytest.mark.both_databases
def test_a_proposal_about_a_record_that_was_changed_since_is_refused(
    app: Flask, personas: Personas, manager: Scope, agent: Scope, admin: Scope
) -> None:
    record = chair.lot(manager)
    given(manager, record)
    first, second = case_about(manager, record), case_about(manager, record)
    carried_out(agent, first)
    carried_out(agent, second, {**RIGHT, "lot": "L8"})
    confirmed(admin, second)
    page = Browser(app, personas).sign_in("admin").get(f"/help-desk/cases/{first}").root
    assert "It can no longer be confirmed" in page.text
    assert not [each for each in page.all("a") if each.text.strip() == "Confirm Proposal"]
    with pytest.raises(Conflict, match="changed after this was proposed"):
        confirmed(admin, first)
    # Corrected to what was proposed, and back: still another record than the one that was seen.
    third = case_about(manager, record)
    carried_out(agent, third, {**RIGHT, "lot": "L1", "expiration_date": "2027-06-30"})
    confirmed(admin, third)
    with pytest.raises(Conflict, match="changed after this was proposed"):
        confirmed(admin, first)
    assert facts(record)[1] == "L1"
    assert broken() == []


def test_a_dose_given_between_looking_and_pressing_needs_a_second_person(
    manager: Scope, agent: Scope
) -> None:
    record = chair.lot(manager)
    case = case_about(manager, record)
    with unit_of_work(write=False):
        (remedy,) = [
            one
            for one in carrying.remedies_of(agent, session().get_one(Case, case))
            if one.name == NAME
        ]
        assert remedy.why_not == ""
    given(manager, record)
    assert "nothing has changed yet" in carried_out(agent, case)
    assert facts(record)[1] == "L1"
    # Not even the service below lets one person do it.
    for proposer in (None, agent.user.id):
        with unit_of_work():
            wanted = LotFacts("L9", date(2027, 1, 31))
            correcting = LotCorrecting(scope_at_a(agent, manager), record, wanted)
            with pytest.raises(Conflict):
                correcting.correct("Mine", proposer)


def scope_at_a(agent: Scope, manager: Scope) -> Scope:
    """The agent, working at the manager's location."""
    return replace(agent, location=manager.location)


@pytest.mark.both_databases
def test_a_hold_of_the_location_stays_and_a_recall_follows_the_number(
    manager: Scope, agent: Scope, admin: Scope
) -> None:
    record = chair.lot(manager)
    product = chair.product()
    with unit_of_work():
        quarantine.place(manager, quarantine.Hold(product_id=product, lot="L1", reason="too_warm"))
    carried_out(agent, case_about(manager, record))
    with unit_of_work(write=False):
        found = session().get_one(VaccineInventory, record)
        assert found.quarantined
        assert [one.reason for one in quarantine.quarantines_of(found)] == ["too_warm"]
    recalled = chair.lot(manager, "L2")
    with unit_of_work():
        quarantine.place(
            admin,
            quarantine.Hold(
                product_id=product, lot="L7", reason="recall", everywhere=True, confirmed=True
            ),
        )
    carried_out(agent, case_about(manager, recalled), {**RIGHT, "lot": "L7"})
    with unit_of_work(write=False):
        assert session().get_one(VaccineInventory, recalled).quarantined


@pytest.mark.both_databases
def test_the_rule_for_edited_doses_decides_who_is_told(
    manager: Scope, agent: Scope, admin: Scope
) -> None:
    """An edit tells the recipient what holds now, and takes back what has not left."""
    record = chair.lot(manager)
    dose = given(manager, record)
    before = [one for one in outbox() if one.kind == "vaccination_given"]
    case = case_about(manager, record)
    carried_out(agent, case)
    confirmed(admin, case)
    after = [one for one in outbox() if one.kind == "vaccination_given"]
    newest = [one for one in after if one.state == "waiting"]
    with unit_of_work():
        changed = chair.injection(manager, site="RD")
        edit(manager, dose, changed, why="Other arm", seen=2)
    edited = [one for one in outbox() if one.kind == "vaccination_given"]
    assert len(after) - len(before) == len(edited) - len(after)
    assert len(newest) == len([one for one in edited if one.state == "waiting"]) == len(before)


@pytest.mark.both_databases
def test_a_removed_dose_and_a_box_on_its_way_follow(
    personas: Personas, manager: Scope, agent: Scope, admin: Scope
) -> None:
    record = chair.lot(manager)
    gone, kept = given(manager, record), given(manager, record, "Nora")
    with unit_of_work():
        remove(manager, gone, reason="Not given", seen=1)
    send(manager, scope_for(personas, "manager_b"), record, doses=2)
    case = case_about(manager, record)
    carried_out(agent, case)
    confirmed(admin, case)
    assert chair.dose(gone).lot_number == "L9"
    assert chair.dose(gone).reason == "Not given"
    assert len(chair.versions(gone)) == 2
    assert len(chair.versions(kept)) == 2
    with unit_of_work(write=False) as current:
        sides = list(current.scalars(select(TransferSide)))
        assert [one.lot for one in sides] == ["L9", "L9"]
        assert all("l9" in one.search for one in sides)
    assert broken() == []


def test_doses_given_after_the_right_expiration_date_are_named(
    manager: Scope, agent: Scope
) -> None:
    record = chair.lot(manager)
    given(manager, record)
    case = case_about(manager, record)
    yesterday = stock.day(1)
    carried_out(agent, case, {**RIGHT, "expiration_date": yesterday.isoformat()})
    assert "1 dose was given after this expiration date" in entries(case)[-1].text


def test_a_requester_reads_it_in_spanish(manager: Scope, agent: Scope) -> None:
    with unit_of_work():
        session().get_one(User, manager.user.id).language = "es"
    record = chair.lot(manager)
    case = case_about(manager, record)
    said = carried_out(agent, case)
    assert said.startswith("“")
    assert "was corrected" in said
    assert "se corrigió" in entries(case)[-1].text
    entry = stock.post(manager, record, Kind.WASTED, 5)
    with unit_of_work():
        said = remedying.carry_out(agent, case, f"inventory.reverse-{entry}", "Not wasted")
    assert "was reversed" in said
    assert "se anuló" in entries(case)[-1].text


def test_nothing_without_a_reason(manager: Scope, agent: Scope) -> None:
    record = chair.lot(manager)
    case = case_about(manager, record)
    with unit_of_work(), pytest.raises(Invalid):
        remedying.carry_out(agent, case, NAME, "  ", RIGHT)
    given(manager, record)
    with unit_of_work(), pytest.raises(Invalid):
        remedying.carry_out(agent, case, NAME, "  ", RIGHT)
