"""Two servers with one Valkey count requests together, and accept each other's one-time links once."""

from __future__ import annotations

import pickle
import re
from collections.abc import Iterator, Sequence
from itertools import pairwise
from pathlib import Path

import pytest
import requests
from django.core.cache import CacheHandler

from runicorn_site.cluster.settings import caches
from tests.processes import Viewer
from tests.server.cluster.conftest import TOKEN
from tests.server.cluster.servers import Cluster, Valkey
from tests.waiting import until

pytestmark = pytest.mark.needs("initdb", "pg_ctl", "valkey-server")
AWAY = "The shared cache is unreachable"
AGAIN = "The shared cache is reachable again"


def test_a_one_time_link_of_one_server_opens_another_one_once(pair: Cluster) -> None:
    first, second = pair.servers
    match = re.search(r"/\?once=(\S+)", first.output)
    assert match is not None
    answers = [
        requests.get(f"{server.url}/?once={match[1]}", allow_redirects=False, timeout=30)
        for server in (second, first, second)
    ]
    assert [answer.status_code for answer in answers] == [303, 401, 401]
    cookies = answers[0].cookies.get_dict()
    assert len(cookies) == 1
    opened = requests.get(f"{second.url}/", cookies=cookies, timeout=30)
    assert opened.status_code == 200


def remaining(*servers: Viewer) -> list[int]:
    """Send each server a request for a route that nothing else requests, all within one window of the limit; return
    how many requests remained after each.
    """
    return until(lambda: _within_one_window(servers))


def _within_one_window(servers: Sequence[Viewer]) -> list[int] | None:
    headers = {"Authorization": f"Bearer {TOKEN}"}
    answers = [server.get("/api/v2/alerts/channels", headers=headers) for server in servers]
    ends = [int(answer.headers["X-RateLimit-Reset"]) for answer in answers]
    began_again = any(later > earlier for earlier, later in pairwise(ends))
    return None if began_again else [int(answer.headers["X-RateLimit-Remaining"]) for answer in answers]


def test_servers_share_request_counts_and_count_separately_while_valkey_is_away(
    pair: Cluster, stoppable: Valkey
) -> None:
    first, second = pair.servers
    before = [(server.output.count(AWAY), server.output.count(AGAIN)) for server in pair.servers]
    start, *shared = remaining(first, second, first, second)
    assert shared == [start - 1, start - 2, start - 3]

    stoppable.kill()
    counts = remaining(*[first, second] * 3)
    for alone in (counts[::2], counts[1::2]):
        assert alone == [alone[0], alone[0] - 1, alone[0] - 2], "each counts for itself"
    stoppable.start()
    for server, (_, again) in zip(pair.servers, before, strict=True):
        until(lambda server=server, again=again: ask(server).count(AGAIN) > again)  # type: ignore[misc]
    together, *shared = remaining(first, second, first)
    assert shared == [together - 1, together - 2]
    for server, (away, again) in zip(pair.servers, before, strict=True):
        assert server.output.count(AWAY) == away + 1, server.output
        assert server.output.count(AGAIN) == again + 1, server.output
        assert "Traceback" not in server.output, server.output


@pytest.fixture
def stoppable(valkey: Valkey) -> Iterator[Valkey]:
    """A Valkey server that runs for the tests that follow, too."""
    yield valkey
    if valkey.process.poll() is not None:
        valkey.start()


class Intrusion:
    """An object whose pickle creates a folder when it is read."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def __reduce__(self) -> tuple[object, tuple[Path]]:
        return Path.mkdir, (self.folder,)


def test_a_shared_cache_unpickles_nothing_and_separates_servers_of_other_keys(
    valkey: Valkey, tmp_path: Path
) -> None:
    import redis

    first, other = (CacheHandler(caches(valkey.url, mark))["default"] for mark in ("one", "other"))
    first.set("link", 1, 60)
    assert first.get("link") == 1 and other.get("link") is None
    with redis.Redis.from_url(valkey.url) as client:
        (key,) = client.keys("*one*link")
        client.set(key, pickle.dumps(Intrusion(tmp_path / "intruded")))
    with pytest.raises(ValueError, match="utf-8"):
        first.get("link")
    assert not (tmp_path / "intruded").exists()


def ask(server: Viewer) -> str:
    """Send a request, and return the log of the server."""
    server.get("/api/health", headers={"Authorization": f"Bearer {TOKEN}"})
    return server.output
