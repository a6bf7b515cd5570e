"""A server that is told to end writes down what it refused before."""

import sqlite3
from pathlib import Path

from tests.cli.test_run import Server, own, servers

__all__ = ["own", "servers"]


def test_what_was_refused_is_written_before_the_server_ends(
    checkout: Path, own: Path, servers: list[Server]
) -> None:
    server = Server(checkout, own)
    servers.append(server)
    server.wait(90)
    for token in ("nonsense", "more-of-it"):
        assert server.get(f"/password/reset/{token}")[0] == 404
    assert server.stop() == 0
    with sqlite3.connect(own / "portal.sqlite") as database:
        kept = database.execute("SELECT endpoint, kind, times FROM refusal").fetchall()
    database.close()
    assert kept == [("links.reset_password", "dead_link", 2)]
    assert "Traceback" not in server.output.read_text()
