"""Archives that somebody made to do harm: each is refused with a sentence, nothing is written."""

import contextlib
import io
import json
import os
import random
import tarfile
from hashlib import sha256
from pathlib import Path

import pytest
from flask import Flask

from portal.backup import archive, reading, seal
from portal.settings import Settings, load_settings
from tests.backup.running import Done, all_files, portal
from tests.backup.test_backup import organizations

Members = list[tuple[tarfile.TarInfo, bytes]]


@pytest.fixture
def good(settings: Settings, tmp_path: Path) -> Path:
    path = tmp_path / "good.tar"
    assert portal(settings, "backup", path).code == 0
    return path


def members(path: Path) -> Members:
    with tarfile.open(path) as tar:
        found = []
        for info in tar:
            content = tar.extractfile(info)
            assert content is not None
            found.append((info, content.read()))
        return found


def write(path: Path, parts: Members, form: int = tarfile.PAX_FORMAT) -> Path:
    with tarfile.open(path, "w", format=form) as tar:
        for info, content in parts:
            tar.addfile(info, io.BytesIO(content) if info.isreg() else None)
    return path


def named(name: str, content: bytes = b"x", **values: object) -> tuple[tarfile.TarInfo, bytes]:
    info = tarfile.TarInfo(name)
    info.size = len(content)
    for attribute, value in values.items():
        setattr(info, attribute, value)
    return info, content


def refused(settings: Settings, path: Path, sentence: str, *options: str) -> None:
    """The archive is refused with the sentence; inside and beside the instance nothing changed."""
    with all_files(settings.instance.parent):
        done = portal(settings, "restore", path, *options)
    assert done.code == 1
    assert sentence in done.complained
    assert done.complained.count("\n") == 0
    assert len(done.complained) < 400


LONG = "no backup holds: a name that is too long"
PARTS: dict[str, tuple[tuple[tarfile.TarInfo, bytes], str]] = {
    "absolute": (named("/etc/cron.d/x"), "no backup holds: a file called /etc/cron.d/x"),
    "above": (named("uploads/../../outside"), "a file called uploads/../../outside"),
    "dots": (named("uploads/./x"), "a file called uploads/./x"),
    "doubled slash": (named("uploads//x"), "a file called uploads//x"),
    "elsewhere": (named("wsgi.py"), "a file called wsgi.py"),
    "the folder as a file": (named("uploads"), "a file called uploads"),
    "the key of the seal": (named("keys/backup"), "a file called keys/backup"),
    "long part": (named(f"uploads/{'x' * 256}"), LONG),
    "long name": (named("uploads/" + "/".join(["y" * 200] * 4)), LONG),
    "very long name": (named(f"uploads/{'x' * 100_000}"), LONG),
    "deep": (named("uploads/" + "z/" * 20 + "z"), "a folder that is too deep"),
    "escapes": (named("uploads/\x1b[2J"), "a name that cannot be printed"),
    "new line": (named("uploads/a\nError: all is well"), "a name that cannot be printed"),
    "twice": (named("uploads/0123abcd"), "uploads/0123abcd twice"),
    "a file as a folder": (named("uploads/0123abcd/x"), "a file that is also a folder"),
    "link": (named("uploads/l", type=tarfile.SYMTYPE, linkname="/etc"), "a link called uploads/l"),
    "hard link": (named("uploads/h", type=tarfile.LNKTYPE, linkname="keys/cookie"), "a link"),
    "folder": (named("uploads/f", type=tarfile.DIRTYPE, size=0), "a folder called uploads/f"),
    "device": (named("uploads/d", type=tarfile.CHRTYPE, devmajor=1), "a device called uploads/d"),
    "block device": (named("uploads/d", type=tarfile.BLKTYPE), "a device"),
    "pipe": (named("uploads/p", type=tarfile.FIFOTYPE), "a device"),
    "old sparse": (named("uploads/s", type=tarfile.GNUTYPE_SPARSE), "a file with holes"),
    "sparse": (
        named("uploads/s", b"1\n0\n1\n" + b"\0" * 600, pax_headers={
            "GNU.sparse.major": "1", "GNU.sparse.minor": "0",
            "GNU.sparse.name": "uploads/s", "GNU.sparse.realsize": "99999999999",
        }),
        "a file with holes",
    ),
    "unknown kind": (named("uploads/u", type=b"Z"), "of an unknown kind"),
    "long pax header": (
        named("uploads/x", pax_headers={"comment": "c" * 1_000_000}),
        LONG,
    ),
    "larger by pax": (named("uploads/x", pax_headers={"size": str(2**62)}), "shorter than it says"),
    "negative by pax": (named("uploads/x", pax_headers={"size": "-512"}), "damaged"),
}  # fmt: skip


