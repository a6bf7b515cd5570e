"""Which files cannot be a table, by their first bytes."""

import mmap
from typing import BinaryIO

from portal.files.kinds import EMPTY_ZIP, HEAD_BYTES, OLE, PROGRAM, content_type

_REASONS = {
    "application/pdf": "pdf",
    "application/rtf": "rtf",
    PROGRAM: "program",
    "application/gzip": "archive",
    "application/x-7z-compressed": "archive",
    "application/vnd.rar": "archive",
}


def refused_kind(file: BinaryIO) -> str | None:
    """The reason (see `errors`) why this file cannot be a table, or None if it may be one."""
    file.seek(0)
    head = file.read(HEAD_BYTES)
    if not head:
        return "empty"
    kind = content_type(head)
    if kind == OLE:
        return _ole_kind(file)
    if kind.startswith("image/"):
        return "picture"
    if kind in _REASONS or head.startswith(EMPTY_ZIP):
        return _REASONS.get(kind, "archive")
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
