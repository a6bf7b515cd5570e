"""A sheet of letter paper, filled from top to bottom, going on to the next page where it is full.

Every text is tagged, in the order in which it is read; title and language are set. Texts must be
printable (`portal.pdf.letters.not_printable`).
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from io import BytesIO

from reportlab.pdfbase.pdfdoc import PDFPage
from reportlab.pdfgen.canvas import Canvas

from portal.pdf.codes import QUIET, qr, runs
from portal.pdf.letters import FONT, font, lines, printed
from portal.pdf.tags import Structure, Tagged

# In points, of which an inch has 72.
WIDTH, HEIGHT, MARGIN = 612.0, 792.0, 54.0
ROOM = WIDTH - 2 * MARGIN
LEADING = 1.35
GAP = 8.0
TEXT, SMALL, LARGE = 10.0, 8.0, 18.0
BLACK, GRAY, LINE = (0.0, 0.0, 0.0), (0.33, 0.33, 0.33), (0.6, 0.6, 0.6)


class Paper:
    """What is printed. Sizes are points; `foot` stands at the end of every page."""

    def __init__(self, *, title: str, language: str, author: str = "", foot: str = "") -> None:
        font()
        self._out = BytesIO()
        self._canvas = Canvas(self._out, pagesize=(WIDTH, HEIGHT), pageCompression=1, lang=language)
        self._canvas.setTitle(title)
        self._canvas.setAuthor(author)
        self._canvas.setViewerPreference("DisplayDocTitle", "true")
        self._foot = printed(foot)
        self._structure = Structure()
        self._pages: list[str] = []
        self._y = HEIGHT - MARGIN

    def heading(self, text: str, *, level: int = 1) -> None:
        """A heading; level 1 is the title of the sheet."""
        self._block(f"H{level}", text, LARGE if level == 1 else 12.0)

    def paragraph(self, text: str, *, small: bool = False) -> None:
        """A paragraph over the whole width."""
        self._block("P", text, SMALL if small else TEXT, color=GRAY if small else BLACK)

    def facts(self, pairs: Sequence[tuple[str, str]], *, label_width: float = 130.0) -> None:
        """Labels and values, side by side, read one after the other."""
        for label, value in pairs:
            value_lines = lines(value, TEXT, ROOM - label_width)
            height = len(value_lines) * TEXT * LEADING
            self._need(height)
            element, top = self._structure.root.add("P"), self._y
            self._write(element, lines(label, TEXT, label_width), MARGIN, TEXT, GRAY)
            self._y = top
            self._write(element, value_lines, MARGIN + label_width, TEXT, BLACK)
            self._y = top - height - 2
        self._y -= GAP

    def table(
        self, header: Sequence[str], rows: Sequence[Sequence[str]], widths: Sequence[float]
    ) -> None:
        """A table whose columns have these shares of the width. The header is on every page."""
        whole = sum(widths)
        columns = [ROOM * share / whole for share in widths]
        table = self._structure.root.add("Table")
        self._row(table, header, columns, "TH", GRAY)
        for row in rows:
            if self._y - self._row_height(row, columns) < self._floor:
                self._next_page()
                self._row(None, header, columns, "TH", GRAY)
            self._row(table, row, columns, "TD", BLACK)
        self._y -= GAP

    def code(self, text: str, *, alt: str, beside: Sequence[str], size: float = 110.0) -> None:
        """A QR code for `text`, with what stands beside it; `alt` is read aloud in its place."""
        self._need(size)
        top, squares = self._y, qr(text)
        with self._marked(self._structure.root.add("Figure", alt=alt)):
            step = size / (len(squares) + 2 * QUIET)
            self._canvas.setFillColorRGB(*BLACK)
            for row, column, length in runs(squares):
                left = MARGIN + (column - 1) * step
                self._canvas.rect(left, top - (row + 2) * step, length * step, step, 0, 1)
        self._y = top - GAP
        for part in beside:
            found = lines(part, TEXT, ROOM - size - GAP)
            self._write(self._structure.root.add("P"), found, MARGIN + size + GAP, TEXT, BLACK)
            self._y -= 4
        self._y = min(self._y, top - size) - GAP

    def finish(self) -> bytes:
        """The PDF. Nothing can be added afterwards."""
        self._next_page()
        self._structure.write(self._canvas._doc, self._pages)
        self._canvas.save()
        return self._out.getvalue()

    @property
    def _floor(self) -> float:
        return MARGIN + 2 * SMALL

    def _block(
        self, tag: str, text: str, size: float, *, color: tuple[float, float, float] = BLACK
    ) -> None:
        element = self._structure.root.add(tag)
        for line in lines(text, size, ROOM):
            self._need(size * LEADING)
            self._write(element, [line], MARGIN, size, color)
        self._y -= GAP

    def _row(
        self,
        table: Tagged | None,
        cells: Sequence[str],
        columns: Sequence[float],
        tag: str,
        color: tuple[float, float, float],
    ) -> None:
        """A row; without a table it is only seen, not read: the header on further pages."""
        row = table.add("TR") if table else None
        self._need(self._row_height(cells, columns))
        top, left, lowest = self._y, MARGIN, self._y
        for cell, room in zip(cells, columns, strict=True):
            self._y = top
            element = row.add(tag, column=tag == "TH") if row else None
            self._write(element, lines(cell, TEXT, room - GAP), left, TEXT, color)
            lowest, left = min(lowest, self._y), left + room
        self._y = lowest - 4
        with self._marked(None):
            self._canvas.setStrokeColorRGB(*LINE)
            self._canvas.setLineWidth(0.5)
            self._canvas.line(MARGIN, self._y, WIDTH - MARGIN, self._y)
        self._y -= 4

    def _row_height(self, cells: Sequence[str], columns: Sequence[float]) -> float:
        most = max(
            len(lines(cell, TEXT, room - GAP)) for cell, room in zip(cells, columns, strict=True)
        )
        return most * TEXT * LEADING + GAP

    def _write(
        self,
        element: Tagged | None,
        texts: Sequence[str],
        left: float,
        size: float,
        color: tuple[float, float, float],
    ) -> None:
        for text in texts:
            self._y -= size * LEADING
            with self._marked(element):
                self._canvas.setFillColorRGB(*color)
                self._canvas.setFont(FONT, size)
                self._canvas.drawString(left, self._y + size * (LEADING - 1), f"{text} ")

    @contextmanager
    def _marked(self, element: Tagged | None) -> Iterator[None]:
        """What is drawn within belongs to `element`; to none, it is not read aloud."""
        if element is None:
            self._canvas._code.append("/Artifact BMC")
        else:
            number = self._structure.mark(element, len(self._pages))
            self._canvas._code.append(f"/{element.tag} <</MCID {number}>> BDC")
        yield
        self._canvas._code.append("EMC")

    def _need(self, height: float) -> None:
        if self._y - height < self._floor:
            self._next_page()

    def _next_page(self) -> None:
        if self._foot:
            self._y = MARGIN + SMALL
            self._write(None, [f"{self._foot} · {len(self._pages) + 1}"], MARGIN, SMALL, GRAY)
        document = self._canvas._doc
        self._pages.append(document.thisPageName())
        self._canvas.showPage()
        page: PDFPage = document.Pages.pages[-1]
        page.__NoDefault__ = [*PDFPage.__NoDefault__, "StructParents", "Tabs"]
        page.StructParents = len(self._pages) - 1
        page.Tabs = "/S"
        self._y = HEIGHT - MARGIN
