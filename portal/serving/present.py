"""Which clients are connected, and who has to make room when there are too many."""

from portal.serving import limits
from portal.serving.connection import Connection


class Present:
    """The open connections, those that may be closed when room is needed, and all by address.

    `by_address`: clients are told apart by their address. Behind a proxy all have the proxy's.
    """

    def __init__(self, *, by_address: bool) -> None:
        self.by_address = by_address
        self.all: dict[Connection, None] = {}
        # Nobody works for these. The one that has been so longest comes first.
        self.expendable: dict[Connection, None] = {}
        self._networks: dict[str, dict[Connection, None]] = {}

    def add(self, connection: Connection) -> None:
        """It has come."""
        self.all[connection] = None
        self._networks.setdefault(connection.network, {})[connection] = None

    def remove(self, connection: Connection) -> None:
        """It has gone."""
        self.all.pop(connection, None)
        self.expendable.pop(connection, None)
        neighbors = self._networks.get(connection.network, {})
        neighbors.pop(connection, None)
        if not neighbors:
            self._networks.pop(connection.network, None)

    def crowded_by(self, connection: Connection) -> "dict[Connection, None] | None":
        """Among whom there is one too many, now that the connection has come."""
        neighbors = self._networks[connection.network]
        if self.by_address and len(neighbors) > limits.CONNECTIONS_FROM_ONE_ADDRESS:
            return neighbors
        return self.all if len(self.all) > limits.CONNECTIONS else None

    def oldest(self, among: dict[Connection, None]) -> Connection | None:
        """The one of them that can be closed, and that nobody has worked for longest."""
        if among is self.all:
            return next(iter(self.expendable), None)
        return next((one for one in among if one in self.expendable), None)
