"""QR codes, as rows of dark and light squares."""

from reportlab.graphics.barcode.qrencoder import QRCode, QRErrorCorrectLevel

QUIET = 4  # The margin that a scanner needs, in squares.


def qr(text: str) -> list[list[bool]]:
    """The squares of a QR code for `text`, without its margin, row by row; True is dark."""
    code = QRCode(None, QRErrorCorrectLevel.M)
    code.addData(text)
    code.make()
    sides = range(code.getModuleCount())
    return [[bool(code.isDark(row, column)) for column in sides] for row in sides]


def runs(squares: list[list[bool]]) -> list[tuple[int, int, int]]:
    """The dark squares as bars: row, first column, length."""
    found = []
    for number, row in enumerate(squares):
        start = None
        for column, dark in enumerate([*row, False]):
            if dark and start is None:
                start = column
            elif not dark and start is not None:
                found.append((number, start, column - start))
                start = None
    return found


def picture_of(text: str) -> tuple[str, int]:
    """The code for an address as the path of a picture, and how many squares wide it is."""
    squares = qr(text)
    return svg_path(squares), len(squares) + 2 * QUIET


def svg_path(squares: list[list[bool]]) -> str:
    """The dark squares as the path of a picture whose squares are 1 wide, its margin included."""
    return "".join(
        f"M{column + QUIET} {row + QUIET}h{length}v1h-{length}z"
        for row, column, length in runs(squares)
    )
