"""Seconds from exec to the first answer, and memory when nothing happens.

    python -m bench.start [--runs 7] [--idle 20]

Memory is measured with the scheduler running, after every main page has been asked for once.
"""

import argparse
import time

from bench.serving import children, kibibytes, median, practice_instance, serving
from bench.weight import visit_everything


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--runs", type=int, default=7)
    parser.add_argument("--idle", type=int, default=20)
    options = parser.parse_args()
    with practice_instance() as instance:
        seconds = []
        for _run in range(options.runs + 1):
            with serving(instance) as (_address, _pid, took):
                seconds.append(took)
        warm = seconds[1:]
        print(f"start: median {median(warm):.2f} s, {min(warm):.2f} to {max(warm):.2f}")
        with serving(instance) as (address, pid, _took):
            time.sleep(options.idle)
            report("idle, nothing asked yet", pid)
            visit_everything(address)
            time.sleep(options.idle)
            report("idle, after every main page", pid)


def report(title: str, pid: int) -> None:
    """Print the memory of the server's processes in MiB."""
    pids = [pid, *children(pid)]
    parts = []
    for kind in ("Rss", "Pss"):
        sizes = [kibibytes(one, kind) / 1024 for one in pids]
        shown = " + ".join(f"{size:.1f}" for size in sizes)
        parts.append(f"{kind.upper()} {sum(sizes):.1f} MiB ({shown})")
    print(f"{title}: {', '.join(parts)}")


if __name__ == "__main__":
    main()
