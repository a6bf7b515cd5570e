"""Tables in xlsx workbooks: the side of the server, which never touches the XML.

A child process (`xlsx_child`) does, with bounded memory and time. It answers in frames: four bytes
of length, then JSON. JSON and not pickle, so that even a child taken over by its input could send
nothing but values.
"""

import json
import os
import select
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import Any, BinaryIO

from portal.sheets.errors import SheetError, header_not_found, refusal
from portal.sheets.limits import MIB, Limits
from portal.sheets.table import Recognise, Row, Table, find_header

CHILD = Path(__file__).with_name("xlsx_child.py")
# Two children at once: a bomb in each costs the machine no more than twice its limit.
CHILDREN = 2
PATIENCE_SECONDS = 10.0
# A frame holds up to 500 rows; 16 KB a row on average is far more than any real table has.
LONGEST_FRAME = 8 * MIB

_places = threading.BoundedSemaphore(CHILDREN)


class _Child:
    """The process that parses one workbook, and the pipe it answers through."""

    def __init__(self, file: BinaryIO, limits: Limits) -> None:
        self._limits = limits
        self._waited = 0.0
        self._held = _places.acquire(timeout=PATIENCE_SECONDS)
        if not self._held:
            raise refusal("busy", limits)
        try:
            request = {"file": file.fileno(), "frame": LONGEST_FRAME, **asdict(limits)}
            # Isolated (-I): neither the environment nor the current directory decide what is
            # imported. Run by its path, so that not even this package is. No shell, and an empty
            # environment: the child has no secrets to lose.
            self._process = subprocess.Popen(
                [sys.executable, "-I", str(CHILD), json.dumps(request)],
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

    def receive(self) -> tuple[str, Any]:
        """The child's next message. Raises `SheetError` for whatever stops it from answering."""
        length = int.from_bytes(self._read(4), "big")
        if length > LONGEST_FRAME:
            raise refusal("memory", self._limits, detail=f"frame of {length} bytes")
        try:
            kind, content = json.loads(self._read(length), object_hook=_moment)
        except (ValueError, TypeError, RecursionError) as error:
            raise refusal("damaged", self._limits, detail=repr(error)) from error
        if kind == "refused":
            raise refusal(content[0], self._limits, detail=content[1])
        return kind, content

    def answer(self, number: int) -> None:
        """Tell the child the row number of the header, or 0 to go on to the next sheet."""
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
            left = self._limits.wait_seconds - self._waited
            ready = left > 0 and poll.poll(left * 1000)
            self._waited += time.monotonic() - begun
            if not ready:
                raise refusal("time", self._limits, detail=f"no answer in {self._waited:.1f} s")
            part = os.read(pipe, min(size, MIB))
            if not part:
                raise self._death()
            parts.append(part)
            size -= len(part)
        return b"".join(parts)

    def _death(self) -> SheetError:
        """Why the child ended without a word."""
        self._process.kill()
        code = self._process.wait()
        reason = "time" if code == -signal.SIGXCPU else "memory"
        return refusal(reason, self._limits, detail=f"child ended with {code}")

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
        # A table that was opened and forgotten must not keep its place for ever.
        if getattr(self, "_process", None) is not None:
            self.close()

    def _release(self) -> None:
        self._held = False
        _places.release()


def open_xlsx(
    file: BinaryIO, recognise: Recognise, expected: tuple[str, ...], limits: Limits
) -> Table:
    """Read `file` as an xlsx workbook. Closes it with the table. Raises `SheetError`."""
    child = _Child(file, limits)
    try:
        while True:
            kind, content = child.receive()
            if kind != "sheet":
                raise header_not_found(limits, expected)
            rows: list[Row] = [(number, cells) for number, cells in content["rows"]]
            found = find_header(rows, recognise)
            if found and len(found[1]) > limits.columns:
                raise refusal("columns", limits)
            child.answer(found[0] if found else 0)
            if found:
                return Table(
                    kind="xlsx",
                    header=found[1],
                    header_row=found[0],
                    sheet=content["title"],
                    epoch_1904=content["epoch_1904"],
                    _batches=_batches(child),
                    _close=_closing(child, file),
                )
    except BaseException:
        child.close()
        raise


def _closing(child: _Child, file: BinaryIO) -> Callable[[], None]:
    def close() -> None:
        child.close()
        file.close()

    return close


def _batches(child: _Child) -> Iterator[list[Row]]:
    try:
        while True:
            kind, content = child.receive()
            if kind != "rows":
                return
            yield [(number, cells) for number, cells in content]
    finally:
        child.close()


def _moment(value: dict[str, Any]) -> object:
    """The one kind of object in the child's JSON besides a sheet: a date."""
    if "d" in value:
        return datetime.fromisoformat(value["d"])
    return value
