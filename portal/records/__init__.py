"""Record pages: highlight panel, `Details` and `Related`, folding sections, pens (SPEC B4).

    def record_page(scope, record) -> RecordPage:
        return RecordPage(
            title=record.name,
            kind="inventory",
            subject=record,
            url=url_for("inventory.record", record_id=record.id),
            panel=(Figure(_("Total Doses"), record.total),),
            tabs=(
                Tab("details", _("Details"), (Section("info", _("Information"), facts=(
                    Fact(_("Vaccine Inventory Name"), record.name, pen="name"),
                    Fact(_("Lot #"), record.lot),
                )),)),
                Tab("related", _("Related"), (Section("history", _("History"),
                    template="inventory/_history.html",
                    context=lambda: {"entries": queries.entries(scope, record.id)}),)),
            ),
            actions=(RecordAction(_("Transfer"), url_for("transfers.send", record=record.id)),),
            pens={"name"} if scope.can("inventory.rename") else (),
        )

The view ends in `record_response(page)`. The pens' routes come from `Editor(…).register(blueprint,
"/<int:record_id>")`, which adds `<path>/edit/<field>`; `url` is the address without
`/edit/…`. Both are in `portal.records.views`.
"""

from portal.records.page import Fact, Figure, RecordAction, RecordPage, RecordTab, Section

__all__ = ["Fact", "Figure", "RecordAction", "RecordPage", "RecordTab", "Section"]
