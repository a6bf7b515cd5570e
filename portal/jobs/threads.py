"""Where jobs run: daemon threads, so that a job that hangs cannot keep the process from ending."""

import sys
import threading
import time
from datetime import datetime
from typing import Any

from apscheduler.executors.base import BaseExecutor, run_job


class DaemonThreads(BaseExecutor):
    """One thread a run; APScheduler sees to it that a job has one run at a time."""

    def __init__(self) -> None:
        super().__init__()
        self.alive: set[threading.Thread] = set()

    def _do_submit_job(self, job: Any, run_times: list[datetime]) -> None:
        thread = threading.Thread(
            target=self._run, args=(job, run_times), name=f"job {job.id}", daemon=True
        )
        self.alive.add(thread)
        thread.start()

    def _run(self, job: Any, run_times: list[datetime]) -> None:
        try:
            events = run_job(job, job._jobstore_alias, run_times, self._logger.name)
            self._run_job_success(job.id, events)
        except BaseException:
            self._run_job_error(job.id, *sys.exc_info()[1:])
        finally:
            self.alive.discard(threading.current_thread())

    def wait(self, seconds: float) -> bool:
        """Wait until no run is under way, at most so long; True if none is."""
        deadline = time.monotonic() + seconds
        for thread in list(self.alive):
            thread.join(max(0.0, deadline - time.monotonic()))
        return not any(thread.is_alive() for thread in list(self.alive))
