"""`run`, `rn.show` and `rn.compare` are the output of a cell: curves without the viewer, a page with it."""

from __future__ import annotations

import json
import math
import re
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest

import runicorn as rn
from runicorn import extension_points
from runicorn.cells import view as cell_view
from runicorn.cells.picture import PictureReader, pictures_html, read_pictures
from runicorn.cells.view import RunsView
from tests.folders import write_run
from tests.processes import environment
from tests.waiting import until

HOSTILE = '"><script>alert(1)</script>'


@pytest.fixture
def sdk_only(monkeypatch: pytest.MonkeyPatch) -> None:
    """As if only runicorn-sdk were installed."""

    def missing(group: str, name: str) -> Any:
        raise extension_points.NotInstalled(f"{name} needs the full distribution")

    monkeypatch.setattr(extension_points, "load", missing)


def folder_of(store: Path, run_id: str) -> Path:
    return next(store.glob(f"*/*/runs/{run_id}"))


def test_the_sdk_alone_draws_curves_and_values(tmp_path: Path, sdk_only: None) -> None:
    ids = [
        write_run(
            tmp_path,
            name=f"run-{number}",
            metrics=[{"loss": step * number, "system/cpu": 1.0} for step in range(5)],
            config={"lr": 0.1 * number, "same": 1},
        )
        for number in (1, 2)
    ]
    view = rn.compare(*ids, storage=tmp_path)
    for several in (tuple(ids), iter(ids), dict.fromkeys(ids)):
        assert rn.compare(several, storage=tmp_path).folders == view.folders
    html = view._repr_html_()
    assert html.count("<polyline") == 2 and html.count("<svg") == 1 and "system/cpu" not in html
    assert re.findall(r"<th>(lr|same|loss)</th>", html) == ["loss", "lr"] and ">8<" in html
    assert "<script" not in html and "iframe" not in html
    bundle = view._repr_mimebundle_()
    assert bundle["image/svg+xml"].startswith("<svg xmlns=") and bundle["text/plain"] == repr(view)


def test_values_of_all_kinds_and_hostile_texts_are_drawn(tmp_path: Path, sdk_only: None) -> None:
    points = [{"a": math.nan, "b": 1.7e308, HOSTILE: 1.0}, {"a": math.inf, "b": -1.7e308, HOSTILE: 2.0}]
    run_id = write_run(tmp_path, metrics=points, config={HOSTILE: HOSTILE}, alias=HOSTILE)
    html = RunsView(tmp_path, [folder_of(tmp_path, run_id)])._repr_html_()
    assert "a: no finite value" in html and "<script" not in html
    assert "nan," not in html and "inf," not in html


def test_a_long_curve_is_thinned_and_its_last_point_stays(tmp_path: Path) -> None:
    run_id = write_run(tmp_path, metrics=[{"loss": float(step)} for step in range(1, 5002)])
    (picture,) = read_pictures([folder_of(tmp_path, run_id)])
    assert 200 <= len(picture.curves["loss"]) <= 401
    assert picture.curves["loss"][-1] == (5001.0, 5001.0) and picture.last == {"loss": 5001.0}


def test_a_growing_journal_is_read_on(tmp_path: Path) -> None:
    run_id = write_run(tmp_path, metrics=[{"loss": 1.0}], status="running")
    reader = PictureReader(folder_of(tmp_path, run_id))
    assert len(reader.read().curves["loss"]) == 1
    with (folder_of(tmp_path, run_id) / "events.jsonl").open("a") as journal:
        journal.write('{"ts": 1, "type": "metrics", "data": {"loss": 3.0, "global_step": 2}}\n{"ts": 2, "ty')
    assert reader.read().curves["loss"] == [(1.0, 1.0), (2.0, 3.0)]


def test_runs_are_chosen_by_project_and_number(tmp_path: Path, sdk_only: None) -> None:
    ids = [
        write_run(tmp_path, project, created_at=1_767_000_000 + number)
        for number, project in enumerate(["vision", "speech", "vision"])
    ]
    (folder_of(tmp_path, ids[0]) / ".deleted").write_text("{}")
    view = rn.show(project="vision", storage=tmp_path)
    assert [folder.name for folder in view.folders] == [ids[2]]
    assert len(rn.show(limit=1, storage=tmp_path).folders) == 1
    assert "No runs." in rn.show(project="none", storage=tmp_path)._repr_html_()
    assert "No runs." in pictures_html([], "No runs.")
    with pytest.raises(LookupError, match="Run not found: missing"):
        rn.compare("missing", storage=tmp_path)
    with pytest.raises(ImportError, match="needs the full distribution"):
        rn.show("config.lr > 1", storage=tmp_path)


