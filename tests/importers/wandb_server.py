"""A server on loopback that speaks the parts of W&B's GraphQL API that an import uses."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

from tests.secrecy import secret

PAGES_OF_RUNS = 1


@dataclass
class Project:
    """The runs of `team/vision`, and how the server behaves.

    Attributes:
        runs: nodes of runs, each with `rows` (its history), `events` and `files` (content by name).
        limited: answers 429 to so many requests, with `Retry-After: 7`.
        broken_from: step from which pages of history are answered with 500; None for never.
        key: the accepted API key.
        asked: operation and variables of the accepted requests.
        keys: the `Authorization` headers by path.
    """

    runs: list[dict[str, Any]]
    limited: int = 0
    broken_from: int | None = None
    key: str = field(default_factory=secret)
    asked: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    keys: list[tuple[str, str | None]] = field(default_factory=list)
    url: str = ""
    storage: str = ""

    def answer(self, query: str, variables: dict[str, Any]) -> dict[str, Any] | None:
        """Return the data of a query; None for a failure."""
        operation = query.split("(")[0].split()[1]
        self.asked.append((operation, variables))
        if (variables["entity"], variables["project"]) != ("team", "vision"):
            return {"project": None}
        if operation == "Runs":
            return {"project": {"runs": self._page(self.runs, variables["cursor"], PAGES_OF_RUNS)}}
        run = next(page for page in self.runs if page["name"] == variables["run"])
        if operation == "HistoryPage":
            if self.broken_from is not None and variables["minStep"] >= self.broken_from:
                return None
            steps = range(variables["minStep"], variables["maxStep"])
            matching = [row for row in run["rows"] if row["_step"] in steps]
            size = variables["pageSize"]
            sample = matching if len(matching) <= size else matching[:: len(matching) // size + 1]
            return {"project": {"run": {"history": list(map(json.dumps, sample))}}}
        if operation == "Events":
            return {"project": {"run": {"events": list(map(json.dumps, run["events"]))}}}
        files = [
            {
                "name": name,
                "directUrl": f"{self.storage}/{run['name']}/{name}",
                "sizeBytes": str(len(content)),
            }
            for name, content in run["files"].items()
        ]
        return {"project": {"run": {"files": self._page(files, variables["cursor"], 1)}}}

    def _page(self, nodes: list[dict[str, Any]], cursor: str | None, size: int) -> dict[str, Any]:
        start = int(cursor or 0)
        page_nodes = nodes[start : start + size]
        hidden = ("rows", "events", "files")
        edges = [{"node": {key: node[key] for key in node if key not in hidden}} for node in page_nodes]
        more = {
            "endCursor": str(start + len(page_nodes)),
            "hasNextPage": start + len(page_nodes) < len(nodes),
        }
        return {"edges": edges, "pageInfo": more}

    def content(self, path: str) -> bytes | None:
        """Return a stored file."""
        _, name, *parts = path.split("/")
        files = next((run["files"] for run in self.runs if run["name"] == name), {})
        content: bytes | None = files.get("/".join(parts))
        return content


def _handler(project: Project) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            authorization = self.headers.get("Authorization")
            project.keys.append((self.path, authorization))
            expected = base64.b64encode(f"api:{project.key}".encode()).decode()
            if authorization != f"Basic {expected}":
                return self.reply(401, {})
            if project.limited:
                project.limited -= 1
                return self.reply(429, {}, {"Retry-After": "7"})
            data = project.answer(body["query"], body["variables"])
            return self.reply(500, {}) if data is None else self.reply(200, {"data": data})

        def do_GET(self) -> None:
            project.keys.append((self.path, self.headers.get("Authorization")))
            content = project.content(self.path)
            self.reply(404 if content is None else 200, content or b"")

        def reply(self, status: int, content: Any, headers: dict[str, str] | None = None) -> None:
            body = content if isinstance(content, bytes) else json.dumps(content).encode()
            self.send_response(status)
            for name, value in {"Content-Length": str(len(body)), **(headers or {})}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *arguments: Any) -> None:
            pass

    return Handler


@contextmanager
def serving(project: Project) -> Iterator[Project]:
    """Serve a project, and its files under another port, as the real server stores them elsewhere."""
    servers = [ThreadingHTTPServer(("127.0.0.1", 0), _handler(project)) for _ in range(2)]
    threads = [Thread(target=server.serve_forever, args=(0.01,)) for server in servers]
    project.url, project.storage = (f"http://127.0.0.1:{server.server_port}" for server in servers)
    for thread in threads:
        thread.start()
    try:
        yield project
    finally:
        for server, thread in zip(servers, threads, strict=True):
            server.shutdown()
            thread.join()
            server.server_close()
