"""How log lines are written: as text, or as one JSON object a line for programs that gather them.

Of an exception its kind and place are kept, and not what it says: that may name somebody.
"""

import json
import logging
import sys
import traceback
from collections.abc import Iterable
from datetime import UTC, datetime


class JsonLines(logging.Formatter):
    """One object a line: `time` (UTC), `level`, `logger`, `process`, `message`, and `exception`
    where there is one."""

    def format(self, record: logging.LogRecord) -> str:
        """The record as one line."""
        line: dict[str, object] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "process": record.process,
            "message": record.getMessage(),
        }
        if record.exc_info and record.exc_info[0] is not None:
            kind, _error, trace = record.exc_info
            frames = traceback.extract_tb(trace)
            place = f" at {frames[-1].filename}:{frames[-1].lineno}" if frames else ""
            line["exception"] = f"{kind.__name__}{place}"
        return json.dumps(line, ensure_ascii=False)


def write_json(handlers: Iterable[logging.Handler] = ()) -> None:
    """Write all log lines of this process as JSON on standard error; `handlers` write so, too."""
    own = logging.StreamHandler(sys.stderr)
    own.setFormatter(JsonLines())
    logging.getLogger().handlers[:] = [own]
    for handler in handlers:
        handler.setFormatter(own.formatter)


def as_json(text: str) -> str:
    """A sentence of the server's own as such a line."""
    record = logging.LogRecord("portal.server", logging.INFO, "", 0, text, None, None)
    return JsonLines().format(record)
