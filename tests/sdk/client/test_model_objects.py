"""The objects of `runicorn.api.models`, created from responses of a viewer."""

from __future__ import annotations

from datetime import datetime

import pytest

import runicorn.api as api
from tests.sdk.client.conftest import BEGIN, IDS


def test_a_run_has_its_fields_and_metrics(client: api.RunicornClient) -> None:
    for recorder in (client.get_run(IDS[4]), client.list_experiments(limit=1)[0]):
        run = api.Experiment.from_dict(recorder)
        assert (run.id, run.project, run.name, run.status) == (IDS[4], "vision", "net1", "finished")
        assert run.created_datetime == datetime.fromtimestamp(BEGIN + 4) and "all" in run.tags
    assert api.Experiment.from_dict(client.get_run(IDS[4])).summary["note"] == "good"
    metrics = client.get_metrics(IDS[0])["metrics"]
    loss = api.MetricSeries.from_dict("loss", metrics["loss"])
    assert loss.steps == list(range(1, 11)) and loss.points[1].timestamp == BEGIN + 2
    assert (loss.max_value(), loss.min_value(), loss.last_value()) == (1.0, 0.1, 0.1)
    empty = api.MetricSeries("loss")
    assert (empty.max_value(), empty.min_value(), empty.last_value()) == (None, None, None)
    points = [{"step": step, "value": value} for step, value in enumerate(("skipped", 0.5, None, 2))]
    mixed = api.MetricSeries.from_dict("mixed", points)
    assert (mixed.max_value(), mixed.min_value()) == (2, 0.5)


def test_a_project_has_its_counts(client: api.RunicornClient) -> None:
    projects = [api.Project.from_dict(project) for project in client.list_projects()]
    assert [(project.name, project.experiment_count) for project in projects] == [("nlp", 2), ("vision", 3)]


def test_missing_fields_have_defaults_and_unknown_fields_are_ignored() -> None:
    version = api.Artifact.from_dict({"name": "m", "version": 3, "size_bytes": 1048576, "later": 1})
    assert (version.id, version.size_mb, version.type, version.metadata) == ("m:v3", 1.0, "custom", {})
    assert api.Experiment.from_dict({"id": "x", "status": None}).status == "unknown"
    with pytest.raises(KeyError):
        api.Experiment.from_dict({})


def test_a_remote_viewer_session_has_its_fields() -> None:
    recorder = {
        "session_id": "9f2c11d8",
        "host": "gpu",
        "local_port": 8081,
        "started_at": 1500,
        "status": "running",
    }
    session = api.RemoteSession.from_dict(recorder)
    assert (session.remote_host, session.created_at) == ("gpu", 1.5)
    assert session.local_url == "http://localhost:8081"
