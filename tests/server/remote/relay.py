"""Network faults on demand: a relay in front of a real server, and a fake server."""

from __future__ import annotations

import socket
import threading
import time
from contextlib import suppress
from types import TracebackType
from typing import Self


class _Door:
    """A local TCP server that closes all connections when the block ends."""

    def __init__(self) -> None:
        self.ends: list[socket.socket] = []
        """Sockets of clients, and of connections opened for them."""
        self._guard = threading.Lock()
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listening.getsockname()[1]
        self._accepting = threading.Thread(target=self._accept, daemon=True)
        self._accepting.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None
    ) -> None:
        with suppress(OSError):
            self._listening.shutdown(socket.SHUT_RDWR)  # wakes the thread, which a mere close does not
        self._accepting.join()  # no client is accepted after `cut`
        self._listening.close()
        self.cut()

    def cut(self) -> None:
        """Cut every connection that is open."""
        with self._guard:
            ends, self.ends = self.ends, []
        for end in ends:
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
            end.close()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                client, _ = self._listening.accept()
                self._keep(client)
                self._receive(client)

    def _keep(self, end: socket.socket) -> None:
        with self._guard:
            self.ends.append(end)

    def _receive(self, client: socket.socket) -> None:
        raise NotImplementedError


class Relay(_Door):
    """Forward bytes to a local port; cut, mute, delay or corrupt them on request.

    Args:
        target: the port to forward to.
        cut_after: bytes from the server after which a connection is cut.
        mute_after: bytes from the server after which the rest is dropped, with the connection open.
        delay: seconds for each piece, in both directions.
        garbled: bytes that replace those of the server, by offset.
    """

    def __init__(
        self,
        target: int,
        cut_after: int | None = None,
        mute_after: int | None = None,
        delay: float = 0,
        garbled: dict[int, int] | None = None,
    ) -> None:
        self.target, self.cut_after, self.mute_after, self.delay = target, cut_after, mute_after, delay
        self.garbled = garbled or {}
        self.passed = 0
        """Bytes from the server over all connections."""
        super().__init__()

    def _receive(self, client: socket.socket) -> None:
        server = socket.create_connection(("127.0.0.1", self.target))
        self._keep(server)
        for source, sink in ((client, server), (server, client)):
            threading.Thread(target=self._pass, args=(source, sink, source is server), daemon=True).start()

    def _pass(self, source: socket.socket, sink: socket.socket, from_server: bool) -> None:
        passed = 0
        with suppress(OSError):
            while data := source.recv(65536):
                if self.delay:
                    time.sleep(self.delay)
                if from_server and self.garbled:
                    places = range(passed, passed + len(data))
                    data = bytes(
                        self.garbled.get(place, own) for place, own in zip(places, data, strict=True)
                    )
                if from_server and self.cut_after is not None and passed + len(data) > self.cut_after:
                    sink.sendall(data[: self.cut_after - passed])
                    break
                if from_server and self.mute_after is not None and passed + len(data) > self.mute_after:
                    continue
                sink.sendall(data)
                passed += len(data)
                if from_server:
                    self.passed += len(data)
        for end in (source, sink):
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)


class FakeServer(_Door):
    """A server that sends the same bytes to every client, and then waits or hangs up."""

    def __init__(self, says: bytes, hangs_up: bool = False, endless: bool = False) -> None:
        self.says, self.hangs_up, self.endless = says, hangs_up, endless
        super().__init__()

    def _receive(self, client: socket.socket) -> None:
        threading.Thread(target=self._tell, args=(client,), daemon=True).start()

    def _tell(self, client: socket.socket) -> None:
        with suppress(OSError):
            client.sendall(self.says)
            while self.endless:
                client.sendall(self.says)
            if self.hangs_up:
                client.close()