@pytest.mark.parametrize("name", PARTS)
def test_a_part_that_no_backup_holds(
    settings: Settings, good: Path, tmp_path: Path, name: str
) -> None:
    part, sentence = PARTS[name]
    parts = members(good)
    path = write(tmp_path / "bad.tar", [*parts[:-1], part, parts[-1]])
    refused(settings, path, sentence, "--unverified")


def test_a_folder_used_as_a_file(settings: Settings, good: Path, tmp_path: Path) -> None:
    parts = [named("uploads/a/b"), named("uploads/a"), *members(good)]
    refused(settings, write(tmp_path / "bad.tar", parts), "a file that is also a folder")


def test_something_behind_the_end(settings: Settings, good: Path, tmp_path: Path) -> None:
    path = write(tmp_path / "bad.tar", [*members(good), named("uploads/later")])
    refused(settings, path, "no backup holds: something after its end")


def test_the_long_names_of_the_older_form(settings: Settings, good: Path, tmp_path: Path) -> None:
    parts = [named(f"uploads/{'x' * 40_000}"), *members(good)]
    refused(settings, write(tmp_path / "bad.tar", parts, tarfile.GNU_FORMAT), LONG)


def test_headers_upon_headers(settings: Settings, tmp_path: Path) -> None:
    """Each asks for the next; a reader that follows them all runs out of stack."""
    info = tarfile.TarInfo("././@LongLink")
    info.type, info.size = tarfile.GNUTYPE_LONGNAME, 1
    block = info.tobuf(tarfile.GNU_FORMAT) + b"x".ljust(512, b"\0")
    (tmp_path / "bad.tar").write_bytes(block * 5_000)
    refused(settings, tmp_path / "bad.tar", LONG)


def test_a_map_of_holes_without_end(settings: Settings, tmp_path: Path) -> None:
    headers = {"GNU.sparse.major": "1", "GNU.sparse.minor": "0", "GNU.sparse.name": "uploads/s"}
    path = write(
        tmp_path / "bad.tar", [named("x", b"9999999\n" + b"1\n" * 1_000_000, pax_headers=headers)]
    )
    refused(settings, path, LONG)


