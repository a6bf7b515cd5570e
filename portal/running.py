"""Who uses an instance folder: servers and job runners share it, a restore has it alone.

The lock is the kernel's, on `server.lock`: it ends with the process that holds it, however that
ends, and leaves nothing to clean up. What a restore did not finish stays marked beside it.
"""

import fcntl
import os
import pwd
import shlex
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
NAME = "server.lock"
RESTORING = "restoring.json"


class AlreadyLocked(Exception):
    """The instance cannot be used now; the message says why."""


def command_line(folder: Path, command: Sequence[str]) -> str:
    """What to type for `command` on the instance `folder`."""
    return shlex.join([str(ROOT / "bin" / "portal"), "--instance", str(folder), *command])


def refuse_half_restored(instance: Path) -> None:
    """Raise `AlreadyLocked` if a restore of the instance began and did not end."""
    if (instance / RESTORING).exists():
        raise AlreadyLocked(
            "A restore was interrupted, and the data may be incomplete. Run it again: "
            f"{command_line(instance, ['restore', 'FILE'])}. It first puts back what was there."
        )


@contextmanager
def lock_instance(instance: Path, *, alone: bool, inherited: bool = False) -> Iterator[None]:
    """Use the instance while the block runs, together with others or `alone`.

    With `inherited` a program that this process becomes by `exec` goes on holding it. Raises
    `AlreadyLocked` instead of waiting, and if a restore did not end, unless `alone`.
    """
    instance.mkdir(mode=0o700, parents=True, exist_ok=True)
    descriptor = os.open(instance / NAME, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        kind = fcntl.LOCK_EX if alone else fcntl.LOCK_SH
        try:
            fcntl.flock(descriptor, kind | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise AlreadyLocked(
                "The portal is running. Stop it first."
                if alone
                else "A backup is being restored at this moment. Try again when it is done."
            ) from error
        if not alone:
            refuse_half_restored(instance)
        os.set_inheritable(descriptor, inherited)
        yield
    finally:
        os.close(descriptor)


def name_of(user: int) -> str:
    """What this machine calls a user, or the number with `#` before it."""
    try:
        return pwd.getpwuid(user).pw_name
    except KeyError:
        return f"#{user}"
