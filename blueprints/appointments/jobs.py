"""What runs by itself."""

from blueprints.appointments.letting_go import MOST_LET_GO, let_go_of_old
from blueprints.appointments.twice import forget_over
from portal import jobs
from portal.db import run


def let_go() -> str | None:
    """Free the places that were held too long (a job of the module)."""
    freed = 0
    while not jobs.stopping():
        now_freed = run(let_go_of_old, write=True)
        freed += now_freed
        if now_freed < MOST_LET_GO:
            break
    run(forget_over, write=True)
    return f"{freed} places freed" if freed else None
