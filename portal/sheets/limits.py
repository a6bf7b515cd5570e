"""How large a spreadsheet may be. Callers may tighten with `dataclasses.replace`."""

from dataclasses import dataclass

from portal.isolation.parent import MIB, ChildBounds

# Far more than any value in a supplier's table. What a cell holds beyond is not handed out.
CELL_CHARACTERS = 1_000
# The hidden sheet of the portal's own workbooks that holds the choices of drop-down lists.
LISTS = "Lists"


@dataclass(frozen=True, slots=True)
class Limits(ChildBounds):
    """The bounds of one file. Each has a reason; raising one needs a new measurement.

    rows: data rows, blank ones not counted; a supplier's year fits.
    columns: columns looked at; the widest template has 11, exports of suppliers some 40.
    cell_characters: characters of a cell, beyond which it is wrong. A workbook may name one text of
        32,767 in every cell.
    file_bytes: the upload. 100,000 rows x 11 columns are 6 MB as xlsx, 12 MB as CSV.
    unpacked_bytes: the XML of an xlsx, all parts together. Those 100,000 rows are 60 MB.
    strings_bytes: the shared strings, the only part that must be held in memory as a whole:
        at worst (two letters each) they cost 3 bytes of memory for one of XML.
    members: files inside the xlsx. Excel writes about 15 and two more for each sheet.
    sheets: visible sheets searched for a header.
    header_rows: rows of each sheet, from the top, searched for a header.
    memory_bytes: address space of the child that parses xlsx (a small file needs 34 MB).
    cpu_seconds: processor time of the child. 100,000 rows of 11 columns take 4 to 9 s.
    wait_seconds: how long the server waits for the child in all; the time the caller needs for
        the rows does not count.
    """

    rows: int = 100_000
    columns: int = 64
    cell_characters: int = CELL_CHARACTERS
    file_bytes: int = 20 * MIB
    unpacked_bytes: int = 120 * MIB
    strings_bytes: int = 32 * MIB
    members: int = 1_000
    sheets: int = 20
    header_rows: int = 10
    memory_bytes: int = 144 * MIB
    cpu_seconds: int = 60
    wait_seconds: float = 60.0
