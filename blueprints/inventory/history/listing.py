"""The list of ledger entries: what came to a location's records and what left them."""

import re
from collections.abc import Collection, Mapping, Sequence
from typing import Any

from sqlalchemy import ColumnElement, case, false, literal, select
from sqlalchemy.orm import Bundle, aliased

from blueprints.inventory.history.pages import row_menus
from blueprints.inventory.ledger.reasons import reason_label, reason_labels, vial_labels
from blueprints.inventory.models import DoseEntry, StockDocument, VaccineInventory
from blueprints.inventory.rules import AVAILABLE, EFFECTS, Kind, document_number
from blueprints.shipments.models import Shipment
from portal.access.scope import Scope
from portal.db import session
from portal.formats.numbers import record_number
from portal.formats.periods import periods_in
from portal.i18n import Label, _, _l
from portal.listviews.definition import Clauses, Column, Filter, ListDefinition, Part
from portal.people.models import User, UserLocation
from portal.searching.hits import only_hits
from portal.searching.text import phrase_in, words
from portal.web.context import scope as present_scope

MOST_PEOPLE = 500
MOST_RECORDS = 1_000
_DOCUMENT = re.compile(r"[WRACT]-?0*([1-9][0-9]{0,17})", re.ASCII | re.IGNORECASE)
LEAVING = tuple(kind for kind in Kind if EFFECTS[kind].get(AVAILABLE) == -1)

_reversal = aliased(DoseEntry)
REVERSED_BY = (
    select(_reversal.id).where(_reversal.reverses_id == DoseEntry.id).limit(1).scalar_subquery()
)


def what_label(what: tuple[str, int | None, int | None]) -> str:
    """What happened: the kind of an entry, what it reverses, and what reversed it."""
    kind, reverses, reversed_by = what
    label = Kind(kind).label
    if reverses:
        return _("%(kind)s, reversal of entry %(number)s", kind=label, number=reverses)
    if reversed_by:
        return _("%(kind)s, reversed by entry %(number)s", kind=label, number=reversed_by)
    return label


def document_label(document: tuple[str | None, int | None]) -> str:
    """The number of a document; empty for none."""
    kind, number = document
    return document_number(kind, number) if kind and number else ""


def _vial(vial: str | None) -> str:
    return vial_labels().get(vial or "", "")


def _of(model: Any, column: Any, key: Any) -> Any:
    return select(column).where(model.id == key).scalar_subquery()


def _of_record(column: Any) -> Any:
    return _of(VaccineInventory, column, DoseEntry.inventory_id)


def _of_document(column: Any) -> Any:
    return _of(StockDocument, column, DoseEntry.document_id)


def _by(_scope: Scope, text: str) -> Clauses:
    number = record_number(text)
    return (DoseEntry.actor_id == number,) if number else (false(),)


def _people() -> Mapping[str, Label]:
    """Who works at the present location."""
    here = UserLocation.location_id == present_scope().location_id
    rows = session().execute(
        select(User.id, User.last_name, User.first_name)
        .join(UserLocation, UserLocation.user_id == User.id)
        .where(here)
        .order_by(User.last_name, User.first_name, User.id)
        .limit(MOST_PEOPLE)
    )
    people: dict[str, Label] = {str(row.id): f"{row.last_name}, {row.first_name}" for row in rows}
    return {"": _l("Anybody"), **people}


def _of_one_record(_scope: Scope, text: str) -> Clauses:
    number = record_number(text)
    return (DoseEntry.inventory_id == number,) if number else (false(),)


def _searched(scope: Scope, text: str) -> Clauses:
    """The word for a kind or a reason, a document's number, days; what is left is looked for in the
    names, lots and products of records."""
    clauses: list[ColumnElement[bool]] = []
    meant: dict[str, ColumnElement[bool]] = {
        label: DoseEntry.reason == code for code, label in reason_labels().items()
    } | {kind.label: DoseEntry.kind == kind for kind in Kind}
    phrase, rest = phrase_in(text, meant)
    if phrase:
        clauses.append(meant[phrase])
    days, rest = periods_in(rest)
    clauses += [DoseEntry.happened_on.between(day.first, day.last) for day, _typed in days]
    left = []
    for word in rest.split():
        if document := _DOCUMENT.fullmatch(word):
            clauses.append(DoseEntry.document_id == int(document[1]))
        else:
            left.append(word)
    wanted = words(" ".join(left))
    if wanted:
        record = VaccineInventory
        found = select(record.id).where(record.location_id + 0 == scope.location_id)
        query = only_hits(found, record.id, record.search, wanted, scope.location_id)
        ids = list(session().scalars(query.limit(MOST_RECORDS)))
        clauses.append(DoseEntry.inventory_id.in_(ids) if ids else false())
    return clauses


