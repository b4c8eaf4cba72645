"""A client of the MCP server within the process."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from runicorn_site.agents.answers import MOST_TOKENS, tokens
from runicorn_site.agents.budget import Budget
from runicorn_site.agents.evidence import Evidence
from runicorn_site.agents.notebook import Notebook
from runicorn_site.agents.tools import Tools
from runicorn_site.catalog.base import Catalog
from runicorn_site.catalog.store import StoreCatalog

Ask = Callable[..., str]


def asking(root: Path, budget: int | None = None, **more: Any) -> Ask:
    """Return a function that calls a tool over the protocol and returns its text; errors begin with `Error: `."""
    return asking_catalog(StoreCatalog(root), budget, **more)


def asking_catalog(catalog: Catalog, budget: int | None = None, author: str = "agent", **more: Any) -> Ask:
    """Return such a function for any catalog."""
    # Here, because they take seconds, and pytest imports this file for all tests.
    from mcp import Client
    from mcp.types import TextContent

    from runicorn_site.agents.server import build

    changes = Budget(budget)
    boxes = (Tools(catalog, changes, author, **more), Evidence(catalog), Notebook(catalog, changes, author))

    server = build(*boxes, write=budget is not None)

    async def call(name: str, arguments: dict[str, Any]) -> str:
        async with Client(server) as client:
            result = await client.call_tool(name, arguments)
            content = result.content[0]
            assert isinstance(content, TextContent)
            assert tokens(content.text) <= MOST_TOKENS, content.text
            return f"Error: {content.text}" if result.is_error else content.text

    return lambda name, /, **arguments: asyncio.run(call(name, arguments))


@pytest.fixture
def store(tmp_path: Path) -> Path:
    return tmp_path / "store"
