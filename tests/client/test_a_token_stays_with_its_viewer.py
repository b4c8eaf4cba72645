from __future__ import annotations

from pathlib import Path

import pytest

import runicorn.api as api
from tests.client.told import Says, Told, told_server

OK = Says({"status": "ok"})


def sent(told: Told) -> str | None:
    return told.asked[-1].headers.get("Authorization")


def test_it_is_sent_as_a_bearer(told: Told) -> None:
    told.say(OK)
    client = api.connect(told.url, token=" abc\n".strip())
    assert sent(told) == "Bearer abc"
    assert "abc" not in repr(client)
    client.close()


def test_a_redirect_to_another_port_gets_none(told: Told) -> None:
    with told_server() as other, api.RunicornClient(told.url, token="abc") as client:
        other.offer("GET", "/api/elsewhere", {"here": True})
        told.say(Says({}, 302, {"Location": f"{other.url}/api/elsewhere", "Set-Cookie": "a=b"}))
        assert client.get("/api/thing") == {"here": True}
        assert (sent(told), sent(other)) == ("Bearer abc", None)
        assert "Cookie" not in other.asked[-1].headers


def test_a_redirect_to_the_same_viewer_keeps_it(told: Told) -> None:
    told.offer("GET", "/api/elsewhere", {"here": True})
    told.say(Says({}, 307, {"Location": "/api/elsewhere"}))
    with api.RunicornClient(told.url, token="abc") as client:
        assert client.get("/api/thing") == {"here": True}
    assert sent(told) == "Bearer abc"


def test_what_changes_something_is_not_sent_elsewhere(told: Told) -> None:
    told.say(Says({}, 302, {"Location": "http://other.example/api/thing"}))
    with (
        api.RunicornClient(told.url) as client,
        pytest.raises(api.RunicornAPIError, match=r"redirected to http://other\.example/api/thing"),
    ):
        client.post("/api/thing", {"a": 1})


def test_neither_netrc_nor_a_proxy_comes_between(
    told: Told, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / ".netrc").write_text("machine 127.0.0.1 login me password secret\n")
    monkeypatch.setenv("NETRC", str(tmp_path / ".netrc"))
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    monkeypatch.delenv("NO_PROXY", raising=False)
    monkeypatch.delenv("no_proxy", raising=False)
    told.say(OK, OK)
    with api.connect(told.url, token="abc") as client:
        assert client.get("/api/health")["status"] == "ok"
    assert sent(told) == "Bearer abc"


def test_a_path_before_the_api_is_kept(told: Told) -> None:
    told.offer("GET", "/proxy/runs/api/health", {"status": "ok"})
    with api.connect(f"{told.url}/proxy/runs/") as client:
        assert client.base_url == f"{told.url}/proxy/runs"
