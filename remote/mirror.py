"""A store of another machine mirrored over a connection: waits, so it is called from a thread that may. No Django."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from remote.errors import ConnectionCut, Failed
from remote.loop import loop
from remote.ssh import Link
from runicorn.manifest.client import Progress
from runicorn.manifest.transport import remote_of
from runicorn.manifest.visiting import visit

IMPLEMENTATION = "runicorn-django"
ASK_SECONDS = 30.0
MANIFEST_SECONDS = 600.0


def mirror(
    link: Link, remote_root: str, into: Path, python: str = "", progress: Progress | None = None
) -> dict[str, Any]:
    """Bring the runs of a store over there here.

    Args:
        link: the connection; lives in the loop of `remote/loop.py`.
        remote_root: the storage root there; a leading `~` is the user's home.
        into: the storage root here.
        python: the interpreter there that has our package, with which a manifest is made; none for no attempt.
        progress: is told files done, files in all, and the path of the last.

    Returns:
        As `runicorn.manifest.visiting.visit`.

    Raises:
        ConnectionCut: the connection was lost.
        Failed: the host offers no SFTP.
        NoSuchPlace: the root is not there.
        OSError: the root there cannot be listed, or the folder here cannot be written.
    """
    client = loop.run(link.files(), ASK_SECONDS)
    remote = remote_of(client)
    # SFTP begins at home.
    place = remote_root.removeprefix("~").lstrip("/") or "." if remote_root.startswith("~") else remote_root
    try:
        generate = _maker(link, client, place, python) if python else None
        return visit(remote, place, into, link.address.id, generate=generate, progress=progress)
    except ConnectionError as error:
        raise ConnectionCut(link.address.id) from error


def _maker(link: Link, client: Any, place: str, python: str) -> Callable[[], bool]:
    async def make() -> bool:
        asked = await link.run(python, "-m", "runicorn", "version", "--json", timeout=ASK_SECONDS)
        if asked.status != 0 or not _is_ours(asked.stdout):
            return False
        async with link.telling_of(place):
            root = (await client.realpath(place.encode("utf-8", "surrogateescape"))).decode(
                "utf-8", "replace"
            )
        command = (python, "-m", "runicorn", "generate-manifest", "--root", root)
        return (await link.run(*command, timeout=MANIFEST_SECONDS)).status == 0

    def generate() -> bool:
        try:
            return loop.run(make(), ASK_SECONDS + MANIFEST_SECONDS)
        except Failed:
            return False

    return generate


def _is_ours(output: bytes) -> bool:
    """Whether the last line says that this is our `runicorn` and not another one."""
    try:
        told = json.loads(output.strip().splitlines()[-1])
        return bool(told["implementation"] == IMPLEMENTATION)
    except (ValueError, LookupError, TypeError):
        return False
