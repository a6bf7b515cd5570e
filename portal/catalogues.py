"""The catalogues of translations, compiled when the portal starts if they changed since.

`translations/<language>/LC_MESSAGES/messages.po` is what people edit; what gettext reads is made of
it in the instance folder, as the style sheet is.
"""

import hashlib
import os
import secrets
from pathlib import Path

SOURCE = Path(__file__).resolve().parent.parent / "translations"
NAME = "messages"


def compiled(folder: Path, source: Path = SOURCE) -> Path:
    """`folder` with the catalogues of `source` in it, compiled; quick if they are there already."""
    for path in sorted(source.glob(f"*/LC_MESSAGES/{NAME}.po")):
        target = folder / path.relative_to(source).with_suffix(".mo")
        text = path.read_bytes()
        stamp, digest = target.with_suffix(".sha256"), hashlib.sha256(text).hexdigest()
        if target.exists() and stamp.exists() and stamp.read_text() == digest:
            continue
        target.parent.mkdir(parents=True, exist_ok=True)
        _put(target, _compile(path))
        _put(stamp, digest.encode())
    return folder


def _compile(path: Path) -> bytes:
    # Only where something changed: to import them takes longer than the rest of the start.
    from io import BytesIO

    from babel.messages.mofile import write_mo
    from babel.messages.pofile import read_po

    made = BytesIO()
    with path.open("rb") as file:
        write_mo(made, read_po(file, locale=path.parent.parent.name))
    return made.getvalue()


def _put(path: Path, content: bytes) -> None:
    """Write a file that others may read at this moment."""
    fresh = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    fresh.write_bytes(content)
    os.replace(fresh, path)
