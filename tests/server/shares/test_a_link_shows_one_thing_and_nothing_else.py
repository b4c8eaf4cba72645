"""Shared links: what they show without a login, and that every other route is refused."""

from __future__ import annotations

import json
import re
import time
from urllib.parse import urlsplit

import pytest
import requests
from django.urls import URLPattern, URLResolver, get_resolver
from typer.testing import CliRunner
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import connect

from people.models import Share
from people.shares import records
from people.shares.access import is_allowed
from runicorn import api
from runicorn.api.responses.shares import Kind
from runicorn_tools.cli import app
from tests.large import many
from tests.server.shares.conftest import EMBEDDER, FIRST, OTHER, SECOND, TOKEN, Lab

RUN_ROUTES = {
    *("run", "run-log", "run-series", "run-diff", "run-table", "api-run-logs"),
    *("run-media", "run-media-list", "run-histograms", "run-document", "run-preview"),
}
FILES = {"run-media", "run-document", "run-preview", "run-table"}
PUBLIC = {"static-file"}
ARGUMENT = re.compile(r"<(?:\w+:)?(\w+)>")
VALUES = {"run_id": FIRST, "project": "vision", "number": "1", "key": "1"}
REFUSED = (403, 404)


def routes(patterns: list[URLPattern | URLResolver], before: str = "/") -> list[tuple[str, str]]:
    """Return name and pattern of every route."""
    all_paths = []
    for pattern in patterns:
        path = before + str(pattern.pattern).replace("^", "").replace("$", "")
        if isinstance(pattern, URLResolver):
            all_paths += routes(pattern.url_patterns, path)
        else:
            all_paths.append((pattern.name or "", path))
    return all_paths


def address(pattern: str, run_id: str) -> str:
    """Return an address of a route, about a run if it is about one."""
    filled = ARGUMENT.sub(lambda match: {**VALUES, "run_id": run_id}.get(match[1], "x"), pattern)
    return re.sub(r"\(.*?\)", "runs", filled)


def get(url: str, **more: object) -> requests.Response:
    return requests.get(url, timeout=30, allow_redirects=False, **more)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("kind", "target", "own"),
    [
        ("run", FIRST, RUN_ROUTES),
        ("compare", f"{FIRST},{SECOND}", FILES),
        ("board", "vision/default", set()),
    ],
)
@pytest.mark.usefixtures("store")
def test_only_routes_of_the_shared_runs_are_allowed(kind: Kind, target: str, own: set[str]) -> None:
    share = Share("", kind, target, "/store", 0.0)
    all_paths = routes(get_resolver().url_patterns)
    assert len(all_paths) > 150
    allowed = [
        (name, method, run_id)
        for name, pattern in many(all_paths)
        for run_id in (FIRST, OTHER)
        for method in ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")
        if is_allowed(share, method, address(pattern, run_id), "")
    ]
    assert {name for name, _, _ in allowed} == own | PUBLIC
    assert {method for _, method, _ in allowed} == {"GET", "HEAD"}
    of_no_run = PUBLIC if kind == "run" else own - FILES | PUBLIC
    assert {name for name, _, run_id in allowed if run_id == OTHER} == of_no_run


def test_the_server_refuses_every_other_route(lab: Lab) -> None:
    link, session = lab.link("run", FIRST), requests.Session()
    answered = set()
    for name, pattern in routes(get_resolver().url_patterns):
        for path in {address(pattern, FIRST), address(pattern, OTHER)} - {"/"}:  # "/" leads to the run
            response = session.get(link + path, timeout=30, allow_redirects=False)
            if response.status_code != 403:
                answered.add(name)
                assert OTHER not in path, path
    assert answered == RUN_ROUTES | PUBLIC
    for path in (f"/api/runs/{FIRST}", f"/runs/{FIRST}", "/runs-change", f"/api/runs/{FIRST}/heartbeat"):
        for method in ("POST", "PATCH", "PUT", "DELETE"):
            assert session.request(method, link + path, json={}, timeout=30).status_code in (401, 403), path


def test_a_run_is_shown_with_all_its_parts(lab: Lab) -> None:
    link = lab.link("run", FIRST)
    page = requests.get(link, timeout=30)
    assert page.status_code == 200 and urlsplit(page.url).path.endswith(f"/runs/{FIRST}")
    assert "net-a" in page.text and "Shared, read-only" in page.text
    assert "secret" not in page.text and "data-edit" not in page.text and "/settings" not in page.text
    assert page.headers["Cache-Control"] == "no-store" and "Set-Cookie" not in page.headers
    for part in ("log?around=1", "series", "media"):
        assert get(f"{link}/runs/{FIRST}/{part}").status_code == 200, part
    assert get(f"{link}/api/runs/{FIRST}/logs").text.startswith("a line")
    addresses = re.findall(r'(?:src|href|data-series)="(/[^"#]+)', page.text)
    assert len(addresses) > 5
    for address in addresses:
        assert address.startswith(urlsplit(link).path), address
        assert get(lab.viewer.url.removesuffix("/lab") + address).status_code == 200, address
    assert get(f"{link}/runs/{FIRST}?board=other").status_code == 403


