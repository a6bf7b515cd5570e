"""Routes of the audit trail."""

from flask import Response, current_app, request, url_for

from blueprints.operations import queries as named
from blueprints.operations.forms import search_form
from blueprints.operations.job_views import ask_for
from blueprints.operations.pages import LARGEST, below, blueprint, show
from portal.access.profiles import Profile
from portal.access.through import in_words
from portal.audit import queries
from portal.audit.queries import EntriesFound
from portal.audit.services import viewed
from portal.jobs import runner
from portal.jobs.queries import last_runs
from portal.web.context import scope, time_zone
from portal.web.guards import needs
from portal.web.htmx import go_to
from portal.web.requests import note

VERIFY = "audit.anchor"


@blueprint.get("/audit")
@needs("audit.read")
def audit() -> Response:
    """Search the trail."""
    form = search_form(scope(), request.args)
    valid = form.validate()
    found = EntriesFound([], None)
    if valid:
        wanted = form.wanted(time_zone())
        found = queries.find_entries(scope(), wanted, below=below())
    kept = form.kept() if valid else {}
    return show(
        "audit.html",
        regions={"audit": "operations/_audit.html"},
        status=200 if valid else 422,
        form=form,
        found=found,
        kept=kept,
        begun=below() is not None,
        places=dict(named.places(scope())),
        entries=queries.count_entries(scope()),
        through=in_words,
        verified=last_runs(scope()).get(VERIFY),
    )


@blueprint.get("/audit/<int(max=%d):number>" % LARGEST)  # noqa: UP031
@needs("audit.read")
def audit_entry(number: int) -> Response:
    """One entry with what it changed."""
    entry = queries.get_entry(scope(), number)
    reader, location_id = scope(), entry.location_id
    note(lambda: viewed(reader, "audit_entry", number, location_id=location_id))
    before, after = entry.values_before, entry.values_after
    changes = [(name, before.get(name), after.get(name)) for name in sorted({*before, *after})]
    return show(
        "audit_entry.html",
        entry=entry,
        changes=changes,
        through=in_words(entry.through),
        profile=_profile(entry.profile),
        place=dict(named.places(scope())).get(entry.location_id or 0, ""),
    )


def _profile(name: str) -> str:
    """The guides' name of the profile that somebody acted in; empty where none was noted."""
    return Profile(name).label if name in set(Profile) else name


@blueprint.post("/audit/verify")
@needs("audit.read")
def verify_audit() -> Response:
    """Have the whole chain verified."""
    ask_for(runner.jobs_of(current_app)[VERIFY])
    return go_to(url_for("operations.audit"))
