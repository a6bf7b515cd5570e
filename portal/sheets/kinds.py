"""What kind of file the first bytes make it. The name and the browser's word count for nothing."""

import mmap
import re
from typing import BinaryIO, Literal

Kind = Literal["zip", "text"]

HEAD_BYTES = 4096
OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"

_MAGIC = (
    (b"%PDF", "pdf"),
    (b"\x89PNG\r\n", "picture"),
    (b"GIF8", "picture"),
    (b"\xff\xd8\xff", "picture"),
    (b"II*\0", "picture"),
    (b"MM\0*", "picture"),
    (b"{\\rtf", "rtf"),
    (b"\x7fELF", "program"),
    (b"MZ\x90\0", "program"),
    (b"\x1f\x8b", "archive"),
    (b"7z\xbc\xaf\x27\x1c", "archive"),
    (b"Rar!\x1a\x07", "archive"),
    (b"PK\x05\x06", "archive"),  # a zip with nothing in it
)
# What telephones make: HEIC and AVIF.
_BRANDS = re.compile(rb"ftyp(heic|heix|hevc|heim|heis|mif1|msf1|avif)")


def refused_kind(file: BinaryIO) -> str | None:
    """The reason (see `errors`) why this file cannot be a table, or None if it may be one."""
    file.seek(0)
    head = file.read(HEAD_BYTES)
    if not head:
        return "empty"
    if head.startswith(OLE):
        return _ole_kind(file)
    for magic, reason in _MAGIC:
        if head.startswith(magic):
            return reason
    if (head[:4], head[8:12]) == (b"RIFF", b"WEBP") or _BRANDS.match(head, 4):
        return "picture"
    text = head.removeprefix(b"\xef\xbb\xbf").replace(b"\0", b"").lstrip(b" \t\r\n\xff\xfe").lower()
    if text.startswith(b"<"):
        return "xml" if text.startswith(b"<?xml") and b"<html" not in text else "html"
    return None


def is_zip(file: BinaryIO) -> bool:
    """Whether the file starts as zip archives do (xlsx is one)."""
    file.seek(0)
    return file.read(4) == b"PK\x03\x04"


def _ole_kind(file: BinaryIO) -> str:
    """Which of the documents that live in an OLE container, by the names in its directory.

    [MS-CFB] 2.6.1: names are UTF-16 LE. [MS-OFFCRYPTO] 2.3.4: an encrypted xlsx is a stream
    `EncryptedPackage`. [MS-XLS] 2.1.2: an xls has a stream `Workbook` (`Book` before 1997).
    [MS-DOC] 2.1.1: `WordDocument`. [MS-PPT] 2.1.2: `PowerPoint Document`.
    """
    with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content:
        if content.find("EncryptedPackage".encode("utf-16-le")) >= 0:
            return "encrypted"
        for name in ("Workbook", "Book"):
            if content.find(name.encode("utf-16-le")) >= 0:
                return "xls"
        for name in ("WordDocument", "PowerPoint Document"):
            if content.find(name.encode("utf-16-le")) >= 0:
                return "document"
    return "ole"