def test_too_many_members(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(archive, "MOST_MEMBERS", 1_000)
    parts = [named(f"uploads/{number}", b"") for number in range(1_001)]
    refused(settings, write(tmp_path / "bad.tar", parts), "no backup holds: too many files")


@pytest.mark.parametrize("size", [10**6, 10**12, 8**11 - 1, 2**63, 2**80])
def test_a_size_that_is_a_lie(settings: Settings, tmp_path: Path, size: int) -> None:
    info = tarfile.TarInfo("uploads/x")
    info.size = size
    content = info.tobuf(tarfile.GNU_FORMAT) + b"x" * 512 + b"\0" * 10_240
    (tmp_path / "bad.tar").write_bytes(content)
    refused(settings, tmp_path / "bad.tar", "shorter than it says")


def test_a_size_that_is_true(settings: Settings, tmp_path: Path) -> None:
    """A file with holes on the disk of the sender costs nothing there, and everything here."""
    huge = tmp_path / "bad.tar"
    info = tarfile.TarInfo("uploads/x")
    free = os.statvfs(settings.instance).f_bavail * os.statvfs(settings.instance).f_frsize
    info.size = (free // 512 + 1) * 512
    manifest = json.dumps(
        {"format": archive.FORMAT, "version": 1, "made_at": "", "schema": "0001",
         "members": {"uploads/x": "0" * 64}}
    ).encode()  # fmt: skip
    last, content = named(archive.MANIFEST, manifest)
    try:
        with huge.open("wb") as file:
            file.write(info.tobuf())
            file.seek(info.size, os.SEEK_CUR)
            file.write(last.tobuf() + content.ljust(-(-len(content) // 512) * 512, b"\0"))
            file.write(b"\0" * 1024)
        refused(settings, huge, "MiB are free", "--unverified")
    finally:
        huge.unlink(missing_ok=True)


@pytest.mark.parametrize("form", ["gz", "bz2", "xz"])
def test_a_compressed_archive(settings: Settings, good: Path, tmp_path: Path, form: str) -> None:
    path = tmp_path / f"b.tar.{form}"
    with tarfile.open(path, f"w:{form}") as tar:  # type: ignore[call-overload]
        for info, content in [named("uploads/bomb", b"\0" * 3_000_000), *members(good)]:
            tar.addfile(info, io.BytesIO(content))
    refused(settings, path, "damaged or not a backup")


def test_garbage(settings: Settings, good: Path, tmp_path: Path) -> None:
    """Whatever is done to the headers, it ends in a sentence."""
    chance = random.Random(4711)
    whole = bytearray(good.read_bytes())
    with tarfile.open(good) as tar:
        headers = [info.offset for info in tar] + [tar.offset]
    path = tmp_path / "bad.tar"
    for _time in range(150):
        content = bytearray(whole)
        start = chance.choice(headers)
        for _byte in range(chance.choice((1, 3, 40, 512))):
            content[start + chance.randrange(512)] = chance.randrange(256)
        if chance.random() < 0.7:  # with a good sum, so that the rest of the header is believed
            header = bytes(content[start : start + 512])
            total = sum(header[:148]) + sum(header[156:]) + 8 * 32
            content[start + 148 : start + 156] = b"%06o\0 " % total
        path.write_bytes(content)
        with contextlib.suppress(archive.BadBackup), reading.opened(path) as found:
            found.prove()
    for content in (b"", b"\0" * 10_240, os.urandom(5_000), b"ustar" * 400, bytes(whole[:512])):
        path.write_bytes(content)
        refused(settings, path, "bad.tar is ")


def listing(**changes: object) -> bytes:
    """A list as its writer makes it, but for the `changes`."""
    values = {"format": archive.FORMAT, "version": 2, "made_at": "", "schema": "", "members": {}}
    return json.dumps(values | changes).encode()


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"[]",
        b"{}",
        b"\xff\xfe",
        b"[" * 200_000,
        listing(format=1),
        listing(schema={}),
        listing(version=True, members=[]),
        listing(seal="\ud800"),
        listing(version=99),
        listing(made_at="\x1b[2J"),
        listing(proved="yes"),
        listing(more="than that"),
    ],
)
def test_a_manifest_that_is_none(
    settings: Settings, good: Path, tmp_path: Path, text: bytes
) -> None:
    parts = [*members(good)[:-1], named(archive.MANIFEST, text)]
    refused(settings, write(tmp_path / "bad.tar", parts), "bad.tar ", "--unverified")


# --- made anew -----------------------------------------------------------------------------------


def made_anew(good: Path, path: Path, **changes: object) -> Path:
    """The archive with another upload and a list that fits it, by somebody without the key."""
    parts = [
        (info, content) if info.name != "uploads/0123abcd" else named(info.name, b"forged")
        for info, content in members(good)
    ]
    held = json.loads(parts[-1][1])
    held["members"]["uploads/0123abcd"] = sha256(b"forged").hexdigest()
    held |= changes
    return write(path, [*parts[:-1], named(archive.MANIFEST, json.dumps(held).encode())])


def test_a_changed_archive_with_a_list_that_fits(
    app: Flask, settings: Settings, good: Path, tmp_path: Path
) -> None:
    before = organizations(app)
    path = made_anew(good, tmp_path / "bad.tar")
    refused(settings, path, "was changed after it was written: its seal is broken")
    refused(settings, path, "its seal is broken", "--unverified")
    assert organizations(app) == before
    assert (settings.uploads / "0123abcd").read_bytes() != b"forged"


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"seal": "", "key": ""}, "has no seal"),
        ({"seal": "0" * 64, "key": "0" * 16}, "was sealed with another key"),
        ({"version": 1, "seal": "", "key": ""}, "has no seal"),
    ],
)
def test_a_list_without_a_seal_or_with_another_needs_a_word(
    settings: Settings, good: Path, tmp_path: Path, changes: dict[str, object], sentence: str
) -> None:
    path = made_anew(good, tmp_path / "bad.tar", **changes)
    refused(settings, path, sentence)
    done = portal(settings, "restore", path, "--unverified")
    assert done.code == 0, done.complained
    assert "Nobody could verify who wrote it" in done.said


