"""The child's side: a script that works on one file, and can do nothing else.

    sys.path.append(str(Path(__file__).parents[2]))  # only this package is imported from there
    from portal.isolation.child import Parent, Refused, serve

    def work(file: BinaryIO, parent: Parent, **limits: Any) -> None: ...

    if __name__ == "__main__":
        serve(work)

Imports nothing but the standard library. The descriptor of the file and the limits come as JSON in
`argv[1]`. The child answers in frames on standard output, four bytes of length and JSON
`[kind, content]`; whatever stops it is told as `["refused", [reason, detail]]`.
"""

import contextlib
import json
import os
import resource
import sys
from collections.abc import Callable
from datetime import date, datetime


class RefusedByChild(Exception):
    """The file is not read; the first argument names the reason."""


class Parent:
    """The way back to the server."""

    def __init__(self) -> None:
        self._out = sys.stdout.buffer

    def send(self, kind: str, content: object) -> None:
        """Send one message."""
        frame = json.dumps([kind, content], default=_plain, separators=(",", ":")).encode()
        self._out.write(len(frame).to_bytes(4, "big"))
        self._out.write(frame)
        self._out.flush()

    def answer(self) -> int:
        """The number the parent answers with; 0 if it has gone."""
        return int(sys.stdin.buffer.readline() or b"0")

    def refuse(self, reason: str, detail: str) -> None:
        """Say why the file is not read."""
        with contextlib.suppress(BrokenPipeError):
            self.send("refused", [reason, detail])


def serve(work: Callable[..., None]) -> None:
    """Do `work(file, parent, **limits)` on the file the parent names."""
    limits = json.loads(sys.argv[1])
    descriptor = limits.pop("file")
    _bind_hands(limits["memory_bytes"], limits["cpu_seconds"])
    parent = Parent()
    try:
        with os.fdopen(descriptor, "rb") as file:
            work(file, parent, **limits)
    except RefusedByChild as refused:
        parent.refuse(str(refused.args[0]), "")
    except MemoryError:
        parent.refuse("memory", "MemoryError")
    except BrokenPipeError:
        pass  # the parent has seen enough
    except RecursionError:
        parent.refuse("damaged", "RecursionError")
    except BaseException as error:
        # Libraries answer a damaged file with whatever exception happens: KeyError, TypeError, …
        # Where memory ran out inside C code the exception may be of any kind, too.
        parent.refuse("damaged", f"{type(error).__name__}: {error}"[:300])
    with contextlib.suppress(BrokenPipeError):
        sys.stdout.flush()


def _bind_hands(memory_bytes: int, cpu_seconds: int) -> None:
    """Take from this process what it does not need, for good."""
    for what, most in (
        (resource.RLIMIT_AS, memory_bytes),
        (resource.RLIMIT_CPU, cpu_seconds),
        (resource.RLIMIT_FSIZE, 0),
        (resource.RLIMIT_CORE, 0),
    ):
        # The hard limit of processor time is SIGKILL; the soft one, SIGXCPU, tells why.
        hard = most + 1 if what == resource.RLIMIT_CPU else most
        current = resource.getrlimit(what)[1]
        if current != resource.RLIM_INFINITY:
            hard = min(hard, current)
        resource.setrlimit(what, (min(most, hard), hard))


def _plain(value: object) -> object:
    """What JSON has no word for: dates as an object, times and durations as text."""
    if isinstance(value, datetime | date):
        return {"d": value.isoformat()}
    return str(value)
