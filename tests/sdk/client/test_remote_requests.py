from __future__ import annotations

from collections.abc import Callable, Iterator
from getpass import getuser
from typing import Any

import pytest

import runicorn.api as api
from tests.sdk.client.recorder import Recorder, Says

PLACE = [("connection_id", "me@gpu:22")]
SPOT = [*PLACE, ("path", "/data/a b")]


@pytest.fixture
def client(recorder: Recorder) -> Iterator[api.RunicornClient]:
    """A client of the server that answers as the test says."""
    with api.RunicornClient(recorder.url, max_retries=0) as client:
        yield client


@pytest.mark.parametrize(
    ("ask", "method", "path", "query", "body", "says", "answer"),
    [
        (
            lambda r: r.connect("gpu", username="me", private_key_path="~/.ssh/id"),
            *("POST", "connect", []),
            {"host": "gpu", "port": 22, "username": "me", "private_key_path": "~/.ssh/id", "use_agent": True},
            *({"connection_id": "me@gpu:22"}, {"connection_id": "me@gpu:22"}),
        ),
        (
            lambda r: r.disconnect("me@[::1]:2222"),
            *(
                "POST",
                "disconnect",
                [],
                {"host": "::1", "port": 2222, "username": "me"},
                {"ok": 1},
                {"ok": 1},
            ),
        ),
        (
            lambda r: r.disconnect("gpu"),
            *(
                "POST",
                "disconnect",
                [],
                {"host": "gpu", "port": 22, "username": getuser()},
                {"ok": 1},
                {"ok": 1},
            ),
        ),
        (lambda r: r.list_sessions(), "GET", "sessions", [], None, {"sessions": [1]}, [1]),
        (
            lambda r: r.start_viewer("me@gpu:22", "~/runs", conda_env="ml"),
            *("POST", "viewer/start", []),
            {"connection_id": "me@gpu:22", "remote_root": "~/runs", "conda_env": "ml"},
            *({"ok": True, "session": {"local_port": 4000}}, {"local_port": 4000}),
        ),
        (
            lambda r: r.stop_viewer("0a1b2c3d"),
            *("POST", "viewer/stop", [], {"session_id": "0a1b2c3d"}, {"ok": True}, {"ok": True}),
        ),
        (lambda r: r.list_viewer_sessions(), "GET", "viewer/sessions", [], None, {"sessions": [2]}, [2]),
        (
            lambda r: r.list_remote_directory("me@gpu:22", "/data/a b"),
            *("GET", "fs/list", SPOT, None, {"path": "/", "items": [3]}, [3]),
        ),
        (
            lambda r: r.check_remote_path("me@gpu:22", "/data/a b"),
            *("GET", "fs/exists", SPOT, None, {"exists": True, "is_dir": True}, True),
        ),
        (lambda r: r.list_environments("me@gpu:22"), "GET", "conda-envs", PLACE, None, {"envs": [4]}, [4]),
        (
            lambda r: r.get_remote_status(),
            "GET",
            "status",
            [],
            None,
            {"connection_count": 0},
            {"connection_count": 0},
        ),
    ],
)
def test_the_routes_are_the_documented_ones(
    recorder: Recorder,
    client: api.RunicornClient,
    ask: Callable[[Any], Any],
    method: str,
    path: str,
    query: list[tuple[str, str]],
    body: Any,
    says: Any,
    answer: Any,
) -> None:
    recorder.offer(method, f"/api/remote/{path}", says)
    assert ask(client.remote) == answer
    assert (recorder.asked[-1].query, recorder.asked[-1].body) == (query, body)


@pytest.mark.parametrize(
    ("status", "error"), [(401, api.AuthenticationError), (503, api.ServerError), (400, api.BadRequestError)]
)
def test_the_reason_of_a_failed_connection_is_reported(
    recorder: Recorder, client: api.RunicornClient, status: int, error: type[api.RunicornAPIError]
) -> None:
    recorder.say(Says({"detail": "gpu did not accept the key: give another one."}, status))
    with pytest.raises(error, match="give another one"):
        client.remote.connect("gpu")
