"""Sign-in by a provider that sends tokens for others, or answers that are wrong, large or late."""

from __future__ import annotations

import json
import re
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
import requests
from joserfc import jwk, jwt

from tests.processes import Viewer
from tests.server.people.lab import Lab, add_users, recorded
from tests.waiting import until, until_refused

CLIENT = "runicorn"
NOT_SIGNED_IN = "/login?notice=provider"
HUGE = b'"' + b"x" * 2_000_000 + b'"'


class Provider(ThreadingHTTPServer):
    """A provider; `answers` has bodies by path that replace the right ones, None for one that never comes."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Answer)
        self.url = f"http://127.0.0.1:{self.server_port}"
        self.key = jwk.RSAKey.generate_key(2048, {"kid": "1"})
        self.answers: dict[str, bytes | None] = {}
        self.claims: dict[str, Any] = {}
        self.more: dict[str, Any] = {}
        self.asked: dict[str, str] = {}
        self.ended = threading.Event()

    def token(self) -> bytes:
        now = int(time.time())
        claims = {"iss": self.url, "sub": "1", "aud": CLIENT, "iat": now, "exp": now + 60}
        claims |= {"nonce": self.asked["nonce"], "preferred_username": "grace", **self.claims}
        signed = jwt.encode({"alg": "RS256", "kid": "1"}, claims, self.key)
        fields = {"access_token": "a", "token_type": "Bearer", "id_token": signed, **self.more}
        return json.dumps({name: value for name, value in fields.items() if value}).encode()

    def answer(self, path: str) -> bytes | None:
        if path in self.answers:
            return self.answers[path]
        if path == "/token":
            return self.token()
        if path == "/keys":
            return json.dumps({"keys": [self.key.as_dict(private=False)]}).encode()
        places = {"authorization_endpoint": "/sign-in", "token_endpoint": "/token", "jwks_uri": "/keys"}
        return json.dumps(
            {"issuer": self.url} | {at: self.url + place for at, place in places.items()}
        ).encode()


class Answer(BaseHTTPRequestHandler):
    server: Provider

    def do_GET(self) -> None:
        url = urlsplit(self.path)
        if url.path == "/sign-in":
            query = {name: values[0] for name, values in parse_qs(url.query).items()}
            self.server.asked = query
            self.send_response(302)
            back = urlencode({"code": "1", "state": query["state"]})
            self.send_header("Location", f"{query['redirect_uri']}?{back}")
            self.end_headers()
            return
        body = self.server.answer(url.path)
        if body is None:
            self.server.ended.wait()
            return
        self.send_response(200)
        self.end_headers()
        self.wfile.write(body)

    do_POST = do_GET

    def log_message(self, *_: Any) -> None:
        """Print nothing."""


@pytest.fixture
def provider() -> Iterator[Provider]:
    with Provider() as server:
        threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
        yield server
        server.ended.set()
        server.shutdown()


@pytest.fixture
def lab(start_viewer: Callable[..., Viewer], folder: Path, home: Path, provider: Provider) -> Lab:
    return Lab(start_viewer(folder, "--users", **variables(provider), RUNICORN_RATE_LIMIT="off"), home, {})


def variables(provider: Provider) -> dict[str, str]:
    return {
        "RUNICORN_OIDC_ISSUER": provider.url,
        "RUNICORN_OIDC_CLIENT_ID": CLIENT,
        "RUNICORN_SIGN_UP_ROLE": "read",
    }


def visit(lab: Lab, path: str = "/login/oidc") -> str:
    """Sign in by the provider, and return the address of the last page."""
    answer = requests.get(lab.url + path, timeout=60)
    assert answer.status_code == 200, answer.text
    return answer.url.removeprefix(lab.url)


def test_tokens_for_others_and_unsigned_claims_sign_nobody_in(lab: Lab, provider: Provider) -> None:
    for name, value in (("aud", []), ("aud", ["other"]), ("iss", "https://other"), ("sub", "")):
        provider.claims = {name: value, "azp": CLIENT}
        assert visit(lab) == NOT_SIGNED_IN, (name, value)
    provider.claims, provider.more = {}, {"id_token": "", "userinfo": {"iss": provider.url, "sub": "1"}}
    assert visit(lab) == NOT_SIGNED_IN
    provider.more = {}
    assert visit(lab) == "/"


def test_a_wrong_large_or_late_answer_is_forgotten(lab: Lab, provider: Provider) -> None:
    """The next sign-in asks again: the viewer keeps no wrong addresses and keys."""
    discovery = "/.well-known/openid-configuration"
    for path in (discovery, "/token", "/keys"):
        for wrong in (b"<html>", b"[]", b"null", b"{}", HUGE):
            provider.answers = {path: wrong}
            assert visit(lab) == NOT_SIGNED_IN, (path, wrong[:10])
    provider.answers = {discovery: None}
    assert visit(lab) == NOT_SIGNED_IN
    provider.answers = {}
    assert visit(lab) == "/"


def test_the_page_of_a_link_is_shown_after_the_sign_in(lab: Lab) -> None:
    login = requests.get(f"{lab.url}/recycle-bin?page=2", timeout=30)
    link = re.search(r'href="(/login/oidc[^"]*)"', login.text)
    assert link is not None and visit(lab, link[1]) == "/recycle-bin?page=2"
    for elsewhere in ("//127.0.0.1:1/", "https://127.0.0.1:1/", "/\\127.0.0.1:1/"):
        assert visit(lab, f"/login/oidc?{urlencode({'next': elsewhere})}") == "/"


def test_sign_ins_by_a_provider_are_recorded_and_limited(
    start_viewer: Callable[..., Viewer], folder: Path, home: Path, provider: Provider
) -> None:
    lab = Lab(start_viewer(folder, "--users", **variables(provider)), home, add_users(home, {}))
    assert visit(lab) == "/"
    until(lambda: "grace" in [change["user"] for change in recorded(home)])
    answers: list[requests.Response] = []

    def begin() -> int:
        answers.append(requests.get(f"{lab.url}/login/oidc", allow_redirects=False, timeout=30))
        return answers[-1].status_code

    served, refused = until_refused(begin, 19)  # and the first one
    assert (served[0], refused) == (302, 429)
    assert "Try again in a minute" in answers[-1].text and int(answers[-1].headers["Retry-After"]) <= 61
    rows = sqlite3.connect(home / "data" / "server.sqlite3").execute(
        "SELECT count(*) FROM django_session WHERE expire_date > datetime('now', '2 hours')"
    )
    assert rows.fetchone() == (1,), "what was begun and not finished is kept for two weeks"
