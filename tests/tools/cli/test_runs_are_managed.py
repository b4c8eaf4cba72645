"""`runicorn manage` writes what the viewer writes, and a viewer sees it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from runicorn_site.catalog.store import StoreCatalog
from runs.active_root import activate, active_root
from runs.index import discovery
from tests.answers import read
from tests.documents.store import RUN, SECOND, THIRD
from tests.folders import folder_of
from tests.processes import environment
from tests.terminal import at_terminal
from tests.tools.cli.conftest import Call


@pytest.mark.django_db
def test_the_server_sees_what_was_tagged_and_deleted(call: Call, root: Path, api: Any) -> None:
    activate(root)
    discovery.full(active_root())
    api.patch(f"/api/runs/{RUN}", {"description": "by the server", "tags": ["first"]})
    code, output = call("manage", "--action", "tag", "--run-id", RUN, "--tags", "good, paper ,good,")
    assert (code, output) == (0, f"{RUN}: first, good, paper\n")
    detail = api.get(f"/api/runs/{RUN}").json()
    assert detail["tags"] == ["first", "good", "paper"] and detail["description"] == "by the server"
    assert call("manage", "--action", "tag", "--run-id", RUN, "--tags", "", "--replace")[0] == 0
    assert api.get(f"/api/runs/{RUN}").json()["tags"] == []
    assert call("manage", "--action", "delete", "--run-id", RUN, "--force")[0] == 0
    assert "already in the recycle bin" in call("manage", "--action", "delete", "--run-id", RUN)[1]
    discovery.tick(active_root())
    (deleted,) = read(api.get("/api/recycle-bin"))["deleted_runs"]
    assert (deleted["id"], deleted["delete_reason"], deleted["original_status"]) == (
        RUN,
        "user_deleted",
        "finished",
    )
    ours = json.loads((folder_of(root, RUN) / ".deleted").read_text())
    api.post("/api/runs/soft-delete", {"run_ids": [SECOND]})
    theirs = json.loads((folder_of(root, SECOND) / ".deleted").read_text())
    assert list(ours) == list(theirs)
    assert api.post("/api/recycle-bin/restore", {"run_ids": [RUN]}).json()["restored_count"] == 1


def test_paragraphs_that_are_added_at_once_are_all_in_the_note(call: Call, root: Path, home: Path) -> None:
    assert call("note", RUN, "Before.")[0] == 0
    paragraphs = {f"Paragraph {number}." for number in range(6)}
    commands = [
        subprocess.Popen(
            [sys.executable, "-m", "runicorn", "note", RUN, paragraph, "--append", "--storage", str(root)],
            env=environment(home),
        )
        for paragraph in paragraphs
    ]
    assert [command.wait(120) for command in commands] == [0] * len(commands)
    first, *others = json.loads(call("note", RUN, "--json")[1])["note"].split("\n\n")
    assert first == "Before." and set(others) == paragraphs and len(others) == len(paragraphs)


def test_a_paragraph_is_added_to_the_note_as_it_is_stored(root: Path) -> None:
    catalog = StoreCatalog(root)
    entries = [catalog.get(RUN), catalog.get(RUN)]
    for number, entry in enumerate(entries):
        assert entry is not None
        note = catalog.append_to_note(entry, f"Paragraph {number}.")
    assert note.endswith("Paragraph 0.\n\nParagraph 1.")


@pytest.mark.parametrize("name", ["nosuch", "latest", "20260101_000000_abcdef"])
def test_a_run_that_is_not_in_the_recycle_bin_is_not_found(call: Call, name: str) -> None:
    code, output = call("restore", name)
    assert code == 2 and output.startswith(f"runicorn: Run not found: {name}") and "Errno" not in output


def test_a_missing_backup_is_not_available(call: Call) -> None:
    assert call("restore", "nosuch.tar.gz")[0] == call("restore", "folder/nosuch")[0] == 4


def test_runs_are_found(call: Call, root: Path) -> None:
    def search_ids(*options: str) -> set[str]:
        code, search_output = call("manage", "--action", "search", "--json", *options)
        assert code == 0
        return {run["id"] for run in json.loads(search_output)}

    assert search_ids() == {RUN, SECOND, THIRD}
    assert search_ids("--project", "vision", "--tags", "baseline,broken") == {SECOND}
    assert search_ids("--text", "BERT base") == {THIRD}
    assert search_ids("--name", "resnet", "--status", "failed", "--status", "running") == {SECOND}
    assert search_ids("--state", "failed", "--state", "killed") == search_ids("--state", "failed") == {SECOND}
    assert search_ids("--state", "killed") == set()
    assert search_ids("--where", "metric.loss.last < 0.11", "--text", "resnet") == {RUN, SECOND}
    code, output = call("manage", "--action", "search", "--project", "vision")
    assert code == 0 and RUN in output and THIRD not in output and "resnet" in output
    assert call("manage", "--action", "search", "--text", "nothing") == (0, "No runs found.\n")


def test_old_runs_are_cleaned_up_except_for_those_to_keep(call: Call, root: Path) -> None:
    old = time.time() - 90 * 86400
    for run_id in (RUN, SECOND, THIRD):
        for path in folder_of(root, run_id).rglob("*"):
            os.utime(path, (old, old))
    (folder_of(root, SECOND) / "curation.json").write_text('{"pinned": true}')
    words = ("manage", "--action", "cleanup", "--days", "60")
    before = (folder_of(root, RUN) / ".deleted").exists()
    code, output = call(*words, "--dry-run", "--json")
    assert code == 0 and set(json.loads(output)["deleted"]) == {RUN, THIRD} and not before
    assert not (folder_of(root, RUN) / ".deleted").exists()
    code, output = call(*words)
    assert code == 2 and "--force is needed" in output
    assert call(*words, "--force")[0] == 0
    assert [(folder_of(root, run) / ".deleted").exists() for run in (RUN, SECOND, THIRD)] == [
        True,
        False,
        True,
    ]
    assert call(*words, "--force")[1].startswith("0 runs")


@pytest.mark.parametrize(("answer", "deleted"), [("n", False), ("y", True)])
def test_the_command_asks_for_confirmation_at_a_terminal(
    root: Path, home: Path, answer: str, deleted: bool
) -> None:
    words = ["manage", "--action", "delete", "--run-id", RUN, "--storage", str(root)]
    with at_terminal([sys.executable, "-m", "runicorn", *words], environment(home), root) as terminal:
        terminal.waits_for("[y/N]")
        terminal.types(answer)
        assert terminal.ends() == 0 and "1 run with" in terminal.said
    assert (folder_of(root, RUN) / ".deleted").exists() == deleted
    assert ("Cancelled." in terminal.said) != deleted


@pytest.mark.parametrize(
    ("words", "code", "sentence"),
    [
        ("--action delete", 2, "--run-id is required"),
        ("--action tag --run-id x", 2, "--tags is required"),
        ("--action tag --run-id x --tags a", 1, "Run not found: x"),
        ("--action purge", 2, "purge"),
        ("--action cleanup --days -1", 2, "--days"),
        ("", 2, "--action"),
    ],
)
def test_errors_have_a_message_and_an_exit_code(call: Call, words: str, code: int, sentence: str) -> None:
    exit_code, output = call("manage", *words.split())
    assert (exit_code, sentence in output) == (code, True), output


def test_nothing_is_changed_if_any_run_is_unknown(call: Call, root: Path) -> None:
    assert call("manage", "--action", "delete", "--run-id", RUN, "--run-id", "nope", "--force")[0] == 1
    assert not (folder_of(root, RUN) / ".deleted").exists()
