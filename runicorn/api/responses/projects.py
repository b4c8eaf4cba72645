"""Responses about projects."""

from __future__ import annotations

from typing import Annotated, TypedDict


class Project(TypedDict):
    """A project and the number of its experiments and runs."""

    name: str
    experiment_count: int
    run_count: int
    latest_update: Annotated[float, "Unix seconds."]


class Projects(TypedDict):
    """The projects by name."""

    projects: list[str]
    details: list[Project]


class ExperimentNames(TypedDict):
    """The experiments of a project by name."""

    names: list[str]