def test_with_the_viewer_the_page_is_in_a_sandbox(tmp_path: Path) -> None:
    for lr in (0.1, 0.2):
        write_run(tmp_path, metrics=[{"loss": lr}], config={"lr": lr, "text": HOSTILE})
    view = rn.show("config.lr > 0.15", storage=tmp_path)
    html = view._repr_html_()
    assert len(view.folders) == 1 and html.startswith('<iframe sandbox="allow-scripts" ')
    assert "<script" not in html and "allow-same-origin" not in html
    with pytest.raises(ValueError, match="expected a value"):
        rn.show("config.lr >", storage=tmp_path)


@pytest.fixture
def cell(folder: Path, home: Path) -> Iterator[Callable[..., str]]:
    """Run a cell in a kernel of its own and return what it printed; a front end may name the cell."""
    from jupyter_client.manager import KernelManager

    manager = KernelManager(kernel_name="python3")
    manager.kernel_cmd = [sys.executable, "-m", "ipykernel_launcher", "-f", "{connection_file}"]
    surroundings = environment(home, RUNICORN_DIR=str(folder), IPYTHONDIR=str(folder.parent))
    manager.start_kernel(env=surroundings, cwd=str(folder.parent))
    client = manager.client()
    client.start_channels()
    client.wait_for_ready(timeout=60)

    def run(text: str, cell_id: str = "") -> str:
        printed: list[str] = []

        def hook(message: dict[str, Any]) -> None:
            content = message["content"]
            printed.append(str(content.get("text", "")) if content.get("name") == "stdout" else "")
            assert message["msg_type"] != "error", content

        if cell_id:
            make = client.session.msg

            def with_cell(*args: Any, **kwargs: Any) -> Any:
                message = make(*args, **kwargs)
                message["metadata"]["cellId"] = cell_id
                return message

            client.session.msg = with_cell
        try:
            client.execute_interactive(text, timeout=60, output_hook=hook)
        finally:
            client.session.__dict__.pop("msg", None)
        return "".join(printed).strip()

    try:
        yield run
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)


BEGIN = "import runicorn as rn; run = rn.init({}); print(run.id)"
OPTIONS = "'vision', 'resnet', capture_env=False, system_metrics=False"


def statuses(folder: Path) -> dict[str, str]:
    return {
        path.parent.name: json.loads(path.read_text())["status"]
        for path in folder.glob("*/*/runs/*/status.json")
    }


def test_a_cell_that_is_executed_again_ends_or_continues_its_run(
    folder: Path, cell: Callable[..., str]
) -> None:
    first = cell(BEGIN.format(OPTIONS))
    second = cell(BEGIN.format(OPTIONS))
    assert statuses(folder) == {first: "finished", second: "running"}
    assert cell(BEGIN.format(f"{OPTIONS}, reinit='return'")) == second
    third = cell(BEGIN.format(f"{OPTIONS}, reinit='create'"))
    other = cell(BEGIN.format("'vision', 'vit', capture_env=False, system_metrics=False"))
    now = statuses(folder)
    assert now[second] == now[third] == now[other] == "running" and len({second, third, other}) == 3


def test_front_ends_that_name_cells_tell_them_apart(folder: Path, cell: Callable[..., str]) -> None:
    first = cell(BEGIN.format(OPTIONS), cell_id="one")
    second = cell(BEGIN.format(OPTIONS), cell_id="two")
    again = cell(BEGIN.format("'vision', 'renamed', capture_env=False, system_metrics=False"), cell_id="one")
    assert statuses(folder) == {first: "finished", second: "running", again: "running"}


@pytest.mark.parametrize("cell_id", ["", "one"])
def test_runs_that_one_cell_begins_stay_open_until_it_is_executed_again(
    folder: Path, cell: Callable[..., str], cell_id: str
) -> None:
    both = "; ".join(
        f"r{n} = rn.init('vision', '{name}', capture_env=False, system_metrics=False)"
        for n, name in enumerate(("train", "eval"))
    )
    code = f"import runicorn as rn; {both}; print(r0.id, r1.id)"
    first = cell(code, cell_id=cell_id).split()
    other = cell(f"{code}  # another cell", cell_id=cell_id and "two").split()
    assert statuses(folder) == dict.fromkeys([*first, *other], "running")
    again = cell(code, cell_id=cell_id).split()
    assert statuses(folder) == {
        **dict.fromkeys(first, "finished"),
        **dict.fromkeys([*other, *again], "running"),
    }


