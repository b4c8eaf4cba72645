"""Commands at a viewer that is older (routes and fields are missing) or newer (fields and values are unknown)."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
import requests

from tests.processes import Viewer
from tests.tools.terminal.conftest import call, write_runs
from tests.waiting import until

FIRST, BERT = "20260114_153045_a1b2c0", "20260117_153045_a1b2c3"
NEW_ROUTES = ("baseline", "formulas", "verdict", "groups", "replicas", "differ", "nearest", "importance")
NEW_FIELDS = (
    "group",
    "display_name",
    "state",
    "state_reason",
    "color",
    "hostname",
    "metric_values",
    "details",
)
QUIET = ("tail", "get", "tag", "note", "wait")
"""Commands that print no name of a run."""
COMMANDS = (
    ("ls",),
    ("ls", "--columns", "name,state,metric.loss.last", "--json"),
    ("show", FIRST),
    ("show", FIRST, "--json"),
    ("compare", FIRST, BERT),
    ("tail", FIRST),
    ("get", FIRST, "--list"),
    ("wait", FIRST),
    ("tag", FIRST),
    ("note", FIRST),
)


def older(value: Any) -> Any:
    """Drop fields that viewers did not have once."""
    if isinstance(value, dict):
        return {key: older(item) for key, item in value.items() if key not in NEW_FIELDS}
    return [older(item) for item in value] if isinstance(value, list) else value


def newer(value: Any) -> Any:
    """Add fields to runs, lists and values of metrics, and a state that is unknown today."""
    if isinstance(value, dict):
        more = {"added_in_2030": {"a": [1]}} if {"id", "total", "last"} & value.keys() else {}
        state = {"state": "suspended"} if "state" in value else {}
        return {**{key: newer(item) for key, item in value.items()}, **state, **more}
    return [newer(item) for item in value] if isinstance(value, list) else value


@pytest.fixture(scope="module")
def viewer(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Viewer]:
    root = tmp_path_factory.mktemp("runs") / "store"
    write_runs(root)
    viewer = Viewer(root, root.parent / "home", RUNICORN_RATE_LIMIT="off").wait_until_it_answers()
    params = {"where": "metric.acc.last exists"}
    until(lambda: viewer.get("/api/v2/experiments", params=params).json()["total"] == 4)
    yield viewer
    viewer.stop()


@pytest.fixture
def through(viewer: Viewer) -> Iterator[Callable[..., str]]:
    """Return the address of a proxy that changes the answers of the viewer and has not all of its routes."""
    servers = []

    def start(change: Callable[[Any], Any], missing: tuple[str, ...] = ()) -> str:
        class Proxy(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                if set(self.path.partition("?")[0].split("/")) & set(missing):
                    self.answer(404, "application/json", b'{"detail": "Not found"}', {})
                    return
                answer = requests.get(viewer.url + self.path, timeout=30)
                content, kind = answer.content, answer.headers["Content-Type"]
                if kind.startswith("application/json"):
                    content = json.dumps(change(answer.json())).encode()
                more = {name: text for name, text in answer.headers.items() if name.startswith("X-")}
                self.answer(answer.status_code, kind, content, more)

            def answer(self, status: int, kind: str, content: bytes, more: dict[str, str]) -> None:
                self.send_response(status)
                for name, text in {**more, "Content-Type": kind, "Content-Length": str(len(content))}.items():
                    self.send_header(name, text)
                self.end_headers()
                self.wfile.write(content)

            def log_message(self, *_: object) -> None:
                """Be silent."""

        server = ThreadingHTTPServer(("127.0.0.1", 0), Proxy)
        thread = threading.Thread(target=server.serve_forever, args=(0.05,))
        thread.start()
        servers.append((server, thread))
        return f"http://127.0.0.1:{server.server_port}"

    yield start
    for server, thread in servers:
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.mark.parametrize("words", COMMANDS, ids=" ".join)
def test_an_older_viewer_is_read(through: Callable[..., str], words: tuple[str, ...]) -> None:
    answered = call(*words, "--url", through(older, NEW_ROUTES))
    assert words[0] in QUIET or "resnet" in str(answered) or FIRST in str(answered)


@pytest.mark.parametrize("words", COMMANDS, ids=" ".join)
def test_a_newer_viewer_is_read(through: Callable[..., str], words: tuple[str, ...]) -> None:
    answered = call(*words, "--url", through(newer))
    assert words[0] in QUIET or "resnet" in str(answered) or FIRST in str(answered)


@pytest.mark.parametrize("words", [("diff", FIRST, BERT), ("nearest", FIRST)], ids=" ".join)
def test_a_route_that_an_older_viewer_has_not_is_a_sentence(
    through: Callable[..., str], words: tuple[str, ...]
) -> None:
    url = through(older, NEW_ROUTES)
    text = call(*words, "--url", url, code=1)
    assert text.startswith("runicorn: ") and text.count("\n") == 1 and "does not offer" in text, text


@pytest.mark.parametrize("answer", [["something"], {}, {"experiments": [{"id": 5}]}, None], ids=str)
@pytest.mark.parametrize("words", [("ls",), ("show", "latest"), ("tail", FIRST)], ids=" ".join)
def test_what_is_no_viewer_is_a_sentence(
    through: Callable[..., str], words: tuple[str, ...], answer: object
) -> None:
    text = call(*words, "--url", through(lambda _: answer), code=1)
    assert text.startswith("runicorn: ") and text.count("\n") == 1, text
