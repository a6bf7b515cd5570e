"""Read the barcodes in an uploaded picture, whoever made it.

    if offered():
        codes = read_codes(file)

Whatever is in the file, the only exception is `PictureError`. The picture is opened and searched in
a child with bounded memory and time; of it nothing is kept, and nothing is logged.
"""

import logging
import shutil
import tempfile
from dataclasses import dataclass
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from threading import BoundedSemaphore
from typing import BinaryIO, NamedTuple

from portal.errors import Invalid
from portal.i18n import _
from portal.isolation.parent import MIB, Child, ChildBounds, Places

LIBRARIES = ("zxingcpp", "PIL")
CHILD = Path(__file__).with_name("picture_child.py")
# One child at once: a picture takes a second or two, and costs as much memory as a workbook.
PLACES = Places(BoundedSemaphore(1), 10.0)

log = logging.getLogger("portal.pictures")


@dataclass(frozen=True, slots=True)
class PictureLimits(ChildBounds):
    """The bounds of one picture.

    file_bytes: the upload. Photographs of telephones have 2 to 6 MB.
    pixels: a telephone's finest setting has 50 million. JPEG files of more than `kept_pixels` are
        unpacked to half the width and height, or less.
    codes: how many different codes are told; a shelf has more, and nobody could choose.
    characters: of each code; packages have at most some hundred.
    memory_bytes: of the child. 12 million pixels in colour, as PNG, take 104 MB.
    cpu_seconds, wait_seconds: 12 million pixels take 1 to 2 s.
    """

    memory_bytes: int = 144 * MIB
    cpu_seconds: int = 10
    wait_seconds: float = 20.0
    file_bytes: int = 8 * MIB
    pixels: int = 51_000_000
    kept_pixels: int = 13_000_000
    codes: int = 12
    characters: int = 400


class Code(NamedTuple):
    """The text of a code; `gs1` if the code itself says that it follows GS1, so that no separator
    is missing in it."""

    text: str
    gs1: bool


class PictureError(Invalid):
    """The picture gives no code; `reason` is a short name of the cause."""

    def __init__(self, reason: str, limits: PictureLimits) -> None:
        sentences = _sentences(limits)
        self.reason = reason if reason in sentences else "damaged"
        super().__init__(sentences[self.reason])


@cache
def offered() -> bool:
    """Whether what reads pictures was installed when this process was first asked."""
    return all(find_spec(name) for name in LIBRARIES)


def read_codes(file: BinaryIO, limits: PictureLimits = PictureLimits()) -> tuple[Code, ...]:  # noqa: B008
    """The codes in the JPEG or PNG picture `file`, each text once; at least one.

    Raises `PictureError`.
    """

    def refusal(reason: str, detail: str) -> PictureError:
        if reason == "missing":
            log.error("pictures cannot be read: %s", detail)
        return PictureError(reason, limits)

    with tempfile.TemporaryFile() as copy:  # the child needs a descriptor; it has no name
        file.seek(0)
        shutil.copyfileobj(file, copy)
        if copy.tell() > limits.file_bytes:
            raise PictureError("file_bytes", limits)
        copy.seek(0)
        with Child(CHILD, copy, limits, places=PLACES, refusal=refusal) as child:
            _kind, found = child.receive()
    try:
        codes = dict.fromkeys(Code(str(text), bool(gs1)) for text, gs1 in found)
    except (TypeError, ValueError) as error:
        raise PictureError("damaged", limits) from error
    if not codes:
        raise PictureError("none", limits)
    return tuple(codes)


def _sentences(limits: PictureLimits) -> dict[str, str]:
    smaller = _(" Choose a smaller one, or type what the package says.")
    again = _(" Please take it again.")
    large = _("The picture is too large to be read safely.") + smaller
    return {
        "none": _(
            "No code was found in the picture. Take it again in good light and without glare, "
            "with the square code sharp and filling the picture."
        ),
        "kind": _("This is not a JPEG or PNG picture. Take a picture with the camera."),
        "damaged": _("The picture is damaged or incomplete.") + again,
        "file_bytes": _("The picture is larger than %(limit)s MB.", limit=limits.file_bytes // MIB)
        + smaller,
        "pixels": large,
        "memory": large,
        "time": _("Reading the picture takes too long.") + again,
        "busy": _("Another picture is being read at the moment. Please send yours again."),
        "missing": _("Pictures cannot be read at the moment. Scan or type what the package says."),
    }
