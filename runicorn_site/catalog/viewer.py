"""Runs of a viewer, asked by its API."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from runicorn.api import urls
from runicorn.api.client import RunicornClient
from runicorn.api.errors import (
    AuthenticationError,
    BadRequestError,
    ConnectionError,
    NotFoundError,
    RunicornAPIError,
)
from runicorn.store import curation, layout
from runicorn_site.catalog.base import (
    BadQuestion,
    Catalog,
    CatalogError,
    Curve,
    Judgement,
    NotAvailable,
    NotPermitted,
    Query,
    RunFile,
    ordered,
    with_metrics,
)
from runicorn_site.catalog.entry import FIGURES, Figures, RunEntry
from runicorn_site.catalog.log_tail import PAUSE
from runicorn_site.catalog.primary import fill

if TYPE_CHECKING:
    from runicorn.api.responses.experiments import ListedExperiment

SORTED = {
    "created_at": "created_at",
    "project": "project",
    "name": "name",
    "status": "status",
    "duration": "duration",
}
"""Columns by which a viewer sorts, beside config keys and metrics."""
_PAGE_FILE = b"data-standalone"
"""In the first element of a page file, not in the page of signing in."""
MOST_IDS = 100
MOST_NAMES = 50


class ViewerCatalog(Catalog):
    """Runs of a viewer."""

    def __init__(self, client: RunicornClient, wait: Callable[[float], None]) -> None:
        """Create the catalog.

        Args:
            client: closed with the catalog.
            wait: pauses for so many seconds between two questions about a log.
        """
        self.client = client
        self._wait = wait

    def close(self) -> None:
        """Close the client."""
        self.client.close()

    def select(self, query: Query) -> list[RunEntry]:
        """Ask for the runs; the viewer sorts where it can."""
        query = with_metrics(query)
        order = _server_order(query.order)
        params: dict[str, Any] = {"include_deleted": query.deleted is not False, "details": True}
        if query.where.strip():
            params["where"] = query.where
        if query.text:
            params["search"] = query.text
        if query.project is not None:
            params["project"] = query.project
        if order:
            params |= {"order_by": order, "order_desc": query.descending or not query.order}
        is_cut = order is not None and query.deleted is not True
        with answered():
            entries = [
                entry
                for entry in map(_entry, self._pages(params, query.limit if is_cut else None))
                if query.deleted is None or (entry.deleted_at is not None) == query.deleted
            ]
        if query.primary:
            fill(entries, lambda entry: entry.metrics)
        return entries[: query.limit] if is_cut and order else ordered(entries, query)

    def get(self, run_id: str, *, metrics: bool = True) -> RunEntry | None:
        """Ask for one run."""
        if not layout.is_run_id(run_id):
            return None
        with answered():
            runs = list(
                self._pages({"where": f'id = "{run_id}"', "include_deleted": True, "details": True}, 1)
            )
        if not runs:
            return None
        entry = _entry(runs[0])
        if entry.deleted_at is None and "description" not in runs[0]:  # a viewer of an earlier version
            with answered():
                detail = self.client.get_run(run_id)
            entry.description, entry.group = detail["description"], detail["group"]
            entry.pinned, entry.archived = detail["pinned"], detail["archived"]
        return entry

    def beginning(self, text: str) -> list[str]:
        """Search for the text, and keep what begins with it or is called so."""
        with answered():
            runs = list(self._pages({"search": text}, 1000))
        named = [
            run["id"]
            for run in runs
            if run["id"].startswith(text) or text in (run["name"], run.get("display_name"))
        ]
        return named[:MOST_NAMES]

    def satisfies(self, entry: RunEntry, where: str) -> bool:
        """Ask for the run with the condition; a key that no run has is a metric that is not logged yet."""
        # Searched for by its id, not as a part of the condition: errors name positions of what was typed.
        params = {"where": where, "search": entry.id, "project": entry.project, "include_deleted": True}
        try:
            with answered():
                return any(run["id"] == entry.id for run in self._pages(params, 1000))
        except BadQuestion as error:
            if "unknown field" in str(error) and "Did you mean" not in str(error):
                return False
            raise

    def curves(self, entry: RunEntry, names: Sequence[str], points: int) -> dict[str, Curve]:
        """Ask for the series of the run."""
        with answered():
            answer = self.client.get_series(entry.id, list(names) or None, points=max(4, points))
        curves = {}
        for series in answer["series"]:
            values = [float("nan") if value is None else value for value in series["y"]]
            for index, word in series["special"]:
                values[index] = float(word)
            labels = tuple(series.get("labels") or ())
            curves[series["name"]] = Curve(list(series["x"]), values, series["count"], labels)
        return curves

    def log_lines(self, entry: RunEntry, tail: int) -> list[str]:
        """Ask for the end of the log."""
        return self._log(entry, tail=tail)[0].splitlines()

    def follow_log(self, entry: RunEntry, tail: int) -> Iterator[str]:
        """Ask for what is new in the log until the run has ended."""
        text, offset = self._log(entry, tail=tail)
        rest = ""
        while True:
            *complete, rest = (rest + text).split("\n")
            yield from complete
            now = self.get(entry.id, metrics=False)
            text, offset = self._log(entry, offset=offset)
            if not text and (now is None or now.status != layout.RUNNING):
                if rest:
                    yield rest
                return
            if not text:
                self._wait(PAUSE)

    def files(self, entry: RunEntry) -> list[RunFile]:
        """Return the log and the media, which the viewer sends."""
        with answered():
            media = self.client.get(f"/api/runs/{entry.id}/media")
        files = [RunFile(f"{layout.MEDIA}/{item['path']}", item["size"]) for item in media]
        if size := self._log(entry, tail=0)[1]:
            files.append(RunFile(layout.LOGS, size))
        return sorted(files)

    def fetch(self, entry: RunEntry, path: str, target: Path) -> None:
        """Download the log or a file below `media`."""
        target.parent.mkdir(parents=True, exist_ok=True)
        if path == layout.LOGS:
            content = self._send(entry, "logs", {"offset": 0}).content
        elif path.startswith(f"{layout.MEDIA}/"):
            content = self._send(entry, f"media/{quote(path.partition('/')[2])}", {}).content
        else:
            raise CatalogError(f"A viewer sends {layout.LOGS} and files below {layout.MEDIA}, not {path}.")
        target.write_bytes(content)

    def change_tags(self, entry: RunEntry, add: Sequence[str], remove: Sequence[str]) -> list[str]:
        """Change the tags by one request."""
        body = {"run_ids": [entry.id], "add": list(add), "remove": list(remove)}
        with answered():
            _check(self.client.post("/api/runs/tags", body))
        changed = self.get(entry.id, metrics=False)
        return changed.tags if changed else []

    def set_note(self, entry: RunEntry, text: str) -> None:
        """Replace the description."""
        with answered():
            self.client._transport.json("PATCH", urls.path("runs", entry.id), body={"description": text})

    def append_to_note(self, entry: RunEntry, paragraph: str) -> str:
        """Change the note by one request; a viewer of before that cannot is told the whole note."""
        place = urls.path("runs", entry.id)
        with answered():
            try:
                body = {"append_description": paragraph}
                return str(self.client._transport.json("PATCH", place, body=body)["description"])
            except BadRequestError as error:
                if "append_description" not in str(error) or "cannot be changed" not in str(error):
                    raise
            description = self.client._transport.json("GET", place)["description"]
        try:
            note = curation.with_paragraph(description, paragraph)
        except ValueError as error:
            raise BadQuestion(str(error)) from error
        self.set_note(entry, note)
        return note

    def page_of_document(self, project: str, folder: str, name: str) -> bytes:
        """Return a document of a project as a page file.

        Raises:
            CatalogError: there is no such document, or the viewer wants a user to sign in.
        """
        place = "/".join(quote(part, safe="") for part in ("projects", project, folder, name, "page.html"))
        with answered():
            try:
                page = self.client._transport.send("GET", f"/{place}")
            except NotFoundError:
                raise BadQuestion(f"Document not found: {project}/{folder}/{name}") from None
        if _PAGE_FILE not in page.content[:200]:
            raise NotPermitted(f"{self.client.base_url} shows no document to this user: give a --token")
        return page.content

    def delete(self, entries: Sequence[RunEntry]) -> None:
        """Move runs to the recycle bin, a hundred at a time."""
        self._several("/api/runs/soft-delete", entries)

    def restore(self, entries: Sequence[RunEntry]) -> None:
        """Take runs out of the recycle bin, a hundred at a time."""
        self._several("/api/recycle-bin/restore", entries)

    def baselines(self, project: str | None) -> dict[str, list[str]]:
        """Ask for the baseline of each project."""
        try:
            with answered():
                projects = [project] if project else [each["name"] for each in self.client.list_projects()]
                baselines = {name: self.client.analysis.baseline(name) for name in projects}
        except _Missing:
            return {}
        return {name: run_ids for name, run_ids in baselines.items() if run_ids}

    def verdicts(
        self, metrics: Sequence[str], a: Sequence[RunEntry], b: Sequence[RunEntry]
    ) -> list[Judgement]:
        """Ask for the verdict on each metric."""
        ids = [[entry.id for entry in group] for group in (a, b)]
        with answered():
            verdicts = [self.client.analysis.verdict(metric, *ids) for metric in metrics]
        return [Judgement(verdict["metric"], verdict["verdict"], verdict["sentence"]) for verdict in verdicts]

    def _several(self, path: str, entries: Sequence[RunEntry]) -> None:
        ids = [entry.id for entry in entries]
        for start in range(0, len(ids), MOST_IDS):
            with answered():
                _check(self.client.post(path, {"run_ids": ids[start : start + MOST_IDS]}))

    def _pages(self, query: Mapping[str, Any], limit: int | None) -> Iterator[ListedExperiment]:
        size = 1000 if limit is None else max(1, min(limit, 1000))
        page = count = 0
        while limit is None or count < limit:
            page += 1
            params = urls.query({**query, "page": page, "per_page": size})
            answer = self.client._transport.json("GET", urls.path("v2", "experiments"), params=params)
            yield from answer["experiments"]
            count += len(answer["experiments"])
            if not answer["has_next"]:
                return

    def _send(self, entry: RunEntry, path: str, params: Mapping[str, Any]) -> Any:
        with answered():
            return self.client._transport.send(
                "GET", f"{urls.path('runs', entry.id)}/{path}", params=urls.query(params)
            )

    def _log(self, entry: RunEntry, **part: int) -> tuple[str, int]:
        """Return a part of the log, and the byte at which it ends; nothing if there is no log yet."""
        try:
            response = self._send(entry, "logs", part)
        except _Missing:
            return "", 0
        return response.content.decode("utf-8", "replace"), int(response.headers["X-File-Size"])


class _Missing(CatalogError):
    """The viewer has no such run or file."""


@contextmanager
def answered() -> Iterator[None]:
    """Raise errors of the client, and of answers in another form, as `CatalogError`."""
    try:
        yield
    except NotFoundError as error:
        raise _Missing(str(error)) from error
    except AuthenticationError as error:
        raise NotPermitted(str(error)) from error
    except ConnectionError as error:
        raise NotAvailable(str(error)) from error
    except BadRequestError as error:
        raise BadQuestion(str(error)) from error
    except RunicornAPIError as error:
        raise CatalogError(str(error)) from error
    except (AttributeError, KeyError, TypeError) as error:  # another program, or a viewer of another version
        raise CatalogError(
            "Unexpected answer: this is no Runicorn viewer, or one of another version"
        ) from error


def _check(answer: Mapping[str, Any]) -> None:
    """Raise the first error of a change of several runs."""
    for run_id, result in answer["results"].items():
        if not result["success"]:
            raise CatalogError(f"{run_id}: {result.get('error', 'not changed')}")


def _server_order(order: str) -> str | None:
    """Return the viewer's name of a sort column; None where it cannot sort by it."""
    if not order:
        return "created_at"
    kind, _, rest = order.partition(".")
    if kind == "config" and rest:
        return order
    if kind == "metric" and rest:
        name, _, figure = rest.rpartition(".")
        if name and figure not in FIGURES[:4]:
            # "count" is a statistic that it does not sort by, or a metric that is called so.
            return None if figure in FIGURES else f"{order}.last"
        return order if name else f"{order}.last"
    return SORTED.get(order)


def _entry(run: Mapping[str, Any]) -> RunEntry:
    metrics = {
        name: Figures(
            values["last"] if values["last_special"] is None else float(values["last_special"]),
            values["best"],
            values["min"],
            values["max"],
            values["count"],
            last_text=values.get("last_text"),  # a viewer of an earlier version has none
        )
        for name, values in (run.get("metric_values") or {}).items()
    }
    same: dict[str, Any] = {name: run.get(name) for name in _SAME}
    return RunEntry(
        created_at=run["created_at"],
        duration=run["duration_seconds"],
        group=run.get("group") or "",
        hostname=run.get("hostname") or "",
        tags=list(run["tags"]),
        description=run.get("description") or "",
        pinned=bool(run.get("pinned")),
        archived=bool(run.get("archived")),
        config=run.get("config") or {},
        summary=run.get("summary") or {},
        metrics=metrics,
        **same,
    )


_SAME = (
    *("id", "project", "name", "state", "status", "display_name", "state_reason", "owner"),
    *("started_at", "ended_at", "best_metric_name", "best_metric_value", "best_metric_step", "deleted_at"),
)
"""Fields that have the same name in a response."""
