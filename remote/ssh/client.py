"""SSH, and the only importer of asyncssh, which is loaded with the first connection (it takes a fifth of a second).

A `Link` is one authenticated connection, as `remote/ssh/login.py` makes them. Everything here runs in the loop of
`remote/ssh/loop.py`.
"""

from __future__ import annotations

import asyncio
import getpass
import os
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass
from types import ModuleType
from typing import Any

from remote.errors import (
    ConnectionLost,
    InvalidInput,
    PortClosed,
    RemoteOperationFailed,
    RemotePathNotFound,
    RemotePermissionDenied,
)
from remote.ssh.address import Address
from remote.ssh.known_hosts import HostKey
from remote.ssh.shell import NotACommand, command_line

COMMAND_SECONDS = 30.0
OUTPUT_BYTES = 1024 * 1024
"""Of a command's output, errors included; what comes after that ends the command."""
CLOSE_SECONDS = 1.0


def library() -> ModuleType:
    """asyncssh, told to keep its log to itself: it would name users, hosts and commands."""
    import asyncssh

    asyncssh.set_log_level("ERROR")
    try:
        getpass.getuser()
    except (KeyError, OSError):
        # asyncssh wants a name of whoever runs it, and in containers users often have none.
        os.environ["LOGNAME"] = f"uid{os.getuid()}"
    return asyncssh


def printable(text: str, longest: int = 300) -> str:
    """What another machine said, for a person: one line, nothing that moves a cursor."""
    return "".join(character for character in text if character.isprintable())[:longest]


@dataclass(frozen=True)
class Output:
    """What a command left behind. `status` is `None` when a signal ended it."""

    status: int | None
    stdout: bytes
    stderr: bytes

    @property
    def complaint(self) -> str:
        """The last line of its error output."""
        lines = self.stderr.decode("utf-8", "replace").strip().splitlines()
        return printable(lines[-1]) if lines else f"it ended with status {self.status}"


