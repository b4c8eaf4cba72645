"""The charts of a shared board are grouped and compared with all of its runs, without a sign-in."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from runicorn.api import RunicornClient
from tests.folders import write_run
from tests.processes import Viewer
from tests.secrecy import holds
from tests.server.shares.conftest import TOKEN
from tests.waiting import until

LABEL = "document.querySelector('figure[data-name=loss] .plot')?.getAttribute('aria-label') ?? ''"


def test_groups_and_all_runs_of_a_shared_board_are_drawn(
    folder: Path, tmp_path: Path, start_viewer: Callable[..., Viewer], chromium: Any
) -> None:
    for i in range(4):
        write_run(
            folder,
            name=f"n{i}",
            config={"lr": 0.1 if i % 2 else 0.01},
            metrics=[{"loss": (1 + i) / (step + 1)} for step in range(30)],
        )
    token = tmp_path / "token"
    holds(token).write_text(TOKEN, encoding="ascii")
    viewer = start_viewer(folder, "--token", str(token), RUNICORN_RATE_LIMIT="off")
    client = RunicornClient(viewer.url, token=TOKEN)
    until(lambda: len(client.list_experiments()) == 4)
    link = client.shares.create("board", "vision/default")["url"]
    context = chromium.new_context()
    page = context.new_page()
    refused: list[str] = []
    page.on("response", lambda response: response.status >= 400 and refused.append(response.url))
    page.goto(link)
    until(lambda: page.evaluate(LABEL).count("30 points") == 4)
    page.goto(f"{page.url}&group=config.lr")
    until(lambda: page.evaluate(LABEL).count("30 points") == 2)
    assert "lr 0.1 (2)" in page.evaluate(LABEL)
    assert refused == []
    context.close()
