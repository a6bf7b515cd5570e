"""Notes every answer that refuses something, whoever refused it: the reasons are in
`portal.refusals`."""

import logging
import threading

from flask import Flask, Response, current_app, g, request
from sqlalchemy.exc import DBAPIError

from portal import clock, throttle
from portal.access.scope import Scope
from portal.db import unit_of_work
from portal.errors import Unavailable, where
from portal.refusals import services
from portal.refusals.rules import RefusalKind, hour_of
from portal.refusals.tally import Refused, Tally
from portal.web.context import find_scope

EVERY_SECONDS = 10.0
BY_STATUS = {403: RefusalKind.NOT_ALLOWED, 404: RefusalKind.NOT_FOUND, 429: RefusalKind.TOO_MANY}
# Usernames are in small letters.
VISITOR = "Visitor"
log = logging.getLogger("portal.refusals")


class Notebook:
    """The refusals of this process, and the thread that writes them soon after the first."""

    def __init__(self, app: Flask) -> None:
        self.app = app
        self.tally = Tally()
        self._lock = threading.Lock()
        self._timer: threading.Timer | None = None

    def add(self, refused: Refused) -> None:
        """Count a refusal and see to it that it is written within ten seconds."""
        self.tally.add(refused, clock.now())
        if self.app.testing:
            return
        with self._lock:
            if self._timer is None:
                self._timer = threading.Timer(EVERY_SECONDS, self._write_later)
                self._timer.daemon = True
                self._timer.start()

    def _write_later(self) -> None:
        with self._lock:
            self._timer = None
        self.write()

    def write(self) -> None:
        """Write what was counted; what cannot be written is tried again with what comes next."""
        counted = self.tally.take()
        if not counted:
            return
        try:
            with self.app.app_context(), unit_of_work():
                services.keep(counted)
        except (Unavailable, DBAPIError) as error:
            self.tally.put_back(counted)
            log.warning("refusals could not be written down: %s", where(error))


def mark(kind: RefusalKind) -> None:
    """Say of what kind the refusal is that this request is answered with, if its status does not
    tell."""
    g.refusal = kind


def write_now(app: Flask) -> None:
    """Write what was counted in this process and not yet written."""
    notebook: Notebook = app.extensions["portal.refusals"]
    notebook.write()


def init_app(app: Flask) -> None:
    """Watch the answers."""
    app.extensions["portal.refusals"] = Notebook(app)

    @app.after_request
    def watch(response: Response) -> Response:
        status = g.get("refused_status", response.status_code)
        if status >= 400 and request.endpoint and not g.get("shown_again"):
            kind = g.get("refusal") or BY_STATUS.get(status)
            if kind:
                _note(kind, request.endpoint)
        return response


def _note(kind: RefusalKind, endpoint: str) -> None:
    scope = _who()
    place = scope.location if scope else None
    notebook: Notebook = current_app.extensions["portal.refusals"]
    notebook.add(
        Refused(
            hour=hour_of(clock.now()),
            user_id=scope.user.id if scope else 0,
            who=scope.user.username if scope else VISITOR,
            address=throttle.stand_in(request.remote_addr or ""),
            kind=kind,
            endpoint=endpoint,
            location_id=place.id if place else 0,
            place=place.name if place else "",
        )
    )


def _who() -> Scope | None:
    """Who asked; for a form that was refused before its view, whom the form's token was judged
    for."""
    scope = find_scope()
    return scope or getattr(g.get("_login_user"), "scope", None)
