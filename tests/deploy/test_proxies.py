"""The samples of deploy/, run by the real nginx and the real Caddy before the real portal."""

import os
import re
import shutil
import socket
import ssl
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.browser.serving import free_port
from tests.cli.conftest import checkout, new_instance
from tests.cli.test_run import Server
from tests.house.source import ROOT
from tests.messages.conftest import certificate
from tests.serving.conftest import NEVER, OTHER, Answer, rest_of

__all__ = ["certificate", "checkout", "new_instance"]

NAME = "vaccine.example.org"
PATH = f"{os.environ.get('PATH', '')}:/usr/sbin"
NGINX = """
daemon off; master_process off; pid {folder}/pid; error_log {folder}/log;
events {{ worker_connections 512; }}
http {{
    client_body_temp_path {folder}/bodies; proxy_temp_path {folder}/answers;
    fastcgi_temp_path {folder}/f; uwsgi_temp_path {folder}/u; scgi_temp_path {folder}/s;
    include {folder}/sample;
}}
"""
SPELLINGS = (
    *("/healthz", "/readyz", "/readyz/", "/readyz//", "/readyz%2f", "/readyz%2F", "/healthz%2f"),
    *("//readyz", "///readyz/", "/%2freadyz", "/READYZ", "/Healthz/", "/%72eadyz", "/%52EADYZ%2F"),
    *("/./readyz", "/x/../readyz", "/x/%2e%2e/readyz", "/readyz?x=1", "/readyz/?x", "/readyz/x"),
    *("/readyz%00", "/readyz%0a", "/readyz%20", "/readyz;x", "/readyz%3fx", "/%2e/readyz"),
)


@dataclass
class Proxy:
    """A running proxy."""

    port: int

    def ask(self, request: bytes, source: str = OTHER) -> Answer:
        """The answer to a request by HTTPS, from an address that is not the machine's own."""
        context = ssl.create_default_context()
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        address = ("127.0.0.1", self.port)
        with (
            socket.create_connection(address, NEVER, source_address=(source, 0)) as plain,
            context.wrap_socket(plain, server_hostname=NAME) as client,
        ):
            # Who refuses does not read to the end.
            with suppress(OSError):
                client.sendall(request)
            return rest_of(client)

    def get(self, path: str, source: str = OTHER) -> Answer:
        """The answer to a GET."""
        head = f"GET {path} HTTP/1.1\r\nHost: {NAME}\r\nConnection: close\r\n\r\n"
        return self.ask(head.encode(), source)


@pytest.fixture(scope="module")
def portal(
    checkout: Path, new_instance: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Server]:
    own = tmp_path_factory.mktemp("behind") / "own"
    made = Server(
        checkout,
        Path(shutil.copytree(new_instance, own)),
        PORTAL_TRUSTED_PROXIES="1",
        PORTAL_BASE_URL=f"https://{NAME}",
    )
    try:
        yield made.wait(100)
    finally:
        made.stop()


def nginx(folder: Path, files: tuple[Path, Path], port: int, behind: int) -> list[str]:
    """The command that runs nginx with the sample, on other ports and with another certificate."""
    text = (ROOT / "deploy" / "nginx.conf").read_text()
    text = re.sub(r".*\[::\].*\n", "", text)
    text = text.replace("listen 80;", f"listen 127.0.0.1:{free_port()};")
    text = text.replace("listen 443 ", f"listen 127.0.0.1:{port} ")
    text = text.replace("127.0.0.1:8000", f"127.0.0.1:{behind}")
    live = f"/etc/letsencrypt/live/{NAME}"
    text = text.replace(f"{live}/fullchain.pem", str(files[0]))
    text = text.replace(f"{live}/privkey.pem", str(files[1]))
    (folder / "sample").write_text(text)
    (folder / "conf").write_text(NGINX.format(folder=folder))
    return ["nginx", "-p", str(folder), "-c", str(folder / "conf")]


