"""`pip install` of the built wheel in a fresh environment: train, view, in a folder full of misleading names."""

from __future__ import annotations

import os
import subprocess
import zipfile
from pathlib import Path

import pytest
import requests

from tests.journeys.installations import built_wheel, link_requirements, new_environment, pip_install
from tests.processes import environment, free_port
from tests.records import records
from tests.waiting import until

TRAIN = "import runicorn as rn\nwith rn.init(project='p', name='n') as run:\n    run.log({'loss': 0.5})\nprint(run.id)\n"


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The Python of a fresh environment with the wheel and what it requires, the latter linked from this environment."""
    python = new_environment(tmp_path_factory.mktemp("installed"))
    link_requirements(built_wheel(), python)
    return pip_install(python, "--no-deps", str(built_wheel())).python


def test_the_demo_of_an_installed_wheel_needs_no_other_package(
    installed: Path, tmp_path: Path, home: Path
) -> None:
    surroundings = environment(home)
    del surroundings["PYTHONPATH"]
    absent = "import importlib.util as u; print([n for n in ('sklearn', 'scipy') if u.find_spec(n)])"
    assert subprocess.check_output([installed, "-c", absent], text=True, env=surroundings).strip() == "[]"
    demo = subprocess.run(
        [installed.parent / "runicorn", "demo", "--runs", "1", "--storage", str(tmp_path / "store")],
        cwd=tmp_path,
        env=surroundings,
        capture_output=True,
        text=True,
        check=False,
    )
    assert demo.returncode == 0, demo.stderr
    (run,) = records(tmp_path / "store")
    assert run.status["status"] == "finished"
    assert run.summary["final_accuracy"] > 0.8


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
        rows = requests.get(f"http://127.0.0.1:{port}/api/runs/{run_id}/metrics_step", timeout=60).json()[
            "rows"
        ]
        assert [row["loss"] for row in rows] == [0.5]
        page = requests.get(
            f"http://127.0.0.1:{port}/runs/{run_id}", headers={"Accept": "text/html"}, timeout=60
        )
        assert page.status_code == 200
    finally:
        viewer.terminate()
        viewer.communicate(timeout=60)


def _answers(viewer: subprocess.Popen[str], port: int) -> bool:
    assert viewer.poll() is None, viewer.stderr and viewer.stderr.read()
    try:
        return requests.get(f"http://127.0.0.1:{port}/api/health", timeout=5).ok
    except (requests.ConnectionError, requests.ReadTimeout):
        return False


def test_the_wheel_holds_what_the_server_needs() -> None:
    names = zipfile.ZipFile(built_wheel()).namelist()
    for part in (
        "runicorn/py.typed",
        "runicorn_site/demo/digits.npz",
        "runicorn_site/demo/digits.LICENSE.txt",
        "_server/templates/base.html",
        "_server/runs/migrations/0001_initial.py",
        "_server/runicorn_site/locale/zh_Hans/LC_MESSAGES/django.mo",
        "_server/runicorn_site/locale/zh_Hans/LC_MESSAGES/djangojs.po",
        "_server/static/js/i18n/zh-hans.js",
    ):
        assert any(name.endswith(part) for name in names), part
    assert any(name.startswith("runicorn/_server/static/css/") for name in names)
    assert not any(name.split("/")[0] in {"runs", "metrics", "tests", "templates"} for name in names)
    assert not [name for name in names if os.sep + "__pycache__" in name]
