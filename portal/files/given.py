"""A file that a command of the command line is given."""

import os
import shlex
from pathlib import Path
from typing import Any

import click

from portal.running import name_of
from portal.settings import instance_folder


class GivenFile(click.Path):
    """A file that must be there and that the portal's user may read.

    Root names files that are out of that user's reach, since root works as the instance's owner.
    """

    def __init__(self) -> None:
        super().__init__(exists=True, dir_okay=False, path_type=Path)

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """The path. Fails with what to do if it cannot be read."""
        try:
            with open(value, "rb"):
                pass
        except PermissionError:
            self.fail(_out_of_reach(str(value)), param, ctx)
        except OSError:
            pass  # what click has its own words for
        return super().convert(value, param, ctx)


def _out_of_reach(path: str) -> str:
    user = name_of(os.geteuid())
    folder = instance_folder()
    copy = f"sudo install -o {user} -m 600 {shlex.quote(path)} {shlex.quote(f'{folder}/')}"
    return (
        f"The portal's user, {user}, may not read {path}. Copy it, and name the copy "
        f"{folder / Path(path).name}: {copy}"
    )
