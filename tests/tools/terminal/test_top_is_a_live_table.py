"""`runicorn top` shows runs as they are now, sorts and filters them, and opens their curves and logs."""

from __future__ import annotations

import asyncio
import os
import sys
import threading
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from textual.pilot import Pilot
from textual.widgets import Static

from runicorn.api import RunicornClient
from runicorn_site.catalog.base import Catalog, Query
from runicorn_site.catalog.store import StoreCatalog
from runicorn_site.catalog.viewer import ViewerCatalog
from runicorn_site.cli.top.app import TopApp
from runicorn_site.cli.top.run_screen import RunScreen
from runicorn_site.cli.top.table import RunTable
from tests.folders import append_metrics, folder_of, write_run
from tests.processes import environment
from tests.terminal import at_terminal
from tests.tools.terminal.conftest import call

FIRST, SECOND, THIRD, BERT = (f"2026011{n + 4}_153045_a1b2c{n}" for n in range(4))
KEYS = ["id", "project", "state", "config.lr", "best"]
Walk = Callable[[Pilot[None], RunTable], Awaitable[None]]


def walk(
    catalog: Catalog, steps: Walk, size: tuple[int, int] = (120, 30), query: Query | None = None
) -> None:
    """Start the application on a catalog, let a person press keys, and end it."""
    table_query = query or Query(limit=100)

    async def go() -> None:
        app = TopApp(catalog, table_query, KEYS, catalog.select(table_query), 0.1)
        async with app.run_test(size=size) as pilot:
            await steps(pilot, app.get_default_screen().table)

    asyncio.run(go())


def opened(source: list[str]) -> Catalog:
    option, place = source
    if option == "--storage":
        return StoreCatalog(Path(place))
    return ViewerCatalog(RunicornClient(place), lambda seconds: None)


async def until(pilot: Pilot[None], is_true: Callable[[], bool], seconds: float = 60.0) -> None:
    """Let the application go on until something is true."""
    end = asyncio.get_running_loop().time() + seconds
    while not is_true():
        assert asyncio.get_running_loop().time() < end, pilot.app.screen.tree
        await pilot.pause(0.02)


def ids(table: RunTable) -> list[str]:
    return [str(key.value) for key in table.rows]


def text_of(pilot: Pilot[None], selector: str) -> str:
    return str(pilot.app.screen.query_one(selector, Static).render())


def test_runs_are_sorted_and_reversed(source: list[str]) -> None:
    async def steps(pilot: Pilot[None], table: RunTable) -> None:
        assert ids(table) == [BERT, THIRD, SECOND, FIRST]
        await pilot.press("s", "s", "s", "s")
        await until(pilot, lambda: ids(table) == [FIRST, SECOND, THIRD, BERT])
        assert "config.lr ▼" in [str(column.label) for column in table.columns.values()]
        await pilot.press("r")
        await until(pilot, lambda: ids(table) == [BERT, THIRD, SECOND, FIRST])

    walk(opened(source), steps)


def test_words_and_conditions_filter_runs(source: list[str]) -> None:
    async def steps(pilot: Pilot[None], table: RunTable) -> None:
        await pilot.press("slash", *"bert", "enter")
        await until(pilot, lambda: ids(table) == [BERT])
        await pilot.press("slash", *["backspace"] * 4, "enter")
        await until(pilot, lambda: len(ids(table)) == 4)
        await pilot.press("w", *"config.lr", "space", "less_than_sign", "space", *"0.05", "enter")
        await until(pilot, lambda: ids(table) == [BERT, THIRD, SECOND])
        assert "where: config.lr < 0.05" in text_of(pilot, "#status")
        await pilot.press("w", "space", "less_than_sign", "enter")
        await until(pilot, lambda: pilot.app.screen.query_one("#status").has_class("error"))
        assert ids(table) == [BERT, THIRD, SECOND], "the answer before a malformed condition stays"

    walk(opened(source), steps)


def test_a_run_opens_with_its_curves_and_its_log(source: list[str]) -> None:
    async def steps(pilot: Pilot[None], table: RunTable) -> None:
        await pilot.press("end", "enter")
        await until(
            pilot, lambda: isinstance(pilot.app.screen, RunScreen) and "line 29" in text_of(pilot, "#text")
        )
        assert FIRST in text_of(pilot, "#title") and "vision/resnet" in text_of(pilot, "#title")
        text = text_of(pilot, "#chart")
        assert text.startswith("acc") and any(0x2800 < ord(sign) <= 0x28FF for sign in text)
        await pilot.press("n")
        await until(
            pilot,
            lambda: text_of(pilot, "#chart").startswith("loss") and "min 0.025" in text_of(pilot, "#chart"),
        )
        await pilot.press("c")
        await until(pilot, lambda: "optim.name: sgd" in text_of(pilot, "#text"))
        await pilot.press("escape")
        await until(pilot, lambda: not isinstance(pilot.app.screen, RunScreen))
        assert table.cursor_row == 3

    walk(opened(source), steps)


