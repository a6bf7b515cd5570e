"""The record page of a vaccine inventory: figures, facts, ledger, and the pens."""

from collections.abc import Iterator
from functools import partial
from typing import cast

from flask import request, url_for
from wtforms import Form

from blueprints.inventory.correcting.services import may_reverse
from blueprints.inventory.forms import NameForm, StorageUnitField, StorageUnitForm
from blueprints.inventory.ledger.balance import balance_of
from blueprints.inventory.ledger.reasons import reason_label
from blueprints.inventory.models import Quarantine, VaccineInventory
from blueprints.inventory.quarantine.queries import list_holdings
from blueprints.inventory.quarantine.services import quarantines_of
from blueprints.inventory.queries import (
    ENTRIES_SHOWN,
    corrections_of,
    get_inventory,
    list_entries,
    list_shipments_of,
)
from blueprints.inventory.rules import Expiry, Kind, expiry_of
from blueprints.inventory.services import rename
from blueprints.inventory.settings import warn_days
from blueprints.inventory.storage import list_storage_units, put_into
from blueprints.shipments.queries import find_of_location
from portal.access.scope import Scope
from portal.formats.numbers import record_number
from portal.formats.shown import day, number
from portal.i18n import _, _l
from portal.records.page import Fact, Figure, RecordAction, RecordPage, RecordTab, Section
from portal.records.views import Editor, Pen
from portal.web.templating import moment


def inventory_page(scope: Scope, record: VaccineInventory) -> RecordPage:
    """What the page of `record` shows."""
    notices = []
    expiry = expiry_of(
        record.expiration_date,
        scope.today(),
        warn_days=warn_days(record.location_id),
    )
    expires = day(record.expiration_date)
    if expiry is Expiry.EXPIRED:
        notices.append(
            (
                "danger",
                _("This lot expired on %(day)s. Its doses cannot be administered.", day=expires),
            )
        )
    elif expiry is Expiry.EXPIRING:
        notices.append(("warning", _("This lot expires on %(day)s.", day=expires)))
    held = quarantines_of(record) if record.quarantined else []
    for one in held:
        where = _("at all locations") if one.location_id is None else _("at this location")
        notices.append(
            (
                "danger",
                _(
                    "This lot has been in quarantine %(where)s since %(moment)s. Its doses "
                    "cannot be given or transferred. %(why)s",
                    where=where,
                    moment=moment(one.placed_at),
                    why=": ".join(filter(None, (reason_label(one.reason), one.note))),
                ),
            )
        )
    return RecordPage(
        title=record.name,
        kind="inventory",
        subject=record,
        url=url_for("inventory.record", inventory_id=record.id),
        notices=tuple(notices),
        last_actions=tuple(_actions(scope, record, held)),
        pens=("name", "storage_unit") if scope.can("inventory.rename") else (),
        panel=(
            Figure(_("Total Doses"), number(record.doses_total)),
            Figure(
                _("Doses Available"),
                number(record.doses_available),
                note=_("in quarantine") if held and record.doses_available else "",
                tone="danger" if held and record.doses_available else "",
            ),
            Figure(_("Doses Administered"), number(record.doses_administered)),
            Figure(_("Doses Wasted"), number(record.doses_wasted)),
            Figure(_("Doses Returned"), number(record.doses_returned)),
            Figure(_("Doses Transferred"), number(record.doses_transferred)),
            Figure(_("Doses in Transit"), number(record.doses_in_transit)),
            Figure(
                _("Expiration Date"),
                expires,
                tone={Expiry.EXPIRED: "danger", Expiry.EXPIRING: "warning"}.get(expiry, ""),
            ),
        ),
        tabs=(
            RecordTab("details", _("Details"), (_facts(scope, record), _where_from(scope, record))),
            RecordTab(
                "related",
                _("Related"),
                (
                    Section(
                        "balance",
                        _("Proof of balance"),
                        template="inventory/_balance.html",
                        context=lambda: {
                            "balance": balance_of(record),
                            "proven": _("The entries add up"),
                            "address": lambda kind: url_for(
                                "inventory.record",
                                inventory_id=record.id,
                                tab="related",
                                kind=kind,
                                _anchor="section-ledger",
                            ),
                        },
                    ),
                    Section(
                        "ledger",
                        _("History of doses"),
                        template="inventory/_ledger.html",
                        context=lambda: _ledger(scope, record),
                    ),
                    *_corrections(record),
                    *_holdings(record),
                ),
            ),
        ),
    )


