from __future__ import annotations

from pathlib import Path

import pytest

import runicorn as rn
import runicorn.api as api
from tests.processes import Viewer
from tests.sdk.client.conftest import IDS


def test_a_logged_artifact_is_found_and_fetched(
    client: api.RunicornClient, store_viewer: Viewer, tmp_path: Path
) -> None:
    (tmp_path / "weights.bin").write_bytes(b"\0" * 1000)
    # A store of its own: the runs of the others are counted.
    root = tmp_path / "store"
    with rn.init("p", "n", storage=str(root), capture_env=False, system_metrics=False) as run:
        for text in ("one", "two"):
            run.log_artifact(
                rn.Artifact("my model", description=text).add_file(str(tmp_path / "weights.bin"))
            )
    artifacts = client.artifacts
    try:
        client.update_config({"user_root_dir": str(root)})
        assert [(a["name"], a["latest_version"]) for a in artifacts.list_artifacts("model")] == [
            ("my model", 2)
        ]
        assert [version["version"] for version in artifacts.list_versions("my model")] == [2, 1]
        artifacts.set_alias("my model:v1", "best")
        assert artifacts.get_artifact("my model:best")["description"] == "one"
        assert artifacts.get_artifact("model/my model")["description"] == "two"
        folder = artifacts.download_artifact("my model:latest", tmp_path / "here")
        assert (folder / "weights.bin").read_bytes() == b"\0" * 1000
        versions = artifacts.list_experiment_artifacts(run.id)
        assert [(a["relation"], a["version"]) for a in versions] == [("created", 1), ("created", 2)]
        assert run.id in {node["node_id"] for node in artifacts.get_artifact_lineage("my model:v1")["nodes"]}
        artifacts.remove_alias("my model", "best")
        with pytest.raises(api.NotFoundError, match="no version with the alias best"):
            artifacts.get_artifact("my model:best")
        with pytest.raises(api.NotFoundError, match="Version not found: my model:v9"):
            artifacts.get_artifact("my model:v9")
    finally:
        client.update_config({"user_root_dir": str(store_viewer.root)})
    assert client.get_run(IDS[0])["id"] == IDS[0]
