"""A network between a program and a server that can be cut at any moment."""

from __future__ import annotations

import socket
import threading
from contextlib import suppress


class Proxy:
    """Forward bytes from a free port to another one; while `cut`, no connection succeeds."""

    def __init__(self, port: int) -> None:
        self._target = port
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        self.is_cut = False
        self.cut_at: int | None = None
        """Bytes in both directions after which it is cut, once."""
        self.drop_at: int | None = None
        """Bytes after which every connection is closed, once; new ones succeed."""
        self.silent_at: int | None = None
        """Bytes after which none pass while connections succeed, once; until it is restored."""
        self.passed = 0
        self._flowing = threading.Event()
        self._flowing.set()
        self._open: set[socket.socket] = set()
        self._lock = threading.Lock()
        self._threads: list[threading.Thread] = []
        self._start(self._accept)

    def _start(self, work: object, *arguments: object) -> None:
        thread = threading.Thread(target=work, args=arguments, daemon=True)  # type: ignore[arg-type]
        self._threads.append(thread)
        thread.start()

    def _accept(self) -> None:
        while True:
            try:
                inner, _ = self._listener.accept()
            except OSError:
                return
            if self.is_cut:
                inner.close()
                continue
            try:
                outer = socket.create_connection(("127.0.0.1", self._target), timeout=5)
            except OSError:
                inner.close()
                continue
            outer.settimeout(None)
            with self._lock:
                self._open |= {inner, outer}
            if self.is_cut:  # just now
                self._close(inner, outer)
                continue
            self._start(self._pump, inner, outer)
            self._start(self._pump, outer, inner)

    def _pump(self, source: socket.socket, target: socket.socket) -> None:
        with suppress(OSError):
            while data := source.recv(65536):
                self._flowing.wait()
                target.sendall(data)
                self.passed += len(data)
                if self.cut_at is not None and self.passed >= self.cut_at:
                    self.cut_at = None
                    self.cut()
                if self.silent_at is not None and self.passed >= self.silent_at:
                    self.silent_at = None
                    self._flowing.clear()
                if self.drop_at is not None and self.passed >= self.drop_at:
                    self.drop_at = None
                    self._close_all()
        self._close(source, target)

    def _close(self, *sockets: socket.socket) -> None:
        for connection in sockets:
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
            connection.close()
            with self._lock:
                self._open.discard(connection)

    def _close_all(self) -> None:
        with self._lock:
            sockets = list(self._open)
        self._close(*sockets)

    def cut(self) -> None:
        """Close every connection at once and refuse others."""
        self.is_cut = True
        self._close_all()

    def restore(self) -> None:
        """Let connections through again."""
        self.is_cut = False
        self._flowing.set()

    def stop(self) -> None:
        """Close all connections and stop listening."""
        self.cut()
        self._flowing.set()
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for thread in self._threads:
            thread.join(10)
