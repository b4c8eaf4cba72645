"""Scripts written for MLflow, unchanged, and what they leave in the store."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.records import records
from tests.sdk.compat.conftest import Launch
from tests.sdk.integrations.libraries import needs_library


def test_a_training_script_is_recorded(launch: Launch, folder: Path, tmp_path: Path) -> None:
    (tmp_path / "model").mkdir()
    (tmp_path / "model" / "weights.bin").write_bytes(b"weights")
    process = launch(
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
        assert not mlflow.pytorch.log_model(object(), "model")
        """,
        MPLBACKEND="agg",
    )
    assert process.returncode == 0, process.stderr
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
    assert process.stderr.count("mlflow.autolog") == 1
    assert "mlflow.pytorch.log_model is not supported" in process.stderr


def test_an_exception_fails_the_run_and_keeps_its_files(launch: Launch, folder: Path) -> None:
    process = launch(
        """
        import mlflow
        mlflow.start_run(run_name="one")
        mlflow.log_text("hello", "note.txt")
        raise RuntimeError("lost")
        """
    )
    assert process.returncode == 1
    (run,) = records(folder)
    assert (run.status["status"], run.status["exit_reason"]) == ("failed", "RuntimeError: lost")
    assert list((folder / "artifacts" / "custom").glob("one-*/v1/files/note.txt"))


def test_the_client_logs_to_runs_by_their_ids(launch: Launch, folder: Path) -> None:
    process = launch(
        """
        import mlflow
        from mlflow.entities import Metric, Param, RunTag, ViewType
        from mlflow.tracking import MlflowClient
        from mlflow.tracking.context.registry import resolve_tags
        from mlflow.utils.mlflow_tags import MLFLOW_RUN_NAME
        assert MlflowClient is mlflow.MlflowClient is mlflow.client.MlflowClient
        client = MlflowClient(tracking_uri="file:./mlruns")
        experiment = client.get_experiment_by_name("vision").experiment_id
        run = client.create_run(experiment, tags=resolve_tags({MLFLOW_RUN_NAME: "one", "owner": "me"}))
        run_id = run.info.run_id
        assert mlflow.active_run() is None and run.info.run_name == "one"
        for n in range(3):
            client.log_metric(run_id, "loss", 1 / (n + 1), step=10 * n)
        client.log_batch(run_id, metrics=[Metric("acc", 0.5, 1700000000000, 7), Metric("f1", 0.25, 1700000000000, 7)],
                         params=[Param("lr", 0.1)], tags=[RunTag("stage", "dev")])
        client.log_text(run_id, "hello", "notes/a.txt")
        client.log_dict(run_id, {"a": 1}, "d.json")
        assert [(file.path, file.is_dir) for file in client.list_artifacts(run_id)] == [("d.json", False), ("notes", True)]
        assert open(client.download_artifacts(run_id, "notes/a.txt", "copy")).read() == "hello"
        client.set_terminated(run_id, "FAILED")
        assert client.get_run(run_id).info.status == "FAILED"
        client.log_metric(run_id, "test", 1.0)
        client.set_terminated(run_id)
        with mlflow.start_run(run_name="two", experiment_id=experiment) as two:
            mlflow.log_metric("loss", 5)
            below = client.create_run(experiment, tags={"mlflow.parentRunId": two.info.run_id})
            with mlflow.start_run(run_id=below.info.run_id, nested=True) as again:
                assert again is below
        assert client.get_parent_run(below.info.run_id).info.run_name == "two"

        def names(*arguments, **options):
            return [run.info.run_name for run in client.search_runs([experiment], *arguments, **options)]

        assert names("metrics.loss < 1 and params.lr = '0.1' AND tags.owner LIKE 'm%'") == ["one"]
        assert names("attributes.status = 'FINISHED' and metrics.loss > 0", order_by=["metrics.loss DESC"]) == ["two", "one"]
        assert names("run_name = 'absent'") == []
        try:
            names("metrics.loss ~ 1")
        except mlflow.exceptions.MlflowException:
            pass
        else:
            raise AssertionError
        assert [(m.step, m.value) for m in client.get_metric_history(run_id, "loss")] == [(0, 1), (10, 0.5), (20, 1 / 3)]
        assert client.get_run(run_id).data.params == {"lr": "0.1"}
        assert not client.create_registered_model("net")
        """
    )
    assert process.returncode == 0, process.stderr
    first, two, below = records(folder)
    assert (first.meta["project"], first.meta["name"]) == ("vision", "one")
    assert first.meta["tags"] == ["owner=me", "stage=dev"]
    assert first.curve("loss") == [(0, 1.0), (10, 0.5), (20, 1 / 3)] and first.curve("test") == [(0, 1.0)]
    assert first.curve("acc") == [(7, 0.5)] and first.config == {"lr": 0.1}
    assert [run.status["status"] for run in (first, two, below)] == ["finished"] * 3
    assert below.config["mlflow.parent"] == two.meta["id"]
    assert "mlflow.MlflowClient.create_registered_model is not supported" in process.stderr


