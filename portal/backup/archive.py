"""What a backup is: a plain tar of the database, the uploads, the keys, and a manifest at the end.

The manifest lists every member with its SHA-256; an archive without it was cut short.
"""

import hashlib
import io
import json
import tarfile
import time
from dataclasses import asdict, dataclass
from pathlib import Path, PurePosixPath
from typing import IO

from portal.errors import PortalError

FORMAT = "clinic vaccine portal backup"
VERSION = 1
MANIFEST = "manifest.json"
SQLITE = "database.sqlite"
POSTGRESQL = "database.dump"
SETTINGS = "portal.toml"
FOLDERS = ("uploads", "keys")
CHUNK = 1024 * 1024


class BadBackup(PortalError):
    """The file is no backup of this portal, or it is damaged. Nothing was changed."""


@dataclass(frozen=True, kw_only=True)
class Manifest:
    """The last member: what the archive holds. `made_at` is in UTC, `schema` the revision."""

    format: str
    version: int
    made_at: str
    schema: str
    members: dict[str, str]

    def text(self) -> str:
        """The manifest as it is stored."""
        return json.dumps(asdict(self), indent=1, sort_keys=True)


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

    def finish(self, *, made_at: str, schema: str) -> None:
        """Write the manifest and the end."""
        manifest = Manifest(
            format=FORMAT, version=VERSION, made_at=made_at, schema=schema, members=self.members
        )
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


def unpack(path: Path, folder: Path) -> Manifest:
    """Unpack the archive into the empty `folder` and prove every member. Raises `BadBackup`."""
    digests: dict[str, str] = {}
    try:
        with tarfile.open(path, mode="r:") as tar:
            for info in tar:
                if not info.isreg() or not _expected(info.name) or info.name in digests:
                    raise BadBackup(f"{path.name} holds something that no backup holds.")
                target = folder / info.name
                target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
                content = tar.extractfile(info)
                assert content is not None
                digests[info.name] = _copy(content, target, info.size)
    except (tarfile.TarError, EOFError, ValueError) as error:
        raise BadBackup(f"{path.name} is damaged or not a backup.") from error
    manifest = _read_manifest(path, folder)
    digests.pop(MANIFEST)
    if digests != manifest.members:
        raise BadBackup(f"{path.name} is damaged: a part differs from what was written.")
    return manifest


def _expected(name: str) -> bool:
    if name in {MANIFEST, SQLITE, POSTGRESQL, SETTINGS, "audit.anchor"}:
        return True
    parts = PurePosixPath(name).parts
    return len(parts) > 1 and parts[0] in FOLDERS and ".." not in parts


def _copy(content: IO[bytes], target: Path, size: int) -> str:
    digest = hashlib.sha256()
    with target.open("xb") as file:
        while chunk := content.read(CHUNK):
            digest.update(chunk)
            file.write(chunk)
        if file.tell() != size:
            raise EOFError
    target.chmod(0o600)
    return digest.hexdigest()


def _read_manifest(path: Path, folder: Path) -> Manifest:
    try:
        manifest = Manifest(**json.loads((folder / MANIFEST).read_text("utf-8")))
    except FileNotFoundError as error:
        raise BadBackup(f"{path.name} is incomplete, or not a backup.") from error
    except (ValueError, TypeError) as error:
        raise BadBackup(f"{path.name} is damaged: its manifest cannot be read.") from error
    if manifest.format != FORMAT:
        raise BadBackup(f"{path.name} is not a backup of this portal.")
    if manifest.version > VERSION:
        raise BadBackup(f"{path.name} was written by a newer version of the portal.")
    return manifest
