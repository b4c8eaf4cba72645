"""`pip install` of the built wheel in a fresh environment: train, view, in a folder full of misleading names."""

from __future__ import annotations

import email
import os
import subprocess
import sys
import venv
import zipfile
from importlib import metadata
from pathlib import Path

import pytest
import requests
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.processes import PROJECT, environment, free_port
from tests.records import records
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


def _requirements(names: set[str]) -> set[str]:
    """The distributions that these ones need, directly or not, without their extras but those that are asked for."""
    found: set[str] = set()
    waiting = [Requirement(name) for name in sorted(names)]
    while waiting:
        wanted = waiting.pop()
        key = f"{canonicalize_name(wanted.name)}{sorted(wanted.extras)}"
        if key in found:
            continue
        found.add(key)
        for text in metadata.requires(wanted.name) or ():
            needed = Requirement(text)
            extras = wanted.extras or {""}
            if needed.marker is None or any(needed.marker.evaluate({"extra": extra}) for extra in extras):
                waiting.append(needed)
    return {key.partition("[")[0] for key in found}


def _link_distribution(name: str, target: Path) -> None:
    """Link the installed files of a distribution into another `site-packages`."""
    distribution = metadata.distribution(name)
    for top in {
        file.parts[0] for file in distribution.files or () if file.parts[0] not in {"..", "__pycache__"}
    }:
        source = Path(str(distribution.locate_file(top)))
        if not (target / top).exists():
            (target / top).symlink_to(source)


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The Python of a fresh environment with the wheel and what it requires, the latter linked from this environment."""
    folder = tmp_path_factory.mktemp("installed")
    venv.EnvBuilder(with_pip=True).create(folder / "venv")
    python = folder / "venv" / "bin" / "python"
    wheel = _built_wheel(folder / "dist")
    subprocess.run(
        [python, "-m", "pip", "install", "-q", "--no-deps", str(wheel)], check=True, capture_output=True
    )
    question = "import sysconfig; print(sysconfig.get_path('purelib'))"
    site = Path(subprocess.check_output([python, "-c", question], text=True).strip())
    with zipfile.ZipFile(wheel) as archive:
        (path,) = [name for name in archive.namelist() if name.endswith(".dist-info/METADATA")]
        required = email.message_from_bytes(archive.read(path)).get_all("Requires-Dist", [])
    direct = {text for text in required if "extra ==" not in text}
    for name in _requirements(direct):
        _link_distribution(name, site)
    return python


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
    names = zipfile.ZipFile(_built_wheel(tmp_path)).namelist()
    for part in (
        "runicorn/py.typed",
        "runicorn/demo/digits.npz",
        "runicorn/demo/digits.LICENSE.txt",
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