def caddy(folder: Path, files: tuple[Path, Path], port: int, behind: int) -> list[str]:
    """The command that runs Caddy with the sample, on another port and with another certificate."""
    text = (ROOT / "deploy" / "Caddyfile").read_text()
    text = text.replace("{\n\tservers {", "{\n\tadmin off\n\tauto_https off\n\tservers {", 1)
    site = f"https://{NAME}:{port} {{\n\ttls {files[0]} {files[1]}"
    text = text.replace(f"\n{NAME} {{", f"\n{site}", 1)
    text = text.replace("127.0.0.1:8000", f"127.0.0.1:{behind}")
    (folder / "Caddyfile").write_text(text)
    return ["caddy", "run", "--adapter", "caddyfile", "--config", str(folder / "Caddyfile")]


@pytest.fixture(scope="module", params=[nginx, caddy])
def proxy(
    request: pytest.FixtureRequest,
    portal: Server,
    certificate: tuple[Path, Path],
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Proxy]:
    command: Callable[..., list[str]] = request.param
    name = command.__name__
    program = shutil.which(name, path=PATH)
    if program is None:
        pytest.skip(f"{name} is not installed (bin/test does it)")
    folder, port = tmp_path_factory.mktemp(name), free_port()
    arguments = command(folder, certificate, port, portal.port)
    with (folder / "output").open("wb") as output:
        process = subprocess.Popen(
            [program, *arguments[1:]],
            env={"HOME": str(folder), "XDG_DATA_HOME": str(folder), "PATH": PATH},
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    made, end = Proxy(port), time.monotonic() + NEVER
    try:
        while not _answers(made):
            assert process.poll() is None, (folder / "output").read_text()
            assert time.monotonic() < end, (folder / "output").read_text()
            time.sleep(0.1)
        yield made
    finally:
        process.terminate()
        process.wait(NEVER)


def _answers(proxy: Proxy) -> bool:
    try:
        return proxy.get("/sign-in").status in {200, 303}
    except (OSError, AssertionError):
        return False


def test_how_the_portal_is_doing_is_nobodys_business_in_any_spelling(proxy: Proxy) -> None:
    for path in SPELLINGS:
        answer = proxy.get(path)
        assert 400 <= answer.status < 500, path
        assert answer.body.strip() not in {b"ok", b"ready"}, path
        assert b"database" not in answer.body, path


def test_numbers_for_prometheus_are_closed_by_the_proxy_already(proxy: Proxy) -> None:
    for path in ("/metrics", "/metrics/", "//metrics", "/metrics%2f", "/%6detrics?x"):
        answer = proxy.get(path)
        assert 400 <= answer.status < 500, path
        assert answer.body.strip() != b"Not found", f"the portal was asked for {path}"


def test_this_machine_is_told(proxy: Proxy) -> None:
    assert proxy.get("/healthz", "127.0.0.1").body.strip() == b"ok"
    assert proxy.get("/readyz", "127.0.0.1").status == 200


def test_pages_come_with_what_protects_them(proxy: Proxy) -> None:
    answer = proxy.get("/setup")
    assert answer.status == 200
    assert "default-src 'none'" in answer.headers["content-security-policy"]
    assert answer.headers["strict-transport-security"].startswith("max-age=31536000")
    assert "unicorn" not in answer.raw.decode()


@pytest.mark.parametrize("size", [10, 300_000, 5_000_000])
@pytest.mark.parametrize("chunked", [False, True])
def test_forms_of_every_size_arrive_whole(proxy: Proxy, size: int, chunked: bool) -> None:
    """The answer is that to a form without its token; a body cut short would not be read."""
    body = b"username=" + b"x" * size
    told = "Transfer-Encoding: chunked" if chunked else f"Content-Length: {len(body)}"
    if chunked:
        body = b"%x\r\n%s\r\n0\r\n\r\n" % (len(body), body)
    head = (
        f"POST /sign-in HTTP/1.1\r\nHost: {NAME}\r\nConnection: close\r\n{told}\r\n"
        "Content-Type: application/x-www-form-urlencoded\r\n\r\n"
    )
    answer = proxy.ask(head.encode() + body)
    assert answer.status in {400, 413}
    assert b"</html>" in answer.body


def test_what_is_too_large_is_refused(proxy: Proxy) -> None:
    size = 26_000_000
    head = f"POST /sign-in HTTP/1.1\r\nHost: {NAME}\r\nContent-Length: {size}\r\n"
    head += "Connection: close\r\n\r\n"
    assert proxy.ask(head.encode() + b"x" * size).status == 413