def test_marked_runs_share_a_chart(source: list[str]) -> None:
    async def steps(pilot: Pilot[None], table: RunTable) -> None:
        await pilot.press("down", "space", "space", "enter")
        await until(
            pilot, lambda: isinstance(pilot.app.screen, RunScreen) and SECOND in text_of(pilot, "#chart")
        )
        assert THIRD in text_of(pilot, "#chart") and FIRST not in text_of(pilot, "#chart")

    walk(opened(source), steps)


def test_new_runs_and_points_appear_by_themselves(tmp_path: Path) -> None:
    run_id = write_run(tmp_path, status="running", metrics=[{"loss": 1.0}], logs="begin\n")

    async def steps(pilot: Pilot[None], table: RunTable) -> None:
        newer = write_run(tmp_path, metrics=[], created_at=None)
        await until(pilot, lambda: len(ids(table)) == 2)
        assert newer in ids(table)
        table.move_cursor(row=ids(table).index(run_id))
        await pilot.press("enter")
        await until(
            pilot, lambda: isinstance(pilot.app.screen, RunScreen) and "begin" in text_of(pilot, "#text")
        )
        append_metrics(tmp_path, "vision", "resnet", run_id, [{"loss": 7.5, "global_step": 2}], 0.0)
        with (folder_of(tmp_path, run_id) / "logs.txt").open("a") as log:
            log.write("\x1b[2Jmore\n")
        await until(
            pilot, lambda: "max 7.5" in text_of(pilot, "#chart") and "more" in text_of(pilot, "#text")
        )
        assert "\x1b" not in text_of(pilot, "#text")

    walk(StoreCatalog(tmp_path), steps)


@pytest.mark.parametrize("size", [(80, 24), (40, 10), (200, 60)])
def test_it_fits_any_terminal_and_an_empty_store(tmp_path: Path, size: tuple[int, int]) -> None:
    async def steps(pilot: Pilot[None], table: RunTable) -> None:
        assert "0 runs" in text_of(pilot, "#status")
        await pilot.press("space", "enter", "s", "r")
        assert not isinstance(pilot.app.screen, RunScreen)

    walk(StoreCatalog(tmp_path), steps, size)

    write_run(tmp_path, config={"x": 1})

    async def with_a_run(pilot: Pilot[None], table: RunTable) -> None:
        await pilot.press("enter")
        await until(
            pilot,
            lambda: isinstance(pilot.app.screen, RunScreen) and "No metrics" in text_of(pilot, "#chart"),
        )

    walk(StoreCatalog(tmp_path), with_a_run, size)


def test_into_a_pipe_the_table_is_printed_once(source: list[str]) -> None:
    lines = call("top", *source).splitlines()
    assert lines[0].split() == ["id", "project", "name", "state", "created_at", "duration", "best"]
    assert len(lines) == 5
    assert [run["id"] for run in call("top", "--where", "config.lr < 0.05", "--json", *source)] == [
        BERT,
        THIRD,
        SECOND,
    ]


def top(tmp_path: Path, *words: str, **more: str) -> Any:
    env = environment(tmp_path / "home", PATH=os.environ["PATH"], LANG="C.UTF-8", **more)
    return at_terminal(
        [sys.executable, "-m", "runicorn", "top", *words], env, tmp_path, term="xterm-256color", size=(80, 24)
    )


def test_it_runs_at_a_terminal_and_leaves_it_as_it_was(tmp_path: Path) -> None:
    write_run(tmp_path / "store", run_id=FIRST, metrics=[{"loss": 1.0}], logs="one line\n")
    with top(tmp_path, "--storage", str(tmp_path / "store")) as terminal:
        terminal.waits_for(FIRST)
        terminal.presses("\r")
        terminal.waits_for("one line")
        terminal.presses("q")
        assert terminal.ends() == 0
    assert terminal.said.rindex("\x1b[?1049l") > terminal.said.rindex("\x1b[?1049h"), (
        "the screen of before is back"
    )
    assert "Traceback" not in terminal.said


def test_without_its_package_it_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "store").mkdir()
    shadow = tmp_path / "shadow"
    shadow.mkdir()
    (shadow / "textual.py").write_text(
        "raise ModuleNotFoundError(\"No module named 'textual'\", name='textual')\n"
    )
    own = environment(tmp_path / "home")["PYTHONPATH"]
    with top(tmp_path, "--storage", str(tmp_path / "store"), PYTHONPATH=f"{shadow}:{own}") as terminal:
        assert terminal.ends() == 4
    assert terminal.said.strip() == "runicorn: textual is missing: pip install textual"


def test_a_viewer_that_ends_is_a_sentence_on_the_screen(tmp_path: Path) -> None:
    class Broken(StoreCatalog):
        is_broken = threading.Event()

        def select(self, query: Query) -> Any:
            if self.is_broken.is_set():
                from runicorn_site.catalog.base import CatalogError

                raise CatalogError("The viewer does not answer.")
            return super().select(query)

    write_run(tmp_path, run_id=FIRST)

    async def steps(pilot: Pilot[None], table: RunTable) -> None:
        Broken.is_broken.set()
        await until(pilot, lambda: "does not answer" in text_of(pilot, "#status"))
        assert ids(table) == [FIRST]
        Broken.is_broken.clear()
        await until(pilot, lambda: "1 run" in text_of(pilot, "#status"))

    walk(Broken(tmp_path), steps)
