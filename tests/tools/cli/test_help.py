"""Each command takes `--storage`, has a help with examples, and the examples do what they say."""

from __future__ import annotations

import inspect
import os
import re
import shlex
import subprocess
import sys
import tarfile
from pathlib import Path
from typing import Any

import pytest
import typer

from runicorn_tools.cli import app
from tests.documents.store import write_store
from tests.processes import PROJECT, environment

COMMANDS: dict[str, Any] = typer.main.get_command(app).commands  # type: ignore[attr-defined]
LASTING = {
    "viewer",
    "open",
    "demo",
    "sync",
    "import-from",
    "watch",
    "alerts",
    "share",
    "run",
    "move-database",
    "move-artifacts",
    "mcp",
    "rerun",
    "convert",
}
"""What serves, trains, or needs a viewer, another machine or the files of another program is only parsed here; other tests run it."""


def examples(name: str) -> list[str]:
    """The lines of a command's help that are commands."""
    text = inspect.getdoc(COMMANDS[name].callback) or ""
    _, _, after = text.partition("Examples:")
    return [line.strip() for line in after.splitlines() if line.strip().startswith("runicorn ")]


def option_names(command: Any) -> set[str]:
    return {option for parameter in command.params for option in parameter.opts}


def test_each_command_takes_a_storage_root_and_shows_examples(subtests: pytest.Subtests) -> None:
    for name in COMMANDS:
        with subtests.test(name=name):
            subcommands = getattr(COMMANDS[name], "commands", {}).values()
            options = option_names(COMMANDS[name])
            options |= (
                {"--storage"}
                if subcommands and all("--storage" in option_names(each) for each in subcommands)
                else set()
            )
            other = {"generate-manifest": "--root" in options, "move-database": True}
            assert "--storage" in options or other.get(name)
            assert examples(name), f"{name} has no example"
            assert all(shlex.split(line, comments=True)[1] == name for line in examples(name))


@pytest.mark.parametrize("name", COMMANDS)
def test_the_examples_of_each_command_work(name: str, tmp_path: Path) -> None:
    for line in examples(name):
        if name in LASTING:
            COMMANDS[name].make_context(name, shlex.split(line)[2:])
    if name in LASTING:
        return
    write_store(tmp_path / "store")
    script = "\n".join(examples(name))
    if name == "import":
        script = f"runicorn export --output vision.zip\n{script}"
    if name == "restore":
        script = f"runicorn backup runicorn-backup.tar.gz\n{script}"
    if name == "import-from":
        for tracker in ("mlflow", "wandb", "tensorboard"):
            with tarfile.open(PROJECT / "tests" / "fixtures" / "foreign" / f"{tracker}.tar.gz") as archive:
                archive.extractall(tmp_path, filter="data")
        (tmp_path / "vision").rename(tmp_path / "logs")
    process = subprocess.run(
        [
            "bash",
            "-euo",
            "pipefail",
            "-c",
            f'runicorn() {{ {shlex.quote(sys.executable)} -m runicorn "$@"; }}\n{script}',
        ],
        env=environment(tmp_path / "home", RUNICORN_DIR=str(tmp_path / "store"), PATH=os.environ["PATH"]),
        cwd=tmp_path,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    assert process.returncode == 0 and "Traceback" not in process.stderr, process.stderr + process.stdout


def test_a_full_disk_behind_stdout_is_one_sentence(tmp_path: Path) -> None:
    with open("/dev/full", "w", encoding="ascii") as full:
        process = subprocess.run(
            [sys.executable, "-m", "runicorn", "config", "--show"],
            env=environment(tmp_path),
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
        )
    assert (process.returncode, process.stderr) == (1, "runicorn: No space left on device\n")


def test_the_document_names_every_command() -> None:
    text = (PROJECT / "docs" / "reference" / "cli.md").read_text(encoding="utf-8")
    named = [
        name
        for row in text.splitlines()
        if row.startswith("| `")
        for name in row.split("|")[1].split("`")[1::2]
    ]
    assert sorted(named) == sorted(COMMANDS)


def test_the_shell_completes(tmp_path: Path) -> None:
    words = environment(
        tmp_path, _RUNICORN_COMPLETE="complete_bash", COMP_WORDS="runicorn exp", COMP_CWORD="1"
    )
    process = subprocess.run(
        [sys.executable, "-m", "runicorn"], env=words, capture_output=True, text=True, check=False
    )
    assert set(process.stdout.split()) == {"export", "export-data"}


def test_a_paragraph_of_the_help_is_broken_by_the_terminal_only(subtests: pytest.Subtests) -> None:
    for name in COMMANDS:
        with subtests.test(name=name):
            text = " ".join(inspect.getdoc(COMMANDS[name].callback).partition("Examples:")[0].split())
            assert " ".join((COMMANDS[name].help or "").partition("Examples:")[0].split()) == text
            assert not re.search(r"\w\n\w|[,;]\n", COMMANDS[name].help)


def test_h_is_help(subtests: pytest.Subtests) -> None:
    from typer.testing import CliRunner

    for name in COMMANDS:
        with subtests.test(name=name):
            result = CliRunner().invoke(app, [name, "-h"])
            assert result.exit_code == 0 and result.output.startswith("Usage: ")
