"""The structure of a PDF: which text is a heading, a paragraph, a cell, and in which order it is
read aloud (ISO 32000-1, 14.7 and 14.8)."""

from dataclasses import dataclass, field
from typing import Any

from reportlab.pdfbase.pdfdoc import (
    PDFArray,
    PDFDictionary,
    PDFDocument,
    PDFName,
    PDFObjectReference,
    PDFString,
)


@dataclass
class Tagged:
    """A part of the document: its tag, and within it other parts or marks on pages."""

    tag: str
    parent: "Tagged | None" = None
    alt: str = ""
    column: bool = False
    parts: list["Tagged | tuple[int, int]"] = field(default_factory=list)

    def add(self, tag: str, *, alt: str = "", column: bool = False) -> "Tagged":
        """A new part at the end of this one; `column` for the heading of a table's column."""
        made = Tagged(tag, self, alt, column)
        self.parts.append(made)
        return made


class Structure:
    """The parts of one document, from `root` on, and the marks on its pages that belong to them."""

    def __init__(self) -> None:
        self.root = Tagged("Document")
        self._pages: list[list[Tagged]] = []

    def mark(self, element: Tagged, page: int) -> int:
        """The number of a new mark of `element` on a page (counted from 0)."""
        while len(self._pages) <= page:
            self._pages.append([])
        self._pages[page].append(element)
        number = len(self._pages[page]) - 1
        element.parts.append((page, number))
        return number

    def write(self, document: PDFDocument, pages: list[str]) -> None:
        """Put the structure into the document; `pages` are the names of its pages."""
        names: dict[int, str] = {}
        self._name(self.root, names)
        self._write(document, self.root, names, pages)
        numbers: list[Any] = []
        for page, elements in enumerate(self._pages):
            marks = PDFArray([PDFObjectReference(names[id(one)]) for one in elements])
            numbers += [page, marks]
        tree = PDFDictionary(
            {
                "Type": PDFName("StructTreeRoot"),
                "K": PDFObjectReference(names[id(self.root)]),
                "ParentTree": PDFDictionary({"Nums": PDFArray(numbers)}),
                "ParentTreeNextKey": len(self._pages),
            }
        )
        document.Reference(tree, "StructTreeRoot")
        document.Catalog.StructTreeRoot = tree
        document.Catalog.MarkInfo = PDFDictionary({"Marked": "true"})

    def _name(self, element: Tagged, names: dict[int, str]) -> None:
        names[id(element)] = f"Tagged{len(names)}"
        for part in element.parts:
            if isinstance(part, Tagged):
                self._name(part, names)

    def _write(
        self, document: PDFDocument, element: Tagged, names: dict[int, str], pages: list[str]
    ) -> None:
        above = names[id(element.parent)] if element.parent else "StructTreeRoot"
        said: dict[str, Any] = {
            "Type": PDFName("StructElem"),
            "S": PDFName(element.tag),
            "P": PDFObjectReference(above),
            "K": PDFArray([_part(part, names, pages) for part in element.parts]),
        }
        if element.alt:
            said["Alt"] = PDFString(element.alt)
        if element.column:
            said["A"] = PDFDictionary({"O": PDFName("Table"), "Scope": PDFName("Column")})
        document.Reference(PDFDictionary(said), names[id(element)])
        for part in element.parts:
            if isinstance(part, Tagged):
                self._write(document, part, names, pages)


def _part(part: "Tagged | tuple[int, int]", names: dict[int, str], pages: list[str]) -> Any:
    if isinstance(part, Tagged):
        return PDFObjectReference(names[id(part)])
    page, number = part
    return PDFDictionary(
        {"Type": PDFName("MCR"), "Pg": PDFObjectReference(pages[page]), "MCID": number}
    )
