"""`runicorn rerun`: the same sources, packages, arguments and data, and what cannot be the same is said before."""

from __future__ import annotations

import json
import os
import platform
import re
import shutil
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import pytest

from runicorn.capture.program_start import ProgramStart
from runicorn.capture.sources import keep
from runicorn.store import layout
from runicorn_tools.rerun import changes, check, command, environment, plan, sources
from runicorn_tools.rerun.changes import Change, Unchangeable
from runicorn_tools.rerun.command import NoCommand
from tests.processes import environment as surroundings
from tests.processes import run_module
from tests.sdk.sources.projects import commit, git
from tests.tools.differences.pairs import Pair

TRAIN = """
import argparse, runicorn as rn
parser = argparse.ArgumentParser()
parser.add_argument("--lr", type=float)
args = parser.parse_args()
run = rn.init("p", "n", config={"lr": args.lr}, system_metrics=False)
for step in range(5):
    run.log({"loss": args.lr * step})
run.finish()
"""


@pytest.fixture
def pair(tmp_path: Path) -> Pair:
    return Pair(tmp_path)


def test_a_run_is_repeated_after_its_folder_is_gone(tmp_path: Path) -> None:
    work, store = tmp_path / "work", tmp_path / "store"
    work.mkdir()
    (work / "train.py").write_text(TRAIN)
    variables = surroundings(tmp_path / "home", RUNICORN_DIR=str(store), RUNICORN_SOURCES="on")
    subprocess.run([sys.executable, "train.py", "--lr", "0.5"], cwd=work, env=variables, check=True)
    shutil.rmtree(work)
    process = run_module(["runicorn", "rerun", "latest", "--check", "--folder", "again"], variables, tmp_path)
    assert process.returncode == 0, process.stderr
    assert "Reproduced." in process.stdout
    assert re.search(r"loss\s+2\s+2\s+same", process.stdout)
    runs = sorted(store.glob("p/n/runs/*"), key=lambda path: path.stat().st_ctime)
    meta = layout.read_json(runs[1] / layout.META)[0]
    assert meta["parent"] == runs[0].name
    variant = ["runicorn", "rerun", runs[0].name, "--check", "--change", "lr=0.25", "--folder", "variant"]
    process = run_module(variant, variables, tmp_path)
    assert (process.returncode, "Not reproduced." in process.stdout) == (1, True)
    assert "Changed: the argument --lr 0.25" in process.stdout
    newest = max(store.glob("p/n/runs/*"), key=lambda path: path.stat().st_ctime)
    assert layout.read_json(newest / layout.CONFIG)[0] == {"lr": 0.25}
    full = run_module(["runicorn", "rerun", runs[0].name, "--folder", "again"], variables, tmp_path)
    assert (full.returncode, "not empty" in full.stderr) == (2, True)


@pytest.mark.parametrize(
    ("line", "words"),
    [
        (["/usr/bin/python3", "train.py", "--lr", "1"], ["train.py", "--lr", "1"]),
        (["python", "-u", "-X", "dev", "-m", "pkg.train", "x"], ["-u", "-X", "dev", "-m", "pkg.train", "x"]),
        (["python3.11", "-Wi", "-W", "error", "t.py"], ["-Wi", "-W", "error", "t.py"]),
        (["train"], ["train"]),
    ],
)
def test_the_command_is_repeated_without_its_interpreter(
    pair: Pair, line: list[str], words: list[str]
) -> None:
    assert command.of_run(pair.run({}, command_line=line), {}).words == words


@pytest.mark.parametrize(
    ("line", "sentence"),
    [
        (["python", "-c", "***"], "python -c"),
        (["python", "-uc", "***"], "python -c"),
        (["python", "-"], "standard input"),
        (["python"], "interactive"),
        ([], "no recorded command line"),
        (["python", "t.py", "--token", "***"], "--secret token=VALUE"),
        (["python", "t.py", "model.api_key=***"], "--secret model.api_key=VALUE"),
    ],
)
def test_commands_that_were_not_recorded_are_said(pair: Pair, line: list[str], sentence: str) -> None:
    with pytest.raises(NoCommand, match=re.escape(sentence)):
        command.of_run(pair.run({}, command_line=line), {})


