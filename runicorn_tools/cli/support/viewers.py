"""Running viewers, as targets of commands."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from runicorn.settings import user
from runicorn_tools.cli.support import common
from runicorn_tools.cli.support.exits import FAILED, NOT_AVAILABLE, PERMISSION, USAGE

if TYPE_CHECKING:
    from runicorn.api import RunicornClient


def viewer_url(url: str, storage: Path | None) -> str:
    """Return the address of a viewer: `url`, else RUNICORN_URL, else the newest one of the user; exit without any."""
    if url or (storage is None and user.get("RUNICORN_URL")):
        return url or user.get("RUNICORN_URL")
    root = None if storage is None else str(user.storage_root(storage))
    viewers = [note for note in user.running_viewers() if root in (None, note["root"])]
    if not viewers:
        common.exit_with(
            "You have no such viewer running here: start one with runicorn viewer, or use --url.",
            NOT_AVAILABLE,
        )
    return str(viewers[0]["url"])


def viewer_client(url: str, storage: Path | None) -> RunicornClient:
    """Return a client of `viewer_url` with the token in RUNICORN_TOKEN, else that of a viewer of the user.

    Raises:
        ValueError: the address or the token is malformed.
    """
    from runicorn.api import RunicornClient
    from runicorn.upload.client import token

    return RunicornClient(viewer_url(url, storage), token=token())


@contextmanager
def open_client(url: str, token: str | None, storage: Path | None) -> Iterator[RunicornClient]:
    """Open a client of the viewer at `--url`; exit with a sentence and the documented code if it refuses or fails."""
    from runicorn.api import RunicornAPIError, RunicornClient

    if storage is not None:
        common.exit_with("--url and --storage exclude each other", USAGE)
    try:
        with RunicornClient(url, token=token or None) as client:
            yield client
    except RunicornAPIError as error:
        common.exit_with(str(error), exit_code_of(error))
    except ValueError as error:
        common.exit_with(str(error), USAGE)


def exit_code_of(error: Exception | None) -> int:
    """Return the exit code of an error of the client."""
    from runicorn.api import errors

    if isinstance(error, errors.ConnectionError):
        return NOT_AVAILABLE
    return PERMISSION if isinstance(error, errors.AuthenticationError) else FAILED
