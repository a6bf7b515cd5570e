"""Opens one spreadsheet in a process of its own and tells, as JSON, what it cost.

Memory of a child is only known to its parent once it has ended, and as the maximum of all children
so far; hence a fresh process a file.
"""

import json
import resource
import sys

from blueprints.shipments.sheets import COLUMNS
from portal.sheets.columns import header_test
from portal.sheets.reader import SheetError, open_table


def main() -> None:
    result: dict[str, object] = {"reason": None, "message": "", "rows": 0}
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    try:
        with open_table(sys.argv[1], filename="x", recognise=header_test(COLUMNS)) as table:
            result["rows"] = sum(map(len, table.batches()))
    except SheetError as error:
        result |= {"reason": error.reason, "message": error.message, "detail": error.detail}
    result["server_kib"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    result["child_kib"] = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
    result["openpyxl_in_server"] = "openpyxl" in sys.modules
    sys.stdout.write(json.dumps(result))


if __name__ == "__main__":
    main()
