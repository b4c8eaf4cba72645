"""What `environment.json` tells, and that neither `init` nor `finish` waits for it unduly."""

from __future__ import annotations

import json
import os
import platform
import subprocess
import sys
import time
from collections.abc import Callable
from importlib.metadata import distributions
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import pytest

import runicorn as rn
from runicorn.capture.environment import VARIABLES, EnvironmentCapture, EnvironmentInfo, capture_for_run
from tests.processes import PROJECT
from tests.sdk.tracking.scripts import Script, recorded

# What Runicorn 0.5 wrote, in its order.
OLD_FIELDS = [
    "python_version",
    "platform",
    "platform_details",
    "pip_packages",
    "conda_packages",
    "conda_env",
    "git_info",
    "env_variables",
    "gpu_info",
]
TWO_CARDS = """printf '%s\\n' '0, NVIDIA A100, 40960, 40000, 3, 35, 550.54' '1, NVIDIA A100, 40960, [N/A], [Not Supported], 36, 550.54'"""
PATIENT = "from runicorn.capture import background\nbackground.PATIENCE = 60.0\n"
"""The end of a run waits for its environment as long as any machine needs."""


def _written(run: rn.Run) -> dict[str, Any]:
    value: dict[str, Any] = json.loads((run.run_dir / "environment.json").read_text())
    return value


def test_a_run_has_its_environment_when_it_has_ended(
    begin: Callable[..., rn.Run], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)  # outside of our repository, for which git may take longer than it is given
    monkeypatch.setattr("runicorn.capture.background.PATIENCE", 60.0)
    with begin() as run:
        pass
    info = _written(run)
    assert list(info)[: len(OLD_FIELDS)] == OLD_FIELDS
    assert info["python_version"] == sys.version
    assert info["platform_details"]["node"] == platform.node()
    assert info["working_dir"] == os.getcwd()
    assert info["cpu_info"]["count"] == os.cpu_count()
    assert info["cpu_info"]["memory_total_mb"] > 100
    assert info["incomplete"] == []
    started_at = json.loads((run.run_dir / "status.json").read_text())["started_at"]
    assert started_at - 1 < info["captured_at"] <= time.time()


def test_nothing_is_captured_when_it_is_not_wanted(begin: Callable[..., rn.Run]) -> None:
    with begin(capture_env=False) as run:
        pass
    assert not (run.run_dir / "environment.json").exists()


def test_the_packages_are_those_that_pip_lists() -> None:
    output = subprocess.check_output(
        [sys.executable, "-m", "pip", "list", "--format=freeze", "--disable-pip-version-check"], text=True
    )
    ours = EnvironmentCapture().get_pip_packages()
    assert ours is not None

    def names(lines: list[str]) -> set[str]:
        return {line.lower().replace("_", "-").replace(".", "-") for line in lines}

    assert names(ours) == names(output.split())


def test_packages_are_found_where_importlib_finds_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, egg, archive = tmp_path / "first", tmp_path / "d-4.0-py3.11.egg", tmp_path / "e.zip"
    places = {
        first / "A_a-1.0.dist-info" / "METADATA": ("A.a", "1.0"),
        first / "b-2.0-py3.11.egg-info": ("B", "2.0"),
        first / "c-3.0.egg-info" / "PKG-INFO": ("c", "3.0"),
        egg / "EGG-INFO" / "PKG-INFO": ("d", "4.0"),
        tmp_path / "second" / "a_a-9.0.dist-info" / "METADATA": ("a.a", "9.0"),
    }
    for path, (name, version) in places.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n\nName: text\n")
    with ZipFile(archive, "w") as file:
        file.writestr("e-5.0.dist-info/METADATA", "Name: e\nVersion: 5.0\n")
    entries = [str(first), str(egg), str(tmp_path / "second"), str(tmp_path / "missing")]
    for path in (entries, [*entries, str(archive)]):
        monkeypatch.setattr(sys, "path", path)
        expected: dict[str, str] = {}
        for distribution in distributions(path=path):
            expected.setdefault(distribution.name.lower(), f"{distribution.name}=={distribution.version}")
        assert EnvironmentCapture().get_pip_packages() == sorted(expected.values(), key=str.lower)
        assert len(expected) == 4 + (path is not entries)


def test_the_packages_are_found_without_importing_forty_modules() -> None:
    code = "import sys; from runicorn.capture import machine; machine.packages(sys.path); print(*sys.modules)"
    loaded = subprocess.check_output([sys.executable, "-c", code], text=True, cwd=PROJECT).split()
    assert not {"importlib.metadata", "email", "zipfile", "csv"} & set(loaded)