def history_list(
    *,
    name: str,
    title: Label,
    all_label: Label,
    endpoint: str,
    kinds: Collection[Kind] = (),
    empty_title: Label,
    empty_text: Label,
) -> ListDefinition:
    """A list of the entries of these `kinds` (none: all) at the present location."""
    known = tuple(kinds) or tuple(Kind)

    def choices() -> Mapping[str, Label]:
        return {"": _l("All"), **{str(kind): kind.label for kind in known}}

    def of_kind(_scope: Scope, kind: str) -> Clauses:
        return (DoseEntry.kind == kind,) if kind in set(known) else (false(),)

    def parts(_scope: Scope, chosen: Mapping[str, str]) -> Sequence[Part] | None:
        if {"q", "by", "record"} & set(chosen):
            return None
        kind = chosen.get("kind", "")
        if not kind:
            return [{DoseEntry.kind: str(each)} for each in kinds] or None
        return [{DoseEntry.kind: kind}] if kind in set(known) else None

    leaving = DoseEntry.kind.in_([str(kind) for kind in LEAVING])
    doses: Any = (
        DoseEntry.doses if kinds else case((leaving, -DoseEntry.doses), else_=DoseEntry.doses)
    )
    return ListDefinition(
        name=name,
        title=title,
        all_label=all_label,
        model=DoseEntry,
        columns=(
            Column(
                key="name",
                label=_l("Vaccine Inventory Name"),
                attribute=_of_record(VaccineInventory.name),
                sortable=False,
            ),
            Column(key="happened", label=_l("Date"), attribute=DoseEntry.happened_on, kind="date"),
            Column(
                key="what",
                label=_l("What happened"),
                attribute=Bundle("what", DoseEntry.kind, DoseEntry.reverses_id, REVERSED_BY),
                kind="words",
                labels=what_label,
                sortable=False,
            ),
            Column(key="doses", label=_l("Doses"), attribute=doses, kind="number", sortable=False),
            Column(
                key="reason",
                label=_l("Reason"),
                attribute=DoseEntry.reason,
                kind="words",
                labels=reason_label,
                sortable=False,
            ),
            Column(
                key="document",
                label=_l("Number"),
                attribute=Bundle(
                    "document", _of_document(StockDocument.kind), DoseEntry.document_id
                ),
                kind="words",
                labels=document_label,
                sortable=False,
            ),
            Column(
                key="by",
                label=_l("By"),
                attribute=_of(
                    User, User.first_name + literal(" ") + User.last_name, DoseEntry.actor_id
                ),
                sortable=False,
            ),
            Column(
                key="recorded",
                label=_l("Recorded"),
                attribute=DoseEntry.recorded_at,
                kind="moment",
                sortable=False,
            ),
        ),
        facts=(
            *(
                Column(key=key, label=label, attribute=_of_record(column), sortable=False)
                for key, label, column in (
                    ("product", _l("Product"), VaccineInventory.product_name),
                    ("manufacturer", _l("Manufacturer"), VaccineInventory.manufacturer),
                    ("lot", _l("Lot #"), VaccineInventory.lot),
                    ("expires", _l("Expiration Date"), VaccineInventory.expiration_date),
                    ("serial", _l("Serial Number"), VaccineInventory.serial_number),
                )
            ),
            Column(
                key="shipment",
                label=_l("Shipment Record"),
                attribute=_of(Shipment, Shipment.number, DoseEntry.shipment_id),
                sortable=False,
            ),
            Column(
                key="vial",
                label=_l("Vial"),
                attribute=_of_document(StockDocument.vial),
                kind="words",
                labels=_vial,
                sortable=False,
            ),
            Column(key="note", label=_l("Note"), attribute=DoseEntry.note, sortable=False),
            Column(
                key="slip_note",
                label=_l("Note of the slip"),
                attribute=_of_document(StockDocument.note),
                sortable=False,
            ),
            Column(key="entry", label=_l("Entry"), attribute=DoseEntry.id, sortable=False),
        ),
        default_sort="-happened",
        endpoint=endpoint,
        record_endpoint="inventory.record",
        leads_to=DoseEntry.inventory_id,
        capability="inventory.view",
        scope_column=DoseEntry.location_id,
        where=(lambda _scope: (DoseEntry.kind.in_([str(each) for each in kinds]),))
        if kinds
        else None,
        count="capped",
        brief=("happened", "what", "doses", "reason"),
        filters=(
            Filter(key="q", label=_l("Search this list"), where=_searched),
            Filter(
                key="kind",
                label=_l("What happened"),
                where=of_kind,
                kind="choice",
                choices=choices,
            ),
            Filter(key="by", label=_l("By"), where=_by, kind="choice", choices=_people),
            Filter(key="record", label=_l("Record"), where=_of_one_record, kind="hidden"),
        ),
        parts=parts,
        extra={
            "shipment_id": DoseEntry.shipment_id,
            "document_at": _of_document(StockDocument.location_id),
        },
        menu=row_menus,
        empty_title=empty_title,
        empty_text=empty_text,
    )


HISTORY = history_list(
    name="history",
    title=_l("History of doses"),
    all_label=_l("All entries"),
    endpoint="inventory.ledger",
    empty_title=_l("No entries"),
    empty_text=_l("Doses that come in or go out are listed here."),
)
