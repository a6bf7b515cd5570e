"""A PostgreSQL server that can go away: a socket that leads to the real one until it does not."""

import contextlib
import socket
import threading
from pathlib import Path

REAL = "/var/run/postgresql/.s.PGSQL.5432"


class Forwarder:
    """The socket `.s.PGSQL.5432` in `folder`; what comes there goes to the local server."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / ".s.PGSQL.5432"
        self.silent = threading.Event()
        self.sockets: list[socket.socket] = []

    def __enter__(self) -> "Forwarder":
        self.listener = socket.socket(socket.AF_UNIX)
        self.listener.bind(str(self.path))
        self.listener.listen(64)
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(self, *_error: object) -> None:
        self.cut()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                client, _peer = self.listener.accept()
                self.sockets.append(client)
                if self.silent.is_set():
                    continue
                server = socket.socket(socket.AF_UNIX)
                server.connect(REAL)
                self.sockets.append(server)
                for one, other in ((client, server), (server, client)):
                    threading.Thread(target=self._pass_on, args=(one, other), daemon=True).start()

    def _pass_on(self, one: socket.socket, other: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while piece := one.recv(65536):
                if self.silent.is_set():
                    return
                other.sendall(piece)
            other.shutdown(socket.SHUT_WR)

    def cut(self) -> None:
        """End all connections and refuse new ones."""
        for one in (self.listener, *self.sockets):
            with contextlib.suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
            one.close()
        self.path.unlink(missing_ok=True)

    def fall_silent(self) -> None:
        """Keep all connections and take new ones, but pass nothing on."""
        self.silent.set()
