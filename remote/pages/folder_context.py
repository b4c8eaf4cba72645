"""Template context of the page that lists remote folders."""

from __future__ import annotations

from typing import NotRequired, TypedDict

from remote.errors import ConnectionNotFound, RemoteError
from remote.pages.context import machine, machine_address
from remote.pages.forms import sentence_of
from remote.services import connections as services
from runicorn.api.responses.remote import RemoteConnection

MOST_FOLDERS = 500


class FolderContext(TypedDict):
    """Context of the page that lists a remote folder, or the error if it cannot be listed."""

    machine: RemoteConnection
    environment: str
    path: str
    error: NotRequired[str]
    home_url: NotRequired[str]
    parents: NotRequired[list[tuple[str, str]]]
    folders: NotRequired[list[tuple[str, str]]]
    more: NotRequired[int]
    files: NotRequired[int]
    truncated: NotRequired[bool]
    use_url: NotRequired[str]


def folder_context(connection_id: str, environment: str, path: str) -> FolderContext:
    """Return the folders in a folder of a remote host, or the error if it cannot be listed."""
    context: FolderContext = {"machine": machine(connection_id), "environment": environment, "path": path}

    def url(folder: str) -> str:
        return machine_address(connection_id, "remote-folders", environment=environment, path=folder)

    try:
        folder = services.list_folder(connection_id=connection_id, path=path)
    except ConnectionNotFound:
        raise
    except RemoteError as error:
        return {**context, "error": sentence_of(str(error.detail)), "home_url": url("~")}
    inside = folder.path.rstrip("/")
    parts = [part for part in folder.path.split("/") if part]
    parents = [(part, url("/" + "/".join(parts[: n + 1]))) for n, part in enumerate(parts)]
    folders = [(item.name, url(f"{inside}/{item.name}")) for item in folder.items if item.is_dir]
    return {
        **context,
        "path": folder.path,
        "parents": [("/", url("/")), *parents],
        "folders": folders[:MOST_FOLDERS],
        "more": max(0, len(folders) - MOST_FOLDERS),
        "files": len(folder.items) - len(folders),
        "truncated": folder.truncated,
        "use_url": machine_address(connection_id, "remote-start", environment=environment, root=folder.path),
    }