def test_parameters_that_are_texts_become_numbers_where_they_are_unambiguous(
    launch: Launch, folder: Path
) -> None:
    process = launch(
        """
        import mlflow
        from mlflow.entities import Param
        client = mlflow.MlflowClient()
        run_id = client.create_run("vision", run_name="one").info.run_id
        params = {"lr": "0.1", "layers": "3", "augment": "True", "version": "3.10", "small": "1e-3", "name": "007"}
        client.log_batch(run_id, params=[Param(key, value) for key, value in params.items()])
        client.log_param(run_id, "seed", "1")
        assert client.get_run(run_id).data.params == {**params, "seed": "1"}
        mlflow.log_param("lr", "0.5")
        """
    )
    assert process.returncode == 0, process.stderr
    client, fluent = records(folder)
    assert client.config == {
        "lr": 0.1,
        "layers": 3,
        "augment": True,
        "version": "3.10",
        "small": "1e-3",
        "name": "007",
        "seed": 1,
    }
    assert fluent.config == {"lr": 0.5}


def test_a_parameter_is_not_changed(launch: Launch, folder: Path) -> None:
    process = launch(
        """
        import mlflow, numpy as np
        from mlflow.exceptions import MlflowException

        def refused(function, *arguments):
            try:
                function(*arguments)
            except MlflowException as error:
                assert "Changing param values is not allowed" in str(error)
                return True

        first = {"lr": 0.1, "scale": np.float32(0.1), "size": (1, 2), "api_key": "secret", "optim": {"name": "sgd"}}
        with mlflow.start_run() as run:
            mlflow.log_params(first)
            mlflow.log_params(first)
            assert refused(mlflow.log_param, "lr", 0.2) and refused(mlflow.log_params, {"new": 1, "lr": 0.3})
        with mlflow.start_run(run_id=run.info.run_id):
            mlflow.log_params(first)
            assert refused(mlflow.log_param, "lr", 0.2)
            assert mlflow.active_run().data.params["lr"] == "0.1"
        """
    )
    assert process.returncode == 0, process.stderr
    (run,) = records(folder)
    assert run.config["lr"] == 0.1 and "new" not in run.config


def test_a_script_without_start_run_ends_without_messages(launch: Launch, folder: Path) -> None:
    process = launch(
        """
        import mlflow
        mlflow.log_param("lr", 0.1)
        mlflow.log_text("hello", "note.txt")
        """
    )
    assert process.returncode == 0 and "has ended" not in process.stderr, process.stderr
    (run,) = records(folder)
    assert run.status["status"] == "finished"
    assert list((folder / "artifacts" / "custom").glob("*/v1/files/note.txt"))


def test_datasets_give_back_their_data(launch: Launch) -> None:
    process = launch(
        """
        import mlflow, numpy as np, pandas as pd
        from mlflow.data.pandas_dataset import PandasDataset
        import mlflow.data.numpy_dataset
        frame = pd.DataFrame({"x": [1, 2], "y": [0, 1]})
        train = mlflow.data.from_pandas(frame, source="train.csv", targets="y", name="train")
        assert train.df.drop(columns=["y"]).shape == (2, 1) and train.targets == "y" and train.name == "train"
        assert isinstance(train, PandasDataset) and train.to_dict()["source"] == "train.csv"
        arrays = mlflow.data.numpy_dataset.from_numpy(np.ones(3), targets=np.zeros(3))
        assert arrays.features.sum() == 3 and arrays.targets.sum() == 0
        with mlflow.start_run():
            mlflow.log_input(train, context="training")
            mlflow.log_inputs(datasets=[train, arrays])
            mlflow.log_metrics({"loss": 1.0}, dataset=train, model_id=None)
        assert not list(train.profile)
        """
    )
    assert process.returncode == 0, process.stderr


@pytest.mark.torture
@needs_library("sklearn")
def test_a_logged_model_is_named_by_its_id(launch: Launch) -> None:
    process = launch(
        """
        import mlflow
        from sklearn.linear_model import ElasticNet
        with mlflow.start_run() as run:
            fitted = ElasticNet().fit([[0], [1]], [0, 1])
            model = mlflow.sklearn.log_model(sk_model=fitted, name="net", params={"alpha": 0.5})
            mlflow.log_metrics({"mse": 0.25}, model_id=model.model_id)
        assert (model.name, model.params) == ("net", {"alpha": "0.5"})
        again = mlflow.get_logged_model(model.model_id)
        assert [metric.key for metric in again.metrics] == ["mse"]
        assert again.to_dictionary()["source_run_id"] == run.info.run_id
        assert mlflow.sklearn.load_model(f"models:/{again.model_id}").predict([[1]]) == fitted.predict([[1]])
        assert not mlflow.get_logged_model("m-1").metrics
        """
    )
    assert process.returncode == 0, process.stderr


