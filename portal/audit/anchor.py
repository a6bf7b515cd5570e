"""The anchor: how far the trail had grown, kept in a file beside the database.

A tail that was cut off together with an old, once valid end row put back is found by it.
"""

import fcntl
import hmac
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from portal import durable
from portal.audit.chain import head_mac

NAME = "audit.anchor"


class AnchorTampered(Exception):
    """The anchor file does not hold what the portal wrote."""


@dataclass(frozen=True)
class Anchor:
    """The trail had at least `number` entries, and that one's hash was `hash`."""

    number: int
    hash: str


def read(folder: Path, key: bytes) -> Anchor | None:
    """The anchor of the instance `folder`, None before the first. Raises `AnchorTampered`."""
    try:
        text = (folder / NAME).read_text(encoding="utf-8")
    except FileNotFoundError:
        return None
    except UnicodeDecodeError as error:
        raise AnchorTampered from error
    try:
        held = json.loads(text)
        anchor = Anchor(int(held["number"]), str(held["hash"]))
        good = hmac.compare_digest(str(held["mac"]), head_mac(key, anchor.number, anchor.hash))
    except (ValueError, KeyError, TypeError) as error:
        raise AnchorTampered from error
    if not good:
        raise AnchorTampered
    return anchor


def move_forward(folder: Path, key: bytes, anchor: Anchor) -> bool:
    """Write `anchor` unless the file is as far already; True if it was written.

    A file that was tampered with is left as it is: it is evidence.
    """
    with _locked(folder):
        held = read(folder, key)
        if held is not None and held.number >= anchor.number:
            return False
        text = json.dumps(
            {
                "number": anchor.number,
                "hash": anchor.hash,
                "mac": head_mac(key, anchor.number, anchor.hash),
            }
        )
        durable.replace(folder / NAME, f"{text}\n".encode())
        return True


@contextmanager
def _locked(folder: Path) -> Iterator[None]:
    descriptor = os.open(folder / f"{NAME}.lock", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)
