"""Scripts written for runicorn 0.6 and 0.7: a path instead of project and name, and the methods that these versions have."""

from __future__ import annotations

import importlib
import json
import logging
import zipfile
from pathlib import Path

import pytest

import runicorn as rn
from runicorn import config
from runicorn.settings import user
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
    versions = json.loads((run.run_dir / layout.ARTIFACTS_CREATED).read_text())["artifacts"]
    assert [(entry["type"], entry["name"], entry["version"]) for entry in versions] == [
        ("dataset", "digits", 1)
    ]


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


def test_rnconfig_of_the_workspace_overrides_that_of_the_user(home: Path, tmp_path: Path) -> None:
    configuration = user.config_directory()
    (configuration / "rnconfig.toml").write_text('a = 1\n[snapshot]\nignore = "x"\nkeep = true\n')
    (tmp_path / "rnconfig.toml").write_text('[snapshot]\nignore = "y"\n')
    expected = {"a": 1, "snapshot": {"ignore": "y", "keep": True}}
    assert rn.get_effective_rnconfig(tmp_path) == expected
    assert importlib.import_module("runicorn.rnconfig").get_effective_rnconfig(str(tmp_path)) == expected


def test_values_of_the_registry_are_found_by_their_key(home: Path) -> None:
    registry = user.config_directory() / "registry" / "paths"
    registry.mkdir(parents=True)
    (registry / "data.toml").write_text('value = "/d"\n[raw]\nroot = "/r"\n')
    assert rn.get_config("paths/data") == "/d" and rn.get_config("paths/data/raw/root") == "/r"
    assert importlib.import_module("runicorn.registry").get_config("paths/data") == "/d"
    for key in ("paths/none", "paths/data/raw/none"):
        with pytest.raises(KeyError, match="no value"):
            rn.get_config(key)
    for key in ("", "../paths"):
        with pytest.raises(ValueError, match="invalid key"):
            rn.get_config(key)


def test_a_workspace_is_copied_into_a_zip_file(tmp_path: Path) -> None:
    (tmp_path / "code" / "net").mkdir(parents=True)
    (tmp_path / "code" / "net" / "train.py").write_text("x = 1")
    about = rn.snapshot_workspace(tmp_path / "code", tmp_path / "out" / "code.zip", max_files=10)
    assert about["file_count"] == 1 and about["total_bytes"] == 5 and about["format"] == "zip"
    with zipfile.ZipFile(tmp_path / "out" / "code.zip") as archive:
        assert archive.read("net/train.py") == b"x = 1"


def test_a_run_has_its_alias_and_rate_limits_are_saved(folder: Path, home: Path) -> None:
    assert rn.init(path="a/b", alias="best", storage=folder, capture_env=False).alias == "best"
    assert rn.init(storage=folder, capture_env=False).alias is None
    config.save_rate_limit_config({"default": {"max_requests": 7}})
    assert config.get_rate_limit_config() == {"default": {"max_requests": 7}}


def test_the_manager_of_experiments_works_on_the_runs_of_the_store(folder: Path, home: Path) -> None:
    runs = [rn.init("p", f"n{number}", storage=folder, tags=["a"], capture_env=False) for number in range(3)]
    for run in runs[:2]:
        run.finish()
    ids = [run.id for run in runs]
    manager = rn.ExperimentManager(folder)
    assert manager.tag_experiment(ids[0], ["b", "a"]) and not manager.tag_experiment("none", ["x"])
    assert manager.add_experiment(ids[1], "p", "n1", description="the best").tags == ["a"]
    assert manager.pin_experiment(ids[1]) and manager.archive_experiment(ids[2])
    assert [match.id for match in manager.search_experiments("p", tags=["a", "b"])] == [ids[0]]
    assert [match.id for match in manager.search_experiments(text="BEST", pinned=True)] == [ids[1]]
    assert {match.id for match in manager.search_experiments(archived=True)} == set(ids)
    stats = manager.get_experiment_stats()
    assert (stats["total"], stats["active"], stats["projects"], stats["tags"]) == (3, 2, {"p": 3}, ["a", "b"])
    assert manager.cleanup_old_experiments(days=-1) == [ids[0]] and set(manager.metadata) == set(ids)
    assert manager.delete_experiments([*ids, "none"]) == {
        ids[0]: True,
        ids[1]: False,
        ids[2]: False,
        "none": False,
    }
    assert manager.delete_experiments([ids[1]], force=True) == {ids[1]: True}
    assert (runs[0].run_dir / ".deleted").exists() and list(manager.metadata) == [ids[2]]
