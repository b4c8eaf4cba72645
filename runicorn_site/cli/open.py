"""`runicorn open`: open a browser at a running viewer."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import urlsplit

import typer

from runicorn.remote_protocol import OPEN, make_stamp
from runicorn.settings import user
from runicorn_site.cli.support.server import use_server
from runicorn_tools.cli.support import common
from runicorn_tools.cli.support.browser import open_privately
from runicorn_tools.cli.support.exits import FAILED, NOT_AVAILABLE, PERMISSION


def open_viewer(
    port: Annotated[
        int | None, typer.Option(help="The viewer on this port; default: the newest one.")
    ] = None,
    storage: Annotated[Path | None, typer.Option(help="The viewer of this storage root.")] = None,
    end_sessions: Annotated[
        bool, typer.Option("--end-sessions", help="First end the sessions of all browsers.")
    ] = False,
    print_only: Annotated[
        bool, typer.Option("--print", help="Print the URL instead of opening a browser.")
    ] = False,
) -> None:
    """Open a browser at your viewer on this machine.

    If the viewer requires a token, the link works once, within five minutes.

    Examples:

      runicorn open

      runicorn open --port 23300 --print

      runicorn open --end-sessions
    """
    if end_sessions:
        _end_sessions()
    viewers = [note for note in user.running_viewers() if _fits(note, port, storage)]
    if not viewers:
        common.exit_with(
            "You have no such viewer running here: start one with runicorn viewer.", NOT_AVAILABLE
        )
    try:
        url = entry(viewers[0], always=print_only)
        typer.echo(url)
        if not print_only and not open_privately(url):
            common.print_error("No browser was found: open this URL manually.")
    except OSError as error:
        common.exit_with(f"{error.filename}: {error.strerror or error}", FAILED)


def entry(note: dict[str, Any], *, always: bool) -> str:
    """Return the URL that opens a viewer: with a one-time link if it requires a token.

    Args:
        note: the viewer's entry in the list of running viewers.
        always: create a one-time link even if this user's browser needs none, for a browser elsewhere.
    """
    url, file = str(note["url"]), note.get("token_file")
    if not file or (note.get("owner_passes") and not always):
        return url
    token = Path(file).read_text(encoding="utf-8").strip()
    return f"{url}/?once={make_stamp(token, OPEN, time.time())}"


def _end_sessions() -> None:
    """End the browser sessions of all viewers of this user on this machine."""
    use_server()
    from runicorn_site.database.state_dir import UnsafeDirectory, state_directory
    from runicorn_site.security.browser_sessions import end_all

    try:
        end_all(state_directory())
    except UnsafeDirectory as error:
        common.exit_with(str(error), PERMISSION)
    except OSError as error:
        common.exit_with(f"{error.filename}: {error.strerror or error}", FAILED)
    typer.echo("The sessions of all browsers have ended.", err=True)


def _fits(note: dict[str, Any], port: int | None, storage: Path | None) -> bool:
    fits_port = port is None or urlsplit(str(note["url"])).port == port
    return fits_port and (storage is None or note["root"] == str(user.storage_root(storage)))
