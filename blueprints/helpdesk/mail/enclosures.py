"""Files that come by e-mail: the same are taken as with a form, the others are named."""

import io
from dataclasses import dataclass, field

from blueprints.helpdesk.attachments import AREA, check_stored
from blueprints.helpdesk.mail.reading import Letter
from blueprints.helpdesk.rules import LARGEST_FILE, MOST_FILES
from blueprints.helpdesk.scanning import NotScanned
from portal.errors import Invalid
from portal.files.models import StoredFile
from portal.files.services import Stored, clean_name, drop, keep, store
from portal.i18n import _, ngettext
from portal.settings import current

MOST_NAMED = 10


@dataclass
class Enclosures:
    """Files put down before the transaction, and the names of those that were not."""

    taken: list[tuple[Stored, str]] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)
    more: int = 0
    kept: bool = False

    def keep(self, room: int) -> list[StoredFile]:
        """Name the first `room` of them within the running unit of work."""
        for _stored, name in self.taken[room:]:
            self.refused.append(name)
        return [keep(stored, name=name) for stored, name in self.taken[: max(0, room)]]

    def sentence(self) -> str:
        """Which files are missing, and what is accepted; empty if none is."""
        if not self.refused and not self.more:
            return ""
        named = ", ".join(self.refused[:MOST_NAMED])
        unnamed = self.more + max(0, len(self.refused) - MOST_NAMED)
        also = ngettext("%(num)s more file", "%(num)s more files", unnamed) if unnamed else ""
        return _(
            "These files were not attached: %(names)s. Attach PDF, pictures, text, Excel or Word "
            "files (.xlsx, .docx), at most 5 in an e-mail and 10 MB each.",
            names=", ".join(filter(None, (named, also))),
        )

    def tidy(self) -> None:
        """Delete what no row names."""
        if not self.kept:
            for stored, _name in self.taken:
                drop(current(), stored)


def put_down(letter: Letter) -> Enclosures:
    """Store the files of an e-mail, outside of any transaction."""
    made = Enclosures(more=letter.more_files)
    for file in letter.files:
        name = clean_name(file.name, _("File"))
        if len(made.taken) >= MOST_FILES:
            made.refused.append(name)
            continue
        try:
            stored = store(current(), io.BytesIO(file.content), AREA, most=LARGEST_FILE)
        except Invalid:
            made.refused.append(name)
            continue
        try:
            check_stored(stored, name)
        except NotScanned:
            # The e-mail waits in the mailbox until its files can be scanned.
            drop(current(), stored)
            made.tidy()
            raise
        except Invalid:
            drop(current(), stored)
            made.refused.append(name)
        except BaseException:
            drop(current(), stored)
            made.tidy()
            raise
        else:
            made.taken.append((stored, name))
    return made
