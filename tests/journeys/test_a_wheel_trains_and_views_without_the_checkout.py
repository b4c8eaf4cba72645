"""`pip install` of the built wheels in a fresh environment: train, view, in a folder full of misleading names."""

from __future__ import annotations

import json
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import requests

from runicorn._version import __version__
from tests.journeys.installations import (
    built_wheels,
    link_distributions,
    link_requirements,
    new_environment,
    pip_install,
)
from tests.processes import PROJECT, environment, free_port
from tests.records import records
from tests.server.site.test_requests_of_other_sites_are_refused import ADDRESSES, SAMPLES
from tests.waiting import until

TRAIN = "import runicorn as rn\nwith rn.init(project='p', name='n') as run:\n    run.log({'loss': 0.5})\nprint(run.id)\n"

IMPORT_ALL = """
import os
from importlib.metadata import entry_points
from runicorn_tools.cli import Commands

# Each in a process of its own: what one imports, or puts on the import path, is missing for another one.
def attempt(what, function):
    child = os.fork()
    if not child:
        try:
            function()
        except BaseException as error:
            print(f"{what}: {error!r}", flush=True)
        finally:
            os._exit(0)
    os.waitpid(child, 0)

commands = Commands()
assert len(commands) > 40
for name in commands:
    attempt(name, lambda: commands[name])
for group in ("runicorn.command_line", "runicorn.commands", "runicorn.trackers", "runicorn.names"):
    for entry in entry_points(group=group):
        attempt(entry, entry.load)
"""


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The Python of a fresh environment with the wheels and what they require, the latter linked from this environment."""
    python = new_environment(tmp_path_factory.mktemp("installed"))
    sdk, server = built_wheels()
    link_requirements(server, python)
    return pip_install(python, "--no-deps", str(sdk), str(server)).python


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
    run_id = _output(installed, home, workplace, tmp_path / "store", "python", "-c", TRAIN).strip()
    with _viewer(installed, home, workplace, tmp_path / "store") as url:
        rows = requests.get(f"{url}/api/runs/{run_id}/metrics_step", timeout=60).json()["rows"]
        assert [row["loss"] for row in rows] == [0.5]
        page = requests.get(f"{url}/runs/{run_id}", headers={"Accept": "text/html"}, timeout=60)
        assert page.status_code == 200


def test_every_command_and_entry_point_of_the_wheel_is_imported_alone(
    installed: Path, tmp_path: Path, home: Path
) -> None:
    assert _output(installed, home, tmp_path, tmp_path / "store", "python", "-c", IMPORT_ALL) == ""


def test_commands_of_the_wheel_read_a_store_and_a_viewer(installed: Path, tmp_path: Path, home: Path) -> None:
    store = tmp_path / "store"
    first, second = (_output(installed, home, tmp_path, store, "python", "-c", TRAIN).strip() for _ in "ab")
    commands = (
        ("ls", "--json"),
        ("show", first),
        ("compare", first, second),
        ("diff", first, second),
        ("nearest", first),
        ("plot", first, "-m", "loss"),
        ("tail", first),
        ("wait", first),
        ("export", first, "--format", "page", "--out", "page.html"),
        ("token", "list"),
        ("user", "list"),
        ("version",),
        ("fsck",),
    )
    for words in commands:
        _output(installed, home, tmp_path, store, "runicorn", *words)
    with _viewer(installed, home, tmp_path, store) as url:
        for words in (("show", first), ("diff", first, second), ("share", "run"), ("share", "list")):
            more = (first,) if words == ("share", "run") else ()
            _output(installed, home, tmp_path, store, "runicorn", *words, *more, "--url", url)


def test_no_page_of_the_wheel_lacks_a_file(installed: Path, tmp_path: Path, home: Path) -> None:
    run_id = _output(installed, home, tmp_path, tmp_path / "store", "python", "-c", TRAIN).strip()
    paths = {
        path.replace(SAMPLES["run_id"], run_id).replace("/projects/x", "/projects/p")
        for path in (*ADDRESSES, "/plain.css")
    }
    with _viewer(installed, home, tmp_path, tmp_path / "store") as url, requests.Session() as session:
        session.headers["Accept"] = "text/html"
        codes = {
            path: session.get(url + path, timeout=60, allow_redirects=False).status_code
            for path in sorted(paths)
        }
    assert {path: code for path, code in codes.items() if code >= 500} == {}
    available = {path for path, code in codes.items() if code == 200}
    pages = {"/", "/plain.css", "/settings", "/docs", "/projects/p", "/projects/p/groups"}
    assert pages | {f"/runs/{run_id}", f"/runs/{run_id}/page.html"} <= available


def _output(python: Path, home: Path, folder: Path, store: Path, program: str, *words: str) -> str:
    """Return what a program of the installation prints; it must succeed."""
    process = subprocess.run(
        [python.parent / program, *words],
        cwd=folder,
        env=_surroundings(home, store),
        capture_output=True,
        text=True,
        check=False,
    )
    assert process.returncode == 0, (words, process.stdout, process.stderr)
    return process.stdout


def _surroundings(home: Path, store: Path) -> dict[str, str]:
    variables = environment(home, RUNICORN_DIR=str(store), RUNICORN_RATE_LIMIT="off")
    del variables["PYTHONPATH"]
    return variables


@contextmanager
def _viewer(python: Path, home: Path, folder: Path, store: Path) -> Iterator[str]:
    """Run a viewer of the installation; yield its URL."""
    port = free_port()
    viewer = subprocess.Popen(
        [python.parent / "runicorn", "viewer", "--port", str(port), "--no-open"],
        cwd=folder,
        env=_surroundings(home, store),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        until(lambda: _answers(viewer, port), timeout=90)
        yield f"http://127.0.0.1:{port}"
    finally:
        viewer.terminate()
        viewer.communicate(timeout=60)


def _answers(viewer: subprocess.Popen[str], port: int) -> bool:
    assert viewer.poll() is None, viewer.stderr and viewer.stderr.read()
    try:
        return requests.get(f"http://127.0.0.1:{port}/api/health", timeout=5).ok
    except (requests.ConnectionError, requests.ReadTimeout):
        return False


def test_the_wheels_hold_what_they_need_and_share_no_file() -> None:
    sdk, server = (set(zipfile.ZipFile(wheel).namelist()) for wheel in built_wheels())
    assert not sdk & server
    assert {name.split("/")[0] for name in sdk if ".dist-info/" not in name} == {"runicorn"}
    packages = {name.split("/")[0] for name in server if ".dist-info/" not in name}
    assert packages == {"runicorn_site", "runicorn_importers", "runicorn_tools"}
    for part in (
        "runicorn_site/demo/digits.npz",
        "runicorn_site/demo/digits.LICENSE.txt",
        "runicorn_site/_apps/templates/base.html",
        "runicorn_site/_apps/runs/migrations/__init__.py",
        "runicorn_site/locale/zh_Hans/LC_MESSAGES/django.mo",
        "runicorn_site/locale/zh_Hans/LC_MESSAGES/djangojs.po",
        "runicorn_site/_apps/static/js/i18n/zh-hans.js",
    ):
        assert part in server, part
    assert any(name.startswith("runicorn_site/_apps/static/css/") for name in server)
    for names in (sdk, server):
        assert len([name for name in names if Path(name).name == "LICENSE"]) == 1
        assert not [name for name in names if "__pycache__" in name]


def test_the_licenses_are_the_same() -> None:
    assert (PROJECT / "sdk" / "LICENSE").read_bytes() == (PROJECT / "LICENSE").read_bytes()


def test_pip_installs_both_from_a_checkout_and_removes_either(tmp_path: Path, home: Path) -> None:
    python = new_environment(tmp_path / "venv")
    (site,) = python.parents[1].glob("lib/python*/site-packages")
    link_requirements(built_wheels()[1], python)
    link_distributions({"hatchling", "hatch-requirements-txt"}, site)
    checkout = ("--no-build-isolation", "--no-index", str(PROJECT))
    pip_install(python, *checkout)
    surroundings = environment(home, RUNICORN_DIR=str(tmp_path / "store"))
    del surroundings["PYTHONPATH"]

    def answer(*words: str) -> str:
        return subprocess.check_output([python.parent / words[0], *words[1:]], text=True, env=surroundings, cwd=tmp_path)  # fmt: skip

    def uninstall(name: str) -> None:
        command = [sys.executable, "-m", "pip", "--python", python, "uninstall", "-q", "-y", name]
        subprocess.run(command, check=True, capture_output=True)

    assert f"runicorn-django {__version__} and runicorn-sdk {__version__}" in answer(
        "runicorn", "doctor", "--port", str(free_port())
    )
    assert json.loads(answer("runicorn", "version", "--json"))["implementation"] == "runicorn-django"
    uninstall("runicorn-django")
    assert not [path.name for path in site.glob("runicorn*") if "django" in path.name or "site" in path.name]
    assert answer("python", "-c", TRAIN)
    assert json.loads(answer("runicorn", "version", "--json"))["implementation"] == "runicorn-sdk"
    pip_install(python, *checkout)
    uninstall("runicorn-sdk")
    assert not (site / "runicorn").exists() and not (python.parent / "runicorn").exists()
    assert answer("python", "-c", "import runicorn_tools, runicorn_site; print(runicorn_site.__file__)")
