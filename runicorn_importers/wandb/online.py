"""Import of the runs of a project of Weights & Biases through its API.

Queries: wandb/apis/public/{runs,history,files}.py of https://github.com/wandb/wandb. Rows and files of a run are kept in the
private folder of the store until it is imported, so that an interrupted import continues where it ended.
"""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from runicorn import regular_file
from runicorn.store import curation, layout
from runicorn.store.containment import OutsideStore, check_inside
from runicorn.store.units import number_of
from runicorn_importers.experiment import (
    DAMAGED,
    Entry,
    Experiment,
    NotReadable,
    Point,
    Series,
    Tally,
    Unreadable,
    number,
    open_ended,
    utc_seconds,
)
from runicorn_importers.wandb.history import flat, own_fields, row_entries, summary_of
from runicorn_importers.wandb.server import Server

PAGE = 1000
WIDEST = 1 << 40
RUNS_PAGE, FILES_PAGE, EVENTS = 20, 100, 10_000
STATUS = {"finished": layout.FINISHED, "failed": layout.FAILED, "crashed": layout.FAILED}
OUTPUT_LOG = "output.log"
RUNS = """query Runs($entity: String!, $project: String!, $cursor: String, $perPage: Int!) {
  project(name: $project, entityName: $entity) {
    runs(after: $cursor, first: $perPage, order: "+created_at") {
      edges { node { name displayName state tags notes group jobType sweepName config summaryMetrics createdAt heartbeatAt
        historyLineCount historyKeys } }
      pageInfo { endCursor hasNextPage }
    } } }"""
HISTORY = """query HistoryPage(
    $entity: String!, $project: String!, $run: String!, $minStep: Int64!, $maxStep: Int64!, $pageSize: Int!) {
  project(name: $project, entityName: $entity) { run(name: $run) {
    history(minStep: $minStep, maxStep: $maxStep, samples: $pageSize) } } }"""
SYSTEM = """query Events($entity: String!, $project: String!, $run: String!, $samples: Int!) {
  project(name: $project, entityName: $entity) { run(name: $run) { events(samples: $samples) } } }"""
FILES = """query RunFiles($entity: String!, $project: String!, $run: String!, $cursor: String, $perPage: Int!) {
  project(name: $project, entityName: $entity) { run(name: $run) { files(after: $cursor, first: $perPage) {
    edges { node { name directUrl sizeBytes } }
    pageInfo { endCursor hasNextPage } } } } }"""


def read(server: Server, entity: str, project: str, root: Path) -> Iterator[Experiment | Unreadable]:
    """Yield the runs of a project, oldest first.

    Args:
        entity, project: names of the team or user, and of the project.
        root: the storage root, whose private folder keeps unfinished downloads.

    Raises:
        NotReadable: there is no such project, or the server could not be reached.
    """
    origin, is_first = f"wandb:{entity}/{project}", True
    try:
        for node in _pages(server, RUNS, RUNS_PAGE, ("runs",), entity=entity, project=project):
            name = f"{origin}/{node['name']}"
            digest = hashlib.sha256(name.encode()).hexdigest()[:16]
            download = _Download(
                server,
                {"entity": entity, "project": project, "run": str(node["name"])},
                curation.private_folder(root) / "imports" / f"wandb-{digest}",
            )
            is_first = False
            yield _experiment(name, project, node, download)
            if download.is_compared and node["state"] != "running":
                download.clear()
    except NotReadable as error:
        if is_first:
            raise
        yield Unreadable(origin, str(error))
    except DAMAGED as error:
        yield Unreadable(origin, f"the server's response is not as expected: {error!r}")


def _pages(
    server: Server, query: str, size: int, path: tuple[str, ...], **variables: Any
) -> Iterator[dict[str, Any]]:
    """Yield the nodes of all pages of a connection."""
    cursor = None
    while True:
        node = server.query(query, cursor=cursor, perPage=size, **variables)["project"]
        for name in path:
            node = node and node[name]
        if node is None:
            raise NotReadable(
                f"W&B has no {'/'.join(map(str, variables.values()))}, or this key may not read it."
            )
        yield from (edge["node"] for edge in node["edges"])
        cursor = node["pageInfo"]["endCursor"]
        if not node["pageInfo"]["hasNextPage"] or not cursor:
            return


