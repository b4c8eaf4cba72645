"""SSH client; the only importer of asyncssh, which is loaded by the first connection (about 200 ms).

A `Link` is one authenticated connection, created by `remote/ssh/login.py`. Everything here runs in the loop of
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
from runicorn.message import Message

COMMAND_SECONDS = 30.0
OUTPUT_BYTES = 1024 * 1024
"""Maximum output of a command, errors included; a command that prints more is killed."""
CLOSE_SECONDS = 1.0


def library() -> ModuleType:
    """Return asyncssh, with its logger silenced: it would log users, hosts and commands."""
    import asyncssh

    asyncssh.set_log_level("ERROR")
    try:
        getpass.getuser()
    except (KeyError, OSError):
        # asyncssh requires a local username, and users in containers often have none.
        os.environ["LOGNAME"] = f"uid{os.getuid()}"
    return asyncssh


def printable(text: str, longest: int = 300) -> str:
    """Return remote text as one printable line, without control characters."""
    return "".join(character for character in text if character.isprintable())[:longest]


@dataclass(frozen=True)
class Output:
    """Output of a command. `status` is None if a signal ended it."""

    status: int | None
    stdout: bytes
    stderr: bytes

    @property
    def complaint(self) -> str:
        """Last line of its error output."""
        lines = self.stderr.decode("utf-8", "replace").strip().splitlines()
        return printable(lines[-1]) if lines else f"exit status {self.status}"


class Link:
    """An authenticated connection to a host. `ended` is set once it is closed or lost."""

    def __init__(self, address: Address, connection: Any, host_key: HostKey) -> None:
        self.address = address
        self.host_key = host_key
        self.ended = asyncio.Event()
        self._connection = connection
        self._files: Any = None
        self._files_lock = asyncio.Lock()
        self._waiting: set[asyncio.Timeout] = set()
        self._watch = asyncio.create_task(self._watch_end())

    async def _watch_end(self) -> None:
        await self._connection.wait_closed()
        self._on_end()

    def _on_end(self) -> None:
        self.ended.set()
        for waiting in self._waiting:
            waiting.reschedule(asyncio.get_running_loop().time())

    async def close(self) -> None:
        """Close the connection with all its commands, transfers and forwarded ports."""
        self._connection.close()
        try:
            async with asyncio.timeout(CLOSE_SECONDS):
                await self._connection.wait_closed()
        except TimeoutError:
            self._connection.abort()
        self._on_end()
        await asyncio.gather(self._watch, return_exceptions=True)

    async def ping(self, timeout: float) -> float | None:
        """Return the round-trip time in seconds, or None if the host has no SFTP to measure it with.

        Raises:
            ConnectionLost: the connection has ended, or the host did not answer in time.
        """
        try:
            async with asyncio.timeout(timeout):
                files = await self.files()
                began = time.perf_counter()
                # Any answer will do, an error too.
                async with self.ssh_errors():
                    with _ignore_answers():
                        await files.realpath(b".")
                return time.perf_counter() - began
        except RemoteOperationFailed:
            return None
        except TimeoutError:
            raise ConnectionLost(self.address.id) from None

    async def start(self, *arguments: str) -> Any:
        """Start a remote program with exactly these arguments, whichever login shell the user has.

        Returns asyncssh's `SSHClientProcess` with bytes for `stdin`, `stdout` and `stderr`; `end_process(process)`
        ends it.

        Raises:
            InvalidInput: an argument contains a NUL character or is not valid text.
            RemoteOperationFailed: the host allows no commands.
        """
        try:
            line = command_line(arguments)
        except NotACommand as error:
            raise InvalidInput("path", "path: {error}.", error=str(error)) from error
        async with self.ssh_errors("commands"):
            return await self._connection.create_process(line, encoding=None)

    async def is_breaking(self) -> bool:
        """Return whether the connection has ended or is about to: its channels end before it does."""
        await asyncio.sleep(0)
        return bool(self._connection.is_closed())

    async def run(
        self,
        *arguments: str,
        stdin: bytes = b"",
        timeout: float = COMMAND_SECONDS,
        limit: int = OUTPUT_BYTES,
    ) -> Output:
        """Run a remote program with exactly these arguments, and wait for its end.

        Args:
            stdin: its standard input, used for scripts.
            timeout: seconds; a slower program is killed.
            limit: bytes of output; a program that prints more is killed.

        Raises:
            RemoteOperationFailed: it timed out, printed too much, or the host allows no commands.
        """
        process = None
        try:
            async with asyncio.timeout(timeout):
                process = await self.start(*arguments)
                async with self.ssh_errors("commands"):
                    output = await _communicate(process, stdin, limit)
                if output.status is None and await self.is_breaking():
                    raise ConnectionLost(self.address.id)  # the output is incomplete
                return output
        except TimeoutError:
            raise RemoteOperationFailed(
                "A command on {host} took longer than {timeout} s.",
                host=self.address.host,
                timeout=f"{timeout:.0f}",
            ) from None
        except _OutputTooLarge:
            raise RemoteOperationFailed(
                "A command on {host} printed more than {limit} bytes.", host=self.address.host, limit=limit
            ) from None
        finally:
            if process is not None:
                await end_process(process)

    async def files(self) -> Any:
        """Return the SFTP client of this connection (asyncssh's, with bytes for paths), opened on first use.

        Raises:
            RemoteOperationFailed: the host offers no SFTP.
        """
        async with self._files_lock:
            if self._files is None:
                self._files = await self.new_files()
            return self._files

    async def new_files(self) -> Any:
        """Open another SFTP client, which the caller may close (`exit`) without affecting others.

        Raises:
            RemoteOperationFailed: the host offers no SFTP, or its limit of channels is reached.
        """
        asyncssh = library()
        try:
            async with self.ssh_errors(Message("file transfers (SFTP)")):
                return await self._connection.start_sftp_client(path_encoding=None)
        except asyncssh.SFTPError as error:
            raise RemoteOperationFailed(
                "{host} offers no SFTP: {reason}.", host=self.address.host, reason=printable(error.reason)
            ) from error

    def forget_files(self) -> None:
        """Close an SFTP client whose server hangs; the next use opens a new one."""
        files, self._files = self._files, None
        if files is not None:
            files.exit()

    async def dial(self, port: int) -> tuple[Any, Any]:
        """Connect to a port of 127.0.0.1 on the remote host; return asyncssh's reader and writer. Use them within `ssh_errors`.

        Raises:
            RemoteOperationFailed: the host forwards no ports.
        """
        asyncssh = library()
        try:
            async with self.ssh_errors(Message("port forwarding (AllowTcpForwarding)")):
                reader, writer = await self._connection.open_connection("127.0.0.1", port)
        except RemoteOperationFailed as error:
            cause = error.__cause__
            if isinstance(cause, asyncssh.ChannelOpenError) and cause.code == asyncssh.OPEN_CONNECT_FAILED:
                raise PortClosed(
                    "No program listens on port {port} of {host}.", port=port, host=self.address.host
                ) from error
            raise
        return reader, writer

    @asynccontextmanager
    async def ssh_errors(self, what: str = "SFTP") -> AsyncIterator[None]:
        """Convert asyncssh's errors within a block to ours, and leave the block when the connection ends.

        asyncssh itself may wait forever for a channel that was being opened when the connection was lost.

        Raises:
            RemoteOperationFailed: the host refused a channel for `what`.
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
                    "{host} refuses {what}, or its limit of channels is reached: {reason}.",
                    host=self.address.host,
                    what=what,
                    reason=printable(error.reason),
                ) from error
            raise ConnectionLost(self.address.id) from error

    @asynccontextmanager
    async def sftp_errors(self, path: str) -> AsyncIterator[None]:
        """Convert SFTP errors within a block that works on `path` to ours.

        Raises:
            RemoteOperationFailed: any other error, for example a full disk.
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
                "SFTP error on {host} for {path}: {reason}.",
                host=self.address.host,
                path=path,
                reason=printable(error.reason),
            ) from error


@contextmanager
def _ignore_answers() -> Iterator[None]:
    """Suppress SFTP errors that prove the host answers, but not a lost connection."""
    asyncssh = library()
    try:
        yield
    except (asyncssh.SFTPConnectionLost, asyncssh.SFTPNoConnection):
        raise
    except asyncssh.SFTPError:
        return


class _OutputTooLarge(Exception):
    """A program printed more than its limit."""


async def _communicate(process: Any, stdin: bytes, limit: int) -> Output:
    async def feed() -> None:
        with suppress(OSError):  # it exited before it had read everything
            if stdin:
                process.stdin.write(stdin)
                await process.stdin.drain()
            process.stdin.write_eof()

    out, err, _ = await asyncio.gather(_read(process.stdout, limit), _read(process.stderr, limit), feed())
    await process.wait_closed()
    status = process.exit_status
    return Output(status if status is not None and status >= 0 else None, out, err)


async def _read(stream: Any, limit: int) -> bytes:
    """Read a stream to its end."""
    parts, size = [], 0
    while part := await stream.read(65536):
        parts.append(part)
        size += len(part)
        if size > limit:
            raise _OutputTooLarge
    return b"".join(parts)


async def end_process(process: Any) -> None:
    """Kill a remote program if it still runs, and close its channel."""
    if process.exit_status is None and process.exit_signal is None:
        with suppress(OSError):
            process.kill()
    process.close()
    with suppress(TimeoutError):
        async with asyncio.timeout(CLOSE_SECONDS):
            await process.wait_closed()
