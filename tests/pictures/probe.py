"""Reads one picture in a process of its own and tells, as JSON, what it cost (as tests/sheets/probe
does of a spreadsheet)."""

import json
import resource
import sys
from pathlib import Path

from portal.pictures.reader import LIBRARIES, PictureError, read_codes


def main() -> None:
    result: dict[str, object] = {"reason": None}
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    try:
        with Path(sys.argv[1]).open("rb") as file:
            read_codes(file)
    except PictureError as error:
        result["reason"] = error.reason
    result["server_kib"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    result["child_kib"] = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
    result["libraries_in_server"] = [name for name in LIBRARIES if name in sys.modules]
    sys.stdout.write(json.dumps(result))


if __name__ == "__main__":
    main()