def test_secrets_of_the_command_are_given_again(pair: Pair) -> None:
    run = pair.run({}, command_line=["python", "t.py", "--token", "***", "key=***", "--lr=1"])
    words = command.of_run(run, {"token": "a b", "key": "c"}).words
    assert words == ["t.py", "--token", "a b", "key=c", "--lr=1"]


def test_paths_of_the_old_folder_are_those_of_the_new_one(pair: Pair, tmp_path: Path) -> None:
    line = ["python", f"{pair.project}/train.py", f"--data={pair.project}/data", "/nowhere/x", str(tmp_path)]
    run = pair.run({}, {"train.py": "a\n"}, command_line=line, python_version="3.11")
    new = tmp_path / "new"
    moved = command.moved(command.of_run(run, {}), run, new)
    assert moved.words == [f"{new}/train.py", f"--data={new}/data", "/nowhere/x", str(tmp_path)]
    assert [("/nowhere/x" in text, "not here" in text) for text in moved.remarks] == [
        (True, True),
        (False, False),
    ]


FILES: dict[str, str | bytes] = {
    "train.py": "lr = 0.1\nopt = dict(lr=0.1, wd=0)\nother = {'lr': 0.2}\n",
    "sub/conf.yaml": "optim:\n  lr: 0.1\n",
    "sub/conf.json": '{"optim": {"lr": 0.1}}',
    "run.sh": "#!/bin/sh\n",
    "data.bin": b"\0\1",
}


def test_sources_are_restored_as_they_were(pair: Pair, tmp_path: Path) -> None:
    os.symlink("train.py", pair.project / "link.py")
    run = pair.run({}, FILES)
    target = tmp_path / "new"
    assert sources.restore(run, target).remarks == []
    assert os.readlink(target / "link.py") == "train.py"
    restored = {
        path.relative_to(target).as_posix(): path.read_bytes()
        for path in target.rglob("*")
        if path.is_file() and not path.is_symlink()
    }
    expected = {name: text if isinstance(text, bytes) else text.encode() for name, text in FILES.items()}
    assert restored == expected


def test_what_was_left_out_or_masked_is_said(pair: Pair, tmp_path: Path) -> None:
    files: dict[str, str | bytes] = {
        "train.py": "a\n",
        "big.bin": b"\0" * 300_000,
        "conf.py": "api_key = 'sekrit-1x9'\n",
    }
    run = pair.run({}, files)
    assert sources.check(run)[1] == [f"big.bin is not stored; it is copied from {pair.project} as it is now."]
    target = tmp_path / "new"
    sources.restore(run, target)
    assert (target / "conf.py").read_text() == files["conf.py"]
    assert (target / "big.bin").stat().st_size == 300_000
    shutil.rmtree(pair.project)
    assert sources.check(run)[1] == [
        "conf.py contains a masked secret (***).",
        f"big.bin is not stored, and is no longer in {pair.project}.",
    ]


def test_a_run_without_sources_is_restored_from_its_commit(pair: Pair, tmp_path: Path) -> None:
    pair.state({"train.py": "a = 1\n"})
    head = commit(pair.project)
    pair.state({"train.py": "a = 2\n"})
    about = {"commit": head, "has_changes": True, "diff": git(pair.project, "diff") + "\n"}
    run = pair.run({}, git_info=about, working_dir=str(pair.project), command_line=["python", "train.py"])
    restored = sources.restore(run, tmp_path / "new")
    assert (restored.origin, (tmp_path / "new" / "train.py").read_text()) == ("commit", "a = 2\n")
    assert restored.remarks == ["Untracked files were not recorded."]
    shutil.rmtree(pair.project)
    with pytest.raises(sources.Unrestorable, match="no repository"):
        sources.check(run)
    with pytest.raises(sources.Unrestorable, match="neither"):
        sources.check(pair.run({}))


