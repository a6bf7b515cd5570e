"""Why a spreadsheet is refused: one sentence for each reason, each saying what to do."""

from portal.errors import Invalid
from portal.i18n import _
from portal.isolation.parent import MIB
from portal.sheets.limits import CELL_CHARACTERS, Limits
from portal.sheets.table import UnreadableCell


class SheetError(Invalid):
    """The file cannot be read. `message` is for the user.

    reason: a short name of the cause, for counting and tests.
    detail: what the library said, for the log only (it may quote the file).
    """

    def __init__(self, message: str, *, reason: str, detail: str = "") -> None:
        super().__init__(message)
        self.reason = reason
        self.detail = detail


def refusal(reason: str, limits: Limits, *, detail: str = "") -> SheetError:
    """The error for `reason`, a key below; an unknown one counts as a damaged file."""
    sentences = _sentences(limits)
    if reason not in sentences:
        reason, detail = "damaged", f"{reason} {detail}".strip()
    return SheetError(sentences[reason], reason=reason, detail=detail)


def _sentences(limits: Limits) -> dict[str, str]:
    save_as = _(" In Excel choose File, Save As, Excel Workbook (.xlsx), and upload that file.")
    ask = _(" The portal reads .xlsx and .csv; ask the sender for the file in one of these forms.")
    split = _(" Split it into several files and upload them one after the other.")
    return {
        # What kind of file it is
        "empty": _("The file is empty (0 bytes). Save it again and upload it once more."),
        "pdf": _("This is a PDF.") + ask,
        "picture": _("This is a picture.") + ask,
        "archive": _(
            "This is an archive of files. The portal reads .xlsx and .csv: unpack it and upload "
            "the file in it."
        ),
        "program": _("This is a program, not a spreadsheet. Do not open it."),
        "encrypted": _(
            "The workbook is protected by a password. Open it, remove the password "
            "(File, Info, Protect Workbook) and upload it again."
        ),
        "xls": _("This is a workbook of Excel 97-2003 (.xls), which is not accepted.") + save_as,
        "ole": _("This is an old Office document, not an xlsx workbook.") + save_as,
        "html": _("This is a web page saved under a spreadsheet's name.") + save_as,
        "xml": _("This is an XML file, not an xlsx workbook.") + save_as,
        "rtf": _("This is a text document, not a spreadsheet.") + save_as,
        "xlsm": _("The workbook contains macros, which are not accepted.") + save_as,
        "xlsb": _("This is a binary workbook (.xlsb), which is not accepted.") + save_as,
        "ods": _(
            "This is an OpenDocument file (.ods), which is not accepted. Save it as "
            "Excel Workbook (.xlsx) and upload that file."
        ),
        "strict": _("The workbook is saved as Strict Open XML, which is not accepted.") + save_as,
        "document": _("This is a Word or PowerPoint document.") + ask,
        "binary": _(
            "This file is neither an xlsx workbook nor a CSV text. Check that you chose "
            "the right file."
        ),
        # How large it is
        "file_bytes": _("The file is larger than %(limit)s MB.", limit=limits.file_bytes // MIB)
        + split,
        "unpacked_bytes": _(
            "Unpacked, the workbook is larger than %(limit)s MB.",
            limit=limits.unpacked_bytes // MIB,
        )
        + split,
        "strings_bytes": _(
            "The texts in the workbook are larger than %(limit)s MB.",
            limit=limits.strings_bytes // MIB,
        )
        + split,
        "members": _(
            "The workbook consists of more than %(limit)s parts. Copy the table into a "
            "new workbook and upload that one.",
            limit=limits.members,
        ),
        "rows": _("The table has more than %(limit)s rows.", limit=f"{limits.rows:,}") + split,
        "columns": _(
            "The table has more than %(limit)s columns. Delete the columns that are not needed.",
            limit=limits.columns,
        ),
        "memory": _(
            "The workbook is too large or too complicated to be read safely. Copy the "
            "table alone into a new workbook, or save it as CSV, and upload that file."
        ),
        "time": _(
            "Reading the workbook takes too long. Copy the table alone into a new workbook, "
            "or save it as CSV, and upload that file."
        ),
        "busy": _(
            "Other spreadsheets are being read at the moment. Nothing was changed; please "
            "try again in a minute."
        ),
        # What is wrong inside
        "damaged": _(
            "The workbook is damaged and cannot be read. Open it in Excel, save it again "
            "as Excel Workbook (.xlsx) and upload that file."
        ),
        "lying": _(
            "The workbook is damaged: its table of contents does not agree with what is in "
            "it. Open it in Excel, save it again and upload that file."
        ),
        "dtd": _(
            "The workbook contains XML definitions that no spreadsheet program writes. Copy "
            "the table into a new workbook and upload that one."
        ),
        "no_sheet": _("The workbook has no visible sheet. Unhide the sheet with the table."),
        "nul": _(
            "The text contains NUL characters, so it is damaged or is not a CSV file. Export it "
            "again as CSV (UTF-8) or xlsx."
        ),
        "line": _(
            "A line of the file is longer than a table's row can be. Check that it is a CSV file."
        ),
        "quotes": _(
            "A value starts with a double quote that is never closed. Double quotes inside a "
            "value must be doubled."
        ),
        "gone": _("The file is no longer there. Upload it again."),
    }


def header_not_found(limits: Limits, expected: tuple[str, ...]) -> SheetError:
    """None of the first rows names the columns."""
    message = _("No header row was found in the first %(count)s rows.", count=limits.header_rows)
    if expected:
        message += _(" One of them must name the columns: %(names)s.", names=", ".join(expected))
    return SheetError(message, reason="header")


def unreadable(cell: UnreadableCell) -> str:
    """What is said of a cell whose value is not there."""
    if cell.why == "formula":
        return _(
            "There is a formula here whose value is not stored in the file. Open the file in "
            "Excel, save it again, or enter the value itself."
        )
    if cell.why == "format":
        return _(
            "The cell shows another number than the one it holds. Format the column as Text and "
            "enter the value again."
        )
    return _("This cell is damaged and cannot be read. Enter the value again.")


def too_long() -> str:
    """What is said of a cell that holds more than any value may."""
    return _(
        "This has more than %(most)s characters. Enter only what belongs in this column.",
        most=f"{CELL_CHARACTERS:,}",
    )
