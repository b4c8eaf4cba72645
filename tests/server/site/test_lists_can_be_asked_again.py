"""Answers by `ETag` equal those without, whatever changes in between and whoever asks."""

from __future__ import annotations

import asyncio
import json
import shutil
import sqlite3
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, suppress
from contextvars import copy_context
from pathlib import Path
from typing import Any

import pytest
from django.db import connection
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from metrics.ingest.catch_up import catch_up
from runicorn.store.project import boards, documents
from runicorn.store.samples.writer import SampleWriter
from runicorn_site.conditional.answers import tag_of
from runicorn_site.conditional.fast_path import FastPath
from runicorn_site.transport.dispatch import OneHop
from runicorn_site.web import streaming
from runicorn_site.web.moments import SharedCall
from runicorn_site.web.readable import EVERYTHING, Readable, restrict
from runs.active_root import activate, active_root
from runs.index import discovery, refresh
from runs.models import Run
from runs.services.curation import edit_run, tag_runs
from runs.services.projects import move_runs
from runs.services.recycle_bin import restore_runs, soft_delete_runs
from tests.folders import append_metrics, folder_of, write_run

LIST = "/api/v2/experiments"
QUERIES = (
    (LIST, "per_page=3"),
    (LIST, "per_page=3&project=vision&status=finished"),
    (LIST, "order_by=metric.loss.last&details=true"),
    (LIST, "where=metric.loss.last+<+5&include_deleted=true"),
    (LIST, "search=resnet&tags=gold"),
    ("/api/runs", "limit=4&sort=-best_metric,name"),
    ("/api/runs", ""),
)
READERS = (
    EVERYTHING,
    Readable(frozenset({"text"})),
    Readable(frozenset({"text"}), are_only=True),
    Readable(are_only=True),
)
DURATION = "query_time_ms"
pytestmark = pytest.mark.django_db(transaction=True)


class Program:
    """A client of the ASGI application in this process; each request comes from a reader."""

    def __init__(self) -> None:
        self.of_threads = 0
        program = self

        class Counted(OneHop):
            def answer(self, scope: Any, body: Any) -> Any:
                program.of_threads += 1
                return super().answer(scope, body)

        self.application = Counted(FastPath())
        self.runner = asyncio.Runner()

    def get(
        self, path: str, query: str = "", reader: Readable = EVERYTHING, **headers: str
    ) -> tuple[int, dict[str, str], bytes]:
        """Return status, headers and body."""
        pairs = [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()]
        scope = {
            "type": "http",
            "method": "GET",
            "path": path,
            "raw_path": path.encode(),
            "query_string": query.encode(),
            "headers": [(b"host", b"localhost"), *pairs],
            "client": ["127.0.0.1", 1],
        }
        return self.runner.run(self._ask(scope, reader), context=copy_context())

    async def _ask(self, scope: dict[str, Any], reader: Readable) -> tuple[int, dict[str, str], bytes]:
        messages: list[dict[str, Any]] = []
        received = [{"type": "http.request", "body": b""}]

        async def receive() -> dict[str, Any]:
            if not received:  # the client stays until its answer is complete
                await asyncio.Event().wait()
            return received.pop()

        async def send(message: Any) -> None:
            messages.append(dict(message))

        restrict(reader)
        await self.application(scope, receive, send)
        headers = {name.decode().lower(): value.decode() for name, value in messages[0]["headers"]}
        body = b"".join(message.get("body", b"") for message in messages[1:])
        return messages[0]["status"], headers, body


@pytest.fixture
def program(monkeypatch: pytest.MonkeyPatch, home: Path) -> Iterator[Program]:
    monkeypatch.setenv("RUNICORN_RATE_LIMIT", "off")
    program = Program()
    with program.runner:
        yield program


def opened(root: Path) -> Path:
    root.mkdir()
    activate(root)
    discovery.full(active_root())
    return root


def content(body: bytes) -> Any:
    """Return an answer without what differs each time."""
    answer = json.loads(body)
    if isinstance(answer, dict):
        answer.pop(DURATION)
    return answer


def test_a_config_key_named_like_the_duration_is_part_of_the_tag() -> None:
    def body(config: int, duration: float) -> bytes:
        return json.dumps({"config": {DURATION: config}, DURATION: duration}, separators=(",", ":")).encode()

    assert tag_of(body(1, 0.5), []) == tag_of(body(1, 7e-05), [])
    assert tag_of(body(1, 0.5), []) != tag_of(body(2, 0.5), [])
    assert tag_of(b"[]", []) != tag_of(b"[]", [("X-Total-Count", "1")])


