"""`trackio.Api`: stored runs."""

from __future__ import annotations

from runicorn.compat.trackio.artifact import Artifact
from runicorn.compat.wandb import public_api, public_run


class PublicRun(public_run.PublicRun):
    """A stored run."""

    _foreign_name = "trackio.api.Run"
    _artifact_type = Artifact


class Project(public_api.Project):
    """A project."""

    _foreign_name = "trackio.api.Project"


class Api(public_api.Api):
    """Read access to runs and artifacts."""

    _foreign_name = "trackio.Api"
    _artifact_type = Artifact
    _run_type = PublicRun
    _project_type = Project
