"""The list of what was wasted or returned."""

from blueprints.inventory.history.listing import history_list
from blueprints.inventory.rules import Kind
from portal.i18n import _l

LOSSES = history_list(
    name="losses",
    title=_l("Wastage and returns"),
    all_label=_l("All Wastage and Returns"),
    endpoint="wastage.index",
    kinds=(Kind.WASTED, Kind.RETURNED),
    empty_title=_l("Nothing was wasted or returned"),
    empty_text=_l("Doses that leave by Wastage or Return are listed here."),
)
