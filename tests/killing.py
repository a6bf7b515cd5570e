"""A process that dies in the middle of its work, at a moment that a test names."""

import os
import signal
from typing import Any

from tests.client import Browser


def press(browser: Browser, address: str, fields: dict[str, Any], moment: tuple[Any, ...]) -> int:
    """Send the form in this process, which dies at `moment`."""
    die_at(moment)
    return browser.post(address, fields).status


def die_at(moment: tuple[Any, ...]) -> None:
    """Let this process die at `moment`: a module, the name of one of its functions, at which call
    of it, `before` or `after`."""
    module, name, number, when = moment
    original = getattr(module, name)
    calls = 0

    def dies(*arguments: Any, **named: Any) -> Any:
        nonlocal calls
        calls += 1
        if calls == number and when == "before":
            os.kill(os.getpid(), signal.SIGKILL)
        value = original(*arguments, **named)
        if calls == number:
            os.kill(os.getpid(), signal.SIGKILL)
        return value

    setattr(module, name, dies)
