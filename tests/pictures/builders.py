"""Pictures of codes as a telephone might take them, and some that nobody would."""

import io
import struct
import zlib
from random import Random

import zxingcpp
from PIL import Image, ImageFilter
from zxingcpp import BarcodeFormat

WHITE = 255


def symbol(
    text: str, kind: BarcodeFormat = BarcodeFormat.DataMatrix, *, gs1: bool = True, scale: int = 6
) -> Image.Image:
    """A code; with `gs1` the text is written with brackets, and FNC1 stands where it must."""
    options: dict[str, bool] = {"gs1": True} if gs1 else {}
    if kind == BarcodeFormat.DataMatrix:
        options["force_square"] = True
    drawn = zxingcpp.create_barcode(text, kind, **options).to_image(scale=scale)
    height, width = drawn.shape
    return Image.frombuffer("L", (width, height), bytes(drawn))


def sheet(*symbols: Image.Image, turned: float = 0) -> Image.Image:
    """The symbols below each other on a sheet of paper."""
    gap = 60
    width = max(each.width for each in symbols) + 2 * gap
    made = Image.new("L", (width, sum(each.height + gap for each in symbols) + gap), WHITE)
    top = gap
    for each in symbols:
        made.paste(each, (gap, top))
        top += each.height + gap
    return made.rotate(turned, Image.Resampling.BICUBIC, expand=True, fillcolor=WHITE)


def taken(picture: Image.Image, *, blurred: float = 1.5, noise: int = 24) -> Image.Image:
    """The same out of focus, grey, and with the grain of a dark room; always the same grain."""
    grain = Random(7).randbytes(picture.width * picture.height)
    dust = Image.frombytes("L", picture.size, grain)
    soft = picture.filter(ImageFilter.GaussianBlur(blurred)).point(lambda grey: 50 + grey // 2)
    return Image.blend(soft, dust, noise / 255)


def jpeg(picture: Image.Image, **options: object) -> bytes:
    """As a file of a camera."""
    made = io.BytesIO()
    picture.convert("RGB").save(made, "JPEG", **options)
    return made.getvalue()


def png(picture: Image.Image) -> bytes:
    """As a file of a screen."""
    made = io.BytesIO()
    picture.save(made, "PNG")
    return made.getvalue()


def claimed_png(width: int, height: int, *, colour: int, rows: int) -> bytes:
    """A PNG file that claims to be so large, in grey (0) or with colours and alpha (6), and has
    some of its rows: all of them a few bytes."""

    def chunk(name: bytes, content: bytes) -> bytes:
        checked = zlib.crc32(name + content)
        return struct.pack(">I", len(content)) + name + content + struct.pack(">I", checked)

    head = struct.pack(">IIBBBBB", width, height, 8, colour, 0, 0, 0)
    row = bytes(1 + width * (4 if colour else 1))
    packer = zlib.compressobj(9)
    packed = b"".join(packer.compress(row) for _row in range(rows)) + packer.flush()
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", packed) + chunk(b"IEND", b"")
    )