def other_process(statement: str, *values: object) -> None:
    """Change rows as another server would, which tells this one nothing."""
    if connection.vendor != "sqlite":
        with ThreadPoolExecutor(1) as thread:
            thread.submit(_in_its_own_connection, statement.replace("?", "%s"), values).result()
        return
    with closing(sqlite3.connect(str(connection.settings_dict["NAME"]), timeout=20)) as own:
        own.execute(statement, values)
        own.commit()


def _in_its_own_connection(statement: str, values: tuple[object, ...]) -> None:
    with connection.cursor() as cursor:
        cursor.execute(statement, values)
    connection.close()


def ids() -> list[str]:
    return list(Run.objects.filter(root=active_root()).order_by("run_id").values_list("run_id", flat=True))


def make(root: Path, number: int) -> None:
    project = ("vision", "text")[number % 2]
    write_run(root, project, f"resnet-{number % 3}", run_id=f"20260101_0000{number % 60:02}_{number:06x}")


def log(root: Path, number: int) -> None:
    run = Run.objects.filter(root=active_root()).order_by("run_id")[number % len(ids())]
    append_metrics(root, *run.folder.split("/")[:2], run.run_id, [{"loss": float(number)}], 1.7e9)
    catch_up(run)


def rename(root: Path, number: int) -> None:
    run = refresh.refresh_run(active_root(), ids()[number % len(ids())])
    assert run is not None
    edit_run(run=run, display_name=f"name {number}")


def tag(root: Path, number: int) -> None:
    tag_runs(
        root=active_root(),
        run_ids=[ids()[number % len(ids())]],
        add=["gold"] if number % 2 else [],
        remove=["gold"],
    )


def delete(root: Path, number: int) -> None:
    soft_delete_runs(root=active_root(), run_ids=[ids()[number % len(ids())]])


def restore(root: Path, number: int) -> None:
    restore_runs(root=active_root(), run_ids=ids())


def move(root: Path, number: int) -> None:
    move_runs(
        root=active_root(), run_ids=[ids()[number % len(ids())]], project=("text", "vision")[number % 2]
    )


def end(root: Path, number: int) -> None:
    """The script of a run writes its status, and nothing else happens before the next request."""
    folder = Run.objects.get(root=active_root(), run_id=ids()[number % len(ids())]).folder
    status = {"status": ("failed", "finished")[number % 2], "started_at": 1.7e9, "ended_at": 1.7e9 + number}
    (root / folder / "status.json").write_text(json.dumps(status))
    discovery.full(active_root())  # finished runs are looked at once a minute


def remove(root: Path, number: int) -> None:
    shutil.rmtree(root / Run.objects.get(root=active_root(), run_id=ids()[number % len(ids())]).folder)


def change_elsewhere(root: Path, number: int) -> None:
    statement = "UPDATE runs_run SET best_metric_value = ? WHERE run_id = ?"
    other_process(statement, float(number), ids()[number % len(ids())])


CHANGES: tuple[Callable[[Path, int], None], ...] = (
    *(make, log, rename, tag, delete, restore, move, end, remove, change_elsewhere),
)
NEEDS_RUN = {log, rename, tag, delete, restore, move, end, remove, change_elsewhere}
STEPS = st.lists(
    st.tuples(
        st.sampled_from(CHANGES) | st.none(),
        st.integers(0, 40),
        st.sampled_from(QUERIES),
        st.sampled_from(READERS),
    ),
    min_size=4,
    max_size=14,
)


@given(steps=STEPS)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
def test_the_answer_by_its_tag_is_the_answer_without(
    steps: list[Any], program: Program, tmp_path: Path
) -> None:
    root = opened(tmp_path / f"store-{threading.get_native_id()}-{len(list(tmp_path.iterdir()))}")
    make(root, 1)
    has: dict[tuple[str, str, Readable], tuple[str, bytes]] = {}
    for number, (change, value, (path, query), reader) in enumerate(steps):
        if change is not None and (change not in NEEDS_RUN or ids()):
            with suppress(FileExistsError):  # this run is there already
                change(root, value)
        tag_of, body_of = has.get((path, query, reader), ("", b""))
        status, headers, body = program.get(
            path, query, reader, **({"if_none_match": tag_of} if tag_of else {})
        )
        # Another address of the same list, which was never asked for.
        fresh_status, _, fresh = program.get(path, f"{query}&asked={number}", reader)
        assert (status, fresh_status) in {(200, 200), (304, 200)}
        assert content(body_of if status == 304 else body) == content(fresh)
        if status == 200 and "etag" in headers:
            has[path, query, reader] = headers["etag"], body