def test_reinit_is_checked_and_ignored_in_scripts(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="reinit must be one of 'finish', 'return', 'create', got 'x'"):
        rn.init(storage=tmp_path, reinit="x")
    options: dict[str, Any] = {"storage": tmp_path, "capture_env": False, "system_metrics": False}
    with rn.init(**options) as first, rn.init(**options) as second:
        assert first.is_open() and first.id != second.id


NOTEBOOK = (
    "import threading, runicorn as rn\nrun = rn.init('vision', 'resnet', capture_env=False, system_metrics=False)",
    "run",
    "for step in range(50): run.log({'loss': 1 / (step + 1)}, step=step)\n"
    "import os, time\nwhile not os.path.exists(os.environ['SHOWN']): time.sleep(0.01)",
    "print(len(threading.enumerate()))",
    "run.finish()\n[t.join(60) for t in threading.enumerate() if t.name == 'runicorn-cell']",
    "rn.compare(run)",
)


def test_an_executed_notebook_has_the_curves_in_its_outputs(
    folder: Path, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import nbformat
    from nbclient import NotebookClient

    for name, value in environment(home, RUNICORN_DIR=str(folder)).items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("IPYTHONDIR", str(folder.parent))
    marker = folder.parent / "shown"
    monkeypatch.setenv("SHOWN", str(marker))
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(text) for text in NOTEBOOK])
    outputs: list[str] = []
    client = NotebookClient(notebook, timeout=120)
    client.on_cell_executed = lambda cell_index, **_: outputs.append(html_of(notebook.cells[1]))

    def note_the_curve() -> None:
        until(lambda: "<polyline" in html_of(notebook.cells[1]))
        marker.touch()

    thread = threading.Thread(target=note_the_curve)
    thread.start()
    client.execute()
    thread.join()
    # While the run went on its output had the curve; at the end it is the page.
    assert outputs[1] == "" or "<polyline" not in outputs[1]
    assert "<polyline" in outputs[3] and "running" in outputs[3]
    assert "iframe" in html_of(notebook.cells[1]) and "iframe" in html_of(notebook.cells[5])


def html_of(cell: Any) -> str:
    return "".join(str(output.get("data", {}).get("text/html", "")) for output in cell.outputs)


class Marimo(ModuleType):
    """As much of marimo as a cell needs: its output is a list of what it was replaced by."""

    Html = staticmethod(str)
    Thread = threading.Thread

    def __init__(self) -> None:
        super().__init__("marimo")
        self.outputs: list[str] = []
        self.is_gone = False
        self.output = SimpleNamespace(replace=self.outputs.append)

    def running_in_notebook(self) -> bool:
        return True

    def current_thread(self) -> SimpleNamespace:
        return SimpleNamespace(should_exit=self.is_gone)


@pytest.fixture
def marimo(monkeypatch: pytest.MonkeyPatch) -> Callable[[str, str], Marimo]:
    """Executes a cell of that id by a request of that id from now on."""
    module = Marimo()

    def execute(cell: str, request: str) -> Marimo:
        types, context = ModuleType("types"), ModuleType("context")
        types.get_context = lambda: SimpleNamespace(cell_id=cell)  # type: ignore[attr-defined]
        context.RUN_ID_CTX = SimpleNamespace(get=lambda default: request)  # type: ignore[attr-defined]
        monkeypatch.setitem(sys.modules, "marimo", module)
        monkeypatch.setitem(sys.modules, "marimo._runtime.context.types", types)
        monkeypatch.setitem(sys.modules, "marimo._messaging.context", context)
        return module

    return execute


def test_a_cell_of_marimo_follows_its_run(
    folder: Path,
    home: Path,
    marimo: Callable[[str, str], Marimo],
    sdk_only: None,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(cell_view, "PAUSE", 0.01)
    module = marimo("a", "1")
    run = rn.init("p", "n", storage=folder, system_metrics=False, capture_env=False)
    run.log({"loss": 1.0}, step=1)
    assert "<iframe" not in run._repr_html_()
    run.log({"loss": 0.25}, step=2)
    until(lambda: any("0.25" in html for html in module.outputs))
    run.finish()
    until(lambda: "finished" in module.outputs[-1])
    assert "running" in module.outputs[0]


def test_a_cell_of_marimo_that_is_executed_again_ends_its_run(
    folder: Path, home: Path, marimo: Callable[[str, str], Marimo]
) -> None:
    options: Any = {"storage": folder, "system_metrics": False, "capture_env": False}
    marimo("a", "1")
    first = rn.init("p", "n", **options)
    marimo("b", "2")
    other = rn.init("p", "n", **options)
    assert first.is_open() and other.is_open()
    marimo("a", "3")
    again = rn.init("p", "n", **options)
    assert not first.is_open() and other.is_open()
    for run in (other, again):
        run.finish()
