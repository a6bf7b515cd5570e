"""What the server refuses before the application is asked gets the page of last resort."""

from collections.abc import Callable

import pytest

from portal.web.headers import HEADERS, PART_HEADERS
from portal.web.last_resort import page, sentences
from tests.serving.conftest import Answer, Served, rest_of

Serve = Callable[..., Served]

POST = b"POST / HTTP/1.1\r\nHost: x\r\n"
CHUNKED = POST + b"Transfer-Encoding: chunked\r\n\r\n"
MANY = b"".join(b"X-%d: a\r\n" % number for number in range(200))
REFUSED = {
    "no request": (b"hello\r\n\r\n", 400),
    "a bad method": (b"G(T / HTTP/1.1\r\nHost: x\r\n\r\n", 400),
    "an unknown protocol": (b"GET / HTTP/9.9\r\nHost: x\r\n\r\n", 400),
    "HTTP/2": (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 400),
    "bare line ends": (b"GET / HTTP/1.1\nHost: x\n\n", 400),
    "a bad header": (b"GET / HTTP/1.1\r\nHost: x\r\nNo colon\r\n\r\n", 400),
    "a bad header name": (b"GET / HTTP/1.1\r\nHost: x\r\nA B: c\r\n\r\n", 400),
    "two hosts": (b"GET / HTTP/1.1\r\nHost: x\r\nHost: y\r\n\r\n", 400),
    "two lengths": (POST + b"Content-Length: 0\r\nContent-Length: 9\r\n\r\n", 400),
    "a length that is none": (POST + b"Content-Length: -1\r\n\r\n", 400),
    "length and chunks": (POST + b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n", 400),
    "an unknown coding": (POST + b"Transfer-Encoding: brotli\r\n\r\n", 501),
    "an unknown expectation": (POST + b"Expect: a-miracle\r\nContent-Length: 1\r\n\r\n", 417),
    "a bad chunk size": (CHUNKED + b"5x\r\nhello\r\n", 400),
    "a negative chunk": (CHUNKED + b"-5\r\nhello\r\n", 400),
    "a chunk without size": (CHUNKED + b"\r\nhello\r\n", 400),
    "a chunk that is too long": (CHUNKED + b"5\r\nhello, world\r\n", 400),
    "an endless chunk size": (CHUNKED + b"1" * 5_000, 400),
    "a bad trailer": (CHUNKED + b"0\r\nno colon\r\n\r\n", 400),
    "very many small chunks": (CHUNKED + b"1\r\nx\r\n" * 2_000, 400),
    "too much in chunks": (CHUNKED + b"fffff\r\n" + b"x" * 0xFFFFF + b"\r\n500000\r\n", 413),
    "a long address": (b"GET /" + b"a" * 5_000 + b" HTTP/1.1\r\nHost: x\r\n\r\n", 414),
    "an endless address": (b"GET /" + b"a" * 70_000, 414),
    "a long header": (b"GET / HTTP/1.1\r\nHost: x\r\nA: " + b"b" * 9_000 + b"\r\n\r\n", 431),
    "many headers": (b"GET / HTTP/1.1\r\nHost: x\r\n" + MANY + b"\r\n", 431),
    "endless headers": (b"GET / HTTP/1.1\r\nHost: x\r\nA: " + b"b" * 70_000, 431),
}


def assert_last_resort(answer: Answer, status: int, *, secure: bool = False) -> None:
    """It is the page, with everything that protects it, and nobody's name."""
    assert answer.status == status
    for name, value in HEADERS.items():
        assert answer.headers[name.lower()] == value
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["connection"] == "close"
    assert answer.body == page(status)[1]
    assert ("strict-transport-security" in answer.headers) is secure
    assert "server" not in answer.headers
    assert b"unicorn" not in answer.raw


def test_each_gets_the_page_with_all_headers(serve: Serve) -> None:
    served = serve("--secure")
    for kind, (request, status) in REFUSED.items():
        with served.client(request) as client:
            if kind == "too much in chunks":
                client.sendall(b"x" * 0x400000)
            answer = rest_of(client)
        assert answer.status == status, kind
        assert_last_resort(answer, status, secure=True)
        assert served.ask("/").status == 200, kind


def test_who_sends_too_slowly_is_told_and_who_sends_nothing_is_let_go(serve: Serve) -> None:
    served = serve("ARRIVES_SECONDS=1")
    begun = [
        b"GET / HTTP/1.1\r\nHost: x\r\n",
        CHUNKED + b"5\r\nhe",
        POST + b"Content-Length: 9\r\n",
    ]
    for begin in begun:
        with served.client(begin) as client:
            assert_last_resort(rest_of(client), 408)
    with served.client() as client:
        assert rest_of(client).raw == b""


def test_htmx_gets_a_message_for_its_page_and_head_no_body(serve: Serve) -> None:
    served = serve()
    htmx = CHUNKED.replace(b"\r\n\r\n", b"\r\nHX-Request: true\r\n\r\n")
    for request in (htmx + b"x\r\n", b"GET / HTTP/1.1\r\nhx-request: true\r\nA B: c\r\n\r\n"):
        with served.client(request) as client:
            answer = rest_of(client)
        assert answer.status == 400
        assert answer.headers["hx-retarget"] == "#flash"
        assert answer.body == page(400, part=True)[1]
        assert b"<html" not in answer.body
        for name, value in PART_HEADERS.items():
            assert answer.headers[name.lower()] == value
    with served.client(b"HEAD / HTTP/1.1\r\nA B: c\r\n\r\n") as client:
        answer = rest_of(client)
    assert (answer.status, answer.body) == (400, b"")
    assert answer.headers["content-length"] == str(len(page(400)[1]))


@pytest.mark.parametrize("path", ["/raise", "/bad-header"])
def test_what_the_application_cannot_answer_gets_it_too(serve: Serve, path: str) -> None:
    served = serve("--secure")
    assert_last_resort(served.ask(path), 500, secure=True)
    assert served.ask("/").status == 200
    said = served.log.read_text()
    assert "RuntimeError" in said or "InvalidResponseHeader" in said
    assert "Jane" not in said


def test_an_answer_that_ends_in_a_fault_does_not_look_whole(serve: Serve) -> None:
    served = serve()
    for version in (b"1.0", b"1.1"):
        with served.client(b"GET /late HTTP/%s\r\nHost: x\r\n\r\n" % version) as client:
            assert client.recv(65536).startswith(b"HTTP/%s 200" % version)
            with pytest.raises(ConnectionResetError):
                rest_of(client)
    assert "Jane" not in served.log.read_text()


def test_who_sends_too_much_can_read_why(serve: Serve) -> None:
    """The application sees the length and answers; the client is still sending then."""
    served = serve()
    size = 20 * 1024 * 1024
    begin = b"POST /unread HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n" % size
    with served.client(begin) as client:
        client.sendall(b"x" * size)
        answer = rest_of(client)
    assert answer.status == 200
    assert answer.headers["connection"] == "close"


def test_the_page_says_what_to_do_for_every_status() -> None:
    for status in (400, 408, 413, 414, 417, 431, 500, 501, 502, 503):
        headers, body = page(status)
        said = sentences(status)
        assert body.decode().count(said.title) == 2
        assert said.next_step in body.decode()
        assert headers["Content-Length"] == str(len(body))
        assert ("Retry-After" in headers) is (status == 503)
