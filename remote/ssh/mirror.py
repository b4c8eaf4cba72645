"""Mirror of a remote storage root over an SSH connection. Blocking; runs in its own thread. No Django."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from remote.errors import ConnectionLost, RemoteError, RemoteOperationFailed
from remote.ssh.client import Link
from remote.ssh.loop import loop
from runicorn.remote_protocol import IMPLEMENTATION
from runicorn_tools.sync.stopping import StopRequest

if TYPE_CHECKING:
    from runicorn_tools.sync.manifest.scan import Item
    from runicorn_tools.sync.result import SyncResult
    from runicorn_tools.sync.run_mirror import Progress
    from runicorn_tools.sync.transport import RemoteFiles

ASK_SECONDS = 30.0
MANIFEST_SECONDS = 600.0
STOP_SECONDS = 5.0


class MirrorStopped(Exception):
    """The mirror was stopped; complete files are kept."""


class RemoteMirror:
    """One sync of a remote storage root, with an SFTP client of its own, so that another thread can stop it.

    Args:
        link: the connection, used in the loop of `remote/ssh/loop.py`.
        remote_root: the remote storage root; a leading `~` is the user's home.
        python: remote interpreter that has this program and generates a manifest; "" for none.
        progress: called with the files done, all files, and the path of the last.
        artifacts: also fetch the artifact versions that the runs created or used.

    Attributes:
        received_bytes: bytes received so far.
        stop_request: set by `stop`.
    """

    def __init__(
        self,
        link: Link,
        remote_root: str,
        into: Path,
        python: str = "",
        progress: Progress | None = None,
        *,
        artifacts: bool = False,
    ) -> None:
        self.received_bytes = 0
        self.stop_request = StopRequest()
        self._link, self._into, self._python, self._progress = link, into, python, progress
        self._artifacts = artifacts
        # SFTP paths are relative to the home.
        home = remote_root.startswith("~")
        self._place = remote_root.removeprefix("~").lstrip("/") or "." if home else remote_root
        self._client: Any = None
        self._manifest_task: asyncio.Task[Any] | None = None

    def run(self) -> SyncResult:
        """Bring the local runs up to date.

        Returns:
            As `runicorn_tools.sync.mirror.mirror_store` returns.

        Raises:
            MirrorStopped: by `stop`.
            RemoteOperationFailed: the host offers no SFTP.
            OSError: the remote root cannot be listed, or the local folder cannot be written.
        """
        try:
            result = self._sync()
        except (RemoteError, OSError) as error:
            if self.stop_request.requested:
                raise MirrorStopped from error
            if isinstance(error, ConnectionError):
                raise ConnectionLost(self._link.address.id) from error
            raise
        finally:
            with suppress(RemoteError):
                loop.run(self._hang_up(), STOP_SECONDS)
        if self.stop_request.requested:  # before discovery, or during the last file
            raise MirrorStopped
        return result

    def stop(self, *, keep_partial: bool = False) -> None:
        """Stop now. Safe to call from another thread or a signal handler, and repeatedly."""
        self.stop_request.requested, self.stop_request.keep_partial = True, keep_partial
        with suppress(RemoteError):  # the connection is lost already
            loop.run(self._hang_up(), STOP_SECONDS)

    def _sync(self) -> SyncResult:
        # Not at the top: most viewers mirror nothing.
        from runicorn_tools.sync.mirror import mirror_store
        from runicorn_tools.sync.transport import wrap_client

        self._client = loop.run(self._link.new_files(), ASK_SECONDS)
        if self.stop_request.requested:
            raise MirrorStopped
        return mirror_store(
            _CountedFiles(wrap_client(self._client), self._count),
            self._place,
            self._into,
            self._link.address.id,
            generate=self._generate_manifest if self._python else None,
            progress=self._progress,
            stop=self.stop_request,
            artifacts=self._artifacts,
        )

    def _count(self, size: int) -> None:
        self.received_bytes += size

    async def _hang_up(self) -> None:
        if self._manifest_task is not None:
            self._manifest_task.cancel()
        if self._client is not None:
            self._client.exit()

    def _generate_manifest(self) -> bool:
        try:
            return loop.run(self._run_generator(), ASK_SECONDS + MANIFEST_SECONDS)
        except RemoteOperationFailed:
            return False

    async def _run_generator(self) -> bool:
        """Generate a manifest on the remote host; return whether that succeeded."""
        self._manifest_task = asyncio.current_task()
        version = await self._link.run(
            self._python, "-m", "runicorn", "version", "--json", timeout=ASK_SECONDS
        )
        if version.status != 0 or not _is_ours(version.stdout):
            return False
        async with self._link.sftp_errors(self._place):
            place = await self._client.realpath(self._place.encode("utf-8", "surrogateescape"))
        command = ("-m", "runicorn", "generate-manifest", "--root", place.decode("utf-8", "replace"))
        return (await self._link.run(self._python, *command, timeout=MANIFEST_SECONDS)).status == 0


class _CountedFiles:
    """Remote files that count the bytes read."""

    def __init__(self, remote: RemoteFiles, count: Callable[[int], None]) -> None:
        self.parallel = remote.parallel
        self._remote = remote
        self._count = count

    def list(self, path: str) -> list[Item]:
        return self._remote.list(path)

    def stat(self, path: str) -> Item:
        return self._remote.stat(path)

    def read(self, path: str, offset: int, size: int, write: Callable[[bytes], None]) -> None:
        def count_and_write(piece: bytes) -> None:
            self._count(len(piece))
            write(piece)

        self._remote.read(path, offset, size, count_and_write)


def _is_ours(output: bytes) -> bool:
    """Return whether the last line of `runicorn version --json` names this program and not another of its name."""
    try:
        report = json.loads(output.strip().splitlines()[-1])
        return bool(report["implementation"] == IMPLEMENTATION)
    except (ValueError, LookupError, TypeError):
        return False
