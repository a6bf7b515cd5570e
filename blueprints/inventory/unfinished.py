"""What unfinished forms are about, and what has happened to their subjects since."""

import re
from collections.abc import Callable, Mapping

from sqlalchemy import select

from blueprints.inventory.models import DoseEntry, VaccineInventory
from blueprints.inventory.queries import list_additions
from blueprints.inventory.rules import Kind
from portal.access.scope import Scope
from portal.db import session
from portal.formats.numbers import record_number
from portal.i18n import _, ngettext
from portal.people.models import User
from portal.wizards.definition import Begun

LINE = re.compile(r"lines-(\d+)-record")
Told = Callable[[Scope, Mapping[int, Begun]], Mapping[int, str]]


def about(_scope: Scope, begun: Mapping[int, Begun]) -> dict[int, str]:
    """The shipment and its lot as they were chosen, else the lot and the product as typed."""
    return {draft_id: _delivery(one.entered) for draft_id, one in begun.items()}


def _delivery(entered: Mapping[str, str]) -> str:
    shipment, lot = entered.get("shipment_text", ""), entered.get("lot", "")
    if shipment and "unable_to_locate_shipment" not in entered:
        return shipment if lot in shipment else f"{shipment}, {lot}"
    return ", ".join(filter(None, (lot, entered.get("product_text", ""))))


def news(scope: Scope, begun: Mapping[int, Begun]) -> dict[int, str]:
    """Who has added doses of the same shipment since, and how many, by the id of the draft."""
    shipments = {
        draft_id: number
        for draft_id, one in begun.items()
        if (number := record_number(one.entered.get("shipment"))) is not None
    }
    if not shipments:
        return {}
    oldest = min(begun[draft_id].since for draft_id in shipments)
    additions = list_additions(scope, set(shipments.values()), since=oldest)
    told = {}
    for draft_id, shipment_id in shipments.items():
        since = [
            one
            for one in additions
            if one.shipment_id == shipment_id and one.recorded_at > begun[draft_id].since
        ]
        doses = sum(one.doses for one in since)
        if doses > 0:
            told[draft_id] = _(
                "Doses added since then by %(users)s: %(doses)s of %(shipped)s.",
                doses=f"{doses:,}",
                shipped=f"{since[0].doses_shipped:,}",
                users=", ".join(dict.fromkeys(one.actor for one in since if one.doses > 0)),
            )
    return told


def about_lines(scope: Scope, begun: Mapping[int, Begun]) -> dict[int, str]:
    """The doses entered beside the first record, and how many more records there are."""
    lines = {draft_id: _lines(one) for draft_id, one in begun.items()}
    names = names_of(scope, {record for found in lines.values() for record in found})
    told = {}
    for draft_id, found in lines.items():
        known = [record for record in found if record in names]
        if not known:
            continue
        first = _("%(name)s, doses: %(doses)s", name=names[known[0]], doses=found[known[0]])
        others = len(known) - 1
        more = ngettext("and %(num)s more record", "and %(num)s more records", others)
        told[draft_id] = f"{first}, {more}" if others else first
    return told


def news_of_lines(kind: Kind) -> Told:
    """Says whether doses of a chosen record have left as `kind` since, and who booked that."""

    def news(scope: Scope, begun: Mapping[int, Begun]) -> dict[int, str]:
        lines = {draft_id: _lines(one) for draft_id, one in begun.items()}
        wanted = {record for found in lines.values() for record in found}
        if not wanted:
            return {}
        booked = session().execute(
            select(DoseEntry, VaccineInventory.name, User.first_name, User.last_name)
            .join(VaccineInventory, VaccineInventory.id == DoseEntry.inventory_id)
            .outerjoin(User, User.id == DoseEntry.actor_id)
            .where(
                VaccineInventory.location_id == scope.location_id,
                DoseEntry.inventory_id.in_(wanted),
                DoseEntry.kind == kind,
                DoseEntry.doses > 0,
                DoseEntry.recorded_at > min(one.since for one in begun.values()),
            )
            .order_by(DoseEntry.id.desc())
            .limit(100)
        )
        told: dict[int, str] = {}
        for entry, name, first, last in booked:
            for draft_id, found in lines.items():
                if entry.inventory_id in found and entry.recorded_at > begun[draft_id].since:
                    told.setdefault(
                        draft_id,
                        _(
                            "Since then %(user)s entered for “%(name)s”: %(kind)s %(doses)s.",
                            kind=kind.label,
                            name=name,
                            doses=f"{entry.doses:,}",
                            user=f"{first} {last}" if first else _("somebody"),
                        ),
                    )
        return told

    return news


def _lines(begun: Begun) -> dict[int, str]:
    """The doses as typed, by record."""
    found = {}
    for name, text in begun.entered.items():
        matched, record = LINE.fullmatch(name), record_number(text)
        doses = begun.entered.get(f"lines-{matched[1]}-doses", "") if matched else ""
        if record is not None and doses:
            found[record] = doses[:12]
    return found


def names_of(scope: Scope, records: set[int]) -> dict[int, str]:
    """The names of those of these records that are at the present location, by id."""
    if not records:
        return {}
    query = select(VaccineInventory.id, VaccineInventory.name).where(
        VaccineInventory.location_id == scope.location_id, VaccineInventory.id.in_(records)
    )
    return {row.id: row.name for row in session().execute(query)}