@dataclass
class _Download:
    """The rows and files of a run, downloaded when they are first read.

    Attributes:
        run: entity, project and id, as variables of queries.
        folder: where they are kept.
        is_compared: whether the run was imported and compared.
    """

    server: Server
    run: dict[str, str]
    folder: Path
    is_compared: bool = False

    @property
    def files(self) -> Path:
        return self.folder / "files"

    @property
    def rows(self) -> Path:
        return self.folder / "history.jsonl"

    @property
    def events(self) -> Path:
        return self.folder / "events.jsonl"

    def clear(self) -> None:
        shutil.rmtree(self.folder, ignore_errors=True)

    def fetch_history(self, last_step: int) -> None:
        """Append the pages of the history that are missing up to a step."""
        self.folder.mkdir(parents=True, exist_ok=True)
        progress = self.folder / "progress.json"
        state = layout.read_json(progress)[0]
        begin, size = int(state.get("next_step", 0)), int(state.get("size", 0))
        span = PAGE
        with self.rows.open("ab") as rows:
            rows.truncate(size)  # the page that an interrupted import was about to write
            while begin <= last_step:
                end = min(begin + span, last_step + 1)
                page = self.server.query(HISTORY, minStep=begin, maxStep=end, pageSize=PAGE, **self.run)
                rows_of_page: list[str] = page["project"]["run"]["history"] or []
                if len(rows_of_page) >= PAGE // 2 and end - begin > PAGE:
                    span = PAGE  # of a range with more rows than a page, the server returns a sample
                    continue
                rows.writelines(row.encode() + b"\n" for row in rows_of_page)
                rows.flush()
                begin = end
                layout.write_json(progress, {"next_step": begin, "size": rows.tell()})
                # Steps may be far apart: a run with ten rows can end at step 10 million.
                span = min(span * 4, WIDEST) if len(rows_of_page) < PAGE // 4 else PAGE

    def fetch_files(self, is_needed: Callable[[str], bool], omissions: list[str]) -> None:
        for node in _pages(self.server, FILES, FILES_PAGE, ("run", "files"), **self.run):
            name, size = str(node["name"]), int(node["sizeBytes"] or 0)
            if not is_needed(name):
                continue
            try:
                target = check_inside(self.folder, self.files / name)
            except OutsideStore:
                omissions.append(f"the file {name!r} has no valid name.")
                continue
            is_there = target.is_file() and target.stat().st_size == size
            if not is_there and not self.server.download(str(node["directUrl"]), target):
                omissions.append(f"the file {name!r} is missing on the server.")

    def fetch_events(self) -> None:
        """Download the statistics of the machine, of which the server returns a sample."""
        events = self.server.query(SYSTEM, samples=EVENTS, **self.run)["project"]["run"]["events"] or []
        self.events.write_text("".join(row + "\n" for row in events), encoding="utf-8")


def _experiment(origin: str, project: str, node: dict[str, Any], download: _Download) -> Experiment:
    config, summary = (json.loads(node[name] or "{}") for name in ("config", "summaryMetrics"))
    state, ended = str(node["state"]), utc_seconds(node["heartbeatAt"])
    if state == "running":
        status, reason = open_ended(ended, "wandb: the run has no end")
    else:
        status = STATUS.get(state, layout.INTERRUPTED)
        reason = "" if state == "finished" else f"wandb: {state}"
    omissions: list[str] = []
    keys = node.get("historyKeys") or {}
    return Experiment(
        origin=origin,
        project=project,
        name=str(node["displayName"] or node["name"]),
        started=utc_seconds(node["createdAt"]),
        ended=ended,
        status=status,
        reason=reason,
        config={
            key: entry.get("value") if isinstance(entry, dict) else entry
            for key, entry in config.items()
            if key != "_wandb"
        }
        | own_fields(job_type=node.get("jobType"), sweep=node.get("sweepName")),
        summary=summary_of(summary, omissions),
        tags=[str(tag) for tag in node["tags"] or []],
        notes=str(node["notes"] or ""),
        group=str(node["group"] or ""),
        entries=lambda: _entries(
            download, int(keys.get("lastStep", -1)), node["historyLineCount"], omissions
        ),
        lines=lambda: _lines(download, omissions),
        omissions=omissions,
        check=lambda: _check(download),
        fingerprint=json.dumps(node, sort_keys=True),
    )


def _entries(
    download: _Download, last_step: int, announced: int | None, omissions: list[str]
) -> Iterator[Entry]:
    download.fetch_history(last_step)
    download.fetch_files(lambda name: name.startswith("media/"), omissions)
    count = 0
    for count, row in enumerate(_json_lines(download.rows), 1):
        yield from row_entries(download.files, row, count - 1, omissions)
    if announced is not None and count != announced:
        omissions.append(f"the server names {number_of(announced, 'row')} of history and returned {count}.")
    download.fetch_events()
    for row in _json_lines(download.events):
        load = {
            _system(name): value
            for name, value in flat("", row)
            if name[:1] != "_" and isinstance(value, int | float)
        }
        if load:
            yield Point(0, row.get("_timestamp"), load, "system")


def _system(name: str) -> str:
    return f"system/{name.removeprefix('system.')}"


def _json_lines(file: Path) -> Iterator[dict[str, Any]]:
    with regular_file.open_binary(file) as lines:
        yield from map(json.loads, lines)


def _lines(download: _Download, omissions: list[str]) -> Iterator[str]:
    download.fetch_files(lambda name: name == OUTPUT_LOG, omissions)
    file = download.files / OUTPUT_LOG
    if file.is_file():
        with regular_file.open_text(file, errors="replace") as log:
            yield from log


def _check(download: _Download) -> dict[str, Series]:
    """Return the statistics of the numbers in the downloaded rows."""
    tally = Tally()
    for file, name_of in ((download.rows, str), (download.events, _system)):
        for row in _json_lines(file):
            pending = [("", row)]
            while pending:
                prefix, values = pending.pop()
                for key, value in values.items():
                    if isinstance(value, dict) and "_type" not in value:
                        pending.append((f"{prefix}{key}.", value))
                    elif f"{prefix}{key}"[:1] != "_":
                        tally.add(name_of(prefix + key), number(value))
    download.is_compared = True
    return tally.series()
