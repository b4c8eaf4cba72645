"""Names and behaviour that scripts written for Runicorn 0.5 rely on."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
import requests

import runicorn as rn
import runicorn.api as api
from runicorn.api import exceptions
from runicorn.artifacts import create_artifact_storage
from runicorn.config import (
    get_rate_limit_config,
    get_user_root_dir,
    load_user_config,
    set_user_root_dir,
)


@pytest.fixture
def logged(folder: Path, home: Path, tmp_path: Path) -> Callable[[rn.Artifact], rn.Artifact]:
    def log(artifact: rn.Artifact) -> rn.Artifact:
        with rn.init("p", "n", storage=folder, capture_env=False, system_metrics=False) as run:
            run.log_artifact(artifact)
        return artifact

    return log


def test_a_manifest_counts_files_and_references(
    logged: Callable[[rn.Artifact], rn.Artifact], tmp_path: Path
) -> None:
    (tmp_path / "a.txt").write_text("a")
    artifact = rn.Artifact("m").add_file(tmp_path / "a.txt").add_reference("s3://bucket/key")
    manifest = logged(artifact).get_manifest()
    assert manifest is not None and (manifest.total_files, manifest.total_references) == (1, 1)


def test_artifacts_of_a_store_are_listed_and_loaded(
    logged: Callable[[rn.Artifact], rn.Artifact], folder: Path, tmp_path: Path
) -> None:
    (tmp_path / "a.txt").write_text("abc")
    for _ in range(2):
        logged(rn.Artifact("m").add_file(tmp_path / "a.txt"))
    storage = create_artifact_storage(folder)
    assert [item["name"] for item in storage.list_artifacts()] == ["m"] and storage.list_artifacts(
        "dataset"
    ) == []
    assert [item["version"] for item in storage.list_versions("m", "model")] == [1, 2]
    metadata, manifest = storage.load_artifact("m", "model", version=1)
    assert metadata.version == 1 and manifest.total_files == 1
    assert storage.load_artifact("m")[0].version == 2
    assert storage.get_storage_stats()["total_versions"] == 2
    with pytest.raises(ValueError, match="Cannot specify both version and alias"):
        storage.load_artifact("m", "model", version=1, alias="latest")


def test_a_second_file_of_one_name_replaces_the_first_with_a_warning(
    logged: Callable[[rn.Artifact], rn.Artifact], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for part in ("a", "b"):
        (tmp_path / part).mkdir()
        (tmp_path / part / "w.txt").write_text(part)
    artifact = rn.Artifact("m").add_file(tmp_path / "a" / "w.txt").add_file(tmp_path / "b" / "w.txt")
    assert "a second file for 'w.txt'" in capsys.readouterr().err
    assert logged(artifact).get_file_path("w.txt").read_text() == "b"


def test_the_user_configuration_is_read_and_set(home: Path, tmp_path: Path) -> None:
    assert get_user_root_dir() is None and get_rate_limit_config()["default"]["max_requests"] == 60
    assert set_user_root_dir(str(tmp_path / "store")) == tmp_path / "store" == get_user_root_dir()
    assert load_user_config() == {"user_root_dir": str(tmp_path / "store")}
    limits = {"default": {"max_requests": 7, "window_seconds": 1}, "endpoints": {}}
    (home / "config" / "rate_limits.json").write_text(json.dumps(limits))
    assert get_rate_limit_config() == limits


def test_a_client_has_its_session_and_the_errors_their_module() -> None:
    assert (
        exceptions.NotFoundError is api.NotFoundError and exceptions.RunicornAPIError is api.RunicornAPIError
    )
    with api.RunicornClient("http://127.0.0.1:1") as client:
        assert isinstance(client.session, requests.Session) and client.session is client.session
