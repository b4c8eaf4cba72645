"""`runicorn share`: links that show a run, a comparison or a board without a login."""

from __future__ import annotations

import time
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from runicorn.api.responses.shares import Kind, Share
from runicorn_site.web.periods import InvalidToken, seconds_of
from runicorn_tools.cli.support import common
from runicorn_tools.cli.support.exits import FAILED, NOT_AVAILABLE, USAGE
from runicorn_tools.cli.support.viewers import viewer_client

COLUMNS = ("id", "kind", "author", "target", "created", "expires", "url")


class ShareAction(StrEnum):
    """Action of the command."""

    RUN = "run"
    COMPARE = "compare"
    BOARD = "board"
    REPORT = "report"
    LIST = "list"
    REVOKE = "revoke"


KINDS: dict[ShareAction, Kind] = {
    ShareAction.RUN: "run",
    ShareAction.COMPARE: "compare",
    ShareAction.BOARD: "board",
    ShareAction.REPORT: "report",
}


def share(
    action: Annotated[
        ShareAction, typer.Argument(help="run, compare, board and report create a link and print it.")
    ] = ShareAction.LIST,
    targets: Annotated[
        list[str] | None,
        typer.Argument(
            help="run, report: an id; compare: ids; board: PROJECT/BOARD, where default is the arrangement without"
            " a board; revoke: ids of links."
        ),
    ] = None,
    expires: Annotated[str, typer.Option(help="90m, 12h, 30d or 4w; default: never.")] = "",
    url: Annotated[
        str, typer.Option(help="The viewer; default: RUNICORN_URL, then your newest one on this machine.")
    ] = "",
    as_json: Annotated[bool, typer.Option("--json", help="list: print JSON.")] = False,
    storage: Annotated[Path | None, typer.Option(help="The viewer of this storage root.")] = None,
) -> None:
    """Create, list and revoke read-only links to a run, its report, a comparison or a board of a running viewer.

    Examples:

      runicorn share run 20260114_153045_a1b2c3 --expires 7d

      runicorn share compare 20260114_153045_a1b2c3 20260115_091200_d4e5f6

      runicorn share board vision/default

      runicorn share revoke k3JxT0aVb2cD4eFg
    """
    from runicorn.api import NotFoundError, RunicornAPIError

    if action is not ShareAction.LIST and not targets:
        common.exit_with(
            f"{action} needs something to {'revoke' if action is ShareAction.REVOKE else 'share'}", USAGE
        )
    try:
        with viewer_client(url, storage) as client:
            if action is ShareAction.LIST:
                _print(client.shares.list(), as_json)
            elif action is ShareAction.REVOKE:
                for share_id in targets or ():
                    client.shares.revoke(share_id)
                    typer.echo(f"Revoked {share_id}")
            else:
                end = time.time() + seconds_of(expires) if expires else None
                typer.echo(client.shares.create(KINDS[action], targets or (), expires_at=end)["url"])
    except NotFoundError as error:
        common.exit_with(str(error), NOT_AVAILABLE)
    except RunicornAPIError as error:
        common.exit_with(str(error), FAILED)
    except (InvalidToken, ValueError) as error:
        common.exit_with(str(error), USAGE)


def _print(shares: list[Share], as_json: bool) -> None:
    if as_json:
        common.print_json({"shares": shares})
        return
    rows = [
        (
            share["id"],
            share["kind"],
            share.get("author", "–"),
            share["target"],
            common.format_time(share["created_at"]),
            common.format_time(share["expires_at"]) if "expires_at" in share else "never",
            share["url"],
        )
        for share in shares
    ]
    common.print_table(COLUMNS, rows) if rows else typer.echo("There are no shared links.")
