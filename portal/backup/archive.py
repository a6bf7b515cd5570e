"""What a backup is: a plain tar of the database, the uploads, the keys, and a manifest at the end.

The manifest lists every member with its SHA-256, says whether the database in it was proved good,
and carries the seal of the instance; an archive without it was cut short.
"""

import hashlib
import io
import json
import tarfile
import time
from dataclasses import asdict, dataclass
from pathlib import Path, PurePosixPath
from typing import IO

from portal.audit import anchor
from portal.backup import seal
from portal.errors import PortalError

FORMAT = "clinic vaccine portal backup"
VERSION = 2
MANIFEST = "manifest.json"
SQLITE = "database.sqlite"
POSTGRESQL = "database.dump"
SETTINGS = "portal.toml"
FOLDERS = ("uploads", "keys")
# Within the folder of keys: never in a backup.
SEAL_KEY = f"keys/{seal.NAME}"

LONGEST_PART = 255  # bytes; what the usual file systems take
LONGEST_NAME = 600
DEEPEST = 10
MOST_MEMBERS = 250_000
LARGEST_MANIFEST = 100 * 1024 * 1024


class BadBackup(PortalError):
    """The file is no backup of this portal, or it is damaged. Nothing was changed."""


@dataclass(frozen=True, kw_only=True)
class Manifest:
    """The last member: what the archive holds. `made_at` is in UTC, `schema` the revision.

    `proved`: the database was checked when it was copied, and the archive read again afterwards.
    `key` names the key of the `seal`. Backups of version 1 have none of these.
    """

    format: str
    version: int
    made_at: str
    schema: str
    members: dict[str, str]
    proved: bool = False
    key: str = ""
    seal: str = ""

    def text(self) -> str:
        """The manifest as it is stored."""
        return json.dumps(asdict(self), indent=1, sort_keys=True)

    def sealed(self) -> str:
        """What the seal is made of: everything but itself."""
        return json.dumps({**asdict(self), "seal": ""}, sort_keys=True)


class Writer:
    """An archive that is being written; remembers what was put into it."""

    def __init__(self, file: IO[bytes]) -> None:
        self.tar = tarfile.TarFile(fileobj=file, mode="w", format=tarfile.PAX_FORMAT)
        self.members: dict[str, str] = {}

    def add_file(self, path: Path, name: str) -> None:
        """Put the file at `path` into the archive. Raises `FileNotFoundError`."""
        with path.open("rb") as content:
            info = self._info(name, path.stat().st_size)
            reader = _Digesting(content)
            self.tar.addfile(info, reader)
        self.members[name] = reader.digest.hexdigest()

    def finish(self, *, made_at: str, schema: str, proved: bool, key: bytes) -> None:
        """Write the manifest, sealed with `key`, and the end."""
        values = {
            "format": FORMAT,
            "version": VERSION,
            "made_at": made_at,
            "schema": schema,
            "members": self.members,
            "proved": proved,
            "key": seal.name_of(key),
        }
        bare = Manifest(**values)  # type: ignore[arg-type]
        manifest = Manifest(**values, seal=seal.seal(key, bare.sealed()))  # type: ignore[arg-type]
        content = manifest.text().encode()
        self.tar.addfile(self._info(MANIFEST, len(content)), io.BytesIO(content))
        self.tar.close()

    def _info(self, name: str, size: int) -> tarfile.TarInfo:
        info = tarfile.TarInfo(name)
        info.size = size
        info.mode = 0o600
        info.mtime = int(time.time())
        return info


class _Digesting:
    def __init__(self, content: IO[bytes]) -> None:
        self.content = content
        self.digest = hashlib.sha256()

    def read(self, size: int = -1) -> bytes:
        chunk = self.content.read(size)
        self.digest.update(chunk)
        return chunk


def refused_name(name: str) -> str:
    """Why a backup holds no member of that name; nothing if it may."""
    try:
        encoded = name.encode("utf-8")
    except UnicodeEncodeError:
        return "a name that is no text"
    parts = PurePosixPath(name).parts
    if len(encoded) > LONGEST_NAME or any(len(p.encode()) > LONGEST_PART for p in parts):
        return "a name that is too long"
    if len(parts) > DEEPEST:
        return "a folder that is too deep"
    if not name.isprintable():
        return "a name that cannot be printed"
    if name in {MANIFEST, SQLITE, POSTGRESQL, SETTINGS, anchor.NAME}:
        return ""
    inside = len(parts) > 1 and parts[0] in FOLDERS and ".." not in parts
    if not inside or name != "/".join(parts) or name == SEAL_KEY:
        return f"a file called {shown(name)}"
    return ""


def shown(name: str) -> str:
    """A name from an archive as it can be put into a sentence."""
    safe = "".join(one if one.isprintable() else "?" for one in name)
    return safe if len(safe) <= 60 else f"{safe[:57]}..."


def read_manifest(name: str, content: bytes) -> Manifest:
    """The manifest of the archive called `name`. Raises `BadBackup`."""
    unreadable = BadBackup(f"{name} is damaged: its manifest cannot be read.")
    try:
        values = json.loads(content.decode("utf-8"))
        manifest = Manifest(**values)
    except (ValueError, TypeError, RecursionError) as error:
        raise unreadable from error
    if manifest.format != FORMAT:
        raise BadBackup(f"{name} is not a backup of this portal.")
    if type(manifest.version) is not int or manifest.version < 1:
        raise unreadable
    if manifest.version > VERSION:
        raise BadBackup(f"{name} was written by a newer version of the portal.")
    texts = (manifest.made_at, manifest.schema, manifest.key, manifest.seal)
    if not all(isinstance(text, str) and _is_plain(text) for text in texts):
        raise unreadable
    if not isinstance(manifest.members, dict) or type(manifest.proved) is not bool:
        raise unreadable
    if not all(isinstance(digest, str) for digest in manifest.members.values()):
        raise unreadable
    return manifest


def _is_plain(text: str) -> bool:
    return len(text) <= 100 and text.isascii() and (text.isprintable() or not text)
