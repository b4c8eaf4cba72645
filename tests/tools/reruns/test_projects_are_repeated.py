"""Projects as people have them are run, removed, and run again from what their runs recorded."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from benchmarks.support.reruns import projects
from benchmarks.support.reruns.projects import Project
from benchmarks.support.reruns.repeat import repeat

LIBRARIES = {"Lightning": "lightning", "Transformers": "transformers", "Hydra": "hydra"}
CHEAP = [
    projects.dirty(1),
    projects.renamed(1),
    projects.submodule(1),
    projects.package(1),
    projects.token(1),
    projects.hydra(1),
    projects.config_file(1),
    projects.windows(1),
    projects.outputs(1),
    projects.artifact(1),
    projects.notebook(1),
    projects.other_gpu(1),
    projects.missing_data(1),
]
EXPENSIVE = [
    projects.lightning_callback(1),
    projects.transformers_trainer(1),
    projects.environment("uv")(1),
    projects.environment("venv")(1),
    projects.missing_package(1),
]


def check(project: Project, place: Path, *, is_repository: bool) -> None:
    if library := LIBRARIES.get(project.name):
        pytest.importorskip(library)
    result, output = repeat(project, place, is_repository)
    assert result == ("reproduced" if project.is_reproduced else "said"), output


@pytest.mark.parametrize("project", CHEAP, ids=[project.name for project in CHEAP])
def test_a_project_is_repeated_on_a_clean_folder(project: Project, tmp_path: Path) -> None:
    check(project, tmp_path, is_repository=project.name != "Hydra")


@pytest.mark.torture
@pytest.mark.parametrize("project", EXPENSIVE, ids=[project.name for project in EXPENSIVE])
def test_frameworks_and_environments_are_repeated(project: Project, tmp_path: Path) -> None:
    if project.environment == "uv" and shutil.which("uv") is None:
        pytest.skip("uv is not installed")
    check(project, tmp_path, is_repository=False)
