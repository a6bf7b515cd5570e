"""Anchors: how far the trail had grown, kept in files outside the database.

A tail that was cut off together with an old, once valid end row put back is found by them. There is
one beside the database, one among the keys, and one in the folder that `anchor_copy` names: whoever
removes one leaves the others, each of which knows where there must be more.
"""

import fcntl
import hmac
import json
import os
from collections.abc import Collection, Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from portal import durable
from portal.audit.chain import anchor_mac, head_mac
from portal.clock import now
from portal.settings import Settings

NAME = "audit.anchor"
# Where an anchor must be once the trail says that there is one.
ALWAYS = ("instance", "keys")


class AnchorTampered(Exception):
    """The anchor file does not hold what the portal wrote."""


@dataclass(frozen=True)
class Anchor:
    """The trail had at least `number` entries, and that one's hash was `hash`. `places` are those
    that it was written to."""

    number: int
    hash: str
    places: tuple[str, ...] = ()


def places(settings: Settings) -> dict[str, Path]:
    """The folders that hold an anchor, by what they are called in one."""
    found = {"instance": settings.instance, "keys": settings.instance / "keys"}
    if settings.anchor_copy:
        found[f"copy {settings.anchor_copy}"] = Path(settings.anchor_copy)
    return found


def read(folder: Path, key: bytes) -> Anchor | None:
    """The anchor in `folder`, None before the first. Raises `AnchorTampered`."""
    try:
        text = (folder / NAME).read_text(encoding="utf-8")
    except FileNotFoundError:
        return None
    except UnicodeDecodeError as error:
        raise AnchorTampered from error
    try:
        held = json.loads(text)
        where = tuple(map(str, held.get("places", ())))
        anchor = Anchor(int(held["number"]), str(held["hash"]), where)
        good = hmac.compare_digest(str(held["mac"]), _mac(key, anchor))
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise AnchorTampered from error
    if not good:
        raise AnchorTampered
    return anchor


def move_forward(folder: Path, key: bytes, anchor: Anchor) -> bool:
    """Write `anchor` unless the file is as far already; True if it was written.

    A file that was tampered with is left as it is: it is evidence.
    """
    with _locked(folder):
        return _move(folder, key, anchor)


def move_all(
    settings: Settings, number: int, last: str, *, known: Collection[str], spared: Collection[str]
) -> list[Path]:
    """Move the anchors forward to the entry `number` with the hash `last`, but for the places that
    are `spared`; returns the folders that cannot be written to.

    Each says where else there must be one: where it could be written now or is `known` from before.
    Raises `AnchorTampered`.
    """
    key, folders = settings.key("audit"), places(settings)
    due, failed = list(folders), []
    with _locked(settings.instance):
        # Copies first: what is said beside the database is true by then.
        for name in reversed(folders):
            if name in spared:
                continue
            try:
                _move(folders[name], key, Anchor(number, last, tuple(due)))
            except OSError:
                failed.append(folders[name])
                if name not in known:
                    due.remove(name)
    return failed


def put_back(settings: Settings) -> None:
    """Make the anchor beside the database, which a restore brought, that of all places.

    What a copy held until then is kept beside it under another name.
    """
    key = settings.key("audit")
    folders = places(settings)
    own = folders.pop("instance")
    held = read(own, key)
    _put_aside(folders.values())
    if held is not None:
        anchor = Anchor(held.number, held.hash, tuple(places(settings)))
        for folder in (*folders.values(), own):
            with suppress(OSError):
                _write(folder, key, anchor)


def put_aside(settings: Settings) -> None:
    """Give all anchors another name, so that new ones can be written."""
    _put_aside(places(settings).values())


def _put_aside(folders: Iterable[Path]) -> None:
    for folder in folders:
        with suppress(OSError):  # a copy whose disk is away: the next verification tells
            os.rename(folder / NAME, folder / f"{NAME}.until-{now():%Y%m%d-%H%M%S}")


def forget(settings: Settings) -> None:
    """Remove the anchors of an instance whose data is wiped."""
    for folder in places(settings).values():
        with suppress(OSError):
            (folder / NAME).unlink()


def _move(folder: Path, key: bytes, anchor: Anchor) -> bool:
    held = read(folder, key)
    if held is not None:
        # As far already; written again only to say where else there is one.
        other = held.number != anchor.number or held.hash != anchor.hash
        if held.number >= anchor.number and (other or held.places == anchor.places):
            return False
    _write(folder, key, anchor)
    return True


def _mac(key: bytes, anchor: Anchor) -> str:
    if not anchor.places:  # as it was written before there were several
        return head_mac(key, anchor.number, anchor.hash)
    return anchor_mac(key, anchor.number, anchor.hash, anchor.places)


def _write(folder: Path, key: bytes, anchor: Anchor) -> None:
    text = json.dumps(
        {
            "number": anchor.number,
            "hash": anchor.hash,
            "places": anchor.places,
            "mac": _mac(key, anchor),
        }
    )
    durable.replace(folder / NAME, f"{text}\n".encode())


@contextmanager
def _locked(folder: Path) -> Iterator[None]:
    descriptor = os.open(folder / f"{NAME}.lock", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)
