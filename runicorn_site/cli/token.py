"""`runicorn token`: API tokens with a name, a scope and an end."""

from __future__ import annotations

import time
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from runicorn_site.cli.support.durable import durable
from runicorn_site.web.access import Scope
from runicorn_site.web.periods import InvalidToken, seconds_of
from runicorn_tools.cli.support import common
from runicorn_tools.cli.support.exits import NOT_AVAILABLE, USAGE

if TYPE_CHECKING:
    from people.models import ApiToken

COLUMNS = ("name", "owner", "scope", "created", "expires")


class TokenAction(StrEnum):
    """Action of the command."""

    ADD = "add"
    LIST = "list"
    REVOKE = "revoke"


def token(
    action: Annotated[TokenAction, typer.Argument(help="add prints a new token once.")],
    name: Annotated[str, typer.Argument(help="add, revoke: the name of the token.")] = "",
    scope: Annotated[
        Scope,
        typer.Option(
            help="add: read; write: send runs and artifacts too; curate: edit, move and delete too; admin: everything."
        ),
    ] = Scope.READ,
    expires: Annotated[str, typer.Option(help="add: 90m, 12h, 30d or 4w; default: never.")] = "",
    user: Annotated[
        str, typer.Option(help="add, revoke: the token of a user of a viewer that runs with --users.")
    ] = "",
    storage: Annotated[
        Path | None, typer.Option(help="Ignored; tokens are not stored in a storage root.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="list: print JSON.")] = False,
) -> None:
    """Create, list and revoke API tokens of your viewers.

    Changes take effect in a running viewer within a second. Programs send `Authorization: Bearer <token>`; training scripts
    read it from RUNICORN_TOKEN.

    Examples:

      runicorn token add ci --scope write --expires 30d

      runicorn token list

      runicorn token revoke ci
    """
    if action is not TokenAction.LIST and not name:
        common.exit_with(f"{action} needs the name of a token", USAGE)
    try:
        seconds = seconds_of(expires) if expires else None
        with durable("The tokens"):
            _act(action, name, scope, seconds, user, as_json)
    except InvalidToken as error:
        common.exit_with(str(error), USAGE)


def _act(
    action: TokenAction, name: str, scope: Scope, seconds: float | None, user: str, as_json: bool
) -> None:
    from people import api_tokens
    from people.changes import record_command

    if action is TokenAction.LIST:
        _list(as_json)
        return
    if action is TokenAction.ADD:
        typer.echo(api_tokens.add_token(name, scope, seconds, account=user))
    elif api_tokens.revoke_token(name, account=user):
        typer.echo(f"Revoked {name}")
    else:
        common.exit_with(f"There is no token {name}", NOT_AVAILABLE)
    record_command("runicorn token", action, name)


def _list(as_json: bool) -> None:
    from people.models import ApiToken

    tokens, now = ApiToken.objects.order_by("pk"), time.time()
    if as_json:
        fields = ("name", "owner", "scope", "created_at", "expires_at")
        common.print_json({"tokens": list(tokens.values(*fields))})
        return
    rows = [
        (token.name, token.owner, token.scope, common.format_time(token.created_at), _end(token, now))
        for token in tokens
    ]
    common.print_table(COLUMNS, rows) if rows else typer.echo("There are no tokens.")


def _end(token: ApiToken, now: float) -> str:
    if token.expires_at is None:
        return "never"
    return "expired" if token.is_expired(now) else common.format_time(token.expires_at)
