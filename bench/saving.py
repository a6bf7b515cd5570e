"""Saving a delivery: statements, and milliseconds for one person and for eight at once.

    python -m bench.saving [--saves 20] [--workers 0] [--postgresql URL] [--against REVISION]

Each delivery is entered as a person enters it, page by page; the time is that of the last `Save`,
from a real server. On SQLite, and with the address of a server (`postgresql:///postgres?host=…`) on
a database that is made on it and dropped. With `--against` an earlier revision is measured, too.
"""

import itertools
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from bench import people
from bench.people import Person, alone_and_together, arguments, at_server, hidden, on_both
from bench.serving import ROOT, practice_instance, serving

ADD = "/vaccine-inventory/add"
DETAILS = {
    "product_text": "Moderna COVID-19 Vaccine (max 10/11-dose vial, 5 mL)",
    "doses": "100",
    "name": "",
    "expiration_date": "12/31/2030",
    "unable_to_locate_shipment": "y",
    "go": "next",
}


class Receiver(Person):
    """Somebody who enters deliveries."""

    def save(self, lot: str) -> float:
        """Enter a delivery; the milliseconds of its last step."""
        form = hidden(self.ask(ADD)[1], ADD)
        status, page, review = self.ask(ADD, {**form, **DETAILS, "lot": lot})
        assert status == 303, re.sub(r"<[^>]+>|\s+", " ", page)
        form = hidden(self.ask(review)[1], review)
        began = time.perf_counter()
        status, _page, _to = self.ask(review, {**form, "confirmed": "y", "go": "finish"})
        assert status == 303, f"{status} instead of a saved delivery"
        return (time.perf_counter() - began) * 1_000


def statements(instance: Path) -> list[int]:
    """How many statements each of the four requests of a delivery takes."""
    from portal.app import create_app
    from portal.settings import load_settings

    app = create_app(load_settings(instance, jobs="off"))
    return people.statements(app, Receiver, lambda person: person.save("COUNT-1"))


def measure(kind: str, saves: int, workers: str) -> None:
    """Print what saving takes on the database that the environment names."""
    numbers = itertools.count()
    with practice_instance() as instance:
        counts = statements(instance)
        print(f"{kind}: {' + '.join(map(str, counts))} statements")
        with serving(instance, workers=workers) as (address, _pid, took):
            print(f"{kind}: start {took:.2f} s")

            def enter() -> Callable[[], float]:
                person = Receiver(at_server(address))
                return lambda: person.save(f"L-{next(numbers)}")

            alone_and_together(kind, saves, enter)


def against(revision: str, given: list[str]) -> None:
    """Measure another revision with this very program."""
    with tempfile.TemporaryDirectory(prefix="portal-bench-") as folder:
        tree = Path(folder) / "tree"
        git = ["git", "-C", str(ROOT), "worktree"]
        subprocess.run([*git, "add", "--detach", "--quiet", str(tree), revision], check=True)
        try:
            for own in (Path(__file__), Path(people.__file__)):
                (tree / "bench" / own.name).write_bytes(own.read_bytes())
            command = [sys.executable, "-m", "bench.saving", *given]
            subprocess.run(command, cwd=tree, check=True)
        finally:
            subprocess.run([*git, "remove", "--force", str(tree)], check=True)


def main() -> None:
    """Measure and print."""
    parser = arguments()
    parser.add_argument("--against", default="")
    options = parser.parse_args()
    if options.against:
        given = ["--saves", str(options.saves), "--postgresql", options.postgresql]
        print(f"{options.against}:", flush=True)
        against(options.against, given)
        print("as it is here:", flush=True)
    on_both(options.postgresql, lambda kind: measure(kind, options.saves, options.workers))


if __name__ == "__main__":
    main()
