"""runicorn-sdk, built from the checkout and installed into an empty environment: train, upload, and what it lacks."""

from __future__ import annotations

import ast
import json
import os
import pwd
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import psutil
import pytest

from runicorn._version import __version__
from tests.processes import PROJECT, Viewer, environment
from tests.tools.sync.sending import differences, senders
from tests.waiting import until

MOST_BYTES = 4_400_000
"""With the bytecode that pip compiles: the documents say some 4 MB."""
TRAIN = """
import sys
import runicorn as rn
with rn.init("vision", "resnet", config={"lr": 0.1}) as run:
    for step in range(20):
        run.log({"loss": 1 / (step + 1)}, step=step)
    run.log_image("noise", b"\\x89PNG" + bytes(5000))
    artifact = rn.Artifact("weights", type="model")
    artifact.add_file(sys.argv[1])
    run.log_artifact(artifact)
print(run.id)
"""


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel of the SDK, built from its source distribution."""
    target = tmp_path_factory.mktemp("dist")
    command = [sys.executable, "-m", "build", "--no-isolation", "--outdir", str(target), str(PROJECT / "sdk")]
    subprocess.run(command, check=True, capture_output=True)
    (wheel,) = target.glob("*.whl")
    return wheel


def oldest_python() -> str:
    """Return a Python 3.9, that of pyenv included; "" if this machine has none."""
    of_pyenv = Path(pwd.getpwuid(os.getuid()).pw_dir, ".pyenv", "versions").glob("3.9.*/bin/python")
    for name in (shutil.which("python3.9"), *of_pyenv):
        if name and subprocess.run([name, "-V"], capture_output=True).returncode == 0:
            return str(name)
    return ""


@pytest.fixture(scope="module", params=["this", "3.9"])
def python(wheel: Path, request: pytest.FixtureRequest) -> Path:
    """The Python of an environment with the SDK and nothing else."""
    base = sys.executable if request.param == "this" else oldest_python()
    if not base:
        pytest.skip("this machine has no Python 3.9")
    folder = wheel.parent / f"venv-{request.param}"
    subprocess.run([base, "-m", "venv", "--without-pip", "--symlinks", folder], check=True)
    python = folder / "bin" / "python"
    command = [
        sys.executable,
        "-m",
        "pip",
        "--python",
        str(python),
        "install",
        "-q",
        "--no-index",
        str(wheel),
    ]
    subprocess.run(command, check=True, capture_output=True)
    return python


@pytest.fixture
def surroundings(home: Path, tmp_path: Path) -> Iterator[dict[str, str]]:
    """The environment of a training that finds the installed package only."""
    home.mkdir(exist_ok=True)
    (tmp_path / "near").mkdir()
    variables = environment(home, RUNICORN_DIR=str(tmp_path / "near"))
    del variables["PYTHONPATH"]
    yield variables
    for process in senders(tmp_path / "near"):
        with suppress(psutil.Error):
            process.kill()


def test_the_sdk_is_one_package_of_three_megabytes(python: Path) -> None:
    (site,) = python.parents[1].glob("lib/python*/site-packages")
    assert sorted(path.name for path in site.iterdir()) == [
        "runicorn",
        f"runicorn_sdk-{__version__}.dist-info",
    ]
    assert sum(path.stat().st_size for path in site.rglob("*") if path.is_file()) <= MOST_BYTES


def test_the_files_of_the_sdk_are_those_of_the_checkout_and_import_no_others(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        files = {name: archive.read(name) for name in archive.namelist() if name.endswith(".py")}
    assert {name for name, content in files.items() if content != (PROJECT / name).read_bytes()} == set()
    modules = {name.removesuffix(".py").removesuffix("/__init__").replace("/", ".") for name in files}
    missing = {
        f"{name} imports {node.module}"
        for name, content in files.items()
        if name not in ("runicorn/__main__.py", "runicorn/api/__init__.py")
        for node in ast.walk(ast.parse(content))
        if isinstance(node, ast.ImportFrom)
        and (node.module or "").startswith("runicorn.")
        and node.module not in modules
    }
    assert not missing


def test_every_module_can_be_imported(python: Path, surroundings: dict[str, str]) -> None:
    (package,) = python.parents[1].glob("lib/python*/site-packages/runicorn")
    names = sorted(
        path.relative_to(package.parent)
        .with_suffix("")
        .as_posix()
        .replace("/", ".")
        .removesuffix(".__init__")
        for path in package.rglob("*.py")
        if path.name != "__main__.py"
    )
    script = """
import importlib, sys
for name in sys.argv[1:]:
    try:
        importlib.import_module(name)
    except ImportError as error:
        ours = (error.name or "").partition(".")[0] in ("", "runicorn")
        if ours and type(error).__name__ != "NotInstalled" and not isinstance(error.__cause__, ImportError):
            raise
"""
    subprocess.run([python, "-c", script, *names], env=surroundings, check=True)


def test_a_training_uploads_and_a_later_command_finishes_an_upload(
    python: Path, viewer: Viewer, surroundings: dict[str, str], tmp_path: Path
) -> None:
    weights, near = tmp_path / "weights.bin", tmp_path / "near"
    weights.write_bytes(b"weights")
    words = (python, "-c", TRAIN, str(weights))
    trained = subprocess.run(
        words,
        env=surroundings | {"RUNICORN_URL": viewer.url},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=True,
    )
    until(lambda: not senders(near))
    assert not differences(near, viewer.root)
    assert viewer.get(f"/api/runs/{trained.stdout.strip()}").json()["project"] == "vision"

    offline = subprocess.run(
        words, env=surroundings, cwd=tmp_path, capture_output=True, text=True, check=True
    )
    run_id = offline.stdout.strip()
    command = [python.parent / "runicorn", "sync", run_id, "--url", viewer.url]
    upload = subprocess.run(
        command, env=surroundings, cwd=tmp_path, capture_output=True, text=True, check=True
    )
    assert upload.stdout == f"{run_id} is at {viewer.url}/runs/{run_id}\n"
    assert not differences(near, viewer.root)
    command[2] = "20200101_000000_abcdef"
    unknown = subprocess.run(
        command, env=surroundings, cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert (unknown.returncode, unknown.stderr) == (4, f"runicorn: There is no run {command[2]} in {near}.\n")


def test_the_sdk_command_runs_scripts_and_refuses_other_commands(
    python: Path, surroundings: dict[str, str], tmp_path: Path
) -> None:
    def call(*words: str) -> tuple[int, str]:
        process = subprocess.run(
            [python.parent / "runicorn", *words],
            env=surroundings,
            cwd=tmp_path,
            capture_output=True,
            text=True,
        )
        return process.returncode, process.stdout + process.stderr

    expected = {"name": "runicorn", "version": __version__, "implementation": "runicorn-sdk"}
    assert json.loads(call("version", "--json")[1]) == expected
    assert call("--version") == (0, f"runicorn {__version__} (runicorn-sdk)\n")
    code, text = call("viewer", "--port", "1")
    assert code == 4 and text.count("\n") == 1
    assert "`runicorn viewer` needs the full distribution, runicorn-django" in text
    script = tmp_path / "train.py"
    script.write_text("import wandb\nwith wandb.init(project='p') as run:\n    run.log({'loss': 1})\n")
    assert call("run", "--storage", "elsewhere", str(script))[0] == 0
    assert list((tmp_path / "elsewhere" / "p").glob("*/runs/*/events.jsonl"))
    script.write_text("1 / 0\n")
    code, text = call("run", str(script))
    assert code == 1 and "ZeroDivisionError" in text and "NotInstalled" not in text
