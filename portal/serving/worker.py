"""gunicorn's worker of threads behind a waiting room.

The main loop reads requests until they are whole and sends answers that a client does not take at
once; a thread is given to neither. Eight clients that are slow to ask or to listen keep nobody out.
"""

import errno
import logging
import selectors
import socket
import time
from collections import Counter, deque
from collections.abc import Callable
from concurrent.futures import Future
from functools import partial
from typing import Any

from gunicorn.http import wsgi
from gunicorn.workers.gthread import ThreadWorker

from portal.errors import where
from portal.serving import limits
from portal.serving.arriving import Arriving, Budget, TurnedAway
from portal.serving.connection import Connection
from portal.serving.leaving import Answer, ClientGone, Leaving
from portal.serving.present import Present
from portal.serving.refusals import Refusals
from portal.serving.turns import Turns

log = logging.getLogger("portal")

CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"
TRANSIENT = {errno.ECONNABORTED, errno.EAGAIN, errno.EWOULDBLOCK, errno.EPROTO}


class PatientWorker(ThreadWorker):
    """The main loop that waits, and the threads that do not."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.largest = 0
        self.refusals = Refusals(secure=False)
        self.present = Present(by_address=True)
        self.waiting: deque[Connection] = deque()
        self.large_waiting: deque[Connection] = deque()
        self.turns = Turns(limits.AT_ONCE)
        self.alone = True
        self.large_running = 0
        self.large: Counter[str] = Counter()
        self.bodies = Budget(limits.LARGE_BYTES)
        self.answers = Budget(limits.ANSWERS_BYTES)
        self._swept = 0.0

    def prepare(self, *, largest: int, secure: bool, by_address: bool, alone: bool = True) -> None:
        """Say what the application accepts, whether addresses tell clients apart (behind a proxy
        all have the proxy's), and whether there is no other worker."""
        self.largest = largest
        self.refusals = Refusals(secure=secure)
        self.present = Present(by_address=by_address)
        self.turns = Turns(limits.AT_ONCE if alone else limits.AT_ONCE_BESIDE_OTHERS)
        self.alone = alone

    def run(self) -> None:
        """Serve until told to stop; then finish what has begun, within the grace period."""
        self.poller.register(
            self.method_queue.fileno(), selectors.EVENT_READ, self.method_queue.run_callbacks
        )
        while self.alive and self.is_parent_alive():
            self.notify()
            self.set_accept_enabled(self.alone or not self.turns.next_in(time.monotonic()))
            self.wait_for_and_dispatch_events(self._at_most(1.0))
            self._sweep()
        self.set_accept_enabled(False)
        ends = time.monotonic() + self.cfg.graceful_timeout
        for connection in list(self.present.expendable):
            self._wait_no_longer(connection)
        while self.present.all and time.monotonic() < ends:
            self.notify()
            self.wait_for_and_dispatch_events(self._at_most(0.5))
            self._sweep()
        self.tpool.shutdown(wait=False)
        self.poller.close()
        self.method_queue.close()
        for listener in self.sockets:
            listener.close()

    def wait_for_and_dispatch_events(self, timeout: float) -> None:
        """Wait for something to happen. What goes wrong with one connection ends only that one."""
        for key, _mask in self.poller.select(timeout):
            mine = [one for one in getattr(key.data, "args", ()) if isinstance(one, Connection)]
            # It may have had to make room for another just now.
            if not any(connection.closed for connection in mine):
                self._try(partial(key.data, key.fileobj), *mine)
        self._give_threads()

    def _at_most(self, seconds: float) -> float:
        """For how long the loop may sleep: no longer than until somebody's turn."""
        somebody = self.waiting or self.large_waiting or not (self.alone or self._accepting)
        if somebody and len(self.turns) < limits.THREADS:
            seconds = min(seconds, self.turns.next_in(time.monotonic()))
        return max(seconds, limits.NAP_SECONDS)

    def _try(self, step: Callable[[], None], *mine: Connection) -> None:
        try:
            step()
        except Exception as error:
            log.error("fault in the server: %s", where(error))
            for connection in mine:
                self._drop(connection)

    def accept(self, listener: socket.socket) -> None:
        """Take in who is at the door."""
        for _client in range(limits.ACCEPTED_AT_ONCE):
            try:
                client, peer = listener.accept()
            except OSError as error:
                if error.errno not in TRANSIENT and not self._make_room(self.present.all):
                    # No file is left: the next sweep opens the door again.
                    self.set_accept_enabled(False)
                return
            self._welcome(Connection(client, peer, listener.getsockname()))

    def _welcome(self, connection: Connection) -> None:
        """Listen to a new client, if there is room or can be made."""
        self.present.add(connection)
        crowd = self.present.crowded_by(connection)
        if crowd is None or self._make_room(crowd):
            self._listen(connection)
        else:
            self._refuse(connection, 503)

    def _make_room(self, among: dict[Connection, None]) -> bool:
        oldest = self.present.oldest(among)
        if oldest is not None:
            self._drop(oldest)
        return oldest is not None

    def _listen(self, connection: Connection, begun: bytes = b"") -> None:
        """Wait for the next request; `begun` came with the last."""
        connection.arriving = Arriving(self.cfg, connection.peer, self.largest, self.bodies)
        connection.began = 0.0
        patience = limits.KEPT_ALIVE_SECONDS if connection.served else limits.ARRIVES_SECONDS
        connection.until(time.monotonic() + patience, self._drop)
        self.present.expendable[connection] = None
        self._watch(connection, selectors.EVENT_READ, self._read)
        if begun:
            self._hear(connection, begun)
        elif not self.alive:
            self._wait_no_longer(connection)

    def _wait_no_longer(self, connection: Connection) -> None:
        """The server stops: who was served may be asking at this moment, others are let go."""
        if connection.began:
            return
        if connection.served:
            ends = time.monotonic() + limits.KEPT_ALIVE_WHEN_STOPPING_SECONDS
            connection.until(min(connection.ends, ends), self._drop)
        else:
            self._drop(connection)

    def _read(self, connection: Connection, _client: Any) -> None:
        piece = connection.receive()
        if piece:
            self._hear(connection, piece)
        elif piece is not None:
            self._drop(connection)

    def _hear(self, connection: Connection, piece: bytes) -> None:
        """More of a request has come."""
        arriving = connection.arriving
        assert arriving is not None
        moment = time.monotonic()
        connection.began = connection.began or moment
        try:
            arriving.add(piece)
            if arriving.request is not None:
                self.present.expendable.pop(connection, None)
            if arriving.large and not connection.large:
                self._admit_large(connection)
        except TurnedAway as refusal:
            self._refuse(connection, refusal.status)
            return
        if arriving.ready:
            self._unwatch(connection)
            (self.large_waiting if arriving.large else self.waiting).append(connection)
            connection.until(moment + limits.WAIT_SECONDS, self._wait_in_vain)
            self._give_threads()
            return
        if arriving.expects:
            arriving.request._expected_100_continue = False
            connection.client.send(CONTINUE)
        earned = connection.began + arriving.size / limits.BYTES_A_SECOND
        too_slow = partial(self._refuse, status=408)
        connection.until(min(earned, moment) + limits.ARRIVES_SECONDS, too_slow)

    def _admit_large(self, connection: Connection) -> None:
        crowded = self.large[connection.network] >= limits.LARGE_FROM_ONE_ADDRESS
        if self.present.by_address and crowded:
            raise TurnedAway(503)
        connection.large = True
        self.large[connection.network] += 1

    def _give_threads(self) -> None:
        """Hand requests that are whole to threads that are free, if it is their turn."""
        while len(self.turns) < limits.THREADS and not self.turns.next_in(time.monotonic()):
            if self.large_waiting and self.large_running < limits.LARGE_AT_ONCE:
                connection = self.large_waiting.popleft()
                self.large_running += 1
            elif self.waiting:
                connection = self.waiting.popleft()
            else:
                return
            self.turns.begin(connection, time.monotonic())
            connection.until(float("inf"), None)
            # While others wait, who has been answered comes in again, where a worker may be free.
            connection.stays = self.alone or not self.waiting
            connection.leaving = Leaving(connection.client, self.answers)
            future = self.tpool.submit(self._serve, connection)
            future.add_done_callback(partial(self.method_queue.defer, self._served, connection))

    def _serve(self, connection: Connection) -> bool | None:
        """In a thread: let the application answer. Whether the connection stays; None if the
        answer was not finished."""
        leaving, arriving = connection.leaving, connection.arriving
        assert leaving is not None
        assert arriving is not None
        try:
            return self._answer(connection, arriving, leaving)
        except ClientGone:
            return None
        except Exception as error:
            log.error("fault outside the application: %s", where(error))
            if leaving.begun:
                return None
            leaving.start_over()
        try:
            leaving.sendall(self.refusals.answer(bytes(arriving.head), 500))
            leaving.push()
        except ClientGone:
            return None
        return False

    def _answer(self, connection: Connection, arriving: Arriving, leaving: Leaving) -> bool:
        request = arriving.request
        request.body = arriving.body()
        request._expected_100_continue = False
        response, environ = wsgi.create(
            *(request, leaving, connection.peer, connection.server, self.cfg),
            response_class=Answer,
        )
        environ["wsgi.multithread"] = True
        if not (self.alive and connection.stays):
            response.force_close()
        pieces = self.wsgi(environ, response.start_response)
        try:
            for piece in pieces:
                response.write(piece)
            response.close()
            leaving.push()
        finally:
            if hasattr(pieces, "close"):
                pieces.close()
        return not response.should_close()

    def _served(self, connection: Connection, future: "Future[bool | None]") -> None:
        """A thread is done with a request."""
        arriving = connection.arriving
        assert arriving is not None
        self.turns.end(connection)
        self.large_running -= arriving.large
        connection.served = True
        self._release(connection)
        stays = None if future.cancelled() or future.exception() else future.result()
        if stays is None:
            self._break_off(connection)
        else:
            connection.stays = stays
            self._try(partial(self._carry_on, connection), connection)
        self._give_threads()

    def _carry_on(self, connection: Connection) -> None:
        """Send the rest of the answer; after it wait for the next request, or part."""
        leaving, arriving = connection.leaving, connection.arriving
        assert leaving is not None
        if leaving.unsent:
            connection.began = time.monotonic() - leaving.sent / limits.SENT_A_SECOND
            connection.until(time.monotonic() + limits.SEND_SECONDS, self._drop)
            self._watch(connection, selectors.EVENT_WRITE, self._send)
            return
        leaving.release()
        connection.leaving = None
        if connection.stays:
            self._listen(connection, arriving.rest if arriving else b"")
        else:
            self._part(connection)

    def _send(self, connection: Connection, _client: Any) -> None:
        leaving = connection.leaving
        assert leaving is not None
        before = leaving.sent
        try:
            leaving.push(16)
        except ClientGone:
            self._drop(connection)
            return
        if not leaving.unsent:
            self._carry_on(connection)
        elif leaving.sent > before:
            earned = connection.began + leaving.sent / limits.SENT_A_SECOND
            ends = min(earned, time.monotonic()) + limits.SEND_SECONDS
            connection.until(ends, self._drop)

    def _part(self, connection: Connection) -> None:
        """Close a connection once its client has, without anybody's waiting for that: closed while
        the client still sends, it would lose the answer."""
        try:
            connection.client.shutdown(socket.SHUT_WR)
        except OSError:
            self._drop(connection)
            return
        connection.began = time.monotonic()
        connection.until(connection.began + limits.LINGER_SECONDS, self._drop)
        self.present.expendable[connection] = None
        self._watch(connection, selectors.EVENT_READ, self._drain)

    def _drain(self, connection: Connection, _client: Any) -> None:
        piece = connection.receive()
        if piece:
            ends = connection.ends + len(piece) / limits.BYTES_A_SECOND
            most = connection.began + limits.LINGER_AT_MOST_SECONDS
            connection.until(min(ends, most), self._drop)
        elif piece is not None:
            self._drop(connection)

    def _wait_in_vain(self, connection: Connection) -> None:
        (self.large_waiting if connection.large else self.waiting).remove(connection)
        self._refuse(connection, 503)

    def _refuse(self, connection: Connection, status: int) -> None:
        """Answer with the page for `status`, and part."""
        head = bytes(connection.arriving.head) if connection.arriving else b""
        self._unwatch(connection)
        self._release(connection)
        self.present.expendable.pop(connection, None)
        connection.stays = False
        connection.leaving = Leaving(connection.client, self.answers)
        try:
            connection.leaving.sendall(self.refusals.answer(head, status))
            connection.leaving.push()
        except ClientGone:
            self._drop(connection)
        else:
            self._carry_on(connection)

    def _sweep(self) -> None:
        """Once a second: whose time is up."""
        moment = time.monotonic()
        if moment < self._swept + 1:
            return
        self._swept = moment
        for connection in [one for one in self.present.all if one.ends <= moment]:
            if connection.late is not None:
                connection.late(connection)

    def _watch(self, connection: Connection, event: int, callback: Callable[..., None]) -> None:
        self._unwatch(connection)
        self.poller.register(connection.client, event, partial(callback, connection))
        connection.watched = True

    def _unwatch(self, connection: Connection) -> None:
        if connection.watched:
            self.poller.unregister(connection.client)
            connection.watched = False

    def _release(self, connection: Connection) -> None:
        """Its request is kept no longer."""
        if connection.arriving is not None:
            connection.arriving.release()
        if connection.large:
            connection.large = False
            self.large[connection.network] -= 1
            if not self.large[connection.network]:
                del self.large[connection.network]

    def _break_off(self, connection: Connection) -> None:
        """Close a connection in the middle of an answer, which must not look whole."""
        connection.reset_when_closed()
        self._drop(connection)

    def _drop(self, connection: Connection) -> None:
        """Close a connection at once."""
        if connection.closed:
            return
        connection.closed = True
        self._unwatch(connection)
        self._release(connection)
        if connection.leaving is not None:
            connection.leaving.release()
        self.present.remove(connection)
        connection.client.close()
