"""`runicorn mcp`: experiments for agents."""

from __future__ import annotations

import os
import secrets
from typing import Annotated

import typer

from runicorn_site.cli.runs.source import Storage, Token, Url, opened
from runicorn_tools.cli.support import common
from runicorn_tools.cli.support.exits import NOT_AVAILABLE, USAGE

BUDGET = 100


def mcp(
    write: Annotated[
        bool, typer.Option("--write", help="Agents may tag runs, and write notes and notebooks.")
    ] = False,
    budget: Annotated[
        int, typer.Option(min=0, help="Most changes with --write: of the token, else until the server ends.")
    ] = BUDGET,
    author: Annotated[str, typer.Option(help="Name under which agents write.")] = "agent",
    http: Annotated[
        str,
        typer.Option(metavar="HOST:PORT", help="Serve streamable HTTP at /mcp instead of stdin and stdout."),
    ] = "",
    url: Url = "",
    token: Token = None,
    storage: Storage = None,
) -> None:
    """Serve runs to agents by the Model Context Protocol; they can only read unless --write is given.

    With --http, clients send the token in RUNICORN_MCP_TOKEN, else the one that is printed at the start. With --url,
    agents have the rights of its token. Needs the package mcp: pip install mcp.

    Examples:

      runicorn mcp --storage ./experiments

      runicorn mcp --http 127.0.0.1:8765 --url http://127.0.0.1:23300
    """
    try:
        from runicorn_site.agents.budget import Budget, path_of_token
        from runicorn_site.agents.evidence import Evidence
        from runicorn_site.agents.notebook import Notebook
        from runicorn_site.agents.server import build, serve_http
        from runicorn_site.agents.stdio import serve_stdio
        from runicorn_site.agents.tools import Tools
    except ImportError as error:
        common.exit_with(f"{error.name} is missing: pip install mcp", NOT_AVAILABLE)
    host, colon, port = http.rpartition(":")
    if http and not (colon and host and port.isdigit()):
        common.exit_with("--http is HOST:PORT, such as 127.0.0.1:8765", USAGE)
    with opened(url, token, storage) as catalog:
        own = token if url else os.environ.get("RUNICORN_MCP_TOKEN")
        changes = Budget(budget if write else None, path_of_token(own) if own else None)
        boxes = (Tools(catalog, changes, author), Evidence(catalog), Notebook(catalog, changes, author))
        server = build(*boxes, write=write)
        if not http:
            serve_stdio(server)
            return
        secret = os.environ.get("RUNICORN_MCP_TOKEN") or secrets.token_urlsafe(24)
        if not os.environ.get("RUNICORN_MCP_TOKEN"):
            common.print_notice(f"Token of this server: {secret}")
        common.print_notice(f"Serving http://{http}/mcp")
        serve_http(server, host, int(port), secret)
