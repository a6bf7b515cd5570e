"""Paper is read back by a parser: letters, order, tags, language, and what fits the page."""

from io import BytesIO

import pytest
import zxingcpp
from PIL import Image
from pypdf import PdfReader
from pypdf.generic import DictionaryObject

from portal.pdf.codes import QUIET, qr, runs, svg_path
from portal.pdf.letters import lines, not_printable, width
from portal.pdf.paper import HEIGHT, MARGIN, ROOM, WIDTH, Paper

NAMES = ("Łukasz Żółć", "Zoë Noël", "Siobhán O’Neil", "Nguyễn Thị Ánh Tuyết", "Ivan Ивáнов Їжак")
GREEK = "Ελένη Παπαδοπούλου"


def paper(**more: str) -> Paper:
    return Paper(
        **{"title": "Proof", "language": "en", "author": "Clinic A", "foot": "Foot", **more}
    )


def read(made: Paper) -> PdfReader:
    return PdfReader(BytesIO(made.finish()))


def text_of(reader: PdfReader) -> str:
    return " ".join(" ".join(page.extract_text().split()) for page in reader.pages)


def tags(reader: PdfReader) -> list[str]:
    """The tags from the root on, each part's before those within it."""
    root = reader.trailer["/Root"]["/StructTreeRoot"]["/K"].get_object()
    return list(walk(root))


def walk(part: DictionaryObject) -> list[str]:
    kids = [kid.get_object() for kid in part.get("/K", [])]
    return [part["/S"][1:], *(tag for kid in kids if "/S" in kid for tag in walk(kid))]


def test_any_letter_of_a_name_comes_back_as_it_was_written() -> None:
    made = paper()
    made.facts([("Name", name) for name in (*NAMES, GREEK)])
    text = text_of(read(made))
    for name in (*NAMES, GREEK):
        assert name in text


def test_the_font_is_embedded_and_only_the_letters_that_are_used() -> None:
    made = paper()
    made.paragraph("Łë")
    content = made.finish()
    fonts = PdfReader(BytesIO(content)).pages[0]["/Resources"]["/Font"]
    used = [font.get_object() for font in fonts.values()]
    own = [font for font in used if "DejaVu" in font["/BaseFont"]]
    assert own
    assert all("/FontFile2" in font["/FontDescriptor"] for font in own)
    assert len(content) < 40_000


def test_title_language_and_marks_are_set() -> None:
    reader = read(paper(title="Comprobante de vacunación", language="es"))
    root = reader.trailer["/Root"]
    assert (root["/Lang"], root["/MarkInfo"]["/Marked"]) == ("es", True)
    assert bool(root["/ViewerPreferences"]["/DisplayDocTitle"].value)
    assert reader.metadata is not None
    assert reader.metadata.title == "Comprobante de vacunación"


def test_what_is_tagged_is_read_in_order() -> None:
    made = paper()
    made.heading("Proof")
    made.facts([("Name", "Zoë")])
    made.table(["Dose", "Lot"], [["1", "A"], ["2", "B"]], [1, 1])
    made.code("https://example.org/", alt="QR code", beside=["Scan it"])
    reader = read(made)
    row = ["TR", "TD", "TD"]
    assert tags(reader) == [
        *("Document", "H1", "P", "Table", "TR", "TH", "TH", *row, *row, "Figure", "P"),
    ]
    text = text_of(reader)
    order = [text.index(word) for word in ("Proof", "Name", "Zoë", "Dose", "Lot", "A", "B", "Scan")]
    assert order == sorted(order)


def test_every_mark_of_a_page_is_found_again_by_its_number() -> None:
    made = paper()
    made.table(["Dose", "Lot"], [[str(number), "A"] for number in range(80)], [1, 1])
    reader = read(made)
    numbers = reader.trailer["/Root"]["/StructTreeRoot"]["/ParentTree"]["/Nums"]
    assert len(reader.pages) == 3
    assert [page["/StructParents"] for page in reader.pages] == list(numbers[::2])
    for page, elements in zip(reader.pages, numbers[1::2], strict=True):
        marked = page.get_contents().get_data().count(b"/MCID")
        assert marked == len(elements.get_object())


def test_a_long_table_goes_on_with_its_header_which_is_read_once() -> None:
    made = paper()
    made.table(["Dose", "Lot"], [[str(number), "A"] for number in range(80)], [1, 1])
    reader = read(made)
    assert [page.extract_text().count("Lot") for page in reader.pages] == [1, 1, 1]
    assert tags(reader).count("TH") == 2
    assert tags(reader).count("TD") == 160


def test_everything_fits_letter_paper_within_its_margins() -> None:
    made = paper()
    made.heading("Proof " * 30)
    made.facts([("A label that is longer than its place " * 2, "W" * 200)])
    made.table(["Dose", "Lot"], [["W" * 60, "M" * 90]] * 30, [1, 1])
    made.code("https://example.org/" + "a" * 60, alt="QR", beside=["W" * 300])
    reader = read(made)
    for page in reader.pages:
        assert [float(side) for side in page.mediabox] == [0, 0, 612, 792]
        placed: list[tuple[float, float, str, float]] = []

        def note(text: str, _cm: object, tm: list[float], _font: object, size: float) -> None:
            if text.strip():
                placed.append((tm[4], tm[5], text.strip(), size))  # noqa: B023 - read at once

        page.extract_text(visitor_text=note)
        assert placed
        for left, bottom, text, size in placed:
            assert left >= MARGIN
            assert left + width(text, size) <= WIDTH - MARGIN + 0.5, text
            assert MARGIN - 10 <= bottom <= HEIGHT - MARGIN


@pytest.mark.parametrize("text", [*NAMES, GREEK, "O'Brien-Smith, Jr.", "Ayşe Ğül", "Đặng", "ÆØÅ"])
def test_what_the_font_has_is_printable(text: str) -> None:
    assert not_printable(text) == ""


@pytest.mark.parametrize(
    ("text", "lost"),
    [
        ("李 Li", "李"),
        ("김", "김"),
        ("محمد A", "محد"),
        ("דוד", "דו"),
        ("अमित", "अमित"),
        ("Zoë🦄", "🦄"),
    ],
)
def test_what_it_would_print_wrong_is_told(text: str, lost: str) -> None:
    assert not_printable(text) == lost


def test_letters_in_several_pieces_are_printed_as_one() -> None:
    made = paper()
    made.paragraph("Zoe\u0308\tNoe\u0308l\n")
    assert "Zoë Noël" in text_of(read(made))


def test_lines_are_broken_between_words_and_else_within() -> None:
    assert lines("one two three", 10, width("one two", 10)) == ["one two", "three"]
    broken = lines("W" * 100, 10, ROOM)
    assert "".join(broken) == "W" * 100
    assert all(width(line, 10) <= ROOM for line in broken)
    assert lines("", 10, ROOM) == [""]


def test_a_code_is_read_by_a_scanner() -> None:
    address = "https://portal.example.org/check/" + "Ab1-" * 11
    squares = qr(address)
    side = len(squares) + 2 * QUIET
    picture = Image.new("L", (side, side), 255)
    for row, column, length in runs(squares):
        for place in range(column, column + length):
            picture.putpixel((place + QUIET, row + QUIET), 0)
    (found,) = zxingcpp.read_barcodes(picture.resize((side * 4, side * 4)))
    assert found.text == address


def test_picture_and_bars_are_the_same_squares() -> None:
    squares = qr("https://example.org/check/abc")
    assert sum(length for _row, _column, length in runs(squares)) == sum(map(sum, squares))
    assert svg_path(squares).count("M") == len(runs(squares))
