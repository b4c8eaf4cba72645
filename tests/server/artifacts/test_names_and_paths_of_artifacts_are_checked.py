"""Invalid names, types, aliases and paths are refused with one sentence before anything is written."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import runicorn as rn
from runicorn.artifacts import names
from runicorn.artifacts.errors import InvalidArtifact

Write = Callable[..., Path]
DIGEST = "sha256:" + "0" * 64
BAD_NAMES = [
    "",
    ".hidden",
    "..",
    "a/b",
    "a\\b",
    "C:",
    "a*",
    'a"',
    "a\x00b",
    "a\nb",
    " a",
    "a ",
    "n" * 129,
    "CON",
    "aux.pt",
]
BAD_PATHS = [
    "",
    "/etc/passwd",
    "../up",
    "a/../b",
    "a//b",
    "./a",
    "C:/x",
    "a\\b",
    "a\x00",
    "a\n",
    "p" * 300,
    "a/" * 600 + "a",
]


@pytest.mark.parametrize("name", [*BAD_NAMES, 5, None])
def test_an_invalid_name_is_refused(name: Any) -> None:
    with pytest.raises(
        ValueError, match=r"^(Invalid artifact name|Artifact name must be a non-empty string)"
    ) as caught:
        rn.Artifact(name)
    assert "\n" not in str(caught.value) and len(str(caught.value)) < 400


@pytest.mark.parametrize("name", ["a", "eval report", "模型-v2", "n" * 128, "a.b", "a[1]", "v3"])
def test_a_valid_name_is_accepted(name: str) -> None:
    assert rn.Artifact(name).name == name


@pytest.mark.parametrize("kind", ["../x", "", "Model", "models", None, 3])
def test_an_invalid_type_is_refused(kind: Any) -> None:
    with pytest.raises(InvalidArtifact, match="it must be one of model, dataset, config, code, custom"):
        rn.Artifact("a", kind)


@pytest.mark.parametrize("path", BAD_PATHS)
def test_a_path_outside_the_version_is_refused(run: rn.Run, write: Write, folder: Path, path: str) -> None:
    with pytest.raises(InvalidArtifact):
        rn.Artifact("a").add_file(write("x"), name=path)
    run.log_artifact(rn.Artifact("a").add_file(write("x"), name="x"))
    with pytest.raises(InvalidArtifact):
        run.use_artifact("a:latest").get_file_path(path)


def test_paths_must_differ_in_more_than_case(write: Write) -> None:
    draft = rn.Artifact("a").add_file(write("x"), name="Readme")
    for other in ("readme", "README"):
        with pytest.raises(InvalidArtifact):
            draft.add_file(write("y"), name=other)
    with pytest.raises(InvalidArtifact, match="cannot be a file and the folder"):
        draft.add_file(write("y"), name="readme/inside")


def test_the_same_file_once_more_is_no_second_one(write: Write, run: rn.Run) -> None:
    best = write("model/best.pt")
    artifact = rn.Artifact("a").add_file(best).add_dir(best.parent)
    run.log_artifact(artifact)
    assert artifact.get_file_path("best.pt").read_bytes() == best.read_bytes()


def test_a_file_is_no_folder_of_others() -> None:
    names.check_paths(["a", "a-b", "a.b/c", "b/a", "aa"])
    for paths in (["a", "a-b", "a!", "A/b"], ["x/y/z", "x/y-1", "x/y"], ["a/b/c/d", "a"]):
        with pytest.raises(InvalidArtifact, match="cannot be a file and the folder"):
            names.check_paths(paths)


@pytest.mark.parametrize("path", ["aux.pt", "sets/CON/1.png", "lpt1"])
def test_names_of_devices_are_no_files(run: rn.Run, write: Write, path: str) -> None:
    with pytest.raises(InvalidArtifact, match="is the name of a device on some systems"):
        rn.Artifact("a").add_file(write("x"), name=path)
    with pytest.raises(InvalidArtifact, match="is the name of a device on some systems"):
        rn.Artifact("a").add_dir(write(f"folder/{path}").parents[path.count("/")])
    assert rn.Artifact("a").add_file(write("x"), name="auxiliary/console.txt")


@pytest.mark.django_db
def test_the_api_refuses_the_same_names(api: Any, store: Path, subtests: pytest.Subtests) -> None:
    for name in [name for name in BAD_NAMES if name]:
        with subtests.test(name=name):
            declaration = {
                "name": name,
                "type": "model",
                "files": [{"path": "x", "size": 1, "digest": DIGEST}],
            }
            answer = api.post("/api/artifacts/uploads", declaration, format="json")
            assert answer.status_code == 400 and list(answer.json()["errors"]) == ["name"]
            assert not (store / "artifacts").exists()


@pytest.mark.django_db
def test_the_api_refuses_the_same_paths(api: Any, store: Path, subtests: pytest.Subtests) -> None:
    for path in [*BAD_PATHS, "aux.pt", "C:\\x", "\\\\host\\share"]:
        with subtests.test(path=path):
            files = [{"path": path, "size": 1, "digest": DIGEST}]
            answer = api.post(
                "/api/artifacts/uploads", {"name": "a", "type": "model", "files": files}, format="json"
            )
            assert answer.status_code == 400 and list(answer.json()["errors"]) == ["files"]
            assert not (store / "artifacts").exists()


@pytest.mark.django_db
def test_the_api_refuses_paths_that_differ_only_in_case(api: Any, store: Path) -> None:
    files = [{"path": path, "size": 1, "digest": DIGEST} for path in ("a/Readme", "a/readme")]
    answer = api.post("/api/artifacts/uploads", {"name": "a", "type": "model", "files": files}, format="json")
    assert answer.status_code == 400 and "differ only in case" in answer.json()["detail"]


def test_names_must_differ_in_more_than_case(run: rn.Run, write: Write) -> None:
    run.log_artifact(rn.Artifact("ResNet").add_file(write("x")))
    with pytest.raises(InvalidArtifact, match="'ResNet' exists already"):
        run.log_artifact(rn.Artifact("resnet").add_file(write("x")))
    assert run.log_artifact(rn.Artifact("ResNet").add_file(write("x"))) == 2


@pytest.mark.parametrize("alias", ["latest", "3", "v3", "", "a b", "a/b", "a" * 65, "ä"])
def test_an_invalid_alias_is_refused(alias: str) -> None:
    with pytest.raises(InvalidArtifact):
        names.check_alias(alias)


@pytest.mark.parametrize("alias", ["prod", "v3-final", "best.acc", "validated", "_"])
def test_a_valid_alias_is_accepted(alias: str) -> None:
    assert names.check_alias(alias) == alias


@pytest.mark.parametrize("uri", ["no-scheme", "", "://x", "s3:"])
def test_a_reference_is_a_uri(uri: str) -> None:
    with pytest.raises(InvalidArtifact, match="must be a URI"):
        rn.Artifact("a").add_reference(uri)
    with pytest.raises(InvalidArtifact, match="number of bytes"):
        rn.Artifact("a").add_reference("s3://b/k", size=-1)


def test_a_reference_may_be_an_absolute_path() -> None:
    (reference,) = rn.Artifact("a").add_reference("/mnt/a b").get_references()
    assert reference.uri == "file:///mnt/a%20b"


def test_metadata_that_is_no_json_keeps_nothing(run: rn.Run, write: Write, folder: Path) -> None:
    with pytest.raises(InvalidArtifact, match="cannot be written as JSON"):
        run.log_artifact(rn.Artifact("a", metadata={"x": object()}).add_file(write("x")))
    assert not (folder / "artifacts" / "model" / "a").exists()
    assert run.log_artifact(rn.Artifact("a").add_file(write("x"))) == 1


def test_missing_files_are_refused(write: Write, tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="File not found"):
        rn.Artifact("a").add_file(tmp_path / "none")
    with pytest.raises(ValueError, match="use add_dir"):
        rn.Artifact("a").add_file(tmp_path)
    with pytest.raises(FileNotFoundError, match="Directory not found"):
        rn.Artifact("a").add_dir(tmp_path / "none")
    with pytest.raises(ValueError, match="Not a directory"):
        rn.Artifact("a").add_dir(write("x"))
