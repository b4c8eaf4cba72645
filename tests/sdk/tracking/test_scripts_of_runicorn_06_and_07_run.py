"""Scripts written for runicorn 0.6 and 0.7: a path instead of project and name, and the methods that these versions have."""

from __future__ import annotations

import json
import logging
from pathlib import Path

import pytest

import runicorn as rn
from runicorn.store import find, layout


def meta_of(run: rn.Run) -> dict[str, object]:
    about: dict[str, object] = json.loads((run.run_dir / "meta.json").read_text())
    return about


@pytest.mark.parametrize(
    ("path", "folder", "project", "name"),
    [
        ("cv/detection/yolo", "runs/cv/detection/yolo", "cv", "detection/yolo"),
        ("nlp", "runs/nlp", "nlp", "default"),
        ("/a/b/", "runs/a/b", "a", "b"),
        ("a\\b", "runs/a/b", "a", "b"),
        ("/", "runs", "default", "default"),
    ],
)
def test_a_path_says_where_a_run_is_stored(
    folder: str, path: str, project: str, name: str, tmp_path: Path, home: Path
) -> None:
    root = tmp_path / "store"
    with rn.init(path=path, storage=root, alias="best") as run:
        run.log({"loss": 0.5}, step=0)
        assert (run.project, run.name) == (project, name)
    assert run.run_dir == root / folder / run.id and list(find.all_runs(root)) == [f"{folder}/{run.id}"]
    about = meta_of(run)
    assert (about["path"], about["alias"]) == (path.replace("\\", "/").strip("/"), "best")
    assert (about["project"], about["name"]) == (project, name)


@pytest.mark.parametrize("path", ["a//b", "../up", "a/../b", ".hidden/x", "x" * 201, 5])
def test_a_path_that_is_none_is_refused(path: object, tmp_path: Path, home: Path) -> None:
    with pytest.raises(rn.InvalidName):
        rn.init(path=path, storage=tmp_path / "store")  # type: ignore[arg-type]
    assert not (tmp_path / "store").exists()


def test_a_path_beside_a_project_is_refused(tmp_path: Path, home: Path) -> None:
    with pytest.raises(ValueError, match="path"):
        rn.init("vision", path="a/b", storage=tmp_path / "store")


def test_a_run_of_a_path_is_resumed_by_its_id(tmp_path: Path, home: Path) -> None:
    root, run_id = tmp_path / "store", "20260105_090000_a1b2c3"
    with rn.init(path="a/b/c", storage=root, run_id=run_id) as run:
        run.log(loss=1.0)
    with rn.init(storage=root, run_id=run_id, resume=True) as again:
        again.log(loss=0.5)
    assert again.run_dir == run.run_dir and len((run.run_dir / "events.jsonl").read_text().splitlines()) == 2
    with pytest.raises(rn.RunExists):
        rn.init("other", storage=root, run_id=run_id)


def test_settings_data_and_models_are_kept(tmp_path: Path, home: Path) -> None:
    data = tmp_path / "train.csv"
    data.write_text("a,b\n1,2\n")
    with rn.init(path="a/b", storage=tmp_path / "store", snapshot_code=False, tqdm_mode="smart") as run:
        run.log_config(
            args={"lr": 0.1, "optim": {"name": "sgd"}}, extra={"note": "x"}, config_files=["c.yaml"]
        )
        run.log_dataset("digits", data, context="train", save=True, description="two rows")
        run.log_pretrained("resnet18", path_or_uri="torchvision://resnet18", source_type="torchvision")
        logger = logging.getLogger("of-a-script")
        logger.addHandler(handler := run.get_logging_handler())
        logger.warning("through the handler")
        logger.removeHandler(handler)
    config = json.loads((run.run_dir / "config.json").read_text())
    assert config == {
        "lr": 0.1,
        "optim.name": "sgd",
        "note": "x",
        "config_files": ["c.yaml"],
        "datasets.digits": str(data),
        "pretrained.resnet18": "torchvision://resnet18",
    }
    assert "through the handler" in (run.run_dir / "logs.txt").read_text()
    made = json.loads((run.run_dir / layout.ARTIFACTS_CREATED).read_text())["artifacts"]
    assert [(entry["type"], entry["name"], entry["version"]) for entry in made] == [("dataset", "digits", 1)]


def test_code_is_copied_on_request(tmp_path: Path, home: Path) -> None:
    (tmp_path / "work").mkdir()
    (tmp_path / "work" / "train.py").write_text("print(1)\n")
    with rn.init(
        path="a", storage=tmp_path / "store", snapshot_code=True, workspace_root=tmp_path / "work"
    ) as run:
        run.log(loss=1.0)
    assert (run.run_dir / "code_snapshot" / "train.py").read_text() == "print(1)\n"


def test_tracking_is_switched_off_and_on(tmp_path: Path, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    root = tmp_path / "store"
    with rn.enabled(False):
        assert not rn.is_enabled()
        with rn.init(path="a/b", storage=root) as run:
            run.log(loss=1.0)
            run.log_config(args={"lr": 1})
            run.log_dataset("d", tmp_path, save=True)
    assert rn.is_enabled() and not root.exists()
    rn.set_enabled(False)
    assert not rn.is_enabled()
    rn.reset_enabled()
    monkeypatch.setenv("RUNICORN_ON", "off")
    assert not rn.is_enabled()


def test_an_argument_that_no_version_has_is_refused(tmp_path: Path, home: Path) -> None:
    with pytest.raises(TypeError, match="'projekt'"):
        rn.init(projekt="a", storage=tmp_path / "store")  # type: ignore[call-arg]
    assert not (tmp_path / "store").exists()


def test_sources_that_cannot_be_copied_stop_no_training(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    missing = tmp_path / "missing"
    with rn.init(path="a", storage=tmp_path / "store", snapshot_code=True, workspace_root=missing) as run:
        run.log({"loss": 0.5})
    assert "code_snapshot" in capfd.readouterr().err
    assert run.run_dir.joinpath("events.jsonl").read_text().count("loss") == 1
