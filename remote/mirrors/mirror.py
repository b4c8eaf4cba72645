"""A store of another machine mirrored over a connection: waits, so it is called from a thread that may. No Django."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

from remote.errors import ConnectionCut, Failed, Trouble
from remote.ssh.client import Link
from remote.ssh.loop import loop
from runicorn.sync.manifest.scan import Item
from runicorn.sync.mirror import mirror_store
from runicorn.sync.run_mirror import Progress
from runicorn.sync.stopping import StopRequest
from runicorn.sync.transport import RemoteFiles, wrap_client

IMPLEMENTATION = "runicorn-django"
ASK_SECONDS = 30.0
MANIFEST_SECONDS = 600.0
STOP_SECONDS = 5.0


class Stopped(Exception):
    """Somebody stopped the visit: the files that have come stay, and nothing half is kept."""


class Visit:
    """One visit to a store on another machine, with an SFTP client of its own, so that another thread can stop it.

    Args:
        link: the connection; lives in the loop of `remote/ssh/loop.py`.
        remote_root: the storage root there; a leading `~` is the user's home.
        into: the storage root here.
        python: the interpreter there that has our package, with which a manifest is made; none for no attempt.
        progress: is told files done, files in all, and the path of the last.
        artifacts: bring the versions of artifacts too that the runs made or used.

    Attributes:
        came: bytes that have come over so far.
        ending: whether somebody has stopped it.
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
        self.came = 0
        self.ending = StopRequest()
        self._link, self._into, self._python, self._progress = link, into, python, progress
        self._artifacts = artifacts
        # SFTP begins at home.
        home = remote_root.startswith("~")
        self._place = remote_root.removeprefix("~").lstrip("/") or "." if home else remote_root
        self._client: Any = None
        self._making: asyncio.Task[Any] | None = None

    def run(self) -> dict[str, Any]:
        """Bring the runs over there here.

        Returns:
            As `runicorn.sync.mirror.mirror_store`.

        Raises:
            Stopped: by `stop`.
            ConnectionCut: the connection was lost.
            Failed: the host offers no SFTP.
            NoSuchPlace: the root is not there.
            OSError: the root there cannot be listed, or the folder here cannot be written.
        """
        try:
            result = self._visited()
        except (Trouble, OSError) as error:
            if self.ending.requested:
                raise Stopped from error
            if isinstance(error, ConnectionError):
                raise ConnectionCut(self._link.address.id) from error
            raise
        finally:
            with suppress(Trouble):
                loop.run(self._hang_up(), STOP_SECONDS)
        if self.ending.requested:  # before it found anything out, or with the last file
            raise Stopped
        return result

    def stop(self, *, keep_partial: bool = False) -> None:
        """Have it end now; called by another thread or by a signal, and once more changes nothing."""
        self.ending.requested, self.ending.keep_partial = True, keep_partial
        with suppress(Trouble):  # the connection is gone, and so is the visit
            loop.run(self._hang_up(), STOP_SECONDS)

    def _visited(self) -> dict[str, Any]:
        self._client = loop.run(self._link.new_files(), ASK_SECONDS)
        if self.ending.requested:
            raise Stopped
        return mirror_store(
            _Counted(wrap_client(self._client), self._count),
            self._place,
            self._into,
            self._link.address.id,
            generate=self._generated if self._python else None,
            progress=self._progress,
            stop=self.ending,
            artifacts=self._artifacts,
        )

    def _count(self, size: int) -> None:
        self.came += size

    async def _hang_up(self) -> None:
        if self._making is not None:
            self._making.cancel()
        if self._client is not None:
            self._client.exit()

    def _generated(self) -> bool:
        try:
            return loop.run(self._make(), ASK_SECONDS + MANIFEST_SECONDS)
        except Failed:
            return False

    async def _make(self) -> bool:
        """Have a manifest made over there; whether that worked."""
        self._making = asyncio.current_task()
        asked = await self._link.run(self._python, "-m", "runicorn", "version", "--json", timeout=ASK_SECONDS)
        if asked.status != 0 or not _is_ours(asked.stdout):
            return False
        async with self._link.telling_of(self._place):
            place = await self._client.realpath(self._place.encode("utf-8", "surrogateescape"))
        command = ("-m", "runicorn", "generate-manifest", "--root", place.decode("utf-8", "replace"))
        return (await self._link.run(self._python, *command, timeout=MANIFEST_SECONDS)).status == 0


class _Counted:
    """The files of another machine, with the bytes that are read of them counted."""

    def __init__(self, remote: RemoteFiles, count: Callable[[int], None]) -> None:
        self.parallel = remote.parallel
        self._remote = remote
        self._count = count

    def list(self, path: str) -> list[Item]:
        return self._remote.list(path)

    def stat(self, path: str) -> Item:
        return self._remote.stat(path)

    def read(self, path: str, offset: int, size: int, write: Callable[[bytes], None]) -> None:
        def counted(piece: bytes) -> None:
            self._count(len(piece))
            write(piece)

        self._remote.read(path, offset, size, counted)


def _is_ours(output: bytes) -> bool:
    """Whether the last line says that this is our `runicorn` and not another one."""
    try:
        told = json.loads(output.strip().splitlines()[-1])
        return bool(told["implementation"] == IMPLEMENTATION)
    except (ValueError, LookupError, TypeError):
        return False
