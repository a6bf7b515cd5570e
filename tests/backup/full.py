"""Disks that are full: a small one of memory, or a bound on how large a file may become."""

import os
import resource
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

SYS_ADMIN = 21


def may_mount() -> bool:
    """Whether this process may make a disk: root, unless a container took that right away."""
    status = Path("/proc/self/status").read_text("ascii")
    held = next(line for line in status.splitlines() if line.startswith("CapEff:"))
    return bool(int(held.split()[1], 16) >> SYS_ADMIN & 1)


@contextmanager
def small_disk(folder: Path, size: int) -> Iterator[None]:
    """The folder is a disk of its own, of `size` bytes, while the block runs."""
    if not may_mount():
        pytest.skip("only root can make a small disk")
    folder.mkdir(exist_ok=True)
    options = f"size={size},mode=0700"
    subprocess.run(["mount", "-t", "tmpfs", "-o", options, "none", folder], check=True)
    try:
        yield
    finally:
        subprocess.run(["umount", "--lazy", folder], check=True)


@contextmanager
def bounded_files(size: int) -> Iterator[None]:
    """No file can become larger than `size` bytes while the block runs, whoever writes it."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


@contextmanager
def without_room(how: str, folder: Path, size: int) -> Iterator[None]:
    """`folder` can take `size` bytes ("disk"), or no file more than that ("bound")."""
    folder.mkdir(exist_ok=True)
    with small_disk(folder, size) if how == "disk" else bounded_files(size):
        yield


def listed(folder: Path) -> list[str]:
    """Everything in the folder."""
    return sorted(os.path.relpath(path, folder) for path in folder.rglob("*"))
