"""One project: run, removed, and run again in a clean folder."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

from benchmarks.support.reruns.projects import Project, make_environment, prepared

PACKAGE = Path(__file__).parents[3]


class Failed(Exception):
    """A project could not be run at all."""


def repeat(project: Project, place: Path, is_repository: bool) -> tuple[str, str]:
    """Run a project, remove it, and repeat it.

    Returns:
        "reproduced", "said" or "failed", and the output of `rerun`.

    Raises:
        Failed: its first run failed.
    """
    folder, data = place / "project", place / "outside.txt"
    prepared(project, folder, is_repository)
    variables = _variables(place, project)
    if project.change:
        project.change(
            folder,
            lambda *words: _first_run(
                project._replace(command=words or project.command), place, variables | {"SEED": "1"}
            ),
        )
    if "OUTSIDE" in project.command:
        data.write_text("data outside")
    _make_artifacts(project, place, variables, 0)
    _first_run(project, place, variables)
    _make_artifacts(project, place, variables, 1)  # a later version, which must not be used
    shutil.rmtree(folder)
    data.unlink(missing_ok=True)
    runs = sorted(
        (place / "store" / "p").glob("*/runs/*"), key=lambda path: (path.stat().st_ctime, path.name)
    )
    run = next(path for path in reversed(runs) if path.parts[-3] != "make")
    if project.spoil:
        project.spoil(run)
    words = ["rerun", run.name, "--check", "--folder", str(place / "again"), *project.options]
    process = subprocess.run(
        [sys.executable, "-m", "runicorn", *words],
        cwd=place,
        env=variables | {"PYTHONPATH": str(PACKAGE)},
        capture_output=True,
        text=True,
        check=False,
    )
    output = process.stdout + process.stderr
    head, _, _ = output.partition(f"\n$ {sys.executable} ")  # what was printed before the start
    if project.says and project.says not in head:
        return "failed", f"{project.says!r} was not said before the start:\n{output}"
    if process.returncode == 0 and "Reproduced." in output:
        return "reproduced", output
    if project.is_reproduced:
        return "failed", output
    return "said", output


def _variables(place: Path, project: Project) -> dict[str, str]:
    """Return the environment variables of a user without other runs and settings."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("RUNICORN_")}
    own = {name: value.replace("ROOT", str(place / "project")) for name, value in project.variables.items()}
    paths = [path for path in (own.pop("PYTHONPATH", ""), str(PACKAGE)) if path]
    if project.environment == "venv":  # as on a machine without uv
        parts = inherited["PATH"].split(os.pathsep)
        inherited["PATH"] = os.pathsep.join(
            part for part in parts if not os.path.exists(os.path.join(part, "uv"))
        )
    return {
        **inherited,
        **own,
        "PYTHONPATH": os.pathsep.join(paths),
        "RUNICORN_DIR": str(place / "store"),
        "RUNICORN_CONFIG_DIR": str(place / "home" / "config"),
        "RUNICORN_DATA_DIR": str(place / "home" / "data"),
        "RUNICORN_COMPANION": "off",
        "HF_HUB_OFFLINE": "1",
    }


def _make_artifacts(project: Project, place: Path, variables: dict[str, str], number: int) -> None:
    if project.before:
        folder = place / "made"
        folder.mkdir(exist_ok=True)
        (folder / "make.py").write_text(project.before)
        _checked([sys.executable, "make.py", str(number)], folder, variables)


def _first_run(project: Project, place: Path, variables: dict[str, str]) -> None:
    folder = place / "project"
    if project.cells:
        _run_notebook(project.cells, folder, variables)
        return
    python = folder / ".venv" / "bin" / "python"
    interpreter = sys.executable
    if project.environment:
        try:
            interpreter = str(python) if python.exists() else make_environment(project, folder)
        except (OSError, subprocess.CalledProcessError) as error:
            raise Failed(f"Its environment cannot be created: {error}") from error
    words = [word.replace("OUTSIDE", str(place / "outside.txt")) for word in project.command]
    _checked([interpreter, *words], folder / project.folder, variables)


def _checked(command: list[str], folder: Path, variables: dict[str, str]) -> None:
    process = subprocess.run(command, cwd=folder, env=variables, capture_output=True, text=True, check=False)
    if process.returncode:
        raise Failed(process.stderr)


def _run_notebook(cells: tuple[str, ...], folder: Path, variables: dict[str, str]) -> None:
    from jupyter_client.manager import KernelManager

    manager = KernelManager(kernel_name="python3")
    manager.start_kernel(cwd=str(folder), env=variables)
    client = manager.blocking_client()
    client.start_channels()
    try:
        client.wait_for_ready(timeout=120)
        for cell in cells:
            reply = client.execute_interactive(cell, timeout=120, output_hook=lambda message: None)
            if reply["content"]["status"] != "ok":
                raise Failed(str(reply["content"].get("evalue")))
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)
