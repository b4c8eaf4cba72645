from __future__ import annotations

from pathlib import Path

import pytest

import runicorn.api as api
from tests.sdk.client.recorder import Recorder, Says, told_server

OK = Says({"status": "ok"})


def authorization(recorder: Recorder) -> str | None:
    return recorder.asked[-1].headers.get("Authorization")


def test_a_token_is_sent_as_a_bearer(recorder: Recorder) -> None:
    recorder.say(OK)
    client = api.connect(recorder.url, token=" abc\n".strip())
    assert authorization(recorder) == "Bearer abc"
    assert "abc" not in repr(client)
    client.close()


def test_a_redirect_to_another_port_receives_no_token(recorder: Recorder) -> None:
    with told_server() as other, api.RunicornClient(recorder.url, token="abc") as client:
        other.offer("GET", "/api/elsewhere", {"here": True})
        recorder.say(Says({}, 302, {"Location": f"{other.url}/api/elsewhere", "Set-Cookie": "a=b"}))
        assert client.get("/api/thing") == {"here": True}
        assert (authorization(recorder), authorization(other)) == ("Bearer abc", None)
        assert "Cookie" not in other.asked[-1].headers


def test_a_redirect_to_the_same_viewer_keeps_the_token(recorder: Recorder) -> None:
    recorder.offer("GET", "/api/elsewhere", {"here": True})
    recorder.say(Says({}, 307, {"Location": "/api/elsewhere"}))
    with api.RunicornClient(recorder.url, token="abc") as client:
        assert client.get("/api/thing") == {"here": True}
    assert authorization(recorder) == "Bearer abc"


def test_a_writing_request_is_not_redirected_to_another_host(recorder: Recorder) -> None:
    recorder.say(Says({}, 302, {"Location": "http://other.example/api/thing"}))
    with (
        api.RunicornClient(recorder.url) as client,
        pytest.raises(api.RunicornAPIError, match=r"redirects to http://other\.example/api/thing"),
    ):
        client.post("/api/thing", {"a": 1})


def test_neither_netrc_nor_a_proxy_comes_between(
    recorder: Recorder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / ".netrc").write_text("machine 127.0.0.1 login me password secret\n")
    monkeypatch.setenv("NETRC", str(tmp_path / ".netrc"))
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    monkeypatch.delenv("NO_PROXY", raising=False)
    monkeypatch.delenv("no_proxy", raising=False)
    recorder.say(OK, OK)
    with api.connect(recorder.url, token="abc") as client:
        assert client.get("/api/health")["status"] == "ok"
    assert authorization(recorder) == "Bearer abc"


def test_a_path_before_the_api_is_kept(recorder: Recorder) -> None:
    recorder.offer("GET", "/proxy/runs/api/health", {"status": "ok"})
    with api.connect(f"{recorder.url}/proxy/runs/") as client:
        assert client.base_url == f"{recorder.url}/proxy/runs"