class Link:
    """An authenticated connection to a host. Ends with `close`, or by itself; `ended` is set then."""

    def __init__(self, address: Address, connection: Any, host_key: HostKey) -> None:
        self.address = address
        self.host_key = host_key
        self.ended = asyncio.Event()
        self._connection = connection
        self._files: Any = None
        self._files_lock = asyncio.Lock()
        self._waiting: set[asyncio.Timeout] = set()
        self._watch = asyncio.create_task(self._until_the_end())

    async def _until_the_end(self) -> None:
        await self._connection.wait_closed()
        self._ends()

    def _ends(self) -> None:
        self.ended.set()
        for waiting in self._waiting:
            waiting.reschedule(asyncio.get_running_loop().time())

    async def close(self) -> None:
        """Hang up, with every command, transfer and forwarded port of it."""
        self._connection.close()
        try:
            async with asyncio.timeout(CLOSE_SECONDS):
                await self._connection.wait_closed()
        except TimeoutError:
            self._connection.abort()
        self._ends()
        await asyncio.gather(self._watch, return_exceptions=True)

    async def ping(self, timeout: float) -> float | None:
        """Seconds for a question to the host and back; `None` where it has no SFTP to ask.

        Raises:
            ConnectionLost: the connection has ended, or there was no answer in time.
        """
        try:
            async with asyncio.timeout(timeout):
                files = await self.files()
                began = time.perf_counter()
                # Whatever it says: it answers.
                async with self.ssh_errors():
                    with _any_answer():
                        await files.realpath(b".")
                return time.perf_counter() - began
        except RemoteOperationFailed:
            return None
        except TimeoutError:
            raise ConnectionLost(self.address.id) from None

    async def start(self, *arguments: str) -> Any:
        """Start a program over there with exactly these arguments, whatever shell the user has.

        The answer is asyncssh's `SSHClientProcess`, with bytes for `stdin`, `stdout` and `stderr`; `ended(process)`
        ends it.

        Raises:
            InvalidInput: an argument holds a NUL character or is no text.
            ConnectionLost: the connection has ended.
            RemoteOperationFailed: the host allows no commands.
        """
        try:
            line = command_line(arguments)
        except NotACommand as error:
            raise InvalidInput("path", f"path: {error}.") from error
        async with self.ssh_errors("commands"):
            return await self._connection.create_process(line, encoding=None)

    async def is_breaking(self) -> bool:
        """Whether the connection has ended or does so in this turn: its channels end before it does."""
        await asyncio.sleep(0)
        return bool(self._connection.is_closed())

    async def run(
        self,
        *arguments: str,
        stdin: bytes = b"",
        timeout: float = COMMAND_SECONDS,
        limit: int = OUTPUT_BYTES,
    ) -> Output:
        """Run a program over there with exactly these arguments, and wait for its end.

        Args:
            arguments: the program and what it is given.
            stdin: what it reads; scripts go this way.
            timeout: seconds; a program that takes longer is ended.
            limit: bytes of output; a program that says more is ended.

        Raises:
            RemoteOperationFailed: it took too long, said too much, or the host allows no commands.
            ConnectionLost: the connection ended.
        """
        process = None
        try:
            async with asyncio.timeout(timeout):
                process = await self.start(*arguments)
                async with self.ssh_errors("commands"):
                    output = await _talk(process, stdin, limit)
                if output.status is None and await self.is_breaking():
                    raise ConnectionLost(self.address.id)  # what was said is only the beginning
                return output
        except TimeoutError:
            raise RemoteOperationFailed(
                f"A command on {self.address.host} took longer than {timeout:.0f} s."
            ) from None
        except _TooMuch:
            raise RemoteOperationFailed(
                f"A command on {self.address.host} said more than {limit} bytes."
            ) from None
        finally:
            if process is not None:
                await ended(process)

    async def files(self) -> Any:
        """The SFTP client of this connection (asyncssh's, with bytes for paths), made when it is first asked for.

        Raises:
            RemoteOperationFailed: the host offers no SFTP.
            ConnectionLost: the connection has ended.
        """
        async with self._files_lock:
            if self._files is None:
                self._files = await self.new_files()
            return self._files

    async def new_files(self) -> Any:
        """Another SFTP client, for whoever wants to hang it up (`exit`) without regard to others.

        Raises:
            RemoteOperationFailed: the host offers no SFTP, or has too much open.
            ConnectionLost: the connection has ended.
        """
        asyncssh = library()
        try:
            async with self.ssh_errors("transfers of files (SFTP)"):
                return await self._connection.start_sftp_client(path_encoding=None)
        except asyncssh.SFTPError as error:
            raise RemoteOperationFailed(
                f"{self.address.host} offers no SFTP: {printable(error.reason)}."
            ) from error

    def forget_files(self) -> None:
        """Hang up SFTP, when its server does not come back; the next question is put to a new one."""
        files, self._files = self._files, None
        if files is not None:
            files.exit()

    async def dial(self, port: int) -> tuple[Any, Any]:
        """A way to a port of 127.0.0.1 over there: asyncssh's reader and writer, of bytes. Use them within `ssh_errors`.

        Raises:
            PortClosed: nobody listens on it.
            RemoteOperationFailed: the host forwards no ports.
            ConnectionLost: the connection has ended.
        """
        asyncssh = library()
        try:
            async with self.ssh_errors("ways to its ports (AllowTcpForwarding)"):
                reader, writer = await self._connection.open_connection("127.0.0.1", port)
        except RemoteOperationFailed as error:
            cause = error.__cause__
            if isinstance(cause, asyncssh.ChannelOpenError) and cause.code == asyncssh.OPEN_CONNECT_FAILED:
                raise PortClosed(f"Nobody listens on port {port} of {self.address.host}.") from error
            raise
        return reader, writer

    @asynccontextmanager
    async def ssh_errors(self, what: str = "this") -> AsyncIterator[None]:
        """Turn asyncssh's errors within a block into ours, and leave it when the connection ends.

        asyncssh alone may wait for ever for a channel that was about to be opened when the connection was lost.

        Raises:
            RemoteOperationFailed: the host refused a channel for `what`.
            ConnectionLost: the connection has ended.
        """
        asyncssh = library()
        if self.ended.is_set():
            raise ConnectionLost(self.address.id)
        waiting = asyncio.timeout(None)
        try:
            async with waiting:
                self._waiting.add(waiting)
                try:
                    yield
                finally:
                    self._waiting.discard(waiting)
        except (asyncssh.SFTPConnectionLost, asyncssh.SFTPNoConnection) as error:
            raise ConnectionLost(self.address.id) from error
        except asyncssh.SFTPError:
            raise
        except TimeoutError:
            if waiting.expired():
                raise ConnectionLost(self.address.id) from None
            raise
        except (asyncssh.Error, OSError, EOFError) as error:
            if isinstance(error, asyncssh.ChannelOpenError) and not await self.is_breaking():
                raise RemoteOperationFailed(
                    f"{self.address.host} refuses {what}, or has too much open: {printable(error.reason)}."
                ) from error
            raise ConnectionLost(self.address.id) from error

    @asynccontextmanager
    async def sftp_errors(self, path: str) -> AsyncIterator[None]:
        """Turn the errors of SFTP within a block that works on `path` into ours.

        Raises:
            RemotePathNotFound: it is not there.
            RemotePermissionDenied: the user may not.
            RemoteOperationFailed: something else, a full disk for example.
            ConnectionLost: the connection has ended.
        """
        asyncssh = library()
        try:
            async with self.ssh_errors():
                yield
        except (asyncssh.SFTPNoSuchFile, asyncssh.SFTPNoSuchPath) as error:
            raise RemotePathNotFound(path) from error
        except asyncssh.SFTPPermissionDenied as error:
            raise RemotePermissionDenied(path) from error
        except (asyncssh.SFTPConnectionLost, asyncssh.SFTPNoConnection) as error:
            raise ConnectionLost(self.address.id) from error
        except asyncssh.SFTPError as error:
            raise RemoteOperationFailed(
                f"{self.address.host} could not do that with {path}: {printable(error.reason)}."
            ) from error


