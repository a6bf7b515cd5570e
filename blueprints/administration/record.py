"""The record page of a dose given here: what is true, and all versions (SPEC G9)."""

from typing import Any

from flask import url_for

from blueprints.administration import fields
from blueprints.administration.adverse import VAERS, VAERS_PHONE, events_of
from blueprints.administration.correcting import may_be_corrected
from blueprints.administration.models import Administration
from blueprints.administration.queries import Given, recipient_of, versions_of
from blueprints.administration.recording import read_screening
from blueprints.administration.rules import RecordState
from blueprints.administration.words import ANSWERS, CODES, CONSENT, FUNDING, ROUTES, SITES
from blueprints.appointments.words import dose_label
from blueprints.checkin.words import IDENTIFIERS
from blueprints.inventory.models import VaccineInventory
from blueprints.inventory.queries import lot_at
from blueprints.recipients.words import full_name
from portal.access.scope import Scope
from portal.catalog.models import Product
from portal.db import session
from portal.formats.shown import day, moment_in
from portal.i18n import _
from portal.people.models import User
from portal.records.page import Fact, Figure, RecordAction, RecordPage, RecordTab, Section


def vaccination_page(scope: Scope, given: Given) -> RecordPage:
    """What the page of a dose shows."""
    newest, dose = given.newest, given.vaccination
    person = recipient_of(given)
    record = session().get_one(VaccineInventory, newest.inventory_id)
    product = session().get_one(Product, record.product_id)
    removed = newest.state == RecordState.REMOVED
    return RecordPage(
        title=_(
            "%(dose)s of %(name)s", dose=dose_label(newest.dose_number), name=full_name(person)
        ),
        kind="administration",
        subject=given,
        url=url_for("administration.record", vaccination_id=dose.id),
        notices=tuple(_notices(newest)),
        panel=(
            Figure(
                _("Status"),
                _("Removed") if removed else _("Given"),
                tone="danger" if removed else "success",
            ),
            Figure(_("Product"), fields.product_label(product)),
            Figure(
                _("Lot #"), record.lot, note=_("Expires %(day)s", day=day(record.expiration_date))
            ),
            Figure(_("Date and Time"), moment_in(newest.given_at, newest.time_zone)),
        ),
        actions=(*_actions(scope, given), *_note_action(scope, given)),
        tabs=(
            RecordTab("details", _("Details"), _details(given, full_name(person))),
            RecordTab("related", _("Related"), (_versions(dose.id),)),
        ),
    )


def _notices(newest: Administration) -> list[tuple[str, object]]:
    found: list[tuple[str, object]] = []
    if newest.state == RecordState.REMOVED:
        found.append(
            ("danger", _("This record was removed: %(reason)s", reason=newest.why)),
        )
    if newest.override_of:
        what = ", ".join(str(CODES.get(code, code)) for code in newest.override_of.split())
        found.append(
            (
                "warning",
                _(
                    "Given against a rule (%(what)s), authorized by %(name)s: %(reason)s",
                    what=what,
                    name=_name_of(newest.overridden_by_id),
                    reason=newest.override_reason,
                ),
            )
        )
    if newest.back_dated:
        found.append(("info", _("Entered on a later day than the dose was given.")))
    return found


def _actions(scope: Scope, given: Given) -> list[RecordAction]:
    if not may_be_corrected(scope, given):
        return []
    number = given.vaccination.id
    return [
        RecordAction(
            _("Edit Details"), url_for("administration.edit", vaccination_id=number), icon="pen"
        ),
        RecordAction(_("Change Lot"), url_for("administration.lot", vaccination_id=number)),
        RecordAction(_("Remove"), url_for("administration.remove", vaccination_id=number)),
    ]


def _note_action(scope: Scope, given: Given) -> list[RecordAction]:
    here = scope.location is not None and given.newest.location_id == scope.location_id
    if not here or not scope.can("administration.give"):
        return []
    if given.newest.state != RecordState.GIVEN:
        return []
    address = url_for("administration.adverse_event", vaccination_id=given.vaccination.id)
    return [RecordAction(_("Note Adverse Event"), address)]


