from __future__ import annotations

from pathlib import Path
from typing import Any

from tests.answers import read
from tests.server.runs.conftest import Listing

LIVE = {
    "20260105_090000_a1b2c3",
    "20260105_100000_b2c3d4",
    "20260106_110000_c3d4e5",
    "20260107_120000_d4e5f6",
    "20260108_130000_e5f6a7",
    "20260109_140000_f6a7b8",
    "20260110_150000_0a1b2c",
    "20260111_160000_1b2c3d",
    "20260112_170000_2c3d4e",
    "20260114_190000_4e5f6a",
    "20260115_200000_5f6a7b",
    "20261124_134936_f52851",
    "my-custom-run",
}


def test_every_run_is_found(fixture_store: Path, list_runs: Listing) -> None:
    assert {item["id"] for item in list_runs()} == LIVE


def test_the_deleted_run_is_in_the_recycle_bin(fixture_store: Path, look: Any, api: Any) -> None:
    look()
    (deleted,) = read(api.get("/api/recycle-bin"))["deleted_runs"]
    assert deleted == {
        "id": "20260113_180000_3d4e5f",
        "project": "nlp",
        "name": "gpt_tiny",
        "created_time": 1795528176.2418365,
        "deleted_at": 1795528176.3442006,
        "delete_reason": "user_deleted",
        "original_status": "finished",
        "run_dir": str(fixture_store / "nlp/gpt_tiny/runs/20260113_180000_3d4e5f"),
    }


def test_a_run_has_all_its_fields(fixture_store: Path, api: Any) -> None:
    run = read(api.get("/api/runs/20260110_150000_0a1b2c"))
    folder = fixture_store / "nlp/bert_finetune/runs/20260110_150000_0a1b2c"
    assert run | {"updated_at": 0} == {
        "id": "20260110_150000_0a1b2c",
        "run_dir": str(folder),
        "created_time": 1795528175.2623177,
        "created_at": 1795528175.2623177,
        "updated_at": 0,
        "started_at": 1795528175.2625368,
        "ended_at": 1795528175.9419715,
        "duration_seconds": 1795528175.9419715 - 1795528175.2625368,
        "status": "finished",
        "state": "finished",
        "state_reason": None,
        "evidence": {},
        "exit_reason": None,
        "pid": 26835,
        "hostname": "trainer-01",
        "heartbeat_at": None,
        "owner": None,
        "records_written": None,
        "records_missing": None,
        "display_name": None,
        "color": None,
        "project": "nlp",
        "name": "bert_finetune",
        "group": "",
        "tags": [],
        "description": "",
        "pinned": False,
        "archived": False,
        "best_metric_name": "loss",
        "best_metric_value": 0.25,
        "best_metric_step": 7,
        "best_metric_mode": "min",
        "last_step": None,
        "summary": {
            "bleu": 31.4,
            "best_checkpoint": "step_7",
            "lr_schedule": [0.1, 0.01],
            "done": None,
            "best_metric_value": 0.25,
            "best_metric_name": "loss",
            "best_metric_step": 7,
            "best_metric_mode": "min",
        },
        "config": {},
        "environment_available": True,
        "artifacts_created_count": 2,
        "artifacts_used_count": 0,
        "logs": str(folder / "logs.txt"),
        "metrics": str(folder / "events.jsonl"),
        "metrics_step": str(folder / "events.jsonl"),
        "warnings": [],
    }


def test_a_run_with_a_custom_id_is_served(fixture_store: Path, api: Any) -> None:
    assert read(api.get("/api/runs/my-custom-run"))["project"] == "speech-asr"


def test_names_in_any_script_are_read(fixture_store: Path, look: Any, api: Any) -> None:
    look()
    assert read(api.get("/api/projects/speech-asr/names")) == {"names": ["conformer", "whisper 小型"]}
    runs = read(api.get("/api/projects/speech-asr/names/whisper 小型/runs"))
    assert [run["id"] for run in runs] == ["20260115_200000_5f6a7b"]


def test_the_environment_is_returned(fixture_store: Path, api: Any) -> None:
    answer = read(api.get("/api/environment/20260110_150000_0a1b2c"))
    assert answer["available"] is True
    assert answer["environment"]["env_variables"] == {"CUDA_VISIBLE_DEVICES": "0"}
    assert read(api.get("/api/environment/20260105_100000_b2c3d4")) == {"available": False}


def test_the_artifacts_of_a_run_are_returned(fixture_store: Path, api: Any) -> None:
    answer = read(api.get("/api/runs/20260105_100000_b2c3d4/artifacts"))
    assert [(entry["name"], entry["version"]) for entry in answer["used"]] == [
        ("cifar10-mini", 1),
        ("train-config", 1),
    ]
    assert answer["created"] == [
        {
            "name": "resnet50-model",
            "type": "model",
            "version": 1,
            "size_bytes": 4122,
            "created_at": 1795528174.4557464,
            "description": "ResNet50 baseline",
            "aliases": ["baseline"],
            "lifecycle_stage": "experimental",
        }
    ]


def test_the_store_is_left_unchanged(fixture_store: Path, look: Any, api: Any) -> None:
    def state() -> dict[Path, tuple[int, int]]:
        stats = ((path, path.lstat()) for path in fixture_store.rglob("*"))
        return {path: (stat.st_mtime_ns, stat.st_size) for path, stat in stats}

    before = state()
    look()
    read(api.get("/api/runs"))
    read(api.get("/api/runs/20260110_150000_0a1b2c"))
    assert state() == before
