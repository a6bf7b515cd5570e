"""A process that dies in the middle of a request, at a moment that a test names."""

import os
import signal
from typing import Any

from tests.client import Browser


def press(browser: Browser, address: str, fields: dict[str, Any], moment: tuple[Any, ...]) -> int:
    """Send the form in this process, which dies at `moment`."""
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
    return browser.post(address, fields).status
