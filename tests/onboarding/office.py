"""LibreOffice as somebody's spreadsheet program: it opens a file and saves it again."""

import shutil
import subprocess
from pathlib import Path

FILTERS = {
    "xlsx": "xlsx:Calc MS Excel 2007 XML",
    "ods": "ods:calc8",
    # Comma, quotes, UTF-8; cells as they are shown.
    "csv": "csv:Text - txt - csv (StarCalc):44,34,76,1,,0,false,true,false",
}


class Office:
    """A headless LibreOffice with a profile of its own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.count = 0

    def saved(self, content: bytes, *kinds: str, kind: str = "xlsx") -> bytes:
        """The file as it is after it was opened and saved as each of these kinds, in turn."""
        for to in kinds:
            content, kind = self._saved(content, kind, to), to
        return content

    def _saved(self, content: bytes, kind: str, to: str) -> bytes:
        self.count += 1
        folder = self.folder / str(self.count)
        folder.mkdir()
        given = folder / f"given.{kind}"
        given.write_bytes(content)
        program = shutil.which("soffice")
        assert program, "LibreOffice is missing"
        done = subprocess.run(
            [
                program,
                f"-env:UserInstallation={(self.folder / 'profile').as_uri()}",
                *("--headless", "--norestore", "--convert-to", FILTERS[to]),
                *("--outdir", str(folder / "made"), str(given)),
            ],
            capture_output=True,
            text=True,
            timeout=180,
            check=False,
        )
        made = folder / "made" / f"given.{to}"
        assert made.exists(), done.stdout + done.stderr
        return made.read_bytes()