def _facts(scope: Scope, record: VaccineInventory) -> Section:
    return Section(
        "vaccine",
        _("Vaccine Inventory"),
        facts=(
            Fact(_("Vaccine Inventory Name"), record.name, pen="name"),
            Fact(_("Storage Unit"), record.storage_unit, pen="storage_unit"),
            Fact(_("Product"), record.product_name),
            Fact(_("Manufacturer"), record.manufacturer),
            Fact(_("Lot #"), record.lot),
            Fact(_("Serial Number"), record.serial_number),
            Fact(_("Expiration Date"), day(record.expiration_date)),
            Fact(
                _("Account"),
                scope.place.name,
                href=url_for("locations.account", location_id=record.location_id)
                if scope.can("locations.view")
                else "",
            ),
        ),
    )


def _where_from(scope: Scope, record: VaccineInventory) -> Section:
    shipment = find_of_location(scope, record.shipment_id) if record.shipment_id else None
    if shipment is None:
        unknown = record.unable_to_locate_shipment
        source = Fact(
            _("Shipment Record"),
            _("Unable to locate shipment record") if unknown else _("Came by transfer"),
        )
    else:
        source = Fact(
            _("Shipment Record"),
            shipment.number,
            href=url_for("shipments.record", shipment_id=shipment.id)
            if scope.can("shipments.view")
            else "",
        )
    return Section(
        "shipment",
        _("Shipment Details"),
        facts=(
            source,
            *_further_shipments(scope, record),
            Fact(_("Date Added"), moment(record.created_at)),
        ),
    )


def _further_shipments(scope: Scope, record: VaccineInventory) -> Iterator[Fact]:
    """The other shipments of which doses were added to the record later."""
    seen = scope.can("shipments.view")
    for shipment in list_shipments_of(scope, record):
        if shipment.id != record.shipment_id:
            yield Fact(
                _("Shipment Record"),
                shipment.number,
                href=url_for("shipments.record", shipment_id=shipment.id) if seen else "",
            )


def _actions(
    scope: Scope, record: VaccineInventory, held: list[Quarantine]
) -> Iterator[RecordAction]:
    if scope.can("inventory.adjust"):
        yield RecordAction(_("Adjustment"), url_for("inventory.adjust", inventory_id=record.id))
    if scope.can("inventory.quarantine"):
        own = next((one for one in held if one.location_id is not None), None)
        if own is not None:
            yield RecordAction(
                _("Release from Quarantine"),
                url_for("inventory.release", quarantine_id=own.id),
            )
        label = _("Quarantine for another reason") if own else _("Quarantine")
        yield RecordAction(label, url_for("inventory.hold", inventory_id=record.id))


def _ledger(scope: Scope, record: VaccineInventory) -> dict[str, object]:
    before = record_number(request.args.get("before"))
    kind = request.args.get("kind", "")
    kind = kind if kind in set(Kind) else ""
    lines = list_entries(record, before=before, kind=kind)
    return {
        "lines": lines[:ENTRIES_SHOWN],
        "older": lines[ENTRIES_SHOWN - 1].id if len(lines) > ENTRIES_SHOWN else None,
        "kind": Kind(kind) if kind else None,
        "record": record,
        "may_reverse": partial(may_reverse, scope),
    }


def _holdings(record: VaccineInventory) -> Iterator[Section]:
    """When and why the lot was in quarantine, if it ever was."""
    found = list_holdings(record)
    if found:
        yield Section(
            "quarantine",
            _("Quarantine"),
            template="inventory/_holdings.html",
            context=lambda: {"holdings": found},
        )


def _corrections(record: VaccineInventory) -> Iterator[Section]:
    """What the record said of its lot before it was corrected, if it ever was."""
    found = corrections_of(record.id)
    if found:
        yield Section(
            "corrections",
            _("Corrections of lot number and expiration date"),
            template="inventory/_corrections.html",
            context=lambda: {"corrections": found},
        )


def _offer_units(scope: Scope, form: Form, _record: VaccineInventory) -> None:
    cast(StorageUnitField, form["storage_unit"]).known = list_storage_units(scope)


EDITOR = Editor(
    title=_l("Vaccine Inventory"),
    capability="inventory.rename",
    load=get_inventory,
    page=inventory_page,
    pens=(
        Pen("name", NameForm, lambda record: record.name, rename),
        Pen(
            "storage_unit",
            StorageUnitForm,
            lambda record: record.storage_unit,
            put_into,
            prepare=_offer_units,
        ),
    ),
)
