"""One viewer with a token over three runs of two projects."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from runicorn.api import RunicornClient
from runicorn.api.responses.shares import Kind
from tests.folders import write_run
from tests.processes import Viewer
from tests.secrecy import holds
from tests.waiting import until

TOKEN = "4c1f7b20e9d84a6fb5d3a9027c6e81d5"
FIRST, SECOND, OTHER = (f"20240101_000000_{name}" for name in ("aaaaaa", "bbbbbb", "cccccc"))
EMBEDDER = "https://wiki.example.org"


@dataclass(frozen=True)
class Lab:
    """A viewer, its client with the token, and its storage root."""

    viewer: Viewer
    client: RunicornClient
    root: Path

    def link(self, kind: Kind, target: str, **more: float) -> str:
        """Return a new link, without the slash at its end."""
        return self.client.shares.create(kind, target, **more)["url"].removesuffix("/")


@pytest.fixture(scope="session")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    """A viewer that asks for a token; shared pages may be embedded by one site."""
    home = tmp_path_factory.mktemp("home")
    root = home / "store"
    root.mkdir()
    for run_id, project in ((FIRST, "vision"), (SECOND, "vision"), (OTHER, "secret")):
        metrics = [{"loss": 1 / step} for step in range(1, 20)]
        write_run(root, project=project, name=f"net-{run_id[-1]}", run_id=run_id, metrics=metrics)
        (next(root.rglob(run_id)) / "logs.txt").write_text("a line\n" * 30, encoding="ascii")
    holds(home / "token").write_text(TOKEN, encoding="ascii")
    options = ("--token", str(home / "token"), "--base-path", "/lab")
    viewer = Viewer(
        root, home, *options, RUNICORN_RATE_LIMIT="off", RUNICORN_EMBED_ORIGINS=f"{EMBEDDER} 'self'"
    )
    viewer.url += "/lab"
    try:
        viewer.wait_until_it_answers()
        client = RunicornClient(viewer.url, token=TOKEN)
        until(lambda: len(client.list_experiments()) == 3)
        yield Lab(viewer, client, root)
    finally:
        viewer.stop()
