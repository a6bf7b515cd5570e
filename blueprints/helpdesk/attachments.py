"""Which files are taken: judged by what is in them, before the transaction.

What a file is was read from its first bytes; of a zip archive its list of contents must say that it
is a workbook or a document, without macros. A file is never shown by the browser, only saved.
"""

import zipfile
from collections.abc import Callable
from typing import Any

from blueprints.helpdesk import rules
from blueprints.helpdesk.scanning import scan
from portal.errors import Invalid
from portal.files.kinds import ZIP
from portal.files.services import Stored, open_stored
from portal.i18n import _
from portal.settings import current
from portal.web.files import SentFiles, store_uploads

AREA = "cases"
MAIN_PART = {"xlsx": "xl/workbook.xml", "docx": "word/document.xml"}
MACROS = "vbaproject.bin"
MOST_PARTS = 5_000


def check_stored(stored: Stored, name: str) -> None:
    """Raise `Invalid` on `files` unless such a file is taken."""
    if stored.bytes == 0:
        raise Invalid(_("This file is empty. Choose another one."), field="files")
    rules.check_kind(stored.content_type, name)
    if stored.content_type == ZIP and not _is_office(stored, name):
        raise Invalid(
            _(
                "This file is not an Excel or Word file as it says, or it contains macros. Save it "
                "as .xlsx or .docx and attach it again."
            ),
            field="files",
        )
    with open_stored(current(), stored) as content:
        scan(content)


def _is_office(stored: Stored, name: str) -> bool:
    try:
        with open_stored(current(), stored) as content, zipfile.ZipFile(content) as archive:
            parts = [part.lower() for part in archive.namelist()[:MOST_PARTS]]
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError, RuntimeError):
        return False
    wanted = {"[content_types].xml", MAIN_PART[name.rpartition(".")[2].lower()]}
    return wanted <= set(parts) and not any(part.endswith(MACROS) for part in parts)


def taken(capability: str = "helpdesk.ask") -> Callable[..., Any]:
    """For `guards.before_transaction`: the files of the field `files`."""
    return store_uploads(
        AREA,
        capability,
        check=check_stored,
        most=rules.MOST_FILES,
        most_bytes=rules.LARGEST_FILE,
    )


__all__ = ["SentFiles", "check_stored", "taken"]
