"""Workflows, the action and the conda recipe are valid YAML, and name what exists here."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml

from runicorn import __version__
from tests.processes import PROJECT

WORKFLOWS = sorted((PROJECT / ".github" / "workflows").glob("*.yml"))
ACTION = PROJECT / ".github" / "actions" / "compare" / "action.yml"
SERVER = tomllib.loads((PROJECT / "pyproject.toml").read_text())["project"]
SDK = tomllib.loads((PROJECT / "sdk" / "pyproject.toml").read_text())["project"]


def read(path: Path) -> Any:
    return yaml.safe_load(path.read_text(encoding="utf-8"))


def scripts() -> list[tuple[str, str]]:
    """Every shell script of the workflows and of the action."""
    jobs = [job for path in WORKFLOWS for job in read(path)["jobs"].values()]
    steps = [step for job in jobs for step in job["steps"]] + read(ACTION)["runs"]["steps"]
    return [(step.get("name", "run"), step["run"]) for step in steps if "run" in step]


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.stem)
def test_a_workflow_has_few_rights_and_ends(path: Path) -> None:
    workflow = read(path)
    assert workflow["permissions"] == {"contents": "read"}
    for job in workflow["jobs"].values():
        assert job["timeout-minutes"] <= 60 and job["runs-on"] == "ubuntu-latest"
        assert all("uses" in step or "run" in step for step in job["steps"])
        assert job.get("permissions", {}) in ({}, {"id-token": "write"})


def test_only_the_job_that_publishes_may_ask_for_a_token() -> None:
    jobs = read(PROJECT / ".github" / "workflows" / "publish.yml")["jobs"]
    assert [name for name, job in jobs.items() if "permissions" in job] == ["publish"]
    assert jobs["publish"]["environment"] == "pypi" and "run" not in jobs["publish"]["steps"][0]


def test_scripts_name_existing_targets_and_files() -> None:
    makefile = (PROJECT / "Makefile").read_text()
    text = "\n".join(script for _, script in scripts())
    for target in re.findall(r"^\s*make (\w[\w-]*)", text, re.MULTILINE):
        assert re.search(rf"^{target}:", makefile, re.MULTILINE), target
    for file in re.findall(r"\bpython (\S+\.py)", text):
        assert (PROJECT / file).is_file(), file
    assert "${{" not in text.replace("${{ matrix.python }}", ""), (
        "values of events reach scripts by the environment"
    )


@pytest.mark.parametrize(("name", "script"), scripts())
def test_scripts_are_sound_shell(name: str, script: str, tmp_path: Path) -> None:
    checker = shutil.which("shellcheck") or str(Path(sys.executable).parent / "shellcheck")
    file = tmp_path / "step.sh"
    file.write_text(f"#!/usr/bin/env bash\n{script}")
    process = subprocess.run(
        [checker, "-e", "SC2154", str(file)], capture_output=True, text=True, check=False
    )
    assert process.returncode == 0, process.stdout


def test_the_recipe_requires_what_the_packages_require() -> None:
    recipe = read(PROJECT / "deploy" / "conda" / "recipe.yaml")
    assert recipe["context"]["version"] == __version__
    sdk, server = recipe["outputs"]
    assert sdk["requirements"]["run"] == [f"python {SDK['requires-python']}"]
    requirements = {line.split(" ")[0].replace("_", "-") for line in server["requirements"]["run"]}
    lines = (PROJECT / "requirements.txt").read_text().splitlines()
    needed = {re.split(r"[\[<>=~]", line)[0].lower() for line in lines if line and not line.startswith("#")}
    assert needed <= requirements, needed - requirements


def test_both_packages_have_addresses_and_the_pythons_that_are_tested() -> None:
    tested = read(PROJECT / ".github" / "workflows" / "tests.yml")["jobs"]
    for project, job in ((SERVER, "tests"), (SDK, "sdk")):
        assert {"Homepage", "Documentation", "Changelog", "Issues"} <= set(project["urls"])
        classified = {
            line.rpartition(" ")[2] for line in project["classifiers"] if re.search(r":: 3\.\d+$", line)
        }
        assert classified <= set(tested[job]["strategy"]["matrix"]["python"])
