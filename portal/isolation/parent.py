"""The server's side: starts a child for one file, listens to it, and ends it in any case.

The child answers in frames: four bytes of length, then JSON. JSON and not pickle, so that even a
child taken over by its input could send nothing but values.
"""

import json
import os
import select
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from threading import BoundedSemaphore
from typing import Any, BinaryIO

MIB = 1024 * 1024
LONGEST_FRAME = 8 * MIB


@dataclass(frozen=True, slots=True)
class ChildBounds:
    """What a child may use. Subclasses add what its script wants to know, by name.

    memory_bytes: address space. cpu_seconds: processor time. wait_seconds: how long the server
    waits for it in all; the time the caller needs between its messages does not count.
    """

    memory_bytes: int
    cpu_seconds: int
    wait_seconds: float


@dataclass(frozen=True)
class Places:
    """How many children of a kind run at once; whoever finds no place waits so many seconds."""

    free: BoundedSemaphore
    patience_seconds: float


class Child:
    """The process that works on one file, and the pipe it answers through.

    Whatever stops it from answering is raised as `refusal(reason, detail)`: what the script named,
    else "memory", "time", "damaged" (it talks nonsense) or "busy" (no place was free). The detail
    may quote the file and is for logs at most. `read_object` makes values of the JSON objects that
    the script sends; without it those of dates are made.
    """

    def __init__(
        self,
        script: Path,
        file: BinaryIO,
        bounds: ChildBounds,
        *,
        places: Places,
        refusal: Callable[[str, str], Exception],
        read_object: "Callable[[dict[str, Any]], object] | None" = None,
    ) -> None:
        self._refusal = refusal
        self._read_object = read_object or moment
        self._places = places
        self._seconds = bounds.wait_seconds
        self._waited = 0.0
        self._held = places.free.acquire(timeout=places.patience_seconds)
        if not self._held:
            raise refusal("busy", "")
        try:
            request = {"file": file.fileno(), **asdict(bounds)}
            # Isolated (-I): neither the environment nor the current directory decide what is
            # imported. Run by its path, so that the portal is not. No shell, and an empty
            # environment: the child has no secrets to lose.
            self._process = subprocess.Popen(
                [sys.executable, "-I", str(script), json.dumps(request)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                pass_fds=(file.fileno(),),
                env={},
                cwd="/",
                bufsize=0,
            )
        except BaseException:
            self._release()
            raise

    def __enter__(self) -> "Child":
        return self

    def __exit__(self, *_error: object) -> None:
        self.close()

    def receive(self) -> tuple[str, Any]:
        """The child's next message."""
        length = int.from_bytes(self._read(4), "big")
        if length > LONGEST_FRAME:
            raise self._refusal("memory", f"frame of {length} bytes")
        try:
            kind, content = json.loads(self._read(length), object_hook=self._read_object)
        except (ValueError, TypeError, RecursionError) as error:
            raise self._refusal("damaged", repr(error)) from error
        if kind == "refused":
            raise self._refusal(content[0], content[1])
        return kind, content

    def answer(self, number: int) -> None:
        """Answer the child's question."""
        assert self._process.stdin is not None
        try:
            self._process.stdin.write(b"%d\n" % number)
        except OSError as error:
            raise self._death() from error

    def _read(self, size: int) -> bytes:
        assert self._process.stdout is not None
        pipe = self._process.stdout.fileno()
        poll = select.poll()  # not select(): it fails for descriptors above 1023
        poll.register(pipe, select.POLLIN)
        parts = []
        while size:
            begun = time.monotonic()
            left = self._seconds - self._waited
            ready = left > 0 and poll.poll(left * 1000)
            self._waited += time.monotonic() - begun
            if not ready:
                raise self._refusal("time", f"no answer in {self._waited:.1f} s")
            part = os.read(pipe, min(size, MIB))
            if not part:
                raise self._death()
            parts.append(part)
            size -= len(part)
        return b"".join(parts)

    def _death(self) -> Exception:
        """Why the child ended without a word."""
        self._process.kill()
        code = self._process.wait()
        reason = "time" if code == -signal.SIGXCPU else "memory"
        return self._refusal(reason, f"child ended with {code}")

    def close(self) -> None:
        """End the child, whatever it is doing. May be called again."""
        if self._held:
            self._process.kill()
            self._process.wait()
            for pipe in (self._process.stdin, self._process.stdout):
                if pipe is not None:
                    pipe.close()
            self._release()

    def __del__(self) -> None:
        # One that was started and forgotten must not keep its place for ever.
        if getattr(self, "_process", None) is not None:
            self.close()

    def _release(self) -> None:
        self._held = False
        self._places.free.release()


def moment(value: dict[str, Any]) -> object:
    """A date comes as an object with `d`; all others are what they are."""
    if "d" in value:
        return datetime.fromisoformat(value["d"])
    return value
