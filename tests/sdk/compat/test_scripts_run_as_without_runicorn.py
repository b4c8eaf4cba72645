"""`runicorn run` and `python -m runicorn.compat`: arguments, exit codes, tracebacks and child processes of the script."""

from __future__ import annotations

import signal
from pathlib import Path

import pytest

from tests.records import records
from tests.sdk.compat.conftest import Launch

RUN = ("-m", "runicorn", "run")


def test_a_script_gets_its_arguments_and_its_own_folder(launch: Launch, tmp_path: Path) -> None:
    (tmp_path / "beside.py").write_text("VALUE = 7\n")
    text = """
        import sys, __main__, beside
        from pathlib import Path
        assert __name__ == "__main__" and __main__.__file__ == __file__ == "train.py", __file__
        assert sys.path[0] == str(Path(__file__).resolve().parent)
        print(sys.argv, beside.VALUE)
    """
    for command in (RUN, ("-m", "runicorn.compat")):
        process = launch(text, "--also", "-m", "x y", command=command)
        assert process.stdout == "['train.py', '--also', '-m', 'x y'] 7\n", process.stderr


@pytest.mark.parametrize(
    ("ending", "code", "status", "reason"),
    [
        ("", 0, "finished", None),
        ("sys.exit(3)", 3, "failed", "exit: 3"),
        ("raise SystemExit('no data')", 1, "failed", "exit: no data"),
        ("raise ValueError('bad')", 1, "failed", "ValueError: bad"),
        ("raise KeyboardInterrupt", -signal.SIGINT, "interrupted", "KeyboardInterrupt"),
    ],
)
def test_the_end_of_a_script_is_the_end_of_its_run(
    launch: Launch, folder: Path, ending: str, code: int, status: str, reason: str | None
) -> None:
    text = f"import sys\nimport wandb\nwandb.init(project='p')\nwandb.log({{'a': 1}})\n{ending}\n"
    process = launch(text, command=RUN)
    assert process.returncode == code, process.stderr
    (run,) = records(folder)
    assert (run.status["status"], run.status.get("exit_reason")) == (status, reason)


def test_a_traceback_shows_the_script_alone(launch: Launch, tmp_path: Path) -> None:
    process = launch("def step():\n    return 1 / 0\n\nstep()\n")
    plain = launch("def step():\n    return 1 / 0\n\nstep()\n", command=())
    assert process.stderr == plain.stderr.replace(f"{tmp_path}/", "")
    assert (process.returncode, plain.returncode) == (1, 1)
    broken, as_usual = launch("def step(:\n"), launch("def step(:\n", command=())
    assert broken.stderr == as_usual.stderr.replace(f"{tmp_path}/", "")


def test_a_missing_script_is_reported(launch: Launch) -> None:
    process = launch("", command=("-m", "runicorn", "run", "absent.py"))
    assert (process.returncode, process.stdout) == (4, "")
    assert "absent.py does not exist" in process.stderr


def test_processes_of_a_script_log_here_too(launch: Launch, folder: Path, tmp_path: Path) -> None:
    (tmp_path / "sitecustomize.py").write_text("import builtins; builtins.customized = True\n")
    process = launch(
        """
        import multiprocessing, subprocess, sys
        def work(name):
            import wandb
            wandb.init(project="children", name=name)
            wandb.log({"a": 1})
            wandb.finish()
        if __name__ == "__main__":
            process = multiprocessing.get_context("spawn").Process(target=work, args=("spawned",))
            process.start(); process.join()
            code = "import wandb; assert customized; wandb.init(project='children', name='child').log({'a': 2})"
            subprocess.run([sys.executable, "-c", code], check=True)
        """,
        PYTHONPATH=f"{Path(__file__).parents[3]}:{tmp_path}",
    )
    assert process.returncode == 0, process.stderr
    assert {run.meta["name"]: run.curve("a") for run in records(folder)} == {
        "spawned": [(0, 1)],
        "child": [(0, 2)],
    }


def test_a_module_is_run_by_its_name(launch: Launch, tmp_path: Path) -> None:
    (tmp_path / "package").mkdir()
    (tmp_path / "package" / "train.py").write_text(
        "import sys, wandb\nprint(__name__, sys.argv[1:], wandb.__version__)"
    )
    process = launch("", "--lr", "1", command=("-m", "runicorn", "run", "-m", "package.train"))
    assert process.stdout.startswith("__main__ ['train.py', '--lr', '1']"), process.stderr


def test_libraries_find_the_modules_as_if_they_were_installed(launch: Launch) -> None:
    process = launch(
        """
        import importlib.metadata, importlib.util
        assert importlib.util.find_spec("wandb") is not None
        assert importlib.metadata.version("wandb") == importlib.metadata.metadata("wandb")["Version"]
        import wandb, wandb.sdk, runicorn.compat.wandb
        assert wandb is runicorn.compat.wandb and hasattr(wandb, "run") and wandb.run is None
        from wandb.sdk.lib import RunDisabled
        from wandb.wandb_run import Run
        from wandb.sdk.data_types.image import Image
        assert (RunDisabled, Run, Image) == (wandb.RunDisabled, wandb.Run, wandb.Image)
        assert isinstance(wandb.Image, type) and not isinstance(1, wandb.sdk.Unheard)
        import json
        try:
            import absent_module
        except ModuleNotFoundError as error:
            print(error.name)
        """
    )
    assert process.stdout == "absent_module\n", process.stderr
