"""What the server knows of each client."""

import socket
import struct
from collections.abc import Callable
from typing import Any

from portal.networks import bucket
from portal.serving import limits
from portal.serving.arriving import Arriving
from portal.serving.leaving import Leaving

RESET = struct.pack("ii", 1, 0)

Late = Callable[["Connection"], None]


class Connection:
    """A client, and how far its present request and answer have come."""

    def __init__(self, client: socket.socket, peer: Any, server: Any) -> None:
        client.setblocking(False)
        client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NOTSENT_LOWAT, limits.UNSENT_BYTES)
        self.client = client
        self.peer = peer
        self.server = server
        self.network = bucket(str(peer[0]))
        self.arriving: Arriving | None = None
        self.leaving: Leaving | None = None
        self.began = 0.0
        self.ends = 0.0
        self.late: Late | None = None
        self.served = False
        self.stays = False
        self.watched = False
        self.closed = False
        self.large = False

    def receive(self) -> bytes | None:
        """What has come; nothing if the client has gone, None if it has only paused."""
        try:
            return self.client.recv(limits.GATHERED_BYTES)
        except BlockingIOError:
            return None
        except OSError:
            return b""

    def until(self, ends: float, late: Late | None) -> None:
        """At `ends` call `late`, unless something happens before."""
        self.ends = ends
        self.late = late

    def reset_when_closed(self) -> None:
        """Let the client see that it was broken off."""
        self.client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
