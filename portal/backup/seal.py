"""The seal of a backup: which instance wrote it, and that nobody has changed it since.

The key stays in `keys/backup` of the instance and never goes into a backup: whoever holds one
could seal others with it. For a new machine the operator keeps a copy of the key elsewhere.
"""

import hashlib
import hmac
from pathlib import Path

from portal.errors import PortalError
from portal.settings import Settings

NAME = "backup"
LENGTH = 32


def own_key(settings: Settings) -> bytes | None:
    """The key of the instance; None if it has written no backup yet."""
    path = settings.instance / "keys" / NAME
    return path.read_bytes() if path.exists() else None


def key_in(path: Path) -> bytes:
    """The key in a file that the operator kept: the file itself, or its 64 hexadecimal digits.

    Raises `PortalError`.
    """
    with path.open("rb") as file:
        held = file.read(1024)
    if len(held) == LENGTH:
        return held
    try:
        key = bytes.fromhex(held.decode("ascii"))
    except ValueError:
        key = b""
    if len(key) != LENGTH:
        raise PortalError(f"{path.name} holds no key: it is a copy of keys/{NAME}. Use that file.")
    return key


def name_of(key: bytes) -> str:
    """Which key it is, told without telling the key."""
    return hmac.new(key, b"which key", hashlib.sha256).hexdigest()[:16]


def seal(key: bytes, text: str) -> str:
    """The seal of a manifest's `text`."""
    return hmac.new(key, f"manifest\n{text}".encode(), hashlib.sha256).hexdigest()