def test_a_comparison_and_a_board_show_their_runs_only(lab: Lab) -> None:
    pair, board = lab.link("compare", f"{FIRST},{SECOND}"), lab.link("board", "vision/default")
    for link, query in (
        (pair, f"layout=charts&runs={FIRST},{SECOND}"),
        (board, "layout=charts&project=vision&board=default"),
    ):
        page = requests.get(f"{link}/?x=time", timeout=30)
        assert page.status_code == 200 and "x=time" in page.url
        assert FIRST in page.text and SECOND in page.text
        assert OTHER not in page.text and "secret" not in page.text and str(lab.root) not in page.text
        assert get(f"{link}/?{query}", headers={"HX-Request": "true"}).status_code == 200
        assert get(f"{link}/runs-panel?{query}&tab=config").status_code == 200
        assert get(f"{link}/series?ids={FIRST},{SECOND}").status_code == 200
        assert get(f"{link}/runs-media?ids={FIRST},{SECOND}").status_code == 200
        for ids in (OTHER, f"{FIRST},{OTHER}", f"{FIRST}&ids={OTHER}"):
            assert get(f"{link}/series?ids={ids}").status_code == 403, ids
            assert get(f"{link}/api/v2/series?ids={ids}").status_code == 403, ids
            assert get(f"{link}/runs-media?ids={ids}").status_code == 403, ids
        for path in ("media/a.png", "document/a.html", "preview/a.txt", "table/a.table.json"):
            assert get(f"{link}/runs/{FIRST}/{path}").status_code == 404, path
            assert get(f"{link}/runs/{OTHER}/{path}").status_code == 403, path
        for more in (f"show={OTHER}", f"runs={OTHER}", "layout=table", "view=mine", "project=secret"):
            assert get(f"{link}/?{query}&{more}").status_code == 403, more
            assert get(f"{link}/runs-panel?{query}&{more}").status_code == 403, more
    for none in ("", "&runs=", "&runs=,", "&runs=%20", "&runs=%E2%80%83&runs=,"):
        for path in ("/", "/runs-panel"):
            assert get(f"{pair}{path}?layout=charts{none}").status_code == 403, none
    assert get(f"{board}/?layout=charts&project=vision&board=other").status_code == 403


def test_only_the_socket_of_the_run_opens_and_it_closes_when_the_link_is_revoked(lab: Lab) -> None:
    share = lab.client.shares.create("run", FIRST)
    link = share["url"].replace("http", "ws")
    for other in (f"runs/{OTHER}/live", f"api/runs/{FIRST}/logs/ws"):
        with pytest.raises(InvalidStatus):
            connect(link + other)
    with connect(f"{link}runs/{FIRST}/live") as socket:
        assert '"type":' in socket.recv(timeout=30)
        lab.client.shares.revoke(share["id"])
        revoked = time.monotonic()
        with pytest.raises(ConnectionClosed) as closed:
            while True:
                socket.recv(timeout=30)
        assert closed.value.rcvd is not None and closed.value.rcvd.code == 4401
        assert time.monotonic() - revoked < 60
    assert get(share["url"]).status_code == 404
    with pytest.raises(InvalidStatus):
        connect(f"{link}runs/{FIRST}/live")
    with pytest.raises(api.NotFoundError):
        lab.client.shares.revoke(share["id"])


def test_a_link_ends_and_cannot_be_forged(lab: Lab) -> None:
    share = lab.client.shares.create("run", FIRST, expires_at=time.time() + 600)
    url = share["url"]
    assert get(url).status_code == 307
    assert {"id": share["id"], "expires_at": share["expires_at"]}.items() <= lab.client.shares.list()[
        0
    ].items()
    forged = url[:-2] + ("A" if url[-2] != "A" else "B") + "/"
    assert get(forged).status_code == get(f"{lab.viewer.url}/s/{share['id']}/").status_code == 404
    short = lab.client.shares.create("run", FIRST, expires_at=time.time() + 3)
    while time.time() < short["expires_at"]:
        time.sleep(0.05)
    assert get(short["url"]).status_code == 404 and get(url).status_code == 307
    share_ids = {share["id"] for share in lab.client.shares.list()}
    assert short["id"] not in share_ids and share["id"] in share_ids


