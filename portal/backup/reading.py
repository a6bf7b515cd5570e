"""Reading an archive that anybody may have made.

First every header is read and judged, then the manifest and its seal; nothing is written before.
The data of a plain tar lies in the file as it is, so no member is larger than the file itself.
"""

import errno
import hashlib
import hmac
import os
import shutil
import tarfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import IO

from portal.backup import archive, seal
from portal.backup.archive import MANIFEST, BadBackup, Manifest, shown

CHUNK = 1024 * 1024
# Names and the like come in headers of their own; ours are short.
LONGEST_HEADER = 16 * 1024
# What is left free when an archive is unpacked. Bytes.
SPARE = 16 * 1024 * 1024
# What tarfile is known to raise for bytes that somebody has thought up.
NONSENSE = (
    tarfile.TarError,
    EOFError,
    ValueError,
    OverflowError,
    RecursionError,
    LookupError,
    TypeError,
)


@dataclass(frozen=True)
class _Member:
    """Where the data of a member lies in the file. Bytes."""

    start: int
    size: int


class Archive:
    """An archive whose headers and manifest have been read and found to be a backup's."""

    def __init__(self, name: str, file: IO[bytes]) -> None:
        self.name = name
        self._file = file
        self._size = os.fstat(file.fileno()).st_size
        self._members = self._survey()
        self.manifest = self._manifest()

    def prove(self) -> None:
        """Read every member and compare it with the manifest. Raises `BadBackup`."""
        for name, member in self._members.items():
            self._compare(name, self._digest(member, None))

    def unpack(self, folder: Path) -> None:
        """Unpack everything into the empty `folder`, and prove it. Raises `BadBackup`."""
        needed = sum(member.size for member in self._members.values())
        free = shutil.disk_usage(folder).free
        if needed + SPARE > free:
            raise BadBackup(
                f"{self.name} needs {_mib(needed)} MiB to be unpacked, and only {_mib(free)} MiB "
                f"are free. Free some space, then restore again."
            )
        for name, member in self._members.items():
            target = folder / name
            target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            descriptor = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(descriptor, "wb") as file:
                self._compare(name, self._digest(member, file))

    def ensure_sealed(self, key: bytes | None, *, unverified: bool) -> bool:
        """Prove that whoever has `key` wrote the archive, and nobody changed it since.

        With `unverified` it may also be without a seal, or of another key: then False. Raises
        `BadBackup`.
        """
        held = self.manifest
        good = key is not None and hmac.compare_digest(
            held.seal.encode(), seal.seal(key, held.sealed()).encode()
        )
        if good:
            return True
        if key is not None and held.key == seal.name_of(key):
            raise BadBackup(
                f"{self.name} was changed after it was written: its seal is broken. Use another "
                "backup."
            )
        if unverified:
            return False
        go_on = (
            "If you trust whoever kept the file, restore again with --unverified. "
            "Nothing was changed."
        )
        if not held.seal:
            raise BadBackup(
                f"{self.name} has no seal, so nobody can tell whether it was changed. {go_on}"
            )
        if key is None:
            raise BadBackup(
                f"This instance has no key to verify who wrote {self.name}. Give the key you kept "
                f"with --key-file. {go_on}"
            )
        raise BadBackup(
            f"{self.name} was sealed with another key. If it is a backup of another machine, give "
            f"that machine's key with --key-file. {go_on}"
        )

    def _survey(self) -> dict[str, _Member]:
        """Judge all headers."""
        found: dict[str, _Member] = {}
        folders: set[str] = set()
        try:
            headers = _Headers(self.name, self._file)
            tar = tarfile.TarFile(fileobj=headers, mode="r")  # type: ignore[arg-type]
            while (info := tar.next()) is not None:
                tar.members.clear()  # type: ignore[attr-defined]  # else each is kept in memory
                headers.spent = 0
                if MANIFEST in found:
                    raise self._odd("something after its end")
                if len(found) >= archive.MOST_MEMBERS:
                    raise self._odd("too many files")
                self._judge(info, found, folders)
                found[info.name] = _Member(info.offset_data, info.size)
        except NONSENSE as error:
            raise BadBackup(f"{self.name} is damaged or not a backup.") from error
        except OSError as error:
            if error.errno != errno.EINVAL:  # there is no such place in a file
                raise
            raise BadBackup(f"{self.name} is damaged or not a backup.") from error
        if MANIFEST not in found:
            raise BadBackup(f"{self.name} is incomplete, or not a backup.")
        return found

    def _judge(self, info: tarfile.TarInfo, found: dict[str, _Member], folders: set[str]) -> None:
        """Raise `BadBackup` unless the member is a plain file that a backup may hold."""
        kind = _kind(info)
        odd = kind or archive.refused_name(info.name)
        if odd:
            raise self._odd(odd)
        if info.name in found:
            raise self._odd(f"{shown(info.name)} twice")
        above = [str(one) for one in PurePosixPath(info.name).parents][:-1]
        if info.name in folders or any(one in found for one in above):
            raise self._odd(f"a file that is also a folder: {shown(info.name)}")
        folders.update(above)
        if info.size < 0 or info.offset_data + info.size > self._size:
            raise BadBackup(f"{self.name} is damaged or not a backup: it is shorter than it says.")

    def _manifest(self) -> Manifest:
        member = self._members.pop(MANIFEST)
        if member.size > archive.LARGEST_MANIFEST:
            raise BadBackup(f"{self.name} is damaged: its manifest cannot be read.")
        self._file.seek(member.start)
        manifest = archive.read_manifest(self.name, self._file.read(member.size))
        if manifest.members.keys() != self._members.keys():
            raise BadBackup(f"{self.name} is damaged: it holds other files than it lists.")
        return manifest

    def _digest(self, member: _Member, target: IO[bytes] | None) -> str:
        digest = hashlib.sha256()
        self._file.seek(member.start)
        left = member.size
        while left:
            chunk = self._file.read(min(left, CHUNK))
            if not chunk:
                raise BadBackup(f"{self.name} was cut while it was read: it is damaged.")
            digest.update(chunk)
            left -= len(chunk)
            if target is not None:
                target.write(chunk)
        return digest.hexdigest()

    def _compare(self, name: str, digest: str) -> None:
        if digest != self.manifest.members[name]:
            raise BadBackup(f"{self.name} is damaged: a part differs from what was written.")

    def _odd(self, what: str) -> BadBackup:
        return BadBackup(f"{self.name} holds something that no backup holds: {what}.")


