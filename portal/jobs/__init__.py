"""Work that happens later: a scheduler whose every tick first takes its row in the run log."""

from portal.jobs.runner import JobFailed, run_once
from portal.jobs.scheduler import run_forever, start, stop, stopping, wake

__all__ = ["JobFailed", "run_forever", "run_once", "start", "stop", "stopping", "wake"]
