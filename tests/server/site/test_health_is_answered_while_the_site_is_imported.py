from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import orjson
import pytest

from runicorn_site.security.browser_sessions import BrowserSessions
from runicorn_site.security.forwarding import Forwarding
from runicorn_site.security.guard import Policy
from runicorn_site.security.request_rules import Head
from runicorn_site.security.tokens import Tokens
from runicorn_site.server import opening
from tests.secrecy import secret

OWNER = 1000
LATER = [{"type": "http.response.start", "status": 418, "headers": []}]


@pytest.fixture(autouse=True)
def no_database(monkeypatch: pytest.MonkeyPatch) -> None:
    """Health without a look at the database."""
    monkeypatch.setattr(opening, "health", lambda: {"status": "ok"})


def closed(folder: Path, owner: int | None = OWNER, **more: Any) -> Policy:
    """The rules of a viewer on a machine that other people use."""
    return Policy(tokens=Tokens(secret(), "key", BrowserSessions(folder)), owner=owner, **more)


def ask(policy: Policy, path: str = "/api/health", **headers: str) -> list[dict[str, Any]]:
    """Send a request while the site is imported, and return the messages of its response; `LATER` from the site."""
    messages: list[dict[str, Any]] = []

    async def site(scope: Any, receive: Any, send: Any) -> None:
        await send(LATER[0])

    async def send(message: Any) -> None:
        messages.append(message)

    async def request() -> None:
        server = opening.Opening(policy)
        lines = {"host": "localhost", **headers}
        scope = {
            "type": "http",
            "method": "GET",
            "path": path,
            "raw_path": path.encode(),
            "query_string": b"",
            "headers": [(name.encode(), value.encode()) for name, value in lines.items()],
            "client": ["127.0.0.1", 50001],
            "server": ["127.0.0.1", 23300],
        }
        answer = asyncio.create_task(server(scope, None, send))  # type: ignore[arg-type]
        await asyncio.sleep(0)  # it has decided by now: it answers, or waits for the site
        server.hand_over(site)
        await answer

    asyncio.run(request())
    return messages


def peer_has(monkeypatch: pytest.MonkeyPatch, uid: int | None) -> None:
    """Let the system name the user at the other end of each connection."""
    monkeypatch.setattr("runicorn_site.security.peer.uid_of", lambda *ends: uid)


def is_health(messages: list[dict[str, Any]]) -> bool:
    return messages[0]["status"] == 200 and bool(orjson.loads(messages[1]["body"]) == {"status": "ok"})


def test_everyone_is_answered_on_a_machine_of_one_user() -> None:
    assert is_health(ask(Policy()))
    assert ask(Policy(), "/api/projects") == LATER
    assert ask(Policy(), accept="text/html") == LATER


def test_the_owner_is_answered_on_a_machine_of_several_users(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    peer_has(monkeypatch, OWNER)
    assert is_health(ask(closed(tmp_path)))


def test_a_browser_with_the_cookie_is_answered(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    peer_has(monkeypatch, OWNER + 1)
    policy = closed(tmp_path)
    assert policy.tokens is not None
    head = Head("GET", "/api/health", [(b"host", b"localhost")])
    assert is_health(ask(policy, cookie=f"key={policy.tokens.cookie_value(head)}"))
    assert ask(policy, cookie="key=wrong") == LATER


@pytest.mark.parametrize("uid", [OWNER + 1, None])
def test_others_wait_for_the_site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, uid: int | None) -> None:
    peer_has(monkeypatch, uid)
    assert ask(closed(tmp_path)) == LATER


def test_the_owner_waits_behind_a_proxy_and_with_a_token(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    peer_has(monkeypatch, OWNER)
    policy = closed(tmp_path)
    assert ask(policy, **{"x-forwarded-for": "10.0.0.1"}) == LATER
    assert ask(policy, authorization="Bearer rnc_0") == LATER
    assert ask(closed(tmp_path, forwarding=Forwarding("/runs"))) == LATER
