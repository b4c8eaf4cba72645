"""The MCP server is read-only unless told otherwise, and counts the changes of its agents."""

from __future__ import annotations

import asyncio
import os
import sys
import threading
import time
from pathlib import Path
from typing import Any

import httpx2
import pytest
from mcp import Client, MCPError, StdioServerParameters
from mcp.client.streamable_http import streamable_http_client
from mcp.types import TextContent

import runicorn as rn
from runicorn_site.agents.budget import Budget, Refused
from tests.folders import write_run
from tests.processes import Viewer, environment, free_port
from tests.tools.agents.conftest import asking
from tests.waiting import until


def test_a_read_only_server_has_no_tool_that_changes(tmp_path: Path) -> None:
    write_run(tmp_path, metrics=[])
    assert "Unknown tool" in asking(tmp_path)("tag_run", run="latest", add=["x"])


def test_changes_beyond_the_budget_are_refused(tmp_path: Path) -> None:
    write_run(tmp_path, metrics=[])
    ask = asking(tmp_path, 2, author="helper")
    ask("tag_run", run="latest", add=["good"])
    ask("append_note", run="latest", text="Looks stable.")
    assert "The budget of changes is spent: 0 left" in ask("append_note", run="latest", text="More.")
    output = ask("show_run", run="latest")
    assert (
        "note: Looks stable. — helper" in output
        and "tags: good" in output
        and "More." not in output.split("note:")[1][:60]
    )


def test_waiting_ends_when_a_condition_comes_true(tmp_path: Path) -> None:
    from tests.folders import append_metrics

    run_id = write_run(tmp_path, status="running", metrics=[{"acc": 0.1}])
    times = iter(range(100))

    def sleep(_: float) -> None:
        append_metrics(tmp_path, "vision", "resnet", run_id, [{"acc": 0.9, "global_step": 2}], 0.0)

    ask = asking(tmp_path, clock=lambda: float(next(times)), sleep=sleep)
    assert f"{run_id} | true" in ask("wait", runs=[run_id], until="metric.acc.best > 0.5", seconds=20)
    assert f"{run_id} | still running" in ask("wait", runs=[run_id], until="metric.acc.best > 2", seconds=3)


def test_a_new_start_of_the_server_does_not_renew_the_budget_of_a_token(tmp_path: Path) -> None:
    path = tmp_path / "agents" / "token.json"
    Budget(3, path).spend(2)
    with pytest.raises(Refused, match="1 left, 2 needed"):
        Budget(3, path).spend(2)
    Budget(3, path).spend()
    with pytest.raises(Refused, match="0 left"):
        Budget(3, path).spend()
    path.write_text("torn")
    with pytest.raises(Refused, match="cannot be read"):
        Budget(3, path).spend()


@pytest.mark.parametrize("until", ["metric.acc.best > 0.5", ""])
def test_waiting_ends_within_two_seconds_of_the_event(tmp_path: Path, until: str) -> None:
    run = rn.init(project="vision", name="live", storage=str(tmp_path), capture_env=False)
    run.log({"acc": 0.1})
    happened: list[float] = []

    def happen() -> None:
        run.log({"acc": 0.9})
        happened.append(time.monotonic())
        run.finish()
        happened.append(time.monotonic())

    timer = threading.Timer(1.5, happen)
    timer.start()
    answered = asking(tmp_path)("wait", runs=[run.id], until=until, seconds=50)
    ended = time.monotonic()
    timer.join()
    delay = ended - happened[0 if until else 1]
    assert run.id in answered and ("true" if until else "finished") in answered and delay < 2.0


def test_a_process_answers_over_stdin_and_stdout(tmp_path: Path) -> None:
    run_id = write_run(tmp_path / "store", metrics=[{"loss": 1.0}])
    server = StdioServerParameters(
        command=sys.executable,
        args=["-m", "runicorn", "mcp", "--storage", str(tmp_path / "store")],
        env=environment(tmp_path / "home", PATH=os.environ["PATH"]),
    )

    async def ask() -> str:
        async with Client(server) as client:
            return _text(await client.call_tool("show_run", {"run": "latest"}))

    assert run_id in asyncio.run(ask())


@pytest.fixture
def served(tmp_path: Path) -> Any:
    """An MCP server over HTTP with a viewer behind it: its address, and the id of the viewer's run."""
    import subprocess

    root = tmp_path / "store"
    run_id = write_run(root, metrics=[{"loss": 1.0}])
    viewer = Viewer(root, tmp_path / "home").wait_until_it_answers()
    port = free_port()
    command = [sys.executable, "-m", "runicorn", "mcp", "--http", f"127.0.0.1:{port}", "--url", viewer.url]
    own = environment(tmp_path / "home", RUNICORN_MCP_TOKEN="letmein")
    with subprocess.Popen(command, env=own, stderr=subprocess.DEVNULL) as process:
        url = f"http://127.0.0.1:{port}/mcp"

        def answers() -> bool:
            try:
                return httpx2.get(url).status_code == 401
            except httpx2.TransportError:
                return False

        until(answers)
        yield url, run_id
        process.terminate()
    viewer.stop()


def test_a_token_is_needed_over_http(served: tuple[str, str]) -> None:
    url, run_id = served

    async def ask(token: str) -> str:
        async with (
            httpx2.AsyncClient(headers={"Authorization": f"Bearer {token}"}) as http,
            Client(streamable_http_client(url, http_client=http)) as client,
        ):
            return _text(await client.call_tool("show_run", {"run": "latest"}))

    assert run_id in asyncio.run(ask("letmein"))
    with pytest.raises((MCPError, ExceptionGroup, httpx2.HTTPError)):
        asyncio.run(ask("wrong"))


def _text(result: Any) -> str:
    content = result.content[0]
    assert isinstance(content, TextContent)
    return content.text
