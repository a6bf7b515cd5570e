"""A request as it comes in, piece by piece, until it is whole. Nothing here waits."""

import io
import re
from tempfile import SpooledTemporaryFile
from threading import Lock
from typing import Any, BinaryIO

from gunicorn.http.body import ChunkedReader
from gunicorn.http.errors import (
    ExpectationFailed,
    LimitRequestHeaders,
    LimitRequestLine,
    NoMoreData,
    ParseException,
    UnsupportedTransferCoding,
)
from gunicorn.http.message import Request
from gunicorn.http.unreader import IterUnreader

from portal.serving import limits

LINE_END = b"\r\n"
HEADERS_END = b"\r\n\r\n"
BARE_LINE_END = re.compile(rb"(?<!\r)\n")
CHUNK_LINE = re.compile(rb"([0-9a-fA-F]{1,16})(?:[ \t]*;[\t\x20-\x7e\x80-\xff]*)?")
TRAILER_LINE = re.compile(rb"[!#$%&'*+.^_`|~0-9A-Za-z-]+:[\t\x20-\x7e\x80-\xff]*")

STATUSES = (
    (LimitRequestLine, 414),
    (LimitRequestHeaders, 431),
    (UnsupportedTransferCoding, 501),
    (ExpectationFailed, 417),
)


class TurnedAway(Exception):
    """A request that is not taken; `status` says why."""

    def __init__(self, status: int) -> None:
        super().__init__(status)
        self.status = status


class Budget:
    """How many bytes may be kept at once, for all connections together."""

    def __init__(self, most: int) -> None:
        self.left = most
        self._lock = Lock()

    def take(self, count: int) -> bool:
        """Whether so many more may be kept; then they count."""
        with self._lock:
            if count > self.left:
                return False
            self.left -= count
            return True

    def give_back(self, count: int) -> None:
        """They are kept no longer."""
        with self._lock:
            self.left += count


class Chunks:
    """A body that is sent in chunks, and what has come of it. Trailers are read and forgotten."""

    def __init__(self) -> None:
        self.whole = False
        self.rest = bytearray()
        self._left = 0
        self._count = 0
        self._size = 0
        self._trailers: int | None = None

    def read(self, piece: bytes) -> bytes:
        """What of the body is in `piece`. Raises `TurnedAway` if the chunks are broken."""
        self.rest += piece
        found = bytearray()
        while not self.whole and self._step(found):
            pass
        self._size += len(found)
        return bytes(found)

    def _step(self, found: bytearray) -> bool:
        """Read one line or one piece of a chunk; False if there is too little of it."""
        if self._left > len(LINE_END):
            part = self.rest[: self._left - len(LINE_END)]
            found += part
            del self.rest[: len(part)]
            self._left -= len(part)
            return bool(part)
        end = self.rest.find(LINE_END)
        if self._left:
            if end > 0 or (end < 0 and not LINE_END.startswith(self.rest)):
                raise TurnedAway(400)
        elif end < 0 and len(self.rest) > limits.CHUNK_LINE_BYTES:
            raise TurnedAway(400)
        if end < 0:
            return False
        line = bytes(self.rest[:end])
        del self.rest[: end + len(LINE_END)]
        if self._left:
            self._left = 0
        elif self._trailers is None:
            self._begin_chunk(line, self._size + len(found))
        else:
            self._read_trailer(line)
        return True

    def _begin_chunk(self, line: bytes, size: int) -> None:
        known = CHUNK_LINE.fullmatch(line)
        self._count += 1
        allowed = limits.CHUNKS_FREELY + size // limits.CHUNK_BYTES
        if known is None or self._count > allowed:
            raise TurnedAway(400)
        length = int(known[1], 16)
        if length:
            self._left = length + len(LINE_END)
        else:
            self._trailers = 0

    def _read_trailer(self, line: bytes) -> None:
        self._trailers = (self._trailers or 0) + len(line)
        if not line:
            self.whole = True
        elif self._trailers > limits.TRAILER_BYTES or not TRAILER_LINE.fullmatch(line):
            raise TurnedAway(400)


