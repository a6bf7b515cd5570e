"""An answer as it goes out. Nothing here waits for the client."""

import socket
from tempfile import SpooledTemporaryFile

from gunicorn.http import wsgi

from portal.serving import limits
from portal.serving.arriving import Budget

PIECE = 64 * 1024


class ClientGone(Exception):
    """Nobody takes the answer any more, or too much of it would have to be kept."""


class Leaving:
    """The answer to one request: what the client takes at once is sent, the rest is kept.

    It stands where gunicorn expects the socket.
    """

    def __init__(self, client: socket.socket, budget: Budget) -> None:
        self.client = client
        self.sent = 0
        self._fresh = bytearray()
        self._kept: SpooledTemporaryFile[bytes] | None = None
        self._from = 0
        self._to = 0
        self._budget = budget

    @property
    def begun(self) -> bool:
        """Whether the client has got some of it, or may have."""
        return bool(self.sent or self._to)

    @property
    def unsent(self) -> bool:
        """Whether the client has still to take some of it."""
        return self._from < self._to or bool(self._fresh)

    def sendall(self, data: bytes) -> None:
        """Add to the answer. Raises `ClientGone`."""
        self._fresh += data
        if len(self._fresh) >= PIECE:
            self.push()

    def send(self, data: bytes) -> int:
        """Add to the answer. Raises `ClientGone`."""
        self.sendall(data)
        return len(data)

    def start_over(self) -> None:
        """Forget what was added; only if it has not begun to go out."""
        self._fresh.clear()

    def push(self, pieces: int = 1_000) -> None:
        """Send what the client takes at this moment, in at most so many pieces, and keep the rest.

        Raises `ClientGone`.
        """
        try:
            for _piece in range(pieces):
                if not self._push_kept():
                    break
            if self._from < self._to:
                self._keep()
                return
            self.release()
            del self._fresh[: self._offer(self._fresh)]
            self._keep()
        except OSError as error:
            raise ClientGone from error

    def _push_kept(self) -> bool:
        """Send a piece of what was kept; False if there is none, or the client takes no more."""
        if self._kept is None or self._from >= self._to:
            return False
        self._kept.seek(self._from)
        piece = self._kept.read(PIECE)
        taken = self._offer(piece)
        self._from += taken
        return taken == len(piece)

    def _offer(self, data: bytes | bytearray) -> int:
        if not data:
            return 0
        try:
            taken = self.client.send(data)
        except BlockingIOError:
            return 0
        self.sent += taken
        return taken

    def _keep(self) -> None:
        if not self._fresh:
            return
        if not self._budget.take(len(self._fresh)):
            raise ClientGone
        if self._kept is None:
            self._kept = SpooledTemporaryFile(max_size=limits.KEPT_BYTES)  # noqa: SIM115
        self._kept.seek(self._to)
        self._kept.write(self._fresh)
        self._to += len(self._fresh)
        self._fresh.clear()

    def release(self) -> None:
        """Forget what was kept."""
        if self._kept is not None:
            self._kept.close()
            self._kept = None
            self._budget.give_back(self._to)
            self._from = self._to = 0


class Answer(wsgi.Response):
    """gunicorn's answer without its name: nobody needs to know what runs here, and on a slow line
    each header is felt."""

    def default_headers(self) -> list[str]:
        """The status line and the headers of the connection."""
        lines: list[str] = super().default_headers()
        return [line for line in lines if not line.startswith("Server:")]
