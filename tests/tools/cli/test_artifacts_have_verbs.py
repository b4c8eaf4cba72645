"""`runicorn artifact COMMAND`: the same answers on a store and on a viewer, and as the earlier `artifacts --action`."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from runicorn.api import transport
from runicorn_tools.cli import app
from tests.documents.store import write_store
from tests.processes import Viewer, free_port


def call(*words: str, code: int = 0) -> Any:
    result = CliRunner().invoke(app, list(words))
    assert result.exit_code == code, result.output
    return json.loads(result.stdout) if "--json" in words and code == 0 else result.output


@pytest.fixture
def root(tmp_path: Path) -> Path:
    write_store(tmp_path / "store")
    return tmp_path / "store"


@pytest.fixture
def ask(root: Path) -> Callable[..., Any]:
    return lambda *words, code=0: call("artifact", *words, "--storage", str(root), code=code)


@pytest.fixture(scope="module", params=["store", "viewer"])
def source(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[str]]:
    """The options that select the source."""
    root = tmp_path_factory.mktemp("artifacts") / "store"
    write_store(root)
    if request.param == "store":
        yield ["--storage", str(root)]
        return
    viewer = Viewer(root, root.parent / "home", RUNICORN_RATE_LIMIT="off").wait_until_it_answers()
    yield ["--url", viewer.url]
    viewer.stop()


def test_artifacts_and_versions_are_listed(source: list[str]) -> None:
    assert ("resnet", 2) in [
        (a["name"], a["num_versions"]) for a in call("artifact", "ls", "--json", *source)
    ]
    versions = call("artifact", "ls", "model/resnet", "--json", *source)
    assert sorted(version["version"] for version in versions) == [1, 2]


def test_a_version_is_shown_and_copied(source: list[str], tmp_path: Path) -> None:
    details = call("artifact", "show", "resnet", "--json", *source)
    assert details["version"] == 2 and details["files"]
    copied = call("artifact", "get", "model/resnet:v1", "--output", str(tmp_path / "out"), "--json", *source)
    assert copied == {"version": "resnet:v1", "folder": str(tmp_path / "out")}
    assert [path for path in (tmp_path / "out").rglob("*") if path.is_file()]


def test_an_unknown_version_is_one_sentence(source: list[str]) -> None:
    text = call("artifact", "show", "resnet:v9", *source, code=1)
    assert text.startswith("runicorn: ") and text.count("\n") == 1


def test_a_version_goes_to_the_recycle_bin_and_comes_back(ask: Callable[..., Any]) -> None:
    assert "number" in ask("rm", "resnet", code=2)
    assert ask("rm", "resnet:v2", "--json")["success"]
    assert ask("show", "resnet", "--json")["version"] == 1
    assert ask("restore", "resnet:v2", "--json") == {"restored": "resnet:v2"}
    assert ask("show", "resnet", "--json")["version"] == 2


def test_aliases_point_to_versions(ask: Callable[..., Any]) -> None:
    assert ask("alias", "resnet:v1", "gold", "--json")["gold"] == 1
    assert ask("show", "resnet:gold", "--json")["version"] == 1
    assert "gold" not in ask("alias", "resnet:v1", "gold", "--remove", "--json")


def test_damage_is_repaired_or_named(ask: Callable[..., Any], root: Path) -> None:
    paths = [
        path
        for path in (root / "artifacts" / "model" / "resnet" / "v1" / "files").rglob("*")
        if path.is_file()
    ]
    paths += [path for path in (root / "artifacts" / ".dedup").glob("??/*") if path.is_file()]
    for path in paths:
        content = path.read_bytes()
        path.unlink()
        path.write_bytes(bytes([content[0] ^ 1]) + content[1:])
    assert "resnet:v1 is corrupted" in ask("verify", "resnet:v1", code=1)


def test_the_earlier_form_says_the_same(ask: Callable[..., Any], root: Path) -> None:
    earlier = call("artifacts", "--action", "list", "--json", "--storage", str(root))
    assert ask("ls", "--json") == earlier
    assert ask("stats", "--json") == call("artifacts", "--action", "stats", "--json", "--storage", str(root))


def test_a_viewer_that_does_not_answer_is_not_available(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(transport, "FIRST_PAUSE", 0.01)
    text = call("artifact", "ls", "--url", f"http://127.0.0.1:{free_port()}", code=4)
    assert text.startswith("runicorn: ") and "Traceback" not in text
