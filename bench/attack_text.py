"""How long others wait while somebody sends text that is made to be slow: `bench.attack_text`.

Each attack goes to a practice instance behind the real server; meanwhile another visitor asks for
the sign-in page again and again, each time on a connection of their own. The longest wait counts.
"""

import re
import socket
import threading
import time
import urllib.request
from collections.abc import Callable
from contextlib import suppress
from http.client import HTTPConnection, HTTPException
from urllib.parse import urlencode, urlsplit

from bench.serving import PASSPHRASE, practice_instance, serving

PATIENCE = 300.0
MARKS = "\u0315\u0301\u0323\u0327"
HEADER = "Shipment ID,ExIS Order Number,Provider PIN,NDC,Manufacturer,Lot Number,"
HEADER += "Expiration Date,Quantity Shipped,Date Shipped,Carrier,Tracking Number\n"


def visit(address: str) -> float:
    """Seconds that another visitor waits for the sign-in page, or for being cut off."""
    began = time.perf_counter()
    with (
        suppress(OSError, HTTPException),
        urllib.request.urlopen(f"{address}/sign-in", timeout=PATIENCE) as answer,
    ):
        answer.read()
    return time.perf_counter() - began


def longest_wait(address: str, attack: Callable[[], str], *, settle: float) -> tuple[float, str]:
    """The longest wait of another visitor during an attack and `settle` seconds after it, and how
    the attack was answered."""
    answered: list[str] = []
    attacker = threading.Thread(target=lambda: answered.append(attack()))
    longest, ends = 0.0, float("inf")
    attacker.start()
    while time.perf_counter() < ends:
        longest = max(longest, visit(address))
        if ends == float("inf") and not attacker.is_alive():
            ends = time.perf_counter() + settle
        time.sleep(0.01)
    return longest, answered[0]


class Visitor:
    """A browser, as far as attackers need one."""

    def __init__(self, address: str) -> None:
        self.host = urlsplit(address).netloc
        self.cookie = ""

    def ask(self, method: str, path: str, body: bytes = b"", **headers: str) -> tuple[int, str]:
        """Status and text of an answer; 0 if the server hung up."""
        connection = HTTPConnection(self.host, timeout=PATIENCE)
        sent = {"Cookie": self.cookie, **headers} if self.cookie else headers
        try:
            connection.request(method, path, body, sent)
            answer = connection.getresponse()
            text = answer.read().decode()
        except (OSError, HTTPException) as error:
            return 0, type(error).__name__
        finally:
            connection.close()
        if given := answer.headers.get("Set-Cookie"):
            self.cookie = given.partition(";")[0]
        return answer.status, text

    def token(self, path: str) -> str:
        """The request token of a page."""
        found = re.search(r'name="csrf_token" value="([^"]+)"', self.ask("GET", path)[1])
        assert found, path
        return found[1]

    def send(self, path: str, **values: str) -> str:
        """Send a form that has been opened before; the status."""
        values["csrf_token"] = self.token("/sign-in" if not self.cookie else path)
        body = urlencode(values).encode()
        kind = {"Content-Type": "application/x-www-form-urlencoded"}
        return str(self.ask("POST", path, body, **kind)[0])

    def upload(self, table: str) -> str:
        """Send a table of shipments; the status."""
        parts = {"csrf_token": self.token("/shipments/imports"), 'file"; filename="x.csv': table}
        body = "".join(
            f'--edge\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'
            for name, value in parts.items()
        )
        kind = {"Content-Type": "multipart/form-data; boundary=edge"}
        whole = f"{body}--edge--\r\n".encode()
        return str(self.ask("POST", "/shipments/imports", whole, **kind)[0])


def raw(address: str, header: str) -> str:
    """Ask for a page with a header as it is; the status line's number."""
    parts = urlsplit(address)
    with socket.create_connection((parts.hostname, parts.port), timeout=PATIENCE) as connection:
        connection.sendall(f"GET /sign-in HTTP/1.1\r\nHost: x\r\n{header}\r\n\r\n".encode())
        return connection.recv(100).decode().split(" ")[1]


def run(address: str, username: str = "admin") -> None:
    """Attack the practice portal at `address` in each way, and print the waits."""

    def sign_in(size: int) -> str:
        stranger = Visitor(address)
        return stranger.send("/sign-in", username="a" + MARKS * (size // 8), password="x")

    staff = Visitor(address)
    staff.send("/sign-in", username=username, password=PASSPHRASE)
    cell = HEADER + "a" + MARKS * 15_000 + ",x" * 10 + "\n"
    attacks: dict[str, tuple[Callable[[], str], float]] = {
        "nothing": (lambda: "-", 3),
        "a sign-in, 180 KB of marks": (lambda: sign_in(180_000), 1),
        "a sign-in, 12 KB of marks as sent": (lambda: sign_in(4_000), 1),
        "a cookie of 8 KB of blanks": (lambda: raw(address, f'Cookie: a={" " * 8_000}"'), 1),
        "a table, one cell of 60,000 marks": (lambda: staff.upload(cell), 15),
        "a table, 60,000 rows of errors": (lambda: staff.upload(HEADER + ",,x\n" * 60_000), 60),
        "a sign-in, 2 MB of marks": (lambda: sign_in(2_000_000), 1),
    }
    for name, (attack, settle) in attacks.items():
        wait, answered = longest_wait(address, attack, settle=settle)
        print(f"{name:40} {wait:8.2f} s   answered {answered}", flush=True)


if __name__ == "__main__":
    with practice_instance() as instance, serving(instance) as (address, _pid, _seconds):
        run(address)