@pytest.fixture
def store_of_two(tmp_path: Path) -> Path:
    root = opened(tmp_path / "store")
    for number in (1, 2):
        make(root, number)
    return root


def test_an_unchanged_list_is_answered_before_the_database_is_asked(
    store_of_two: Path, program: Program
) -> None:
    status, headers, body = program.get(LIST)
    assert (status, program.of_threads) == (200, 1)
    again = program.get(LIST, if_none_match=headers["etag"])
    assert (again[0], again[2], again[1]["etag"]) == (304, b"", headers["etag"])
    assert program.get(LIST)[2] == body
    assert program.get(LIST, accept_encoding="gzip")[1]["vary"] == "Accept-Encoding"
    assert program.of_threads == 1
    other_process("UPDATE runs_run SET project = 'elsewhere'")
    changed = program.get(LIST, if_none_match=headers["etag"])
    assert (changed[0], program.of_threads) == (200, 2)
    assert {run["project"] for run in content(changed[2])["experiments"]} == {"elsewhere"}


def test_what_one_reader_has_asked_for_is_not_shown_to_another(store_of_two: Path, program: Program) -> None:
    status, headers, body = program.get(LIST)
    assert content(body)["total"] == 2
    for reader in READERS[1:]:
        status, own, hidden = program.get(LIST, reader=reader, if_none_match=headers["etag"])
        projects = {run["project"] for run in content(hidden)["experiments"]}
        assert status == 200 and all(project in reader for project in projects), reader
        assert own["etag"] != headers["etag"]


def test_a_change_that_a_list_does_not_show_keeps_its_tag(store_of_two: Path, program: Program) -> None:
    _, headers, _ = program.get(LIST)
    other_process("UPDATE runs_storageroot SET opened_at = opened_at + 1")
    assert program.get(LIST, if_none_match=headers["etag"])[0] == 304
    assert program.of_threads == 2


@pytest.mark.parametrize(
    ("header", "status"), [("*", 304), ('"other", {tag}', 304), ("{strong}", 304), ('"other"', 200)]
)
def test_tags_are_compared_as_http_wants_it(
    store_of_two: Path, program: Program, header: str, status: int
) -> None:
    tag_of = program.get(LIST)[1]["etag"]
    if_none_match = header.format(tag=tag_of, strong=tag_of.removeprefix("W/"))
    assert program.get(LIST, if_none_match=if_none_match)[0] == status


