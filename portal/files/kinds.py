"""What kind of file the first bytes make it. The name and the browser's word count for nothing."""

import re

HEAD_BYTES = 4096
OTHER = "application/octet-stream"
TEXT = "text/plain"
ZIP = "application/zip"
EMPTY_ZIP = b"PK\x05\x06"
OLE = "application/x-ole-storage"
PROGRAM = "application/x-executable"

_MAGIC = (
    (b"%PDF", "application/pdf"),
    (b"\x89PNG\r\n", "image/png"),
    (b"GIF8", "image/gif"),
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"II*\0", "image/tiff"),
    (b"MM\0*", "image/tiff"),
    (b"{\\rtf", "application/rtf"),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", OLE),
    (b"PK\x03\x04", ZIP),
    (EMPTY_ZIP, ZIP),
    (b"\x1f\x8b", "application/gzip"),
    (b"7z\xbc\xaf\x27\x1c", "application/x-7z-compressed"),
    (b"Rar!\x1a\x07", "application/vnd.rar"),
    (b"\x7fELF", PROGRAM),
    (b"MZ\x90\0", PROGRAM),
)
# What no text has.
_CONTROLS = re.compile(rb"[\x00-\x08\x0b\x0e-\x1a\x1c-\x1f]")
# What telephones make: HEIC and AVIF.
_BRANDS = re.compile(rb"ftyp(heic|heix|hevc|heim|heis|mif1|msf1|avif)")


def content_type(head: bytes) -> str:
    """The media type of a file that begins with `head`; `OTHER` for what is not known."""
    for magic, found in _MAGIC:
        if head.startswith(magic):
            return found
    if (head[:4], head[8:12]) == (b"RIFF", b"WEBP"):
        return "image/webp"
    if brand := _BRANDS.match(head, 4):
        return "image/avif" if brand[1] == b"avif" else "image/heic"
    return TEXT if head and not _CONTROLS.search(head) else OTHER
