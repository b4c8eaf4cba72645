"""Scripts written for MLflow, unchanged, and what they leave in the store."""

from __future__ import annotations

import json
from pathlib import Path

from tests.compat.conftest import Launch
from tests.records import records


def test_a_training_script_is_recorded(launch: Launch, folder: Path, tmp_path: Path) -> None:
    (tmp_path / "model").mkdir()
    (tmp_path / "model" / "weights.bin").write_bytes(b"weights")
    done = launch(
        """
        import numpy as np, matplotlib.pyplot as plt, mlflow
        from mlflow.utils.validation import MAX_PARAM_VAL_LENGTH
        from mlflow.exceptions import MlflowException
        mlflow.set_tracking_uri("http://elsewhere")
        assert mlflow.is_tracking_uri_set()
        assert mlflow.set_experiment("team/vision").experiment_id == "team/vision"
        mlflow.autolog(); mlflow.autolog()
        with mlflow.start_run(run_name="parent", tags={"owner": "me"}, description="first") as parent:
            assert mlflow.active_run() is parent and len(parent.info.run_id) > 8
            mlflow.log_param("lr", 0.1)
            mlflow.log_params({"optim": {"name": "adam"}, "layers": 3})
            for n in range(3):
                mlflow.log_metric("loss", 1 / (n + 1), step=10 * n, timestamp=1700000000000 + 1000 * n)
                mlflow.log_metrics({"uncounted": n, "step": n})
            mlflow.set_tag("stage", "dev")
            mlflow.log_artifact("model/weights.bin", "weights")
            mlflow.log_artifacts("model", artifact_path="all")
            mlflow.log_dict({"a": 1}, "conf/a.json")
            mlflow.log_text("hello", "note.txt")
            mlflow.log_figure(plt.figure(), "plots/figure.png")
            mlflow.log_image(np.zeros((4, 4, 3), np.uint8), key="picture", step=2)
            mlflow.log_table({"q": ["x"], "a": [1]}, "answers.json")
            mlflow.log_table({"q": ["y"], "a": [2]}, "answers.json")
            try:
                mlflow.start_run()
            except MlflowException:
                pass
            else:
                raise AssertionError
            with mlflow.start_run(run_name="child", nested=True) as child:
                mlflow.log_metric("loss", 0.5)
                assert mlflow.get_parent_run(child.info.run_id) is parent
            assert mlflow.active_run() is parent
            assert parent.data.metrics["uncounted"] == 2 and parent.data.params["lr"] == "0.1"
        assert mlflow.active_run() is None and mlflow.last_active_run() is parent
        mlflow.log_metric("implicit", 1)
        mlflow.end_run("FAILED")
        assert not mlflow.sklearn.log_model(object(), "model")
        """,
        MPLBACKEND="agg",
    )
    assert done.returncode == 0, done.stderr
    parent, child, third = records(folder)
    assert [parent.meta[key] for key in ("project", "name", "notes")] == ["team-vision", "parent", "first"]
    assert parent.meta["tags"] == ["owner=me", "stage=dev"]
    assert parent.meta["group"] == child.meta["group"] == parent.meta["id"]
    assert parent.config == {"lr": 0.1, "optim.name": "adam", "layers": 3}
    assert parent.curve("loss") == [(0, 1.0), (10, 0.5), (20, 1 / 3)]
    assert next(event["time"] for event in parent.events("metrics") if "loss" in event) == 1700000000
    assert parent.curve("uncounted") == parent.curve("mlflow/step") == [(0, 0), (1, 1), (2, 2)]
    assert [(event["key"], event["step"]) for event in parent.events("image")] == [
        ("figure", None),
        ("picture", 2),
    ]
    table = json.loads((parent.path / parent.events("table")[-1]["path"]).read_text())
    assert table["rows"] == [["x", 1], ["y", 2]]
    (version,) = (folder / "artifacts" / "custom").glob("parent-*/v1")
    assert {file["path"] for file in json.loads((version / "manifest.json").read_text())["files"]} == {
        *("weights/weights.bin", "all/weights.bin", "conf/a.json", "note.txt", "plots/figure.png"),
        "answers.json",
    }
    assert child.curve("loss") == [(0, 0.5)] and child.status["status"] == "finished"
    assert third.status["status"] == "failed"
    assert done.stderr.count("mlflow.autolog") == 1
    assert "mlflow.sklearn.log_model is not supported" in done.stderr


def test_an_exception_fails_the_run_and_keeps_its_files(launch: Launch, folder: Path) -> None:
    done = launch(
        """
        import mlflow
        mlflow.start_run(run_name="one")
        mlflow.log_text("hello", "note.txt")
        raise RuntimeError("lost")
        """
    )
    assert done.returncode == 1
    (run,) = records(folder)
    assert (run.status["status"], run.status["exit_reason"]) == ("failed", "RuntimeError: lost")
    assert list((folder / "artifacts" / "custom").glob("one-*/v1/files/note.txt"))