def test_remembered_answers_count_towards_the_limit(
    store_of_two: Path, program: Program, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RUNICORN_RATE_LIMIT", "on")
    from django.core.cache import caches

    caches["ratelimit"].clear()
    remaining = [int(program.get(LIST)[1]["x-ratelimit-remaining"]) for _ in range(3)]
    assert remaining == [remaining[0], remaining[0] - 1, remaining[0] - 2]
    statuses = {program.get(LIST)[0] for _ in range(remaining[-1] + 1)}
    assert statuses == {200, 429}


def test_callers_of_one_moment_share_a_call_that_began_after_them() -> None:
    began, may_end, calls = threading.Semaphore(0), threading.Semaphore(0), []

    def function() -> int:
        calls.append(len(calls))
        began.release()
        may_end.acquire()
        return calls[-1]

    shared = SharedCall(function)
    with ThreadPoolExecutor(8) as threads:
        first = threads.submit(shared)
        began.acquire()
        waiting = [threads.submit(shared) for _ in range(6)]
        may_end.release()
        assert first.result() == 0
        began.acquire()
        may_end.release(7)
        results = {future.result() for future in waiting}
    # One that asked too late for the second call had a third.
    assert 0 not in results and len(calls) <= 8 and 1 in results


def test_a_failed_call_is_repeated_by_each_caller() -> None:
    outcomes: Iterator[int] = iter([])
    shared = SharedCall(lambda: next(outcomes))
    with pytest.raises(StopIteration):
        shared()
    outcomes = iter([5])
    assert shared() == 5


def test_lists_of_files_are_asked_again(store: Path, make_run: Any, program: Program) -> None:
    run_id = make_run(store, project="vision")
    with SampleWriter(folder_of(store, run_id), "rollouts") as writer:
        writer.append([{"id": "a", "prompt": "1+1", "reward": 0.5}], step=1)
    documents.write(store, "vision", documents.REPORTS, "first", documents.Document("First", "Text."))
    samples = f"/api/v2/experiments/{run_id}/samples"
    tags = {}
    for path in (
        "/api/v2/projects/vision/reports",
        "/api/v2/projects/vision/notebook",
        "/api/v2/projects/vision/boards",
        "/api/artifacts",
        samples,
        f"{samples}/rollouts",
    ):
        status, headers, _ = program.get(path)
        assert status == 200, path
        tags[path] = headers["etag"]
        status, headers, body = program.get(path, if_none_match=tags[path])
        assert (status, headers["etag"], body) == (304, tags[path], b""), path
    documents.write(store, "vision", documents.REPORTS, "by-hand", documents.Document("Second", "Text."))
    boards.write(store, "vision", "main", {"title": "Mine"})
    for path, is_changed in zip(tags, (True, False, True, False, False, False), strict=True):
        status, _, body = program.get(path, if_none_match=tags[path])
        assert status == (200 if is_changed else 304), (path, body)
    with SampleWriter(folder_of(store, run_id), "rollouts") as writer:
        writer.append([{"id": "b", "prompt": "2+2", "reward": 0.5}], step=2)
    for path in (samples, f"{samples}/rollouts"):
        status, _, body = program.get(path, if_none_match=tags[path])
        assert status == 200, path
    assert json.loads(body)["total"] == 2


def test_every_list_chart_and_page_is_asked_again(store: Path, make_run: Any, program: Program) -> None:
    run_id, other = (make_run(store, project="vision", name=name) for name in ("a", "b"))
    paths = (
        "/api/runs",
        "/api/projects/vision/names/a/runs",
        "/api/recycle-bin",
        f"/api/runs/{run_id}/artifacts",
        f"/api/runs/{run_id}/media",
        f"/api/v2/differ?a={run_id}&b={other}",
        f"/api/v2/nearest?run={run_id}&project=vision",
        "/api/v2/projects/vision/baseline",
        "/api/v2/projects/vision/formulas",
        "/api/v2/alerts/rules",
        "/",
        f"/runs/{run_id}",
        "/projects/vision/groups",
        "/recycle-bin",
    )
    for address in paths:
        path, _, query = address.partition("?")
        status, headers, _ = program.get(path, query)
        assert status == 200, address
        status, again, body = program.get(path, query, if_none_match=headers.get("etag", ""))
        assert (status, body, again["etag"]) == (304, b"", headers["etag"]), address
        assert program.get(path, query, if_none_match='"other"')[0] == 200


def test_a_page_is_sent_again_when_it_or_its_cookie_changes(
    store: Path, make_run: Any, program: Program
) -> None:
    run_id = make_run(store, project="vision")
    path = f"/runs/{run_id}"
    cookie = program.get(path)[1]["set-cookie"].partition(";")[0]
    tag = program.get(path, cookie=cookie)[1]["etag"]
    assert program.get(path, cookie=cookie, if_none_match=tag)[0] == 304
    # Its forms have the token of the cookie.
    other = program.get(path)[1]["set-cookie"].partition(";")[0]
    assert program.get(path, cookie=other, if_none_match=tag)[0] == 200
    tag_runs(root=active_root(), run_ids=[run_id], add=["gold"], remove=[])
    assert program.get(path, cookie=cookie, if_none_match=tag)[0] == 200


def test_a_streamed_list_is_asked_again(
    store_of_two: Path, program: Program, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(streaming, "SHORT", 1)
    _, headers, body = program.get("/api/runs")
    assert len(json.loads(body)) == 2
    assert program.get("/api/runs", if_none_match=headers["etag"])[::2] == (304, b"")
    for reader in READERS[1:]:
        assert program.get("/api/runs", reader=reader, if_none_match=headers["etag"])[0] == 200
    make(store_of_two, 3)
    status, changed, body = program.get("/api/runs", if_none_match=headers["etag"])
    assert (status, len(json.loads(body))) == (200, 3) and changed["etag"] != headers["etag"]
