"""Run in a machine of `machines.py`, by its Python: asks the viewer of the unit."""

from __future__ import annotations

import json
import sys
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

TOKEN = Path("/var/lib/private/runicorn/state/token-23300")
HOST = {"host": "127.0.0.1", "port": 22, "username": "root"}


def ask(path: str, body: dict[str, Any] | None = None) -> tuple[int, Any]:
    """Send a request; return the status and the JSON of the answer."""
    data = None if body is None else json.dumps(body).encode()
    headers = {"Authorization": f"Bearer {TOKEN.read_text().strip()}", "Content-Type": "application/json"}
    request = urllib.request.Request(f"http://127.0.0.1:23300{path}", data, headers)
    try:
        with urllib.request.urlopen(request, timeout=120) as answer:
            return answer.status, json.load(answer)
    except urllib.error.HTTPError as error:
        return error.code, json.load(error)


def connect() -> dict[str, Any]:
    """Connect to the SSH server of this machine and start a viewer there."""
    credentials = HOST | {"private_key": Path("/root/.ssh/key").read_text()}
    status, refused = ask("/api/remote/connect", credentials)
    assert status == 409, refused
    key = refused["detail"]["host_key"]
    names = ("host", "port", "key_type", "public_key", "fingerprint_sha256")
    accepted = ask("/api/remote/known-hosts/accept", {name: key[name] for name in names})
    status, connected = ask("/api/remote/connect", credentials)
    assert status == 200, (accepted, connected)
    reference = {"connection_id": connected["connection_id"], "remote_root": "/root/runs"}
    status, started = ask("/api/remote/viewer/start", reference)
    assert status == 200, started
    # The link works once and leads on with a cookie.
    browser = urllib.request.build_opener(urllib.request.HTTPCookieProcessor())
    with browser.open(started["session"]["url"], timeout=60) as page:
        assert page.status == 200
    ask("/api/remote/viewer/stop", {"session_id": started["session"]["session_id"]})
    return dict(started["session"])


print(json.dumps(connect() if sys.argv[1] == "connect" else ask(sys.argv[1])[1]))  # noqa: T201
