"""Counting work instead of seconds: calls, and what the interpreter cannot be interrupted in."""

import re
import sys
import unicodedata
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from types import FrameType, ModuleType
from typing import Any

import pytest

# A text beyond this must not come to an expression that repeats without bound.
LONG = 4_096
OURS = ("portal.", "blueprints.")
METHODS = ("match", "search", "fullmatch", "sub", "subn", "split", "findall", "finditer")


@dataclass
class Work:
    """What was done: calls of functions, steps of sorting marks, and the longest text that each
    expression saw."""

    calls: int = 0
    marks: int = 0
    seen: dict[str, int] = field(default_factory=dict)

    @property
    def units(self) -> int:
        """One number for both: to sort 50 marks takes about as long as a call."""
        return self.calls + self.marks // 50

    def endless(self) -> dict[str, int]:
        """The expressions that repeat without bound and saw a long text, and how long."""
        return {
            pattern: length
            for pattern, length in self.seen.items()
            if length > LONG and _repeats(pattern)
        }


def _repeats(pattern: str) -> bool:
    """Whether the expression repeats anything without bound, but for runs of line ends."""
    return bool(re.search(r"(?<!\\)[*+]|,\}", pattern)) and pattern != "[\\r\\n]+"


class Noting:
    """A compiled expression that notes how long the texts are that it sees."""

    def __init__(self, pattern: "re.Pattern[str]", work: list[Work]) -> None:
        self._pattern = pattern
        self._work = work

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._pattern, name)
        return self._noting(found, name) if name in METHODS else found

    def _noting(self, method: Callable[..., Any], name: str) -> Callable[..., Any]:
        def noted(*arguments: Any, **named: Any) -> Any:
            text = arguments[1] if name in ("sub", "subn") else arguments[0]
            _note(self._work, str(self._pattern.pattern), text)
            return method(*arguments, **named)

        return noted


def _note(works: list[Work], pattern: str, text: Any) -> None:
    for work in works:
        work.seen[pattern] = max(work.seen.get(pattern, 0), len(text))


class Watch:
    """Measures; see `watching`."""

    def __init__(self) -> None:
        self.running: list[Work] = []

    def work_of(self, function: Callable[..., Any], *arguments: Any) -> Work:
        """What calling the function takes, whatever comes of it."""
        work = Work()

        def count(_frame: FrameType, event: str, _argument: object) -> None:
            if event in ("call", "c_call"):
                work.calls += 1

        self.running.append(work)
        before = sys.getprofile()
        sys.setprofile(count)
        try:
            function(*arguments)
        finally:
            sys.setprofile(before)
            self.running.remove(work)
        return work

    def normalize(self, form: Any, text: str) -> str:
        """In place of `unicodedata.normalize`: counts what sorting the marks takes, and does not
        do it where that would take seconds."""
        if text.isascii():
            return text
        profile = sys.getprofile()
        sys.setprofile(None)
        longest = run = 0
        for character in text:
            run = run + _marks_in(character) if _marks_in(character) else 0
            longest = max(longest, run)
        for work in self.running:
            work.marks += longest**2
        sys.setprofile(profile)
        return text if longest > 2_000 else NORMALIZE(form, text)


NORMALIZE = unicodedata.normalize


@cache
def _marks_in(character: str) -> int:
    """How many marks that are sorted the character falls into; none if it begins with a letter."""
    parts = NORMALIZE("NFKD", character)
    return len(parts) if unicodedata.combining(parts[0]) else 0


def _modules() -> Iterator[ModuleType]:
    yield from (module for name, module in list(sys.modules.items()) if name.startswith(OURS))


@contextmanager
def watching() -> Iterator[Watch]:
    """Have `unicodedata.normalize` and the portal's regular expressions watched."""
    watch = Watch()
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(unicodedata, "normalize", watch.normalize)
        for module in _modules():
            for name, value in list(vars(module).items()):
                if isinstance(value, re.Pattern) and isinstance(value.pattern, str):
                    patched.setattr(module, name, Noting(value, watch.running))
        for name in METHODS:
            patched.setattr(re, name, _noting_function(getattr(re, name), name, watch.running))
        yield watch


def _noting_function(
    function: Callable[..., Any], name: str, works: list[Work]
) -> Callable[..., Any]:
    def noted(pattern: Any, *arguments: Any, **named: Any) -> Any:
        if works and sys._getframe(1).f_globals.get("__name__", "").startswith(OURS):
            text = arguments[1] if name in ("sub", "subn") else arguments[0]
            _note(works, str(getattr(pattern, "pattern", pattern)), text)
        return function(pattern, *arguments, **named)

    return noted


def worst(size: int) -> dict[str, str]:
    """Texts of about `size` bytes, each the worst for something: sorting marks, trying again,
    converting, growing when it is folded."""

    def full(piece: str) -> str:
        return piece * (size // len(piece.encode()))

    return {
        "marks": "a" + full("\u0315\u0301\u0323\u0327"),
        "marks that fall apart": "a" + full("\u0f73"),
        "wide marks": "a" + full("\u3099\uff9e\u0301"),
        "what grows": full("\ufdfa"),
        "letters": full("a"),
        "digits": full("1"),
        "digits with commas": full("1,234") + "x",
        "blanks": full(" ") + "x",
        "lines": full("\r\n") + "x",
        "addresses": full("a@"),
        "dots": full("a."),
        "dashes": full("1-") + "x",
        "slashes": full("1/") + "x",
        "brackets": full("[(") + "x",
        "numbers of a code": full("102110"),
        "back slashes": full("\\"),
        "signs": full("="),
        "quotes": full("'"),
        "percent": full("%2"),
        "invisible": full("\u200d"),
    }
