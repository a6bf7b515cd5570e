"""Finding records among those that doses may leave: by words, or by the code on a box or vial."""

from collections.abc import Sequence
from functools import partial
from typing import Any, cast

from sqlalchemy import ColumnElement, or_, select
from wtforms import FieldList
from wtforms import Form as PlainForm

from blueprints.inventory.leaving.selection import MOST, about_line, of_usable, typed_lines
from blueprints.inventory.models import VaccineInventory
from portal.access.scope import Scope
from portal.catalog import gs1
from portal.db import session
from portal.errors import Invalid
from portal.formats.codes import lot_key
from portal.i18n import _, ngettext
from portal.searching.hits import contains
from portal.searching.text import words
from portal.web.forms import ScanField
from portal.wizards.definition import Answers

FOUND = 50


def find_lines(
    scope: Scope, form: PlainForm, _answers: Answers, pressed: str, *, usable: bool = False
) -> bool:
    """Show the records that fit what was typed or scanned, below those with doses entered; False if
    nothing was. Without a word all are shown again."""
    scan = cast(ScanField, form["scan"])
    text = scan.data
    if not text and not pressed:
        return False
    allowed = of_usable(scope) if usable else ()
    found = _found(scope, text, allowed)
    if not found:
        unusable = usable and bool(_found(scope, text, ()))
        scan.errors = [
            _("“%(text)s” is expired or in quarantine and cannot be chosen here.", text=text)
            if unusable
            else _("No record with doses available has “%(text)s” in it.", text=text)
        ]
        return True
    _show(scope, cast("FieldList[Any]", form["lines"]), found)
    number = len(found)
    if text:
        said = ngettext("%(num)s record was found.", "%(num)s records were found.", number)
        scan.done([("info", said)])
    return True


find_usable_lines = partial(find_lines, usable=True)


def _found(
    scope: Scope, text: str, allowed: Sequence[ColumnElement[bool]]
) -> list[VaccineInventory]:
    record = VaccineInventory
    query = select(record).where(
        record.location_id == scope.location_id, record.doses_available > 0, *allowed
    )
    order = (record.expiration_date, record.name_key, record.id)
    if not text:
        return list(session().scalars(query.order_by(*order).limit(MOST)))
    meant = [contains(record.search, words(text)), record.lot_key == lot_key(text)]
    rows = list(session().scalars(query.where(or_(*meant)).order_by(*order).limit(FOUND)))
    if rows:
        return rows
    try:
        readings = gs1.read(text, today=scope.today())
    except Invalid:
        return []
    lots = {lot_key(reading.lot) for reading in readings if reading.lot}
    by_lot = query.where(record.lot_key.in_(lots)).order_by(*order).limit(FOUND)
    return list(session().scalars(by_lot)) if lots else []


def _show(scope: Scope, lines: "FieldList[Any]", found: Sequence[VaccineInventory]) -> None:
    kept = typed_lines(lines)
    present = {entry.form.about.id: entry for entry in lines.entries}
    entered = {entry.form.about.id for entry in kept}
    lines.entries = []
    shown = []
    for record in found:
        if record.id in entered:
            continue
        entry = present.get(record.id)
        if entry is None:
            entry = lines.append_entry({"record": str(record.id), "doses": None})
            about_line(scope, entry, record)
        shown.append(entry)
    lines.entries = [*kept, *shown][:MOST]
