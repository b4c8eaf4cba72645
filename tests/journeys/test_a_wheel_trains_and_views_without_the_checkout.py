"""`pip install` of the built wheel in a fresh environment: train, view, in a folder full of misleading names."""

from __future__ import annotations

import os
import subprocess
import sys
import venv
from pathlib import Path

import pytest
import requests

from tests.processes import PROJECT, environment, free_port
from tests.waiting import until

TRAIN = "import runicorn as rn\nwith rn.init(project='p', name='n') as run:\n    run.log({'loss': 0.5})\nprint(run.id)\n"


def _built_wheel(target: Path) -> Path:
    subprocess.run(
        [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(target), str(PROJECT)],
        check=True,
        capture_output=True,
    )
    (wheel,) = target.glob("*.whl")
    return wheel


@pytest.fixture
def installed(tmp_path: Path) -> Path:
    """The Python of a fresh environment that holds the wheel; its dependencies come from this environment."""
    venv.EnvBuilder(with_pip=True).create(tmp_path / "venv")
    python = tmp_path / "venv" / "bin" / "python"
    wheel = _built_wheel(tmp_path / "dist")
    subprocess.run(
        [python, "-m", "pip", "install", "-q", "--no-deps", str(wheel)], check=True, capture_output=True
    )
    # The dependencies are the ones the suite runs with: nothing is downloaded twice, and ours comes from the wheel.
    site = Path(
        subprocess.check_output(
            [python, "-c", "import site; print(site.getsitepackages()[0])"], text=True
        ).strip()
    )
    ours = next(Path(entry) for entry in sys.path if entry.endswith("site-packages"))
    (site / "dependencies.pth").write_text(f"{ours}\n")
    return python


def test_the_wheel_trains_and_views(installed: Path, tmp_path: Path, home: Path) -> None:
    workplace = tmp_path / "work"
    for name in ("metrics.py", "runs/__init__.py", "artifacts/__init__.py"):
        (workplace / name).parent.mkdir(parents=True, exist_ok=True)
        (workplace / name).write_text("raise SystemExit('not yours')\n")
    surroundings = environment(home, RUNICORN_DIR=str(tmp_path / "store"), RUNICORN_RATE_LIMIT="off")
    del surroundings["PYTHONPATH"]
    trained = subprocess.run(
        [installed, "-c", TRAIN], cwd=workplace, env=surroundings, capture_output=True, text=True, check=True
    )
    port = free_port()
    viewer = subprocess.Popen(
        [installed.parent / "runicorn", "viewer", "--port", str(port), "--no-open"],
        cwd=workplace,
        env=surroundings,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        until(lambda: _answers(viewer, port), timeout=90)
        run_id = trained.stdout.strip()
        rows = requests.get(f"http://127.0.0.1:{port}/api/runs/{run_id}/metrics_step", timeout=10).json()[
            "rows"
        ]
        assert [row["loss"] for row in rows] == [0.5]
        page = requests.get(
            f"http://127.0.0.1:{port}/runs/{run_id}", headers={"Accept": "text/html"}, timeout=10
        )
        assert page.status_code == 200
    finally:
        viewer.terminate()
        viewer.communicate(timeout=15)


def _answers(viewer: subprocess.Popen[str], port: int) -> bool:
    assert viewer.poll() is None, viewer.stderr and viewer.stderr.read()
    try:
        return requests.get(f"http://127.0.0.1:{port}/api/health", timeout=5).ok
    except (requests.ConnectionError, requests.ReadTimeout):
        return False


def test_the_wheel_holds_what_the_server_needs(tmp_path: Path) -> None:
    import zipfile

    names = zipfile.ZipFile(_built_wheel(tmp_path)).namelist()
    for part in (
        "runicorn/py.typed",
        "_server/templates/base.html",
        "_server/runs/migrations/0001_initial.py",
    ):
        assert any(name.endswith(part) for name in names), part
    assert any(name.startswith("runicorn/_server/static/css/") for name in names)
    assert not any(name.split("/")[0] in {"runs", "metrics", "tests", "templates"} for name in names)
    assert not [name for name in names if os.sep + "__pycache__" in name]
