"""Start and stop viewers on a remote host through the API of this process."""

from __future__ import annotations

import socket
from typing import Any

from rest_framework.test import APIClient

from tests.waiting import until


def start(api: APIClient, body: dict[str, Any]) -> dict[str, Any]:
    """Start a viewer and return its session."""
    answer = api.post("/api/remote/viewer/start", body)
    assert answer.status_code == 200, answer.json()
    return dict(answer.json()["session"])


def begin(api: APIClient, body: dict[str, Any]) -> str:
    """Start a viewer without waiting and return the id of its session."""
    return str(start(api, {**body, "wait": False})["session_id"])


def status(api: APIClient, session_id: str) -> dict[str, Any]:
    """Return the status of a session."""
    return dict(api.get(f"/api/remote/viewer/status/{session_id}").json())


def until_it_is(api: APIClient, session_id: str, state: str, timeout: float = 60) -> dict[str, Any]:
    """Wait until a session has a state and return it."""

    def session() -> dict[str, Any]:
        answer = status(api, session_id)
        return answer if answer["status"] == state else {}

    return until(session, timeout=timeout)


def stop(api: APIClient, session: dict[str, Any]) -> None:
    """Stop a session."""
    answer = api.post("/api/remote/viewer/stop", {"session_id": session["session_id"]})
    assert answer.json() == {"ok": True, "message": f"Session {session['session_id']} stopped"}


def is_free(port: int) -> bool:
    """Return whether no process listens on a local port."""
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) != 0