@pytest.mark.torture
@needs_library("sklearn")
def test_estimators_of_scikit_learn_are_logged_automatically(launch: Launch, folder: Path) -> None:
    process = launch(
        """
        import mlflow, numpy as np
        from sklearn.ensemble import RandomForestClassifier, RandomForestRegressor
        from sklearn.linear_model import LogisticRegression
        from sklearn.model_selection import GridSearchCV
        from sklearn.pipeline import make_pipeline
        from sklearn.preprocessing import StandardScaler
        X = np.random.default_rng(0).random((60, 3))
        y = (X.sum(1) > 1.5).astype(int)
        mlflow.autolog()
        RandomForestRegressor(n_estimators=3, max_depth=2).fit(X, X.sum(1))
        assert mlflow.active_run() is None and mlflow.last_active_run().info.status == "FINISHED"
        with mlflow.start_run(run_name="pipeline") as run:
            model = make_pipeline(StandardScaler(), LogisticRegression(C=2.0)).fit(X, y)
        again = mlflow.sklearn.load_model(f"runs:/{run.info.run_id}/model")
        assert (again.predict(X) == model.predict(X)).all()
        with mlflow.start_run(run_name="search"):
            GridSearchCV(RandomForestClassifier(n_estimators=2), {"max_depth": [1, 2, 3]}, cv=2).fit(X, y)
        mlflow.sklearn.autolog(disable=True)
        LogisticRegression().fit(X, y)
        """
    )
    assert process.returncode == 0, process.stderr
    forest, pipeline, search, *candidates = records(folder)
    assert forest.config["max_depth"] == 2 and "estimator_name=RandomForestRegressor" in forest.meta["tags"]
    assert forest.metrics() == {
        *("training_mean_squared_error", "training_root_mean_squared_error", "training_mean_absolute_error"),
        *("training_r2_score", "training_score"),
    }
    assert pipeline.config["logisticregression__C"] == 2.0
    assert 0.5 < pipeline.curve("training_accuracy_score")[0][1] <= 1
    assert (pipeline.path / "files" / "model" / "MLmodel").is_file()
    assert search.config["best_max_depth"] in (1, 2, 3) and search.curve("best_cv_score")
    assert sorted(run.config["max_depth"] for run in candidates) == [1, 2, 3]
    assert {run.config["mlflow.parent"] for run in candidates} == {search.meta["id"]}
    assert {run.status["status"] for run in records(folder)} == {"finished"}


def test_a_run_is_renamed_and_keeps_its_tags_when_it_is_continued(launch: Launch, folder: Path) -> None:
    process = launch(
        """
        import mlflow
        with mlflow.start_run(run_name="one/two") as run:
            mlflow.set_tag("phase", 1)
        run_id = run.info.run_id
        assert mlflow.get_run(run_id).info.run_name == "one/two"
        with mlflow.start_run(run_id=run_id) as run:
            mlflow.set_tag("owner", "me")
            mlflow.set_tag("mlflow.runName", "three")
            assert run.info.run_name == "three"
        mlflow.MlflowClient().log_metric(run_id, "loss", 0.5)
        run = mlflow.get_run(run_id)
        assert (run.info.run_name, run.data.tags) == ("three", {"phase": "1", "owner": "me", "mlflow.runName": "three"})
        """
    )
    assert process.returncode == 0, process.stderr
    (run,) = records(folder)
    assert (run.meta["name"], run.meta["display_name"], run.meta["tags"]) == (
        "one-two",
        "three",
        ["owner=me", "phase=1"],
    )
    assert run.curve("loss") == [(0, 0.5)]


def test_an_experiment_is_unknown_until_it_is_created(launch: Launch, folder: Path) -> None:
    process = launch(
        """
        import mlflow
        from mlflow.exceptions import MlflowException
        for lookup in (mlflow.get_experiment, mlflow.MlflowClient().get_experiment):
            try:
                lookup("06f4c_00000")
            except MlflowException as error:
                assert "06f4c_00000" in str(error)
            else:
                raise AssertionError
        assert mlflow.get_experiment("12").experiment_id == "12"
        experiment_id = mlflow.create_experiment("new")
        assert mlflow.get_experiment(experiment_id).name == "new"
        with mlflow.start_run(experiment_id=experiment_id):
            pass
        """
    )
    assert process.returncode == 0, process.stderr
    again = launch("import mlflow; assert mlflow.get_experiment('new').experiment_id == 'new'")
    assert again.returncode == 0, again.stderr
    (run,) = records(folder)
    assert run.meta["project"] == "new"


def test_a_client_changes_the_status_of_a_run_that_has_ended(launch: Launch, folder: Path) -> None:
    process = launch(
        """
        from mlflow import MlflowClient
        client = MlflowClient()
        run_id = client.create_run("0", run_name="fit").info.run_id
        client.log_metric(run_id, "loss", 0.5, step=3)
        for status in ("FINISHED", "FINISHED", "FAILED"):
            client.set_terminated(run_id, status)
        assert client.get_run(run_id).info.status == "FAILED"
        """
    )
    assert process.returncode == 0, process.stderr
    (run,) = records(folder)
    assert run.status["status"] == "failed" and run.curve("loss") == [(3, 0.5)]
