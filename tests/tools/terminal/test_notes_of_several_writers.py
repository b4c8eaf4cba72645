"""Paragraphs that several writers add to one note at once are all in it."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import SimpleNamespace
from typing import Any

import pytest

from runicorn.api import RunicornClient
from runicorn_site.catalog.viewer import ViewerCatalog
from tests.processes import environment

RUN = "20260114_153045_a1b2c0"
APPEND = """
import sys
from runicorn_tools.cli import app
writer, *options = sys.argv[1:]
input()
for number in range(8):
    text = f"Paragraph {number} of {writer}."
    app(["note", "20260114_153045_a1b2c0", text, "--append", *options], standalone_mode=False)
"""


def test_paragraphs_of_two_writers_are_all_in_the_note(run: Any, source: list[str], tmp_path: Any) -> None:
    run("note", RUN, "Before.")
    writers = [
        subprocess.Popen(
            [sys.executable, "-c", APPEND, writer, *source],
            env=environment(tmp_path),
            stdin=subprocess.PIPE,
            text=True,
        )
        for writer in "ab"
    ]
    for process in writers:
        assert process.stdin is not None
        process.stdin.write("go\n")
        process.stdin.close()
    assert [process.wait(120) for process in writers] == [0, 0]
    first, *others = run("note", RUN, "--json")["note"].split("\n\n")
    assert first == "Before."
    for writer in "ab":
        own = [paragraph for paragraph in others if paragraph.endswith(f" of {writer}.")]
        assert own == [f"Paragraph {number} of {writer}." for number in range(8)]


def test_a_paragraph_that_does_not_fit_changes_nothing(run: Any) -> None:
    run("note", RUN, "x" * 99_990)
    output = run("note", RUN, "One paragraph too many.", "--append", code=2)
    assert "The note would have more than 100,000 characters" in output and output.count("\n") == 1
    assert run("note", RUN, "--json")["note"] == "x" * 99_990


class OlderViewer(BaseHTTPRequestHandler):
    """The routes of one run, of a viewer that replaces notes only."""

    note = "Before."

    def do_GET(self) -> None:
        self.answer(200, {"id": RUN, "description": OlderViewer.note})

    def do_PATCH(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        if unknown := set(body) - {"description"}:
            text = "This field cannot be changed"
            errors = {field: [text] for field in unknown}
            detail = "; ".join(f"{field}: {text}" for field in unknown)
            self.answer(400, {"detail": detail, "errors": errors})
            return
        OlderViewer.note = body["description"]
        self.answer(200, {"id": RUN, "description": OlderViewer.note})

    def answer(self, status: int, body: dict[str, Any]) -> None:
        content = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_: object) -> None:
        """Be silent."""


@pytest.fixture
def older_viewer() -> Iterator[str]:
    """Yield the address of a viewer of before."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), OlderViewer)
    thread = threading.Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


def test_an_older_viewer_gets_the_whole_note(older_viewer: str) -> None:
    catalog = ViewerCatalog(RunicornClient(older_viewer), time.sleep)
    entry: Any = SimpleNamespace(id=RUN)
    assert catalog.append_to_note(entry, "Paragraph.") == OlderViewer.note == "Before.\n\nParagraph."
    catalog.close()
