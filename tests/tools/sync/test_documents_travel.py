"""Entries of notebooks, and reports, travel with the runs of their project: by uploads and by mirrors."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from runicorn.store.project import documents
from runicorn.store.project.documents import Document
from runicorn_tools.sync.mirror import mirror_store
from runicorn_tools.sync.transport import wrap_client
from tests.processes import Viewer, train
from tests.tools.sync.sending import differences, senders
from tests.tools.sync.stores import write_store
from tests.waiting import until

WRITING = """
import sys, runicorn as rn
run = rn.init("sent", "one", run_id=sys.argv[1], url=sys.argv[2], system_metrics=False)
rn.notebook("Loss falls.", title="Baseline", kind="hypothesis", name="baseline", author="ada")
rn.notebook("About another run.", name="other", runs=["20260101_000000_abcdef"])
print("begun", flush=True)
sys.stdin.readline()
rn.notebook("It does.", name="baseline", author="agent " * 12)
run.finish()
"""


@pytest.fixture(scope="module")
def viewer(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Viewer]:
    viewer = Viewer(
        tmp_path_factory.mktemp("far"), tmp_path_factory.mktemp("home"), RUNICORN_RATE_LIMIT="off"
    )
    yield viewer.wait_until_it_answers()
    viewer.stop()


def test_entries_that_name_a_run_are_uploaded_with_it(near: Path, viewer: Viewer, home: Path) -> None:
    run_id = f"20260117_120000_{secrets.token_hex(3)}"
    training = train(WRITING, near, home, run_id, viewer.url)
    assert training.stdin is not None

    def received() -> Document | None:
        try:
            return documents.read(viewer.root, "sent", documents.NOTEBOOK, "baseline")
        except documents.DocumentNotFound:
            return None

    first = until(received)
    assert (first.title, first.text, first.authors) == ("Baseline", "Loss falls.", ("ada",))
    training.communicate("\n", timeout=60)
    assert training.returncode == 0
    until(lambda: not senders(near) and not differences(near, viewer.root))
    there, here = received(), documents.read(near, "sent", documents.NOTEBOOK, "baseline")
    assert there is not None and there.text == here.text and there.text.endswith("It does.")
    assert there.created == here.created
    assert documents.names(viewer.root, "sent", documents.NOTEBOOK) == ["baseline"]


ADDING = """
import sys, runicorn as rn
run = rn.init("shared", "one", run_id=sys.argv[1], url=sys.argv[2], system_metrics=False)
rn.notebook(sys.argv[3], name="plan", author="ada")
run.finish()
"""


def test_paragraphs_of_later_runs_are_uploaded_unless_the_entry_was_edited_there(
    near: Path, viewer: Viewer, home: Path
) -> None:
    def add(number: int, paragraph: str) -> tuple[str, str]:
        run_id = f"20260118_12000{number}_{secrets.token_hex(3)}"
        training = train(ADDING, near, home, run_id, viewer.url, paragraph)
        training.communicate(timeout=60)
        assert training.returncode == 0
        until(lambda: not senders(near))
        here, there = (
            documents.read(root, "shared", documents.NOTEBOOK, "plan") for root in (near, viewer.root)
        )
        assert run_id in here.runs and here.text.endswith(paragraph)
        return here.text, there.text

    for number in range(3):
        here, there = add(number, f"Paragraph {number}.")
        assert there == here
    edited = documents.read(viewer.root, "shared", documents.NOTEBOOK, "plan")
    text = edited.text.replace("Paragraph 1", "Corrected")
    documents.write(viewer.root, "shared", documents.NOTEBOOK, "plan", replace(edited, text=text))
    here, there = add(3, "Paragraph 3.")
    assert there == text and "Corrected" not in here


@pytest.mark.needs("sshd")
def test_documents_are_mirrored_and_local_changes_stay(sftp: Any, there: Path, folder: Path) -> None:
    (run,) = write_store(there, 1)
    project = run.relative_to(there).parts[0]
    remote = wrap_client(sftp)

    def sync() -> list[str]:
        return mirror_store(remote, str(there), folder, "host")["problems"]

    def write(root: Path, text: str, name: str = "main", place: str = documents.NOTEBOOK) -> None:
        documents.write(root, project, place, name, Document("Title", text))

    def read(name: str = "main", place: str = documents.NOTEBOOK) -> str:
        return documents.read(folder, project, place, name).text

    write(there, "first")
    write(there, "a report", "weekly", documents.REPORTS)
    (there / project / "notebook" / "large.md").write_bytes(b" " * (documents.CEILING + 1))
    (problem,) = sync()
    assert problem.startswith(f"{project}/notebook/large.md: The file has ")
    assert read() == "first" and read("weekly", documents.REPORTS) == "a report"
    write(there, "the second text")
    sync()
    assert read() == "the second text"
    write(folder, "mine")
    write(there, "the third text, longer")
    sync()
    assert read() == "mine"
    documents.delete(there, project, documents.NOTEBOOK, "main")
    documents.delete(there, project, documents.REPORTS, "weekly")
    sync()
    assert read() == "mine" and documents.names(folder, project, documents.REPORTS) == []