@contextmanager
def _any_answer() -> Iterator[None]:
    """Let pass what SFTP says no to, but not that nobody is there to say it."""
    asyncssh = library()
    try:
        yield
    except (asyncssh.SFTPConnectionLost, asyncssh.SFTPNoConnection):
        raise
    except asyncssh.SFTPError:
        return


class _TooMuch(Exception):
    """A program said more than it may."""


async def _talk(process: Any, stdin: bytes, limit: int) -> Output:
    async def feed() -> None:
        with suppress(OSError):  # it ended before it had read everything
            if stdin:
                process.stdin.write(stdin)
                await process.stdin.drain()
            process.stdin.write_eof()

    out, err, _ = await asyncio.gather(_read(process.stdout, limit), _read(process.stderr, limit), feed())
    await process.wait_closed()
    status = process.exit_status
    return Output(status if status is not None and status >= 0 else None, out, err)


async def _read(stream: Any, limit: int) -> bytes:
    """All of a stream.

    Raises:
        _TooMuch: that is more than `limit` bytes.
    """
    parts, size = [], 0
    while part := await stream.read(65536):
        parts.append(part)
        size += len(part)
        if size > limit:
            raise _TooMuch
    return b"".join(parts)


async def ended(process: Any) -> None:
    """End a program that was started over there, if it has not ended, and close its channel."""
    if process.exit_status is None and process.exit_signal is None:
        with suppress(OSError):
            process.kill()
    process.close()
    with suppress(TimeoutError):
        async with asyncio.timeout(CLOSE_SECONDS):
            await process.wait_closed()
