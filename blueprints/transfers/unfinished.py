"""What unfinished `Inbound Transfer` forms are about, and whether the doses were settled since."""

from collections.abc import Mapping

from sqlalchemy import select

from blueprints.inventory.models import VaccineInventory
from blueprints.transfers.models import TransferLine
from blueprints.transfers.rules import LineState
from portal.access.scope import Scope
from portal.db import session
from portal.formats.numbers import record_number
from portal.formats.shown import number
from portal.i18n import _
from portal.remembering import remembered
from portal.wizards.definition import Begun


def about_inbound(scope: Scope, begun: Mapping[int, Begun]) -> dict[int, str]:
    """The record that was chosen, and how many doses of it were sent."""
    lines = _lines(scope, begun)
    return {
        draft_id: _("%(name)s, doses: %(doses)s", name=name, doses=number(line.doses_sent))
        for draft_id, (line, name) in lines.items()
    }


def news_of_inbound(scope: Scope, begun: Mapping[int, Begun]) -> dict[int, str]:
    """What has become of the doses, if they are not on their way any more."""
    lines = _lines(scope, begun)
    return {
        draft_id: _("These doses are no longer on their way: %(state)s.", state=state.label)
        for draft_id, (line, _name) in lines.items()
        if (state := LineState(line.state)) is not LineState.IN_TRANSIT
    }


def _lines(scope: Scope, begun: Mapping[int, Begun]) -> dict[int, tuple[TransferLine, str]]:
    """The chosen lines that come to the present location, and the names of their records."""
    chosen = {
        draft_id: record_number(one.entered.get("line") or one.args.get("line"))
        for draft_id, one in begun.items()
    }
    wanted = frozenset(number for number in chosen.values() if number is not None)
    found = _coming_here(scope, wanted) if wanted else {}
    return {
        draft_id: found[line_id]
        for draft_id, line_id in chosen.items()
        if line_id is not None and line_id in found
    }


@remembered("transfer_line", "vaccine_inventory")
def _coming_here(scope: Scope, line_ids: frozenset[int]) -> dict[int, tuple[TransferLine, str]]:
    query = (
        select(TransferLine, VaccineInventory.name)
        .join(VaccineInventory, VaccineInventory.id == TransferLine.inventory_id)
        .where(TransferLine.to_location_id == scope.location_id, TransferLine.id.in_(line_ids))
    )
    return {line.id: (line, name) for line, name in session().execute(query)}
