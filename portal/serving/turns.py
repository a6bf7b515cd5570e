"""Whose turn it is to work: few at once, so that each is done sooner.

The threads of a process share one interpreter. Eight that work at once take eight times as long
each, and who holds a lock of the database then holds it for as long, the others in line behind. So
requests take turns, in the order in which they came. Who works for longer than a turn seems to wait
for something (a lock, a hash, a slow disk), and the next one begins beside it.
"""

from collections.abc import Hashable

from portal.serving import limits


class Turns:
    """Who is at work, and since when; times are those of `time.monotonic`, in seconds."""

    def __init__(self, at_once: int) -> None:
        self._at_once = at_once
        self._begun: dict[Hashable, float] = {}

    def __len__(self) -> int:
        """How many are at work."""
        return len(self._begun)

    def begin(self, who: Hashable, moment: float) -> None:
        """Somebody begins to work."""
        self._begun[who] = moment

    def end(self, who: Hashable) -> None:
        """Somebody is done."""
        del self._begun[who]

    def next_in(self, moment: float) -> float:
        """In how many seconds the next one may begin; 0 for at once."""
        newest = list(self._begun.values())[-self._at_once :]
        if len(newest) < self._at_once:
            return 0
        return max(0.0, newest[0] + limits.TURN_SECONDS - moment)