class Arriving:
    """What has come of a request so far.

    Headers and small bodies are kept in memory, larger bodies in a file without a name. A body of
    more than `largest` bytes is not waited for: the application sees its length and refuses it.
    """

    def __init__(self, config: Any, peer: Any, largest: int, budget: Budget) -> None:
        self.head = bytearray()
        self.request: Any = None
        self.size = 0
        self.large = False
        self.rest = b""
        self._config = config
        self._peer = peer
        self._largest = largest
        self._budget = budget
        self._claimed = 0
        self._searched = 0
        self._missing = 0
        self._chunks: Chunks | None = None
        self._body: SpooledTemporaryFile[bytes] | None = None

    @property
    def ready(self) -> bool:
        """Whether it is whole."""
        if self.request is None:
            return False
        return self._chunks.whole if self._chunks else not self._missing

    @property
    def expects(self) -> bool:
        """Whether the client waits for a word before it sends the body."""
        return self.request is not None and not self.ready and self.request._expected_100_continue

    def add(self, piece: bytes) -> None:
        """More of it. Raises `TurnedAway`."""
        if self.request is None:
            self.head += piece
            end = self.head.find(HEADERS_END, self._searched)
            if end < 0:
                self._doubt()
                return
            end += len(HEADERS_END)
            piece = bytes(self.head[end:])
            del self.head[end:]
            self._read_head()
        self._read_body(piece)

    def _doubt(self) -> None:
        """Whether it is not worth to wait for the end of the headers."""
        if BARE_LINE_END.search(self.head, self._searched):
            raise TurnedAway(400)
        if len(self.head) > limits.GATHERED_BYTES:
            raise TurnedAway(431 if LINE_END in self.head else 414)
        self._searched = max(0, len(self.head) - len(HEADERS_END) + 1)

    def _read_head(self) -> None:
        try:
            request = Request(self._config, IterUnreader([bytes(self.head)]), self._peer)
        except ParseException as error:
            status = next((status for kind, status in STATUSES if isinstance(error, kind)), 400)
            raise TurnedAway(status) from error
        except (NoMoreData, StopIteration) as error:
            raise TurnedAway(400) from error
        if isinstance(request.body.reader, ChunkedReader):
            self._chunks = Chunks()
        else:
            self._missing = request.body.reader.length
        if self._missing > self._largest:
            self._missing = 0
            request.force_close()
        self.large = self._missing > limits.GATHERED_BYTES
        self.request = request

    def _read_body(self, piece: bytes) -> None:
        if self._chunks:
            found = self._chunks.read(piece)
            self.rest = bytes(self._chunks.rest) if self._chunks.whole else b""
        else:
            found, self.rest = piece[: self._missing], piece[self._missing :]
            self._missing -= len(found)
        if found:
            self._keep(found)

    def _keep(self, found: bytes) -> None:
        self.size += len(found)
        if self.size > self._largest:
            raise TurnedAway(413)
        self.large = self.large or self.size > limits.GATHERED_BYTES
        if self.large:
            if not self._budget.take(self.size - self._claimed):
                raise TurnedAway(503)
            self._claimed = self.size
        try:
            if self._body is None:
                self._body = SpooledTemporaryFile(max_size=limits.GATHERED_BYTES)  # noqa: SIM115
            self._body.write(found)
        except OSError as error:
            raise TurnedAway(503) from error

    def body(self) -> "BinaryIO | SpooledTemporaryFile[bytes]":
        """The whole body, to be read from its beginning."""
        if self._body is None:
            return io.BytesIO()
        self._body.seek(0)
        return self._body

    def release(self) -> None:
        """Forget the body: it was read, or nobody wants it."""
        self._budget.give_back(self._claimed)
        self._claimed = 0
        if self._body is not None:
            self._body.close()
            self._body = None