def test_a_broken_package_is_passed_over(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "no_metadata-1.0.dist-info").mkdir()
    (tmp_path / "binary-1.0.dist-info").mkdir()
    (tmp_path / "binary-1.0.dist-info" / "METADATA").write_bytes(b"\xff\xfe\x00Name")
    (tmp_path / "good-2.0.dist-info").mkdir()
    (tmp_path / "good-2.0.dist-info" / "METADATA").write_text(
        "Metadata-Version: 2.1\nName: Good\nVersion: 2.0\n"
    )
    monkeypatch.setattr(sys, "path", [str(tmp_path), "/nowhere"])
    assert EnvironmentCapture().get_pip_packages() == ["Good==2.0"]


def test_only_listed_variables_are_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "0,1")
    monkeypatch.setenv("PATH", "x" * 1000)
    monkeypatch.setenv("SOMETHING_ELSE", "value")
    monkeypatch.setenv("SLURM_ARRAY_JOB_ID", "77")
    monkeypatch.setenv("SLURM_ARRAY_TASK_ID", "3")
    variables = EnvironmentCapture().get_env_variables()
    assert set(variables) <= set(VARIABLES)
    assert variables["CUDA_VISIBLE_DEVICES"] == "0,1"
    assert (variables["SLURM_ARRAY_JOB_ID"], variables["SLURM_ARRAY_TASK_ID"]) == ("77", "3")
    assert (len(variables["PATH"]), variables["PATH"][-3:]) == (500, "...")
    assert EnvironmentCapture().get_env_variables(["SOMETHING_ELSE", "MISSING"]) == {
        "SOMETHING_ELSE": "value"
    }


def test_a_conda_environment_is_read_from_its_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "conda-meta").mkdir()
    (tmp_path / "conda-meta" / "cuda-toolkit-12.4-h123_0.json").write_text("{}")
    history = """==> 2026-01-14 15:30:45 <==
# cmd: conda create -n vision cuda-toolkit
+conda-forge/linux-64::cuda-toolkit-12.4-h123_0
+https://me:pass@conda.example.org/t/to-123/lab/noarch::tool-1.0-py_0
-pkgs/main/linux-64::gone-1.0-0
+conda-forge/noarch::tzdata-2026a-0
# update specs: ['cuda-toolkit']
"""
    (tmp_path / "conda-meta" / "history").write_text(history)
    monkeypatch.setenv("CONDA_PREFIX", str(tmp_path))
    monkeypatch.delenv("CONDA_DEFAULT_ENV", raising=False)
    capture = EnvironmentCapture()
    assert capture.get_conda_packages() == ["cuda-toolkit=12.4=h123_0"]
    assert capture.get_conda_channels() == ["conda-forge", "https://conda.example.org/lab"]
    assert capture.get_conda_env() == tmp_path.name


