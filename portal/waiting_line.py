"""The line in front of SQLite's write lock: who came first writes first.

SQLite's own lock is had by whoever looks at the right moment, so that with several people saving
one waits for all others, several times over. Here each takes a number, across all processes, and
waits until nobody with a lower one is left. Each number is held by locking one byte of a file
beside the database (`…-line`): when a process dies the kernel lets go of its numbers.

The line is a courtesy, not the lock. Where it cannot be kept (the file cannot be opened), or if
somebody ahead stands still for longer than `COURTESY`, everybody tries for the lock as before.
"""

import fcntl
import os
import threading
import time
from contextlib import suppress
from itertools import count
from pathlib import Path

# Whoever has waited so long stops being polite: a process ahead may have been stopped. Seconds.
COURTESY = 3.0
# Between two looks at the numbers of other processes; of one process only one is looking. Seconds.
LOOK_EVERY = 0.001
# Far beyond all numbers: the byte that is locked while a number is taken.
TAKING = 2**62
WIDTH = 8

_lines: dict[str, "Line"] = {}
_lines_lock = threading.Lock()


class PlaceInLine:
    """A number in a line, taken by one thread."""

    def __init__(self, line: "Line", number: int) -> None:
        self.line = line
        self.number = number
        self.thread = threading.get_ident()

    def wait(self, seconds: float) -> None:
        """Wait until all lower numbers are gone, `seconds` or `COURTESY` at the longest."""
        deadline = time.monotonic() + min(seconds, COURTESY)
        line = self.line
        with line.moved:
            while min(line.places, default=self.number) < self.number:
                if not line.moved.wait(deadline - time.monotonic()):
                    return
        while not line.first(self.number) and time.monotonic() < deadline:
            time.sleep(LOOK_EVERY)

    def leave(self) -> None:
        """Give the number back; twice changes nothing more."""
        self.line.leave(self)


class Line:
    """The line in front of one database file."""

    def __init__(self, path: str) -> None:
        self.places: dict[int, PlaceInLine] = {}
        self.moved = threading.Condition()
        self._own = count()
        self._file: int | None = None
        with suppress(OSError):
            self._file = os.open(f"{path}-line", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)

    def join(self) -> PlaceInLine | None:
        """Take a number; None if this thread has one already, for it would wait for itself."""
        with self.moved:
            here = threading.get_ident()
            if any(place.thread == here for place in self.places.values()):
                return None
            place = PlaceInLine(self, self._number())
            self.places[place.number] = place
            return place

    def leave(self, place: PlaceInLine) -> None:
        """Give a number back."""
        with self.moved:
            if self.places.pop(place.number, None) is None:
                return
            if self._file is not None:
                with suppress(OSError):
                    fcntl.lockf(self._file, fcntl.LOCK_UN, 1, place.number)
            self.moved.notify_all()

    def first(self, number: int) -> bool:
        """Whether no other process holds a lower number."""
        if self._file is None or not number:
            return True
        with self.moved:
            try:
                fcntl.lockf(self._file, fcntl.LOCK_SH | fcntl.LOCK_NB, number, 0)
            except BlockingIOError:
                return False
            except OSError:
                return True
            fcntl.lockf(self._file, fcntl.LOCK_UN, number, 0)
            return True

    def close(self) -> None:
        """Close the file."""
        if self._file is not None:
            os.close(self._file)

    def _number(self) -> int:
        """The next number, locked; without the file, one of this process alone."""
        if self._file is None:
            return next(self._own)
        try:
            fcntl.lockf(self._file, fcntl.LOCK_EX, 1, TAKING)
            try:
                number = int.from_bytes(os.pread(self._file, WIDTH, 0), "big") % TAKING
                fcntl.lockf(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB, 1, number)
                os.pwrite(self._file, (number + 1).to_bytes(WIDTH, "big"), 0)
            finally:
                fcntl.lockf(self._file, fcntl.LOCK_UN, 1, TAKING)
        except OSError:
            self._file = None
            return next(self._own)
        return number


def line_before(path: str) -> Line:
    """The line in front of the database at `path`, one a process."""
    place = str(Path(path).absolute())
    with _lines_lock:
        if place not in _lines:
            _lines[place] = Line(place)
        return _lines[place]


def _start_anew() -> None:
    """In a forked process: the numbers are its parent's."""
    global _lines_lock
    _lines_lock = threading.Lock()
    for line in _lines.values():
        line.close()
    _lines.clear()


os.register_at_fork(after_in_child=_start_anew)