@pytest.fixture
def settings(settings: Settings, database_kind: str) -> Settings:
    if database_kind != "sqlite":
        pytest.skip("archives are read alike on both databases")
    return settings


@pytest.fixture
def elsewhere(tmp_path: Path) -> Settings:
    return load_settings(tmp_path / "elsewhere", jobs="off")


def restored(settings: Settings, path: Path, *options: object) -> Done:
    return portal(settings, "restore", path, *options)


def test_a_fresh_machine_needs_the_key_or_a_word(
    settings: Settings, elsewhere: Settings, good: Path, tmp_path: Path
) -> None:
    done = restored(elsewhere, good)
    assert done.code == 1
    assert "This instance has no key to verify who wrote good.tar" in done.complained
    assert "--key-file" in done.complained
    assert "--unverified" in done.complained
    kept = tmp_path / "kept"
    for content in (settings.key(seal.NAME), settings.key(seal.NAME).hex().encode() + b"\n"):
        kept.write_bytes(content)
        assert restored(elsewhere, good, "--key-file", kept).code == 0
    assert elsewhere.key(seal.NAME) == settings.key(seal.NAME), "it goes on as the same instance"
    assert restored(elsewhere, good).code == 0
    path = made_anew(good, tmp_path / "bad.tar")
    assert "its seal is broken" in restored(elsewhere, path).complained


def test_without_the_key_it_goes_on_when_told_to(
    settings: Settings, elsewhere: Settings, good: Path, tmp_path: Path
) -> None:
    (tmp_path / "wrong").write_bytes(b"w" * 32)
    done = restored(elsewhere, good, "--key-file", tmp_path / "wrong")
    assert "was sealed with another key" in done.complained
    (tmp_path / "none").write_bytes(b"password")
    done = restored(elsewhere, good, "--key-file", tmp_path / "none")
    assert "holds no key" in done.complained
    done = restored(elsewhere, good, "--unverified")
    assert done.code == 0
    assert "Nobody could verify who wrote it" in done.said
    assert not (elsewhere.instance / "keys" / seal.NAME).exists()
    assert settings.key("cookie") == elsewhere.key("cookie")


def test_the_key_is_in_no_backup(settings: Settings, good: Path) -> None:
    assert settings.key(seal.NAME) not in good.read_bytes()
    assert "keys/backup" not in [info.name for info, _content in members(good)]
    assert "keys/cookie" in [info.name for info, _content in members(good)]


def test_the_key_stays_where_a_backup_is_restored(settings: Settings, good: Path) -> None:
    before = settings.key(seal.NAME)
    assert restored(settings, good).code == 0
    assert settings.key(seal.NAME) == before
