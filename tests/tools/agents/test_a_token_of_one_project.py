"""A token whose user may read one project gets nothing of another one: in tools of agents, and in commands."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from runicorn.api import RunicornClient
from runicorn.store.project import documents
from runicorn.store.samples.writer import SampleWriter
from runicorn_site.catalog.viewer import ViewerCatalog
from tests.folders import folder_of, write_run
from tests.processes import Viewer
from tests.server.people.lab import Lab, add_users
from tests.tools.agents.conftest import asking_catalog
from tests.tools.terminal.conftest import call
from tests.waiting import until

HIDDEN, OWN = "zqx", "plain"
OPEN_RUN, HIDDEN_RUN = "20260101_120000_aaaaaa", "20260102_120000_bbbbbb"


def write(root: Path, word: str, run_id: str) -> None:
    write_run(
        root,
        word,
        f"{word}-name",
        run_id=run_id,
        metrics=[{"loss": 1.0 / step, f"{word}-metric": 1.0} for step in range(1, 9)],
        config={"lr": 0.1, f"{word}-key": 1},
        logs=f"{word} line\n",
        tags=[f"{word}-tag"],
    )
    with SampleWriter(folder_of(root, run_id), "rollouts") as writer:
        writer.append([{"prompt": f"{word} prompt", "completion": "2"}], step=1)
    entry = documents.Document(f"{word} entry", f"{word} text", "note", ["ada"], [run_id])
    documents.write(root, word, documents.NOTEBOOK, "day", entry)


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    home, root = tmp_path_factory.mktemp("home"), tmp_path_factory.mktemp("store")
    for word, run_id in ((OWN, OPEN_RUN), (HIDDEN, HIDDEN_RUN)):
        write(root, word, run_id)
    viewer = Viewer(root, home, "--users", RUNICORN_RATE_LIMIT="off")
    try:
        viewer.wait_until_it_answers()
        lab = Lab(viewer, home, add_users(home, {"root": ("admin", {}), "ben": ("curate", {})}))
        lab.command("restrict", HIDDEN)
        everything = lab.token("root", "read", token="all")
        address = f"/api/v2/experiments?where=metric.{HIDDEN}-metric.last+exists"
        until(lambda: lab.status(everything, "GET", address) == 200)
        until(lambda: call("ls", "--json", "--url", lab.url, "--token", everything)[1:])
        yield lab
    finally:
        viewer.stop()


def test_tools_of_agents_answer_about_one_project(lab: Lab) -> None:
    token = lab.token("ben", "curate", token="agent")
    ask = asking_catalog(ViewerCatalog(RunicornClient(lab.url, token=token), time.sleep), 100)
    answers = [
        ask("list_projects"),
        ask("list_runs"),
        ask("show_run", run="latest"),
        ask("samples", run="latest"),
    ]
    answers += [ask("read_notebook", project=OWN), ask("nearest", run=OPEN_RUN), ask("list_artifacts")]
    assert answers[0].startswith("1 run in 1 project.") and "1 run matched" in answers[1]
    assert all(HIDDEN not in text and HIDDEN_RUN not in text for text in answers)
    refused = [
        ask("show_run", run=HIDDEN_RUN),
        ask("curve", run=HIDDEN_RUN, metric="loss"),
        ask("compare", runs=[OPEN_RUN, HIDDEN_RUN]),
        ask("differ", a=OPEN_RUN, b=HIDDEN_RUN),
        ask("tail_log", run=HIDDEN_RUN),
        ask("search_log", run=HIDDEN_RUN, pattern="line"),
        ask("list_files", run=HIDDEN_RUN),
        ask("samples", run=HIDDEN_RUN),
        ask("sample", run=HIDDEN_RUN, name="rollouts", row=0),
        ask("wait", runs=[HIDDEN_RUN]),
        ask("tag_run", run=HIDDEN_RUN, add=["x"]),
        ask("append_note", run=HIDDEN_RUN, text="x"),
        ask("read_notebook", project=HIDDEN, name="day"),
        ask("append_notebook", project=HIDDEN, name="day", text="x"),
        ask("write_notebook", project=HIDDEN, title="x", text="x"),
    ]
    for text in refused:
        assert text.startswith("Error: ") and "This cannot be answered." in text, text
        assert f"{HIDDEN}-" not in text and f"{HIDDEN} " not in text, text
    assert "0 runs matched" in ask("list_runs", project=HIDDEN)
    folder = folder_of(lab.viewer.root, HIDDEN_RUN)
    assert not (folder / "curation.json").exists()
    entry = documents.read(lab.viewer.root, HIDDEN, documents.NOTEBOOK, "day")
    assert entry.text == f"{HIDDEN} text"


@pytest.mark.parametrize(
    "words",
    [
        ("show", HIDDEN_RUN),
        ("show", f"{HIDDEN}-name"),
        ("compare", OPEN_RUN, HIDDEN_RUN),
        ("diff", OPEN_RUN, HIDDEN_RUN),
        ("plot", HIDDEN_RUN, "--metric", "loss"),
        ("tail", HIDDEN_RUN),
        ("get", HIDDEN_RUN, "--list"),
        ("wait", HIDDEN_RUN),
        ("tag", HIDDEN_RUN, "--add", "x"),
        ("note", HIDDEN_RUN, "x", "--append"),
        ("rm", HIDDEN_RUN, "--yes"),
    ],
    ids=" ".join,
)
def test_commands_find_no_run_of_another_project(lab: Lab, words: tuple[str, ...]) -> None:
    token = lab.token("ben", "curate", token="-".join(words)[:40])
    text = call(*words, "--url", lab.url, "--token", token, code=2)
    name = HIDDEN_RUN if HIDDEN_RUN in words else words[1]
    assert text.startswith(f"runicorn: Run not found: {name}") and text.count(HIDDEN) == name.count(HIDDEN)
    (run,) = call("ls", "--json", "--url", lab.url, "--token", token)
    assert run["id"] == OPEN_RUN