def _details(given: Given, name: str) -> tuple[Section, ...]:
    newest, dose = given.newest, given.vaccination
    person = url_for("recipients.record", recipient_id=dose.recipient_id)
    by = _name_of(newest.recorded_by_id)
    vaccination = (
        Fact(_("Recipient"), name, href=person),
        Fact(_("Dose number"), newest.dose_number),
        Fact(_("Site"), dict(fields.by_code(SITES)).get(newest.site, newest.site)),
        Fact(_("Route"), dict(fields.by_code(ROUTES)).get(newest.route, newest.route)),
        Fact(_("Volume"), f"{newest.volume_ml} mL"),
        Fact(_("Given By"), newest.given_by),
        Fact(_("Funding"), dict(fields.by_code(FUNDING)).get(newest.funding, newest.funding)),
        Fact(
            _("Recorded"),
            _(
                "%(moment)s, by %(user)s",
                moment=moment_in(newest.recorded_at, newest.time_zone),
                user=by,
            ),
        ),
    )
    known = dict(fields.by_code(IDENTIFIERS))
    language, asked = read_screening(newest.screening)
    before = (
        Fact(
            _("Identity confirmed by"),
            ", ".join(str(known.get(code, code)) for code in newest.identified_by.split()),
        ),
        Fact(
            _("Consent"),
            " ".join(
                str(part)
                for part in (
                    dict(fields.by_code(CONSENT)).get(newest.consent_by, ""),
                    newest.consent_name,
                )
                if part
            ),
        ),
        Fact(_("Fact sheet"), newest.fact_sheet),
        Fact(_("Fact sheet given on"), day(newest.fact_sheet_on)),
    )
    sections = [
        Section("vaccination", _("Vaccination"), facts=vaccination),
        Section("before", _("Before the dose"), facts=before),
    ]
    noted = events_of(dose.id)
    if noted:
        sections.insert(
            0,
            Section(
                "events",
                _("Adverse events"),
                template="administration/_events.html",
                context={"noted": noted, "vaers": VAERS, "vaers_phone": VAERS_PHONE},
            ),
        )
    if asked:
        sections.append(
            Section(
                "screening",
                _("Screening questions"),
                template="administration/_asked.html",
                context={"asked": asked, "language": language, "answers": ANSWERS},
            )
        )
    return tuple(sections)


def _name_of(user_id: int | None) -> str:
    user = session().get(User, user_id) if user_id else None
    return user.full_name if user else ""


def _versions(vaccination_id: int) -> Section:
    def context() -> dict[str, Any]:
        return {
            "versions": [
                {
                    "number": version.version,
                    "when": moment_in(version.recorded_at, version.time_zone),
                    "by": by,
                    "why": version.why,
                    "removed": version.state == RecordState.REMOVED,
                    "said": _said(version, record),
                }
                for version, record, by in versions_of(vaccination_id)
            ]
        }

    return Section(
        "versions", _("Versions"), template="administration/_versions.html", context=context
    )


def _said(version: Administration, record: VaccineInventory) -> list[tuple[object, object]]:
    lot, expires = lot_at(record, version.recorded_at)
    return [
        (_("Product"), record.product_name),
        (_("Lot #"), lot),
        (_("Expiration Date"), day(expires)),
        (_("Dose number"), version.dose_number),
        (_("Date and Time"), moment_in(version.given_at, version.time_zone)),
        (_("Site"), dict(fields.by_code(SITES)).get(version.site, version.site)),
        (_("Route"), dict(fields.by_code(ROUTES)).get(version.route, version.route)),
        (_("Volume"), f"{version.volume_ml} mL"),
        (_("Given By"), version.given_by),
        (_("Funding"), dict(fields.by_code(FUNDING)).get(version.funding, version.funding)),
        (_("Reason for giving it anyway"), version.override_reason),
        (_("Authorized By"), _name_of(version.overridden_by_id)),
    ]