def test_the_conda_environment_is_that_of_the_interpreter(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, package in (("base", "conda-26.9.4-0"), ("own", "numpy-2.4.6-0")):
        (tmp_path / name / "conda-meta").mkdir(parents=True)
        (tmp_path / name / "conda-meta" / f"{package}.json").write_text("{}")
    monkeypatch.setenv("CONDA_PREFIX", str(tmp_path / "base"))
    monkeypatch.setenv("CONDA_DEFAULT_ENV", "base")
    monkeypatch.setattr("sys.prefix", str(tmp_path / "own"))
    capture = EnvironmentCapture()
    assert (capture.get_conda_env(), capture.get_conda_packages()) == ("own", ["numpy=2.4.6=0"])
    assert capture.get_conda_channels() is None


def test_gpus_are_read_from_nvidia_smi(program: Callable[[str, str], Path]) -> None:
    program("nvidia-smi", TWO_CARDS)
    assert EnvironmentCapture().get_gpu_info() == [
        {
            "index": 0,
            "name": "NVIDIA A100",
            "memory_total_mb": 40960.0,
            "memory_free_mb": 40000.0,
            "utilization_percent": 3.0,
            "temperature_c": 35.0,
            "driver_version": "550.54",
        },
        {
            "index": 1,
            "name": "NVIDIA A100",
            "memory_total_mb": 40960.0,
            "memory_free_mb": None,
            "utilization_percent": None,
            "temperature_c": 36.0,
            "driver_version": "550.54",
        },
    ]


def test_an_invalid_driver_response_yields_no_gpu(program: Callable[[str, str], Path]) -> None:
    program("nvidia-smi", "echo 'NVIDIA-SMI has failed'; exit 9")
    assert EnvironmentCapture().get_gpu_info() is None
    program("nvidia-smi", "echo 'No devices were found'")
    assert EnvironmentCapture().get_gpu_info() == []


def test_neither_init_nor_an_interrupted_end_waits_for_a_driver_that_hangs(
    program: Callable[[str, str], Path], script: Callable[..., Script], tmp_path: Path
) -> None:
    program("nvidia-smi", f"touch {tmp_path}/asked; exec sleep 60")
    ended = script(
        # A thread captures, and the driver has more time than any machine needs until the end of the run.
        "from runicorn.capture import background_thread, gpu\n"
        "del os.posix_spawn\ngpu.query.__defaults__, background_thread.JOIN_SECONDS = (60.0,), 20\n"
        "began = time.monotonic()\nrun = rn.init(system_metrics=False)\nprint(time.monotonic() - began)\n"
        f"while not os.path.exists({str(tmp_path / 'asked')!r}): time.sleep(0.01)\n"
        "began = time.monotonic()\nrun.finish('interrupted')\nprint(time.monotonic() - began)",
        PATH=os.environ["PATH"],
    )
    assert ended.end() == 0, ended.stderr
    begun, finished = map(float, ended.stdout.split())
    assert begun < 20 and finished < 30
    info = ended.run.json("environment")
    assert "gpu_info" in info["incomplete"] and info["gpu_info"] is None
    assert info["python_version"] == sys.version


def test_the_capture_describes_the_start_of_the_run(script: Callable[..., Script], folder: Path) -> None:
    ended = script(
        f"{PATIENT}run = rn.init()\nos.chdir('/')\nsys.argv[1:] = []\nos.environ['MLFLOW_TRACKING_URI'] = 'x'",
        "--lr",
        "1",
    )
    assert ended.end() == 0, ended.stderr
    info = ended.run.json("environment")
    assert info["working_dir"] == str(folder)
    assert info["command_line"][-2:] == ["--lr", "1"]
    assert "MLFLOW_TRACKING_URI" not in info["env_variables"]


def test_a_full_disk_is_reported_and_not_raised(
    script: Callable[..., Script], program: Callable[[str, str], Path], tmp_path: Path
) -> None:
    marker = tmp_path / "gone"
    program(
        "nvidia-smi", f"until [ -e {marker} ]; do sleep 0.01; done; exit 9"
    )  # so that nothing is written before
    ended = script(
        f"{PATIENT}run = rn.init()\nos.rename(run.run_dir, str(run.run_dir) + 'x')\n"
        f"open({str(marker)!r}, 'w').close()\nrun.finish()\nprint('went on')"
    )
    assert ended.end() == 0
    assert ended.stdout == "went on\n"
    assert "environment.json" in ended.stderr


def test_the_documented_way_of_capturing_by_hand(tmp_path: Path) -> None:
    info = capture_for_run(tmp_path)
    assert json.loads((tmp_path / "environment.json").read_text()) == info.to_dict()
    info.save(tmp_path / "again.json")
    assert EnvironmentInfo(**json.loads((tmp_path / "again.json").read_text())) == info


def test_a_fork_while_the_capture_loads_its_modules_does_not_block_the_child(
    script: Callable[..., Script],
) -> None:
    ended = script(
        "del os.posix_spawn  # so that a thread captures\n"
        "run = rn.init()\n"
        "pid = os.fork()\n"
        "if pid == 0:\n"
        "    import email.parser, subprocess, platform, dataclasses, importlib.metadata, zipfile\n"
        "    os._exit(0)\n"
        "print(os.waitpid(pid, 0)[1])"
    )
    assert ended.end() == 0, ended.stderr
    assert ended.stdout == "0\n"


def test_a_fork_while_the_cpu_is_queried_does_not_block_the_capture_of_the_child(
    script: Callable[..., Script], program: Callable[[str, str], Path], tmp_path: Path, folder: Path
) -> None:
    program("uname", f"touch {tmp_path}/asked; sleep 0.5; echo chip")
    ended = script(
        "del os.posix_spawn  # so that threads capture\n"
        "run = rn.init('first')\n"
        f"while not os.path.exists({str(tmp_path / 'asked')!r}): time.sleep(0.01)\n"
        "pid = os.fork()\n"
        "if pid == 0:\n"
        "    from runicorn.capture import background as beside\n"
        "    beside.PATIENCE = 30\n"
        "    rn.init('second').finish()\n"
        "    os._exit(0)\n"
        "os.waitpid(pid, 0)",
        PATH=os.environ["PATH"],
    )
    assert ended.end() == 0, ended.stderr
    (run,) = [run for run in recorded(folder) if run.json("meta")["project"] == "second"]
    assert run.json("environment")["platform_details"]["processor"] == "chip"
