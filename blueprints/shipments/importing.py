"""The import of suppliers' files (SPEC C1)."""

from collections.abc import Sequence

from blueprints.shipments.intake import ShipmentIntake
from blueprints.shipments.outcomes import in_words
from blueprints.shipments.placing import NumberedRow, Placed, Placing
from blueprints.shipments.record import links_of
from blueprints.shipments.settings import ShipmentSettings
from blueprints.shipments.sheets import codes_of, parse_shipment, shipment_columns
from portal.i18n import _l
from portal.imports.definition import Beginning, ImportDefinition
from portal.imports.outcomes import Judged, Outcome
from portal.settings import of_module
from portal.sheets.table import Row


class SupplierFile:
    """A supplier's file on its way in; knows all rows so far, which may contradict each other."""

    def __init__(self, beginning: Beginning) -> None:
        self.bound = beginning.bound
        self.today = beginning.today
        self.placing = Placing(beginning.run.row_name)
        self.intake = ShipmentIntake(beginning.actor)

    def read(self, rows: Sequence[Row]) -> Judged[Placed]:
        """Parse rows, and find where each goes and what it is."""
        judged: Judged[Placed] = Judged()
        parsed: list[NumberedRow] = []
        for number, cells in rows:
            row, wrong = parse_shipment(self.bound, cells, today=self.today)
            if row is not None:
                parsed.append(NumberedRow(number, row, self.bound.positions))
            else:
                codes = codes_of(self.bound, cells)
                wrong += self.placing.wrong_codes(codes, self.bound.positions)
            judged.errors += [(number, error) for error in wrong]
        judged.rows, more = self.placing.place(parsed)
        judged.errors += more
        return judged

    def take_in(self, rows: Sequence[Placed]) -> Outcome:
        """Write the shipments, each once."""
        return self.intake.take(rows)


def keep_days() -> int:
    """How long the file of a finished import is kept."""
    return of_module(ShipmentSettings).keep_files_days


IMPORT = ImportDefinition(
    name="shipments",
    title=_l("Import shipments"),
    choose=_l("Choose the supplier's file, CSV or Excel (.xlsx)."),
    capability="shipments.import",
    columns=lambda settings, epoch_1904: shipment_columns(
        pin_prefix=settings.pin_prefix, epoch_1904=epoch_1904
    ),
    begin=SupplierFile,
    record_label=_l("Shipment ID"),
    link=links_of,
    changes=in_words,
    keep_days=keep_days,
    subject="shipment_import",
)
