"""The child that opens one picture and looks for codes in it, with bounded memory and time.

Run by its path, never imported by the portal; sees only the standard library, Pillow and
zxing-cpp. It says `["codes", [[text, whether it is GS1], …]]` (see `portal.isolation`).
"""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

sys.path.append(str(Path(__file__).parents[2]))  # only the next line is imported from there
from portal.isolation.child import Parent, RefusedByChild, serve

if TYPE_CHECKING:
    from PIL.ImageFile import ImageFile

JPEG, PNG = b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n"


def read_picture(file: BinaryIO, parent: Parent, **limits: Any) -> None:
    """Find the codes. Raises `Refused`, and whatever Pillow may."""
    try:
        import zxingcpp
        from PIL import Image
    except ImportError as error:
        parent.refuse("missing", str(error)[:300])
        return
    Image.MAX_IMAGE_PIXELS = None  # counted here, before anything is unpacked
    picture = _open(file)
    # A progressive JPEG file is held in memory as a whole, whatever is made of it.
    whole = "progressive" in picture.info
    if picture.width * picture.height > limits["kept_pixels" if whole else "pixels"]:
        raise RefusedByChild("pixels")
    _spare(picture, limits["kept_pixels"])
    grey = picture.convert("L")
    picture.close()
    kind = zxingcpp.BarcodeFormat
    # The symbols that GS1 has for packages of medicine, and for what is sold in stores.
    wanted = [kind.DataMatrix, kind.QRCode, kind.Code128, kind.DataBar, kind.EAN13, kind.UPCA]
    try:
        found = zxingcpp.read_barcodes(
            grey,
            formats=zxingcpp.BarcodeFormats(wanted),
            text_mode=zxingcpp.TextMode.Plain,
        )
    except Exception as error:  # what is wrong with a picture, Pillow has said before
        raise RefusedByChild("memory") from error
    codes: dict[str, bool] = {}
    for code in found:
        if code.valid and code.text.strip():
            codes[code.text[: limits["characters"]]] = code.content_type == zxingcpp.ContentType.GS1
    parent.send("codes", list(codes.items())[: limits["codes"]])


def _open(file: BinaryIO) -> "ImageFile":
    """The picture, of the kind that its first bytes tell; nothing is unpacked yet."""
    from PIL import JpegImagePlugin, PngImagePlugin

    head = file.read(8)
    file.seek(0)
    if head.startswith(JPEG):
        # By its class, and not by `Image.open`, which would go on to what cameras append.
        return JpegImagePlugin.JpegImageFile(file)
    if head == PNG:
        return PngImagePlugin.PngImageFile(file)
    raise RefusedByChild("kind")


def _spare(picture: "ImageFile", kept: int) -> None:
    """Let a large JPEG picture be unpacked in grey and smaller; others have no such way."""
    less = 1
    while picture.width * picture.height > kept * less * less and less < 8:
        less *= 2
    picture.draft("L", (picture.width // less, picture.height // less))


if __name__ == "__main__":
    serve(read_picture)