class _Headers:
    """The file as tarfile reads it: headers alone, none of them long, however many belong together.

    `spent` are the bytes read for the present member.
    """

    def __init__(self, name: str, file: IO[bytes]) -> None:
        self.name = name
        self.spent = 0
        self._file = file
        self.seek, self.tell = file.seek, file.tell

    def read(self, size: int) -> bytes:
        """The next bytes. Raises `BadBackup` for a header that is too long."""
        self.spent += size
        if size < 0 or self.spent > LONGEST_HEADER:
            raise BadBackup(
                f"{self.name} holds something that no backup holds: a name that is too long."
            )
        return self._file.read(size)


@contextmanager
def opened(path: Path) -> Iterator[Archive]:
    """The archive at `path`. Raises `BadBackup` if it is none."""
    if not path.is_file():
        raise BadBackup(f"{path.name} is not a file.")
    with path.open("rb") as file:
        yield Archive(path.name, file)


def _kind(info: tarfile.TarInfo) -> str:
    """What a member is that is no plain file; nothing for one."""
    if info.islnk() or info.issym():
        return f"a link called {shown(info.name)}"
    if info.isdir():
        return f"a folder called {shown(info.name)}"
    if info.isdev():
        return f"a device called {shown(info.name)}"
    if info.type not in (tarfile.REGTYPE, tarfile.AREGTYPE) or info.issparse():
        return f"a file with holes, or of an unknown kind, called {shown(info.name)}"
    return ""


def _mib(size: int) -> int:
    return -(-size // CHUNK)
