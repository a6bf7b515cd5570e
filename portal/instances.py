"""Which instance a command works on. It says so, and refuses a folder that is none.

A file that root made in another user's instance would keep the portal from its own data, so root
works there as the instance's owner.
"""

import os
import pwd
import shlex
import sys
from collections.abc import Sequence
from pathlib import Path

from portal.running import RESTORING, ROOT, command_line, name_of
from portal.settings import SettingsError

DATABASE = "portal.sqlite"
# Any of these makes a folder an instance: the first start makes the keys, a restore leaves a mark.
SIGNS = ("keys", DATABASE, RESTORING)


class InstanceError(SettingsError):
    """The folder is no instance, or this user may not do that there; the message says which."""


def enter(
    folder: Path, command: Sequence[str], *, may_create: bool = False, only_reads: bool = False
) -> None:
    """Say on standard error that `command` works on the instance `folder`, and see that it can.

    Root becomes the owner of the folder for the rest of the process. Raises `InstanceError` for a
    folder that is no instance unless the command `may_create` one, and for a user who may not
    write there, or read if the command `only_reads`.
    """
    owner = _owner(folder)
    if owner is not None and os.geteuid() == 0 and owner.st_uid != 0:
        _become(owner, folder, command)
        say(f"Instance: {folder} (as its owner, {name_of(owner.st_uid)})")
    else:
        say(f"Instance: {folder}")
    if owner is None:
        if not may_create:
            raise InstanceError(_no_instance(folder, command))
        return
    if not os.access(folder, os.R_OK | os.X_OK):
        raise InstanceError(f"You may not read {folder}. {_as_owner(owner, folder, command)}")
    if not may_create and not any((folder / sign).exists() for sign in SIGNS):
        raise InstanceError(_no_instance(folder, command))
    if os.access(folder, os.W_OK):
        return
    if not only_reads:
        raise InstanceError(f"You may not write in {folder}. {_as_owner(owner, folder, command)}")
    for path in (folder / DATABASE, folder / "keys"):
        if path.exists() and not os.access(path, os.R_OK):
            raise InstanceError(f"You may not read {path}. {_as_owner(owner, folder, command)}")
    if (folder / DATABASE).exists() and not (folder / f"{DATABASE}-shm").exists():
        raise InstanceError(
            "While the portal is stopped, its database can be read only by a user who may write in "
            f"{folder}. {_as_owner(owner, folder, command)}"
        )


def say(text: str) -> None:
    """Print a line beside the output that programs read."""
    sys.stderr.write(f"{text}\n")
    sys.stderr.flush()


def _owner(folder: Path) -> os.stat_result | None:
    try:
        return folder.stat()
    except FileNotFoundError:
        return None
    except OSError as error:
        raise InstanceError(f"{folder} cannot be opened ({error.strerror}).") from error


def _become(owner: os.stat_result, folder: Path, command: Sequence[str]) -> None:
    try:
        known = pwd.getpwuid(owner.st_uid)
    except KeyError:
        known = None
    try:
        if known is None:
            os.setgroups([])
            os.setgid(owner.st_gid)
        else:
            os.initgroups(known.pw_name, known.pw_gid)
            os.setgid(known.pw_gid)
        os.setuid(owner.st_uid)
    except PermissionError as error:
        raise InstanceError(_as_owner(owner, folder, command)) from error
    if known is not None:
        os.environ.update(HOME=known.pw_dir, USER=known.pw_name, LOGNAME=known.pw_name)
    for needed in (ROOT, Path(sys.prefix), Path(os.__file__)):
        if not os.access(needed, os.R_OK):
            raise InstanceError(
                f"{folder} belongs to {name_of(owner.st_uid)}, who may not read {needed}. Nothing "
                f"was changed. Let {name_of(owner.st_uid)} read it, then try again."
            )


def _no_instance(folder: Path, command: Sequence[str]) -> str:
    if (folder / "portal.toml").exists():
        return (
            f"{folder} holds settings but no data yet. Nothing was changed. Start the portal once: "
            + shlex.join([str(ROOT / "bin" / "run"), "--instance", str(folder)])
        )
    named = command_line(Path("FOLDER"), command)
    return (
        f"{folder} is not an instance of the portal. Nothing was changed. Name the folder that "
        f"holds the portal's data: {named}"
    )


def _as_owner(owner: os.stat_result, folder: Path, command: Sequence[str]) -> str:
    return (
        f"Nothing was changed. Run it as {name_of(owner.st_uid)}: "
        f"sudo -u {shlex.quote(name_of(owner.st_uid))} {command_line(folder, command)}"
    )