def test_hostile_paths_in_a_pack_are_refused(
    pair: Pair, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = pair.run({}, {"train.py": "a\n"})
    (file,) = run.sources.files.values()
    for path in ("../out.py", "/etc/x", "a//b", "a/../../b"):
        run.sources.__dict__["files"] = {path: file._replace(path=path)}
        with pytest.raises(sources.Unrestorable, match="invalid"):
            sources.restore(run, tmp_path / "new")
    assert not (tmp_path / "out.py").exists()


def planned(pair: Pair, target: Path, line: list[str], **more: Any) -> plan.Plan:
    run = pair.run({"lr": 0.1, "optim.lr": 0.1}, FILES, command_line=line, **more)
    repetition = plan.make(run, target)
    sources.restore(run, target)
    return repetition


@pytest.mark.parametrize(
    ("line", "change", "where"),
    [
        (["python", "t.py", "--optim-lr", "1"], "optim.lr=2", "the argument --optim-lr 2"),
        (["python", "t.py", "optim.lr=1"], "optim.lr=2", "the argument optim.lr=2"),
        (["python", "t.py", "-c", "sub/conf.yaml"], "optim.lr=2", "optim.lr in sub/conf.yaml"),
        (["python", "t.py", "--config=sub/conf.json"], "optim.lr=2", "optim.lr in sub/conf.json"),
        (["python", "t.py"], "lr=2", "lr in train.py:1, train.py:2"),
    ],
)
def test_a_setting_is_changed_where_it_is(
    pair: Pair, tmp_path: Path, line: list[str], change: str, where: str
) -> None:
    target = tmp_path / "new"
    repetition = planned(pair, target, line)
    assert changes.apply(Change.parse(change), repetition.command, repetition.run, target) == where
    if where.startswith("lr in"):
        assert (target / "train.py").read_text() == "lr = 2\nopt = dict(lr=2, wd=0)\nother = {'lr': 0.2}\n"
    if "json" in where:
        assert json.loads((target / "sub/conf.json").read_text()) == {"optim": {"lr": 2}}


def test_files_outside_of_the_restored_sources_are_not_changed(pair: Pair, tmp_path: Path) -> None:
    outside = tmp_path / "conf.json"
    outside.write_text('{"momentum": 1}')
    for name in (str(outside), "../conf.json"):
        target = tmp_path / f"new{len(name)}"
        repetition = planned(pair, target, ["python", "t.py", "-c", name])
        with pytest.raises(Unchangeable):
            plan.apply_changes(repetition, ["momentum=2"])
    assert outside.read_text() == '{"momentum": 1}'


def test_a_run_of_a_subfolder_is_changed_in_its_files_and_code(pair: Pair, tmp_path: Path) -> None:
    target = tmp_path / "new"
    repetition = planned(pair, target, ["python", "../train.py", "-c", "conf.yaml"])
    repetition.run.sources.about["folder"] = "sub"
    plan.apply_changes(repetition, ["optim.lr=2", "lr=3"])
    assert repetition.changes == ["Changed: optim.lr in conf.yaml", "Changed: lr in train.py:1, train.py:2"]


def test_cells_of_a_hostile_folder_are_refused(pair: Pair, tmp_path: Path) -> None:
    run = pair.run({}, {"train.py": "a\n"})
    run.__dict__["cells"] = "a = 1\n"
    run.sources.about["folder"] = "../.."
    with pytest.raises(sources.Unrestorable, match="invalid"):
        sources.restore(run, tmp_path / "deep" / "new")
    assert not list(tmp_path.glob("*.py"))


def test_a_setting_without_a_place_is_refused(pair: Pair, tmp_path: Path) -> None:
    repetition = planned(pair, tmp_path / "new", ["python", "t.py"])
    with pytest.raises(Unchangeable, match="momentum"):
        changes.apply(Change.parse("momentum=1"), repetition.command, repetition.run, tmp_path / "new")
    with pytest.raises(Unchangeable, match="KEY=VALUE"):
        Change.parse("momentum")


def test_an_interpreter_with_the_same_packages_is_used(pair: Pair, monkeypatch: pytest.MonkeyPatch) -> None:
    installation = environment.installed(sys.executable)
    assert installation is not None
    packages = [f"{name}=={number}" for name, number in installation[1].items()]
    line, version = [sys.executable, "t.py"], sys.version.split()[0]
    same = environment.plan(pair.run({}, pip_packages=packages, command_line=line, python_version=version))
    assert (same.kind, same.python, same.remarks) == ("existing", sys.executable, [])
    other = pair.run({}, pip_packages=[*packages, "toolz==0.0.1"], command_line=line, python_version=version)
    monkeypatch.setattr(
        environment.shutil, "which", lambda name, path=None: f"/bin/{name}" if name == "uv" else None
    )
    new = environment.plan(other)
    assert new.kind == "uv"
    assert "toolz==0.0.1" in new.requirements
    assert new.commands("/env")[0] == ["uv", "venv", "--python", version, "/env/.venv"]
    monkeypatch.setattr(environment.shutil, "which", lambda name, path=None: None)
    assert environment.plan(other).kind == "venv"
    conda = pair.run({}, pip_packages=["toolz==0.0.1"], conda_packages=["toolz=0.0.1=py"], command_line=line)
    assert "conda" in environment.plan(conda).remarks[0]
    monkeypatch.setattr(
        environment.shutil, "which", lambda name, path=None: "/x" if name == "conda" else None
    )
    assert environment.plan(conda).kind == "conda"


def test_an_environment_is_made_by_the_same_python(pair: Pair, monkeypatch: pytest.MonkeyPatch) -> None:
    """Others of the same minor version, as that of the system, are second."""
    other = pair.run({}, pip_packages=["six==1.0"], python_version=platform.python_version())
    monkeypatch.setattr(shutil, "which", lambda name, path=None: None if name == "uv" else "/usr/bin/python3")
    env_plan = environment.plan(other)
    assert (env_plan.kind, env_plan.python, env_plan.remarks) == ("venv", sys.executable, [])


def test_sources_that_a_busy_machine_has_not_begun_to_store_are_awaited(pair: Pair) -> None:
    files: dict[str, str | bytes] = {"t.py": "print(1)"}
    run = pair.run({})
    (run.folder / layout.STATUS).touch()
    pair.state(files)
    start = ProgramStart(str(pair.project), [], [], "", {})
    late = threading.Timer(0.5, keep.keep, (pair.root, run.folder, start))
    late.start()
    try:
        assert sources.check(run)[0] == "sources"
    finally:
        late.join()
    assert set(run.sources.files) == {"t.py"}


@pytest.fixture
def channels(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A program `conda` whose channels have every package but `lab`."""
    program = tmp_path / "bin" / "conda"
    program.parent.mkdir()
    program.write_text(
        """#!/bin/sh
for word; do list=$word; done
grep -q '^lab=' "$list" || exit 0
printf 'PackagesNotFoundError: The following packages are not available from current channels:\\n\\n  - lab==1=0\\n' >&2
exit 1
"""
    )
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{program.parent}:{os.environ['PATH']}")


@pytest.mark.usefixtures("channels")
def test_packages_of_conda_come_from_their_channels(pair: Pair, tmp_path: Path) -> None:
    run = pair.run(
        {},
        pip_packages=["mkl_service==2.5.2", "toolz==0.0.1"],
        conda_packages=["mkl-service=2.5.2=py311", "python=3.11.7=h1_0"],
        conda_channels=["conda-forge", "nvidia"],
        command_line=["/opt/conda/bin/python", "t.py"],
    )
    env_plan = environment.plan(run)
    assert (env_plan.kind, env_plan.requirements) == ("conda", ["toolz==0.0.1"])
    create, pip = env_plan.commands("/env")
    assert create == [
        *("conda", "create", "--yes", "--prefix", "/env/.venv", "--override-channels"),
        *("--channel", "conda-forge", "--channel", "nvidia", "--file", "/env/conda.txt"),
    ]
    assert pip[-2:] == ["-r", "/env/requirements.txt"]
    env_plan.requirements = []
    assert env_plan.commands("/env") == [create]
    (tmp_path / "conda.txt").write_text("python=3.11.7=h1_0\n")
    assert environment.missing(env_plan, tmp_path) is None
    (tmp_path / "conda.txt").write_text("lab=1=0\n")
    assert environment.missing(env_plan, tmp_path) == (
        "The conda package lab==1=0 is in no channel that is reachable."
    )


def test_a_package_that_is_in_no_index_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "requirements.txt").write_text("no-such-package-of-runicorn==1.0\n")
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    env_plan = environment.Environment("venv", sys.executable, "3.11", ["no-such-package-of-runicorn==1.0"])
    problem = environment.missing(env_plan, tmp_path)
    assert problem == (
        "The package no-such-package-of-runicorn==1.0 is in no package index that is reachable."
    )


def test_an_interpreter_of_the_system_is_asked_as_a_new_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """pip refuses to install into one that the system manages (PEP 668), also in a dry run."""
    program = tmp_path / "python"
    script = '[ -n "$PIP_BREAK_SYSTEM_PACKAGES" ] || { echo "hint: See PEP 668" >&2; exit 1; }'
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(0o755)
    env_plan = environment.Environment("venv", str(program), "3.11", ["six==1.0"])
    assert environment.missing(env_plan, tmp_path) is None


def test_another_machine_and_missing_versions_are_said(pair: Pair, tmp_path: Path) -> None:
    cards = [{"name": "A100", "driver_version": "535"}] * 2
    inputs = [{"type": "dataset", "name": "digits", "version": 3}]
    line = ["python", "t.py"]
    run = pair.run(
        {},
        {"t.py": "a\n"},
        inputs,
        command_line=line,
        gpu_info=cards,
        env_variables={"PYTHONPATH": f"{pair.project}/src"},
    )
    repetition = plan.make(run, tmp_path / "new")
    assert "The run used 2 × A100; there is no GPU here." in repetition.remarks
    assert "dataset/digits:v3 is no longer in the store." in repetition.remarks
    assert repetition.variables["PYTHONPATH"] == f"{tmp_path}/new/src"
    assert repetition.variables["RUNICORN_ARTIFACT_VERSIONS"] == "dataset/digits:v3"
    assert repetition.shell()[-1].endswith(f"{repetition.environment.python} t.py")


def test_results_are_the_same_within_noise_or_different() -> None:
    original = {"a": 1.0, "b": 1.0, "c": 1.0, "d": 1.0, "n": float("nan")}
    repeated = {"a": 1.0 + 1e-12, "b": 1.05, "c": 2.0, "n": float("nan")}
    noise = [{"b": value, "c": value} for value in (0.9, 1.1, 1.0, 0.95)]
    states = {result.metric: result.state for result in check.compare(original, repeated, noise)}
    assert states == {"a": "same", "b": "within noise", "c": "different", "d": "missing", "n": "same"}
    assert check.compare({"b": 1.0}, {"b": 1.05})[0].state == "different"


@pytest.mark.parametrize(
    ("metric", "is_judged"),
    [
        *[(name, False) for name in ("eval/runtime", "eval/samples_per_second", "step_time_ms", "perf/mfu")],
        *[(name, True) for name in ("loss", "time_to_goal", "items", "reward_per_step", "survival_time")],
    ],
)
def test_measurements_of_speed_are_not_judged(metric: str, is_judged: bool) -> None:
    (result,) = check.compare({metric: 1.0}, {metric: 2.0})
    assert (result.state == check.DIFFERENT, result.is_reproduced) == (is_judged, not is_judged)