def test_a_link_neither_needs_nor_gives_other_access(lab: Lab) -> None:
    link = lab.link("run", FIRST)
    assert get(f"{lab.viewer.url}/runs/{FIRST}").status_code == 401
    bearer = {"Authorization": f"Bearer {TOKEN}"}
    assert get(f"{link}/settings", headers=bearer).status_code == 403
    assert get(f"{link}/runs/{FIRST}", headers={"Host": "evil.example"}).status_code == 403
    assert get(f"{link}/runs/{FIRST}", headers={"Origin": "https://evil.example"}).status_code == 403
    for path in (
        f"runs/{FIRST}/../{OTHER}",
        f"runs/{FIRST}%2F..%2F{OTHER}",
        f"/runs/{OTHER}",
        "static/../settings",
    ):
        prepared = requests.Request("GET", link).prepare()
        prepared.url = f"{link}/{path}"
        assert requests.Session().send(prepared, allow_redirects=False, timeout=30).status_code in REFUSED, (
            path
        )


def test_only_named_sites_may_embed_a_shared_page(lab: Lab) -> None:
    link = lab.link("run", FIRST)
    frame = {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "iframe"}
    page = get(f"{link}/runs/{FIRST}", headers=frame)
    assert page.status_code == 200
    assert f"frame-ancestors {EMBEDDER} 'self'" in page.headers["Content-Security-Policy"]
    bearer = {"Authorization": f"Bearer {TOKEN}"}
    own = get(f"{lab.viewer.url}/runs/{FIRST}", headers=bearer)
    assert "frame-ancestors 'none'" in own.headers["Content-Security-Policy"]
    assert get(f"{lab.viewer.url}/runs/{FIRST}", headers=bearer | frame).status_code == 403


def test_a_document_in_a_shared_page_runs_no_script_that_could_send_the_link_away(lab: Lab) -> None:
    (folder,) = lab.root.glob(f"*/*/runs/{FIRST}")
    (folder / "media").mkdir(exist_ok=True)
    (folder / "media" / "a.html").write_text("<script>alert(1)</script>")
    document = get(f"{lab.link('run', FIRST)}/runs/{FIRST}/document/a.html")
    policy = document.headers["Content-Security-Policy"].split("; ")
    assert document.status_code == 200 and "sandbox" in policy
    assert not [part for part in policy if "script" in part]
    (ancestors,) = [part for part in policy if part.startswith("frame-ancestors ")]
    assert {"'self'", EMBEDDER} <= set(ancestors.split())


@pytest.mark.parametrize("kind", ["run", "report", "compare"])
@pytest.mark.parametrize("target", ["not-an-id", "\0", f"{FIRST},not-an-id", "x" * 7000, 5, None, [], " "])
def test_a_malformed_target_is_named(lab: Lab, kind: str, target: object) -> None:
    bearer = {"Authorization": f"Bearer {TOKEN}"}
    body = {"kind": kind, "target": target}
    answer = requests.post(f"{lab.viewer.url}/api/v2/shares", json=body, headers=bearer, timeout=30)
    assert answer.status_code == 400
    assert list(answer.json()["errors"]) == ["target"]


def test_a_missing_run_or_board_cannot_be_shared(lab: Lab) -> None:
    with pytest.raises(api.NotFoundError):
        lab.client.shares.create("run", "20200101_000000_aaaaaa")
    for kind, target in (
        ("compare", f"{FIRST},x"),
        ("compare", ""),
        ("board", "vision"),
        ("board", "vision/x"),
    ):
        with pytest.raises(api.BadRequestError):
            lab.client.shares.create(kind, target)  # type: ignore[arg-type]
    with pytest.raises(api.BadRequestError):
        lab.client.shares.create("run", FIRST, expires_at=time.time() - 1)


def test_no_id_of_a_link_is_an_option_of_the_command_line() -> None:
    ids = {records.new_id() for _ in range(2000)}  # of ids in base64 one in 64 begins with a dash
    assert len(ids) == 2000 and all(share_id.isalnum() and share_id.isascii() for share_id in ids)


def test_links_are_created_listed_and_revoked_on_the_command_line(
    lab: Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    def share(*words: str) -> tuple[int, str]:
        result = CliRunner().invoke(app, ["share", *words, "--url", lab.viewer.url])
        return result.exit_code, result.output.strip()

    monkeypatch.setenv("RUNICORN_TOKEN", TOKEN)
    code, url = share("compare", FIRST, SECOND, "--expires", "7d")
    assert code == 0 and requests.get(url, timeout=30).status_code == 200
    entry = json.loads(share("list", "--json")[1])["shares"][0]
    assert entry["url"] == url and entry["target"] == f"{FIRST},{SECOND}"
    assert 6 < (entry["expires_at"] - time.time()) / 86400 < 7.1
    assert share("revoke", entry["id"]) == (0, f"Revoked {entry['id']}")
    assert get(url).status_code == 404
    assert share("revoke", entry["id"])[0] == 4
    assert share("run")[0] == share("run", FIRST, "--expires", "soon")[0] == 2
